package keep

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/snippet"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// memory is a storage like the browser's.
type memory map[string]string

func (m memory) Get(key string) (string, bool) { v, ok := m[key]; return v, ok }
func (m memory) Set(key, value string) error {
	if len(value) > 10_000 {
		return errors.New("there is no room")
	}
	m[key] = value
	return nil
}
func (m memory) Remove(key string) { delete(m, key) }
func (m memory) Keys() []string    { return slices.Collect(maps.Keys(m)) }

// offlineCalls is a browser that keeps the page, and counts its calls.
type offlineCalls struct{ reloads, forgets int }

func (o *offlineCalls) Reload() { o.reloads++ }
func (o *offlineCalls) Forget() { o.forgets++ }

// secret is what the rest of the page holds, in the connection form and in every other place where a person could put it.
const secret = "c2hvcnQgc2VjcmV0"

// rest is the rest of the page, as the room's links see it: a form with a profile and a secret, and a session.
type rest struct {
	running bool
	secret  Secret           // of the form
	profile savefile.Profile // of the form
	message hubclient.Message
	saved   *savefile.Document // what the other rooms write
	calls   []string
}

// shown is the room on a page.
type shown struct {
	*Room
	t    *testing.T
	rest *rest
}

func open(t *testing.T, browser Browser, params page.Params) *shown {
	r := &rest{profile: savefile.Profile{Host: "h.azure-devices.net", DeviceID: "dev-1"}}
	p := page.New(page.Env{Params: params, Changed: func() {}, Location: time.UTC, Fatal: func(sentence, detail string) { t.Error(sentence, detail) }}, "en")
	t.Cleanup(p.Close)
	room := New(p, &hubservice.Emulator{}, browser)
	p.KnowSecrets(func() []string { return []string{secret} })
	room.Links = Links{
		Running:         func() bool { return r.running },
		Credentials:     func() hubclient.Credentials { return hubclient.Credentials{} },
		FormCredentials: func() (hubclient.Credentials, error) { return hubclient.ParseConnectionString(r.secret.Connection) },
		Message:         func() hubclient.Message { return r.message },
		Profile: func(name string) (savefile.Profile, error) {
			profile := r.profile
			profile.Name = name
			return profile, room.Links.CheckProfile(profile)
		},
		CheckProfile: func(profile savefile.Profile) error {
			if strings.Contains(profile.Name+profile.DeviceID, secret) {
				return errors.New("the profile would hold a secret")
			}
			return nil
		},
		ApplyProfile:       func(profile savefile.Profile) { r.profile = profile },
		Form:               func() (savefile.Profile, Secret) { return r.profile, r.secret },
		RestoreForm:        func(profile savefile.Profile, secret Secret) { r.profile, r.secret = profile, secret },
		Disconnect:         func() { r.calls = append(r.calls, "disconnect") },
		CancelRegistration: func() { r.calls = append(r.calls, "cancel registration") },
		ForgetAll:          func() { r.calls = append(r.calls, "forget"); room.Forget() },
		SaveAll: func(d *savefile.Document) {
			if r.saved != nil {
				d.Log, d.Hub, d.Settings = r.saved.Log, r.saved.Hub, r.saved.Settings
			}
			room.Save(d)
		},
		RestoreAll: func(d *savefile.Document) { r.secret.Connection = d.Settings.Telemetry },
		OpenFiles:  room.ImportSession,
	}
	lang, theme := room.LoadPreferences()
	if lang != "" {
		p.Language = lang
	}
	if theme != "" {
		p.Theme = theme
	}
	room.Load()
	return &shown{room, t, r}
}

// view returns the room's cards in one element.
func (s *shown) view() (n *ui.Node) {
	s.Read(func() { n = ui.H("div", s.UpdateOffer(), s.ProfilesCard(), s.CodeCard(), s.SessionCard()) })
	return n
}

func (s *shown) read(id string) string { return uitest.Text(uitest.Find(s.t, s.view(), id)) }

func (s *shown) fire(id, event string, e ui.Event) {
	s.t.Helper()
	for _, l := range uitest.Find(s.t, s.view(), id).Events {
		if l.Event == event {
			l.Do(e)
			synctest.Wait()
			return
		}
	}
	s.t.Fatalf("%s has no %s", id, event)
}

func (s *shown) click(id string) { s.t.Helper(); s.fire(id, "click", ui.Event{}) }

// setLanguage draws everything in another language from now on.
func (s *shown) setLanguage(l catalog.Lang) { s.Update(func() { s.Language = l }) }

// setSave gives the page a place to save, and returns the files that are saved.
func (s *shown) setSave() map[string][]byte {
	files := map[string][]byte{}
	s.Env.Save = func(name, _ string, data []byte) { files[name[:strings.LastIndex(name, "-20")]] = data }
	return files
}

func TestANewVersionIsOfferedAndNotForced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		browser := new(offlineCalls)
		s := open(t, Browser{Local: memory{}, Offline: browser}, page.Params{})
		require.Contains(t, s.read("stored-offline"), "Nothing.")
		s.OfflineChanged(Kept{Version: "0123456789ab", Files: 24})
		require.Contains(t, s.read("stored-offline"), "Version 0123456789ab, files: 24.")
		require.Empty(t, s.read("update"), "nothing is newer")

		s.OfflineChanged(Kept{Version: "0123456789ab", Files: 24, Newer: true})
		require.Contains(t, s.read("update"), "A new version of this page is ready")
		require.Zero(t, browser.reloads, "a person decides when")
		s.click("update-reload")
		require.Equal(t, 1, browser.reloads)

		s.click("forget-everything")
		require.Equal(t, 1, browser.forgets)
	})
}

func TestPreferencesAreKeptAndALinkGoesBeforeThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		local := memory{}
		s := open(t, Browser{Local: local}, page.ParseParams("", ""))
		require.Empty(t, local, "nothing is kept before a person chooses")
		s.Update(func() { s.StorePreferences(catalog.Polish, "") })
		require.JSONEq(t, `{"lang":"pl"}`, local[preferencesKey], "the theme was not chosen")
		s.Update(func() { s.StorePreferences("", page.ThemeDark) })
		require.JSONEq(t, `{"lang":"pl","theme":"dark"}`, local[preferencesKey])

		later := open(t, Browser{Local: local}, page.ParseParams("", ""))
		require.Equal(t, catalog.Polish, later.Language)
		require.Equal(t, page.ThemeDark, later.Theme)
		linked := open(t, Browser{Local: local}, page.ParseParams("lang=en&theme=light", ""))
		lang, theme := linked.LoadPreferences()
		require.Empty(t, lang)
		require.Empty(t, theme)

		local[preferencesKey] = "{damaged"
		damaged := open(t, Browser{Local: local}, page.ParseParams("", ""))
		require.Equal(t, catalog.English, damaged.Language)
	})
}

func TestProfiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		local, session := memory{"other": "not ours"}, memory{}
		s := open(t, Browser{Local: local, Session: session}, page.Params{})
		s.click("profile-save")
		require.Equal(t, []savefile.Profile{{Name: "dev-1", Host: "h.azure-devices.net", DeviceID: "dev-1"}}, s.state.kept.profiles, "named after the device")
		s.rest.profile.ModuleID = "m"
		s.click("profile-save")
		s.fire("profile-name", "input", ui.Event{Value: "hall"})
		s.click("profile-save")
		require.Len(t, s.state.kept.profiles, 3)
		require.Empty(t, uitest.Find(t, s.view(), "profile-name").Value)
		s.fire("profile-name", "input", ui.Event{Value: "hall"})
		s.rest.profile.KeepAlive = "77"
		s.click("profile-save")
		require.Len(t, s.state.kept.profiles, 3, "a profile takes the place of the one with its name")
		require.Contains(t, local[profilesKey], `"keepAliveSeconds":"77"`)
		require.Contains(t, s.read("stored-local"), profilesKey)
		require.NotContains(t, s.read("stored-local"), "other")

		s.fire("profile-name", "input", ui.Event{Value: "key " + secret})
		s.click("profile-save")
		require.ErrorContains(t, s.Notice.Text, "would hold a secret")
		require.NotContains(t, local[profilesKey], secret)

		later := open(t, Browser{Local: local, Session: session}, page.Params{})
		require.Len(t, uitest.All(later.view(), "profile"), 3)
		later.click("profile-use-1")
		require.Equal(t, "dev-1/m", later.rest.profile.Name)
		for range 3 {
			later.click("profile-remove-0")
		}
		require.Equal(t, memory{"other": "not ours"}, local)
		uitest.Valid(t, later.view())

		later.rest.profile.WillBody = strings.Repeat("x", 20_000)
		later.click("profile-save")
		require.ErrorContains(t, later.Notice.Text, "there is no room")
		require.Empty(t, later.state.kept.profiles)
	})
}

func TestASecretIsKeptInTheTabOnlyByChoice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		local, session := memory{}, memory{"other": "not ours"}
		browser := Browser{Local: local, Session: session}
		s := open(t, browser, page.Params{})
		s.rest.secret.Connection = secret
		s.Update(s.StoreSecret)
		require.Equal(t, memory{"other": "not ours"}, session)

		s.fire("keep-secret", "change", ui.Event{Checked: true})
		require.Contains(t, session[tabKey], secret)
		require.NotContains(t, s.read("stored-session"), secret)
		reloaded := open(t, browser, page.Params{})
		require.Equal(t, secret, reloaded.rest.secret.Connection)
		require.Equal(t, "dev-1", reloaded.rest.profile.DeviceID)
		_, checked := uitest.Find(t, reloaded.view(), "keep-secret").Attr("checked")
		require.True(t, checked)
		reloaded.Update(func() { reloaded.StorePreferences("", page.ThemeDark) })
		reloaded.click("profile-save")

		reloaded.ForgetEverything()
		require.Equal(t, []string{"disconnect", "cancel registration", "forget"}, reloaded.rest.calls)
		require.Empty(t, local)
		require.Equal(t, memory{"other": "not ours"}, session, "other pages of the origin keep what is theirs")
		require.Empty(t, reloaded.state.kept.profiles)

		s.fire("keep-secret", "change", ui.Event{Checked: true})
		s.fire("keep-secret", "change", ui.Event{Checked: false})
		require.Equal(t, memory{"other": "not ours"}, session)
	})
}

func TestWithoutStorageThePageExplains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			browser Browser
			query   string
		}{{Browser{}, ""}, {Browser{Local: memory{}, Session: memory{}}, "embed=1"}} {
			s := open(t, c.browser, page.ParseParams(c.query, ""))
			require.Contains(t, s.read("stored-nothing"), "Nothing can be kept")
			require.Empty(t, uitest.All(s.view(), "keep-secret"))
			s.Update(func() { s.StorePreferences(catalog.Polish, page.ThemeDark) })
			s.keepSecret(true)
			require.Empty(t, c.browser.Local)
			require.Empty(t, c.browser.Session)
		}
	})
}

func TestNoSecretIsExported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Browser{Local: memory{}}, page.Params{})
		_, disabled := uitest.Find(t, s.view(), "export-session").Attr("disabled")
		require.True(t, disabled)
		files := s.setSave()
		s.emulator.Client = &hubservice.Client{}
		s.rest.saved = &savefile.Document{
			Log:      []savefile.Entry{{Kind: "sent", What: "Telemetry", Detail: "the key is " + secret}, {Kind: "sent", What: "second"}},
			Hub:      []savefile.Entry{{Kind: "state", What: "deviceConnect", Summary: "SharedAccessKey=hunter2"}},
			Settings: savefile.Forms{Telemetry: `{"t": 1.50, "k": "` + secret + `"}`},
		}
		for _, id := range []string{"export-session", "export-device-log", "export-cloud-log"} {
			s.click(id)
			require.Contains(t, s.read("export-result"), "without secrets")
			s.setLanguage(catalog.Polish)
			require.NotContains(t, s.read("export-result"), "without secrets", "the result is in the page's language")
			s.setLanguage(catalog.English)
		}
		require.Len(t, files, 3)
		for name, data := range files {
			require.NotContains(t, string(data), secret, name)
			require.NotContains(t, string(data), "hunter2", name)
		}
		lines := strings.Split(strings.TrimSpace(string(files["hubpanel-device-log"])), "\n")
		require.Len(t, lines, 2)
		for _, line := range lines {
			require.True(t, json.Valid([]byte(line)), line)
		}
		require.Contains(t, string(files["hubpanel-operations-log"]), "deviceConnect")
		d, err := savefile.Parse(files["hubpanel-session"])
		require.NoError(t, err)
		require.Contains(t, d.Settings.Telemetry, "1.50", "numbers keep their digits")
	})
}

func TestASessionFileIsOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		local := memory{}
		s := open(t, Browser{Local: local}, page.Params{})
		d := savefile.New(time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC))
		d.Device = savefile.Device{Host: "h", DeviceID: "d"}
		d.Settings.Telemetry = "restored"
		d.Twin = &savefile.Twin{Reported: map[string]any{"battery": 61}}
		for range importedRows + 1 {
			d.ToDevice = append(d.ToDevice, savefile.Body{Body: "hello"})
		}
		d.Log = []savefile.Entry{{What: "Telemetry"}}
		d.Profiles = []savefile.Profile{{Name: "hall", Host: "h", DeviceID: "dev-9"}, {Host: "h", DeviceID: "x"}, {Name: "bad", DeviceID: secret}}
		raw, err := json.Marshal(d)
		require.NoError(t, err)
		s.fire("import-file", "change", ui.Event{Files: []ui.File{{Name: "s.json", Size: int64(len(raw)), Data: raw}}})
		require.Contains(t, s.read("export-result"), "The forms are as they were")
		s.setLanguage(catalog.Polish)
		require.NotContains(t, s.read("export-result"), "The forms are as they were")
		s.setLanguage(catalog.English)
		require.Equal(t, "restored", s.rest.secret.Connection)
		require.Contains(t, s.read("imported"), "s.json, saved at 2026-11-01 10:00:00")
		require.Contains(t, s.read("imported"), "It was d at h.")
		require.Contains(t, s.read("imported"), "(the newest 100 of 101)")
		require.Contains(t, s.read("imported-reported"), `"battery": 61`)
		require.Contains(t, s.read("imported-log"), "Telemetry")
		uitest.Valid(t, s.view())

		s.click("imported-profile-use-0")
		require.Equal(t, "dev-9", s.rest.profile.DeviceID)
		s.click("imported-profile-keep-0")
		require.Contains(t, local[profilesKey], "dev-9")
		s.click("imported-profile-keep-1")
		require.ErrorContains(t, s.Notice.Text, "the profile has no name")
		s.click("imported-profile-keep-2")
		require.ErrorContains(t, s.Notice.Text, "would hold a secret")
		require.Len(t, s.state.kept.profiles, 1)

		s.fire("import-file", "change", ui.Event{Files: []ui.File{{Name: "big.json", Size: ui.MaxFile + 1, Data: raw}}})
		require.Contains(t, s.read("export-result"), "at most")
		require.Contains(t, s.read("imported"), "s.json", "a refused file changes nothing")
		s.ForgetEverything()
		require.Empty(t, uitest.All(s.view(), "imported"))
	})
}

func TestCodeHoldsNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Browser{}, page.Params{})
		require.Contains(t, s.read("copyas-text"), snippet.SomeDevice)
		s.rest.secret.Connection = "HostName=myhub.azure-devices.net;DeviceId=dev-1;SharedAccessKey=" + secret
		s.rest.message = hubclient.Message{Body: []byte("body " + secret), Properties: hubproto.Properties{{Name: "n", Value: "5 & " + secret}}}
		s.rest.message.MessageID = "m-1 " + secret
		copied := ""
		s.Env.Copy = func(_ context.Context, text string) error { copied = text; return nil }
		for _, target := range snippet.Targets {
			s.fire("copyas-target", "change", ui.Event{Value: target.ID})
			require.NotContains(t, s.read("copyas-text"), secret, target.ID)
			require.Contains(t, s.read("copyas-text"), "dev-1", target.ID)
			s.click("copyas-copy")
			require.Equal(t, uitest.Find(t, s.view(), "copyas-text").Text, copied)
			require.Contains(t, s.read("copyas-result"), "It is on the clipboard.")
		}
		require.Contains(t, string(s.rest.message.Body), secret, "the form keeps its message")
		require.Contains(t, s.rest.message.Properties[0].Value, secret)

		s.emulator.Kind, s.emulator.Client = hubservice.Served, &hubservice.Client{}
		s.emulator.Info.HubHostName = "myhub.azure-devices.net"
		require.Contains(t, s.read("copyas-text"), "its own CA")
	})
}

func TestCommandsAskForAFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Browser{Local: memory{}}, page.Params{})
		commands := map[string]page.Command{}
		s.Read(func() {
			for _, c := range s.Commands() {
				commands[c.ID] = c
			}
		})
		require.False(t, commands["export-session"].Enabled)
		require.True(t, commands["profile-save"].Enabled)
		commands["import-session"].Do()
		_, isOpen := uitest.Find(t, s.view(), "export").Attr("open")
		require.True(t, isOpen)
		_, focused := uitest.Find(t, s.view(), "import-file").Attr("data-focus")
		require.False(t, focused, "under the palette nothing takes the focus")
		s.fire("export", "toggle", ui.Event{Checked: true})
		_, focused = uitest.Find(t, s.view(), "import-file").Attr("data-focus")
		require.True(t, focused)
	})
}

// TestViewsChangeNothing draws at the same time, for the race detector.
func TestViewsChangeNothing(t *testing.T) {
	s := open(t, Browser{Local: memory{profilesKey: `[{"name":"a"}]`}, Session: memory{}, Offline: new(offlineCalls)}, page.Params{})
	var drawings sync.WaitGroup
	for range 8 {
		drawings.Go(func() { s.view() })
	}
	drawings.Wait()
}
