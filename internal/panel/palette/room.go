package palette

import (
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// Room is the command palette and the list of keyboard shortcuts: the dialogs over the page, and the keys of the whole page.
type Room struct {
	*page.Page
	Links Links
	state state
}

// Links are what the room needs of other rooms. The lock is held in all of them.
type Links struct {
	// Commands returns all commands of the page, in the order in which the palette shows them.
	Commands func() []page.Command
	// KeyCommands returns the commands that have a key, but for this room's own. Every drawing asks for them.
	KeyCommands func() []page.Command
}

// New returns a room without an open dialog.
func New(p *page.Page) *Room { return &Room{Page: p} }

// matches returns the commands that the query matches. The lock is held.
func (room *Room) matches() []found {
	return search(room.Links.Commands(), room.state.query.Text, room.Language)
}

// overlay is the dialog over the page, if one is open.
type overlay int

const (
	overlayNone overlay = iota
	overlayPalette
	overlayShortcuts
)

// state is the state of the command palette and of the list of shortcuts.
type state struct {
	open    overlay
	query   ui.Field
	active  int  // the option that Enter chooses, of those that match
	quietly bool // "?" does nothing: for people who dictate, a single key is a trap (WCAG 2.1.4)
}

// Open shows the command palette, empty.
func (room *Room) Open() {
	room.Update(func() {
		room.state.open, room.state.active = overlayPalette, 0
		room.state.query.Set("")
	})
}

// ShowShortcuts shows the list of keys.
func (room *Room) ShowShortcuts() { room.Update(func() { room.state.open = overlayShortcuts }) }

func (room *Room) close() { room.Update(func() { room.state.open = overlayNone }) }

// setQuery follows the text that a person types into the palette.
func (room *Room) setQuery(query string) {
	room.Update(func() { room.state.query.Text, room.state.active = query, 0 })
}

// moveActive makes another option the active one, and goes round at the ends.
func (room *Room) moveActive(by int) {
	room.Update(func() {
		if n := len(room.matches()); n > 0 {
			room.state.active = ((room.state.active+by)%n + n) % n
		}
	})
}

// choose closes the palette and does the active command.
func (room *Room) choose() {
	var chosen page.Command
	room.Update(func() {
		if list := room.matches(); room.state.active < len(list) {
			chosen = list[room.state.active].Command
		}
		if chosen.Enabled {
			room.state.open = overlayNone
		}
	})
	if chosen.Enabled {
		chosen.Do()
	}
}
