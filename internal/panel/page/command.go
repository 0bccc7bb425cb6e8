package page

import (
	"encoding/json"

	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// Command is something that a person can do by name, from the palette, or by a key from anywhere in the page.
type Command struct {
	ID      string    // stable, in ASCII, such as "twin-read": the palette finds the command by it too, in every language
	Name    l10n.Text // what it does: "Read the twin again"
	Hint    l10n.Text // what it belongs to: "Device twin". The palette searches it too
	Key     string    // its shortcut as ui.Listener.Keys has it, such as "Alt+3". Most have none
	Enabled bool      // a command that cannot be done now is shown, but does nothing
	Do      func()    // runs on the event queue without the lock: it must not block
}

// commandRows is how many commands a list gives the palette at most, one for each of its elements: more would bury the rest.
const commandRows = 20

// First returns the elements of a list that get a command each.
func First[T any](list []T) []T { return list[:min(len(list), commandRows)] }

// At returns an action that shows a topic and does something there.
func (p *Page) At(t Topic, do func()) func() { return func() { p.Show(t); do() } }

// FormatCommand is the command that indents a document.
func (p *Page) FormatCommand(id string, name, hint l10n.Text, t Topic, f *ui.Field) Command {
	return Command{ID: id, Name: l10n.New("Format: %s", name), Hint: hint, Enabled: json.Valid([]byte(f.Text)),
		Do: p.At(t, func() { p.Update(func() { f.Set(jsontext.Indent([]byte(f.Text))) }) })}
}
