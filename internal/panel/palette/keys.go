package palette

import (
	"slices"
	"strings"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// Commands open the dialogs.
func (room *Room) Commands() []page.Command {
	var hint l10n.Text = l10n.New("Page")
	single := "?"
	if room.state.quietly {
		single = ""
	}
	return []page.Command{
		{ID: "palette", Name: l10n.New("Find a command"), Hint: hint, Key: "Ctrl+k", Enabled: true, Do: room.Open},
		{ID: "shortcuts", Name: l10n.New("Keyboard shortcuts"), Hint: hint, Key: single, Enabled: true, Do: room.ShowShortcuts},
	}
}

// keyCommands are the commands that have a key. Every drawing asks for them, also the first one, which must not wait for the names of
// all commands, nor for the scenarios to be read.
func (room *Room) keyCommands() []page.Command {
	list := slices.Concat(room.Links.KeyCommands(), room.Commands())
	return slices.DeleteFunc(list, func(c page.Command) bool { return c.Key == "" })
}

// Shortcuts is the listener of the whole page for the keys of the commands that can be done now. Under a dialog there are none but the
// palette's own key, which closes it again.
func (room *Room) Shortcuts() ui.Part {
	if room.state.open != overlayNone {
		return ui.OnKeys(func(ui.Event) { room.close() }, "Ctrl+k")
	}
	var keys []string
	for _, c := range room.keyCommands() {
		if c.Enabled {
			keys = append(keys, c.Key)
		}
	}
	return ui.OnKeys(room.keyPressed, keys...)
}

// keyPressed does the command of a key.
func (room *Room) keyPressed(e ui.Event) {
	var do func()
	room.Read(func() {
		for _, c := range room.keyCommands() {
			if c.Enabled && c.Key == e.Key {
				do = c.Do
			}
		}
	})
	if do != nil {
		do()
	}
}

// keyNames are the caps of a shortcut: "Ctrl+k" is Ctrl and K.
func keyNames(key string) []string {
	caps := strings.Split(key, "+")
	for i, c := range caps {
		if len(c) == 1 {
			caps[i] = strings.ToUpper(c)
		}
	}
	return caps
}
