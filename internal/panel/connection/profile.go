package connection

import (
	"cmp"
	"slices"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// Apply fills the form with a profile, which has no secret, and clears the key and the token.
func (f *Form) Apply(pr savefile.Profile) {
	f.way = wayFields
	f.key.Set("")
	f.token.Set("")
	for _, it := range []struct {
		field *ui.Field
		value string
	}{
		{&f.host, pr.Host}, {&f.deviceID, pr.DeviceID}, {&f.moduleID, pr.ModuleID}, {&f.gateway, pr.Gateway}, {&f.endpoint, pr.Endpoint},
		{&f.modelID, pr.ModelID}, {&f.keepAlive, pr.KeepAlive}, {&f.tokenTTL, pr.TokenTTL},
	} {
		it.field.Set(it.value)
	}
	f.cleanSession, f.will = pr.CleanSession, pr.Will
	if pr.Will {
		f.willBody.Set(pr.WillBody)
	}
}

// Profile returns the form without its secrets, under a name. A form without a key is complete enough.
func (f *Form) Profile(name string) (savefile.Profile, error) {
	cr, err := f.Credentials()
	if err != nil && (cr.Host == "" || cr.DeviceID == "") { // a profile needs no key
		return savefile.Profile{}, err
	}
	pr := savefile.Profile{Name: name, Host: cr.Host, DeviceID: cr.DeviceID, ModuleID: cr.ModuleID,
		Gateway: cmp.Or(f.gateway.Trimmed(), cr.Gateway), Endpoint: f.endpoint.Trimmed(), ModelID: f.modelID.Trimmed(),
		KeepAlive: f.keepAlive.Trimmed(), TokenTTL: f.tokenTTL.Trimmed(), CleanSession: f.cleanSession, Will: f.will}
	if f.will {
		pr.WillBody = f.willBody.Text
	}
	return pr, f.CheckProfile(pr)
}

// CheckProfile returns an error if a profile has a secret in one of its parts.
func (f *Form) CheckProfile(pr savefile.Profile) error {
	for _, v := range []string{pr.Name, pr.Host, pr.DeviceID, pr.ModuleID, pr.Gateway, pr.Endpoint, pr.ModelID, pr.WillBody} {
		if hubproto.Redact(v) != v || page.HoldsSecret(v) || f.repeatsSecret(v) {
			return l10n.New("the profile would hold a secret: take the key or token out of its name, address, ids and Will")
		}
	}
	return nil
}

// repeatsSecret reports whether a text repeats a secret of the form.
func (f *Form) repeatsSecret(s string) bool {
	return slices.ContainsFunc(f.secrets(), func(secret string) bool {
		secret = strings.TrimSpace(secret)
		return secret != "" && strings.Contains(s, secret)
	})
}

// WholeProfile returns the form without its secrets, whether it is valid or not.
func (f *Form) WholeProfile() savefile.Profile {
	return savefile.Profile{Host: f.host.Text, DeviceID: f.deviceID.Text, ModuleID: f.moduleID.Text, Gateway: f.gateway.Text, Endpoint: f.endpoint.Text,
		ModelID: f.modelID.Text, KeepAlive: f.keepAlive.Text, TokenTTL: f.tokenTTL.Text, CleanSession: f.cleanSession, Will: f.will, WillBody: f.willBody.Text}
}

// Secret is the secret of the form, for a tab that keeps it until it is closed. Only the field of the way to connect is set.
type Secret struct {
	Way, Connection, Key, Token string
}

// Secret returns the secret of the form.
func (f *Form) Secret() Secret {
	s := Secret{Way: string(f.way)}
	switch f.way {
	case wayFields:
		s.Key = f.key.Text
	case wayToken:
		s.Token = f.token.Text
	default:
		s.Connection = f.connection.Text
	}
	return s
}

// Restore fills the form with what a tab has kept. A device of the hub inside the page is left out: that hub is new at each load, and so
// are its keys.
func (f *Form) Restore(pr savefile.Profile, s Secret) {
	f.Apply(pr)
	switch way := connectWay(s.Way); way {
	case wayString, wayFields, wayToken:
		f.way = way
	}
	f.connection.Set(s.Connection)
	f.key.Set(s.Key)
	f.token.Set(s.Token)
	if cr, err := f.Credentials(); err == nil && cr.Host == hubservice.InPageHost {
		f.clear()
		f.connection.Set("")
	}
}
