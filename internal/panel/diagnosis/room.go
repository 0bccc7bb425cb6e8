package diagnosis

import (
	"context"
	"time"

	"github.com/hubpanel/hubpanel/internal/doctor"
	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// Probes are the doctor's ways to examine the browser. Nil functions mean that there is none.
type Probes struct {
	Origin  string // the page's own
	Secure  bool   // in a secure context
	Online  func() bool
	Reach   func(ctx context.Context, url string) error // see doctor.Env
	Browser string                                      // the browser's own name
}

// Room is the room of the connection doctor. Make it with New.
type Room struct {
	*page.Page
	Links    Links
	emulator *hubservice.Emulator
	probes   Probes
	network  hubservice.Network
	state    state
}

// Links are the parts of other rooms that this one uses.
type Links struct {
	// Running reports whether there is a connection, or an attempt to connect. The lock is held.
	Running func() bool
	// Connected reports whether the connection works at the moment. The lock is held.
	Connected func() bool
	// Device returns the device of the connection, or without one the device in the connection form, with its options. Its error
	// explains why the form names no device. The lock is held.
	Device func() (hubclient.Credentials, hubclient.Options, error)
	// Occupy ends the running connection and calls run, while nothing else connects as the device. The context of run ends with ctx, or
	// when somebody connects or disconnects the device. Occupy returns when run has returned, and makes the connection of before again
	// unless somebody has connected or disconnected the device. Its error means that run was not called. The lock is not held.
	Occupy func(ctx context.Context, run func(ctx context.Context)) error
	// Traced shows a packet of the doctor's connections where those of the device's are shown. The lock is not held.
	Traced func(hubclient.Traced)
}

// state is the room's state, guarded by the page's lock.
type state struct {
	running  *examination    // nil: none
	count    int             // of examinations, the running one included
	evidence doctor.Evidence // of the last examination
	examined bool            // evidence is there
	minutes  ui.Field        // of the longer check
	console  ui.Field        // a line of the browser's console
	unknown  bool            // the line names no known cause
	copied   page.Result

	history history
	trouble troubleLog
}

// New returns the room. Its caller sets the Links before anything uses it.
func New(p *page.Page, emulator *hubservice.Emulator, probes Probes, network hubservice.Network) *Room {
	room := &Room{Page: p, emulator: emulator, probes: probes, network: network}
	room.state.minutes.Set("5")
	return room
}

// Running reports whether an examination runs. The lock is held.
func (room *Room) Running() bool { return room.state.running != nil }

// Commands begin an examination. The lock is held.
func (room *Room) Commands() []page.Command {
	return []page.Command{{ID: "diagnose", Name: l10n.New("Find out why it does not connect"), Hint: l10n.New("Device"), Enabled: !room.Running(), Do: room.FindOutWhy}}
}

// Forget ends an examination, and clears what the room knows of the device. The lock is held for writing.
func (room *Room) Forget() {
	s := &room.state
	if s.running != nil {
		s.running.forgotten = true
		s.running.cancel()
	}
	s.evidence, s.examined, s.unknown, s.copied = doctor.Evidence{}, false, false, page.Result{}
	s.console.Set("")
	s.history, s.trouble = history{}, troubleLog{count: s.trouble.count}
}

// StateChanged notes a change of the device's connection. The lock is held for writing.
func (room *Room) StateChanged(before, after hubclient.State) {
	room.state.history.stateChanged(time.Now(), before, after)
}

// Heard notes that a packet went over the device's connection, in either direction. The lock is held for writing.
func (room *Room) Heard(at time.Time) { room.state.history.heard = at }

// HubTrouble notes an entry of trouble in the emulator's operations log. The lock is held for writing.
func (room *Room) HubTrouble(t Trouble) { room.state.trouble.add(t) }
