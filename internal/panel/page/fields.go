package page

import (
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// Typing keeps f in step with what a person types into the element.
func (p *Page) Typing(f *ui.Field) ui.Listener {
	return ui.Listener{Event: "input", Do: func(e ui.Event) { p.Update(func() { f.Text = e.Value }) }}
}

// CheckBox is a labelled check box.
func (p *Page) CheckBox(name, id string, on *bool) *ui.Node {
	return ui.H("label.check",
		ui.H("input", ui.Attr("type", "checkbox"), ui.TestID(id), ui.Flag("checked", *on),
			ui.Listener{Event: "change", Do: func(e ui.Event) { p.Update(func() { *on = e.Checked }) }}),
		ui.H("span", ui.Text(name)))
}

// TextField is a labelled line of text.
func (p *Page) TextField(name, id string, f *ui.Field, more ...ui.Part) *ui.Node {
	return ui.H("label.field",
		ui.H("span.field-name", ui.Text(name)),
		ui.H("input.mono", ui.Attr("type", "text"), ui.TestID(id), ui.Attr("autocomplete", "off"), ui.Attr("spellcheck", "false"), ui.Value(f), p.Typing(f), ui.Parts(more)),
	)
}

// JSONField is a labelled editor for a document, with the place of the first error under it.
func (p *Page) JSONField(name, id string, f *ui.Field, rows int, optional bool) *ui.Node {
	var problem error
	if s := strings.TrimSpace(f.Text); s != "" || !optional {
		problem = jsontext.Check("This", f.Text)
	}
	return p.Editor(name, id, f, rows, problem)
}

// CheckedField is a line of text with what is wrong with it under it.
func (p *Page) CheckedField(name, id string, f *ui.Field, placeholder string, check func(string) error) *ui.Node {
	problem := ""
	if s := f.Trimmed(); s != "" {
		if err := check(s); err != nil {
			problem = p.Sentence(err)
		}
	}
	return ui.H("div.checked",
		p.TextField(name, id, f, ui.Attr("placeholder", placeholder), ui.Attr("aria-describedby", id+"-problem")),
		ui.H("p.problem", ui.Attr("id", id+"-problem"), ui.TestID(id+"-problem"), ui.Text(problem)))
}

// NeedsConnection shows why an action cannot be done while the device is not connected.
func NeedsConnection(connected bool, why string) ui.Part {
	if connected {
		return nil
	}
	return ui.H("p.help", ui.Text(why))
}

// WholeUnits reads a whole number of units, from 1 up to the limit; an empty field is zero, the default. what names the field in the error.
func WholeUnits(what l10n.Text, f *ui.Field, unit, limit time.Duration) (time.Duration, error) {
	if f.Trimmed() == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(f.Trimmed())
	if err != nil || n < 1 || n > int(limit/unit) {
		return 0, l10n.New("the %v is not a whole number from 1 to %d", what, int(limit/unit))
	}
	return time.Duration(n) * unit, nil
}
