package keep

import (
	"fmt"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/snippet"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// Browser holds the browser's means to keep things. Nil fields mean that there are none.
type Browser struct {
	Local   page.Storage // keeps until a person removes it; never holds a secret
	Session page.Storage // keeps until the tab is closed
	Offline OfflineCopy
}

// Room is the room of what the page keeps and saves. Make it with New.
type Room struct {
	*page.Page
	Links    Links
	emulator *hubservice.Emulator
	browser  Browser
	state    state
}

// state is the room's state, guarded by the page's lock.
type state struct {
	kept    kept
	file    fileCard
	code    codeCard
	offline Kept
}

// Links are the parts of the page that this room uses. All are set before anything else is called.
type Links struct {
	// Running reports whether there is a connection, or an attempt to connect. The lock is held.
	Running func() bool
	// Credentials returns those of the current or last connection. The lock is held.
	Credentials func() hubclient.Credentials
	// FormCredentials returns those in the connection form, or an error if the form is not complete. The lock is held.
	FormCredentials func() (hubclient.Credentials, error)
	// Message returns the message in the telemetry form. The lock is held.
	Message func() hubclient.Message

	// Profile returns the connection form, without its secrets, as a profile with this name; its error explains what is missing, or that
	// the profile would hold a secret. The lock is held.
	Profile func(name string) (savefile.Profile, error)
	// CheckProfile returns an error if a profile would hold a secret. The lock is held.
	CheckProfile func(savefile.Profile) error
	// ApplyProfile fills the connection form with a profile. The lock is held for writing.
	ApplyProfile func(savefile.Profile)
	// Form returns the connection form as it is, complete or not. The lock is held.
	Form func() (savefile.Profile, Secret)
	// RestoreForm fills the connection form with what Form returned on an earlier visit. The lock is held for writing.
	RestoreForm func(savefile.Profile, Secret)

	// Disconnect ends the connection. It returns at once. The lock is not held.
	Disconnect func()
	// CancelRegistration ends a registration. It does not wait. The lock is not held.
	CancelRegistration func()
	// ForgetAll calls Forget of every room, this one included. The lock is held for writing.
	ForgetAll func()
	// SaveAll has every room write its part of a session file. The lock is held.
	SaveAll func(*savefile.Document)
	// RestoreAll has every room restore its forms from a session file. The lock is held for writing.
	RestoreAll func(*savefile.Document)
	// OpenFiles opens a file that a person chose: a session file, or a scenario. The lock is not held.
	OpenFiles func([]ui.File)
}

// New returns the room. Its caller sets the Links before anything uses it, and then calls Load.
func New(p *page.Page, emulator *hubservice.Emulator, browser Browser) *Room {
	if p.Env.Params.Embed { // an embed keeps nothing, whatever the browser would allow
		browser.Local, browser.Session = nil, nil
	}
	return &Room{Page: p, emulator: emulator, browser: browser, state: state{code: codeCard{target: snippet.Targets[0].ID}}}
}

// Load restores what was kept on an earlier visit: profiles, and the tab's secret. It leaves alone what it cannot read. The lock is
// held for writing, or nothing runs yet.
func (room *Room) Load() {
	load(room.browser.Local, profilesKey, &room.state.kept.profiles)
	room.loadSecret()
}

// Commands are about profiles, session files, logs as files and code. The lock is held.
func (room *Room) Commands() []page.Command {
	saves, free := room.Env.Save != nil, !room.Links.Running()
	var device, files, code l10n.Text = l10n.New("Device"), l10n.New("Save and open"), l10n.New("Copy as …")
	var list []page.Command
	for i, profile := range page.First(room.state.kept.profiles) {
		list = append(list, page.Command{ID: fmt.Sprint("profile-use-", i), Name: l10n.New("Use profile %s", profile.Name), Hint: device, Enabled: free,
			Do: func() { room.useProfile(profile.Name) }})
	}
	list = append(list,
		page.Command{ID: "profile-save", Name: l10n.New("Save profile"), Hint: device, Enabled: room.browser.Local != nil && free, Do: room.saveProfile},
		page.Command{ID: "forget-everything", Name: l10n.New("Forget everything"), Hint: device, Enabled: true, Do: room.ForgetEverything},
		page.Command{ID: "export-session", Name: l10n.New("Save the session"), Hint: files, Enabled: saves, Do: room.exportSession},
		page.Command{ID: "import-session", Name: l10n.New("Open a session …"), Hint: files, Enabled: true, Do: room.requestFile},
		page.Command{ID: "export-device-log", Name: l10n.New("Device log as JSON lines"), Hint: files, Enabled: saves, Do: room.exportDeviceLog},
		page.Command{ID: "export-cloud-log", Name: l10n.New("Operations log as JSON lines"), Hint: files, Enabled: saves && room.emulator.Found(), Do: room.exportOperationsLog},
	)
	for _, t := range snippet.Targets {
		list = append(list, page.Command{ID: "copy-as-" + t.ID, Name: l10n.New("Copy as %s", t.Name), Hint: code, Enabled: room.Env.Copy != nil, Do: func() {
			room.Update(func() { room.state.code.target = t.ID })
			room.copyCode()
		}})
	}
	return list
}

// Save writes the profiles to a session file. The lock is held.
func (room *Room) Save(d *savefile.Document) {
	d.Profiles = append([]savefile.Profile{}, room.state.kept.profiles...)
}

// Forget removes what is stored in the browser, and what the room has in memory of it and of an opened file. The lock is held for
// writing.
func (room *Room) Forget() {
	for _, s := range []page.Storage{room.browser.Local, room.browser.Session} {
		for _, key := range keptKeys(s) {
			s.Remove(key)
		}
	}
	room.state.kept = kept{}
	room.state.file.imported, room.state.file.name = nil, ""
}

// ForgetEverything ends the connection and a registration, and removes what the page keeps in this browser, its own files among it, and
// the secrets that every room has in memory.
func (room *Room) ForgetEverything() {
	room.Links.Disconnect()
	room.Links.CancelRegistration()
	if room.browser.Offline != nil {
		room.browser.Offline.Forget()
	}
	room.Update(room.Links.ForgetAll)
}
