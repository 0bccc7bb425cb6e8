package panel

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
)

// What the page keeps in the browser, each under a key of its own. Only tabKey, in the tab's own storage, holds secrets.
const (
	keptPrefix     = "hubpanel."
	profilesKey    = keptPrefix + "profiles"    // Local: what a person saved
	preferencesKey = keptPrefix + "preferences" // Local: language and theme, once a person has chosen them
	tabKey         = keptPrefix + "tab"         // Session: the form with its secret, if the person says so
)

// profile is a connection without its secrets.
type profile struct {
	Name         string `json:"name"`
	Host         string `json:"host"`
	DeviceID     string `json:"deviceId"`
	ModuleID     string `json:"moduleId,omitempty"`
	Gateway      string `json:"gateway,omitempty"`
	Endpoint     string `json:"endpoint,omitempty"`
	ModelID      string `json:"modelId,omitempty"`
	KeepAlive    string `json:"keepAliveSeconds,omitempty"`
	TokenTTL     string `json:"tokenMinutes,omitempty"`
	CleanSession bool   `json:"cleanSession,omitempty"`
	Will         bool   `json:"will,omitempty"`
	WillBody     string `json:"willBody,omitempty"`
}

// tabSecret is what sessionStorage holds while the box is checked: the way to connect, with its secret.
type tabSecret struct {
	Way        connectWay `json:"way"`
	Connection string     `json:"connectionString,omitempty"`
	Key        string     `json:"key,omitempty"`
	Token      string     `json:"token,omitempty"`
	Profile    profile    `json:"profile"`
}

type preferences struct {
	Lang  catalog.Lang `json:"lang,omitempty"`
	Theme Theme        `json:"theme,omitempty"`
}

// kept is what the page knows of what it keeps. Guarded by Panel.mu.
type kept struct {
	profiles    []profile
	preferences preferences
	name        field // of the profile to save
	secret      bool  // the secret is kept in this tab
}

// storages are where this page may keep things; an embed keeps nothing, whatever the browser would allow.
func (p *Panel) storages() (local, session Storage) {
	if p.env.Params.Embed {
		return nil, nil
	}
	return p.env.Local, p.env.Session
}

// loadKept takes over what was kept on an earlier visit. What cannot be read is left where it is and not used. New calls it
// before any goroutine runs.
func (p *Panel) loadKept() {
	local, session := p.storages()
	k := &p.kept
	load(local, profilesKey, &k.profiles)
	load(local, preferencesKey, &k.preferences)
	if k.preferences.Lang != "" && p.env.Params.Lang == "" {
		p.lang = catalog.Match(string(k.preferences.Lang))
	}
	if t := k.preferences.Theme; p.theme == ThemeAuto && (t == ThemeLight || t == ThemeDark) {
		p.theme = t
	}
	var secret tabSecret
	if load(session, tabKey, &secret) {
		k.secret = true
		d := &p.device
		d.apply(secret.Profile)
		d.form.way = secret.Way
		d.connection.set(secret.Connection)
		d.form.key.set(secret.Key)
		d.form.token.set(secret.Token)
		if cr, err := d.formCredentials(); err == nil && cr.Host == inPageHost { // a new hub at each load, with keys of its own
			d.form = newConnectForm()
			d.connection.set("")
		}
	}
}

func load(from Storage, key string, v any) bool {
	if from == nil {
		return false
	}
	raw, ok := from.Get(key)
	return ok && json.Unmarshal([]byte(raw), v) == nil
}

func store(to Storage, key string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return to.Set(key, string(raw))
}

// apply fills the form with a profile: its parts, and nothing secret.
func (d *device) apply(pr profile) {
	f := &d.form
	f.way = wayFields
	f.key.set("")
	f.token.set("")
	for _, it := range []struct {
		f     *field
		value string
	}{
		{&f.host, pr.Host}, {&f.deviceID, pr.DeviceID}, {&f.moduleID, pr.ModuleID}, {&f.gateway, pr.Gateway}, {&f.endpoint, pr.Endpoint},
		{&f.modelID, pr.ModelID}, {&f.keepAlive, pr.KeepAlive}, {&f.tokenTTL, pr.TokenTTL},
	} {
		it.f.set(it.value)
	}
	f.cleanSession, f.will = pr.CleanSession, pr.Will
	if pr.Will {
		f.willBody.set(pr.WillBody)
	}
}

// profile is the form without its secrets. Its error says what stands in the way.
func (d *device) profile(name string) (profile, error) {
	cr, err := d.formCredentials()
	if err != nil && (cr.Host == "" || cr.DeviceID == "") { // a profile needs no key
		return profile{}, err
	}
	f := &d.form
	pr := profile{Name: name, Host: cr.Host, DeviceID: cr.DeviceID, ModuleID: cr.ModuleID,
		Gateway: cmp.Or(trimmed(&f.gateway), cr.Gateway), Endpoint: trimmed(&f.endpoint), ModelID: trimmed(&f.modelID),
		KeepAlive: trimmed(&f.keepAlive), TokenTTL: trimmed(&f.tokenTTL), CleanSession: f.cleanSession, Will: f.will}
	if f.will {
		pr.WillBody = f.willBody.text
	}
	return pr, d.checkProfile(pr)
}

// checkProfile refuses a profile that would hold a secret.
func (d *device) checkProfile(pr profile) error {
	for _, v := range []string{pr.Name, pr.Host, pr.DeviceID, pr.ModuleID, pr.Gateway, pr.Endpoint, pr.ModelID, pr.WillBody} {
		if hubproto.Redact(v) != v || holdsSecret(v) || d.holdsItsSecret(v) {
			return l10n.New("the profile would hold a secret: take the key or token out of its name, address, ids and Will")
		}
	}
	return nil
}

// holdsItsSecret says whether a text repeats a secret of the form.
func (d *device) holdsItsSecret(s string) bool {
	for _, f := range []*field{&d.form.key, &d.form.token, &d.connection} {
		if secret := trimmed(f); secret != "" && strings.Contains(s, secret) {
			return true
		}
	}
	return false
}

// SaveProfile keeps the form, without its secrets, under the name that was typed, or the device's.
func (p *Panel) SaveProfile() {
	p.update(func() {
		pr, err := p.device.profile(trimmed(&p.kept.name))
		if err != nil {
			p.failLocked("profile", err)
			return
		}
		if pr.Name == "" {
			pr.Name = pr.DeviceID
			if pr.ModuleID != "" {
				pr.Name += "/" + pr.ModuleID
			}
		}
		if p.keepProfileLocked(pr) {
			p.kept.name.set("")
		}
	})
}

// keepProfileLocked keeps a profile in the browser, in the place of one with the same name, and says whether it could.
func (p *Panel) keepProfileLocked(pr profile) bool {
	local, _ := p.storages()
	list := slices.DeleteFunc(slices.Clone(p.kept.profiles), func(old profile) bool { return old.Name == pr.Name })
	list = append(list, pr)
	if err := store(local, profilesKey, list); err != nil {
		p.failLocked("profile", err)
		return false
	}
	p.clearNotice("profile")
	p.kept.profiles = list
	return true
}

// KeepImported keeps a profile that came in a session's file.
func (p *Panel) KeepImported(pr profile) {
	p.update(func() {
		err := p.device.checkProfile(pr)
		if pr.Name == "" {
			err = l10n.New("the profile has no name")
		}
		if err != nil {
			p.failLocked("profile", err)
			return
		}
		p.keepProfileLocked(pr)
	})
}

// UseProfile fills the form with a profile; the person gives the key.
func (p *Panel) UseProfile(name string) {
	p.update(func() {
		for _, pr := range p.kept.profiles {
			if pr.Name == name {
				p.device.apply(pr)
			}
		}
	})
}

// RemoveProfile forgets one profile.
func (p *Panel) RemoveProfile(name string) {
	local, _ := p.storages()
	p.update(func() {
		k := &p.kept
		k.profiles = slices.DeleteFunc(k.profiles, func(pr profile) bool { return pr.Name == name })
		if len(k.profiles) == 0 {
			local.Remove(profilesKey)
			return
		}
		if err := store(local, profilesKey, k.profiles); err != nil {
			p.failLocked("profile", err)
		}
	})
}

// KeepSecret keeps the form with its secret until the tab is closed, or ends that.
func (p *Panel) KeepSecret(keep bool) {
	p.update(func() {
		p.kept.secret = keep
		p.storeSecretLocked()
	})
}

// storeSecretLocked brings the tab's storage in line with the choice: at the choice, and at each connect.
func (p *Panel) storeSecretLocked() {
	_, session := p.storages()
	if session == nil {
		p.kept.secret = false
		return
	}
	if !p.kept.secret {
		session.Remove(tabKey)
		return
	}
	d := &p.device
	s := tabSecret{Way: d.form.way, Profile: d.wholeProfile()}
	switch s.Way {
	case wayFields:
		s.Key = d.form.key.text
	case wayToken:
		s.Token = d.form.token.text
	default:
		s.Connection = d.connection.text
	}
	if err := store(session, tabKey, s); err != nil {
		p.kept.secret = false
		p.failLocked("profile", err)
	}
}

// wholeProfile is the form as it stands, valid or not.
func (d *device) wholeProfile() profile {
	f := &d.form
	return profile{Host: f.host.text, DeviceID: f.deviceID.text, ModuleID: f.moduleID.text, Gateway: f.gateway.text, Endpoint: f.endpoint.text,
		ModelID: f.modelID.text, KeepAlive: f.keepAlive.text, TokenTTL: f.tokenTTL.text, CleanSession: f.cleanSession, Will: f.will, WillBody: f.willBody.text}
}

// ForgetEverything ends the session and removes what the page keeps in this browser, its own files among it, and the secrets that it has in memory.
func (p *Panel) ForgetEverything() {
	p.Disconnect()
	p.CancelRegistration()
	if p.env.Offline != nil {
		p.env.Offline.Forget()
	}
	p.update(func() {
		local, session := p.storages()
		for _, s := range []Storage{local, session} {
			for _, key := range keptKeys(s) {
				s.Remove(key)
			}
		}
		p.kept = kept{}
		p.device.forgetSecrets()
		p.dps.forgetSecrets()
	})
}

// keptKeys are the page's own keys: a storage belongs to everything that is served from the same origin.
func keptKeys(s Storage) []string {
	if s == nil {
		return nil
	}
	keys := slices.DeleteFunc(s.Keys(), func(key string) bool { return !strings.HasPrefix(key, keptPrefix) })
	slices.Sort(keys)
	return keys
}

// SetLang changes the page's language, and remembers it for the next visit.
func (p *Panel) SetLang(l catalog.Lang) {
	p.update(func() {
		p.lang, p.kept.preferences.Lang = l, l
		p.storePreferencesLocked()
	})
}

// SetTheme changes the page's colours, and remembers them for the next visit.
func (p *Panel) SetTheme(t Theme) {
	p.update(func() {
		p.theme, p.kept.preferences.Theme = t, t
		p.storePreferencesLocked()
	})
}

func (p *Panel) storePreferencesLocked() {
	if local, _ := p.storages(); local != nil {
		if err := store(local, preferencesKey, p.kept.preferences); err != nil {
			p.failLocked("profile", err)
		}
	}
}

// keptSize is how much of the storage a key and its value take, in bytes: browsers count UTF-16.
func keptSize(key, value string) string {
	return fmt.Sprintf("%d B", 2*(len([]rune(key))+len([]rune(value))))
}
