package palette

import (
	"fmt"
	"slices"

	"github.com/hubpanel/hubpanel/internal/ui"
)

// Overlay is the dialog over the page, or nil if none is open.
func (room *Room) Overlay() *ui.Node {
	switch room.state.open {
	case overlayPalette:
		return room.viewPalette()
	case overlayShortcuts:
		return room.viewShortcuts()
	}
	return nil
}

// viewDialog is a modal dialog that Escape and a click beside it close.
func viewDialog(class, id, name string, closeIt func(), content ...ui.Part) *ui.Node {
	return ui.H("dialog."+class, ui.TestID(id), ui.Label(name),
		ui.Listener{Event: "cancel", Do: func(ui.Event) { closeIt() }},
		ui.OnKeys(func(ui.Event) { closeIt() }, "Escape"),
		ui.OnClick(closeIt),
		ui.H("div.dialog-content", ui.OnClick(func() {}), ui.Parts(content))) // a click in here is not beside it
}

// viewPalette is a combobox over a list of commands (https://www.w3.org/WAI/ARIA/apg/patterns/combobox/): the focus stays
// in the line of text, and the arrows move what Enter chooses.
func (room *Room) viewPalette() *ui.Node {
	list := room.matches()
	option := func(i int) string { return fmt.Sprint("palette-option-", i) }
	rows := make(ui.Nodes, 0, len(list))
	for i, f := range list {
		rows = append(rows, ui.H("li.command", ui.Key(f.ID), ui.Attr("id", option(i)), ui.TestID("command-"+f.ID), ui.Attr("role", "option"),
			ui.Attr("aria-selected", fmt.Sprint(i == room.state.active)),
			ui.When(i == room.state.active, ui.Attr("data-seen", "")),
			ui.When(!f.Enabled, ui.Attr("aria-disabled", "true")),
			ui.OnClick(func() { room.Update(func() { room.state.active = i }); room.choose() }),
			ui.H("span.command-name", marked(f.name, f.marks)),
			ui.H("span.command-hint", ui.Text(f.hint)),
			ui.When(f.Key != "", Keys(f.Key))))
	}
	var current ui.Part = ui.Attribute{Name: "data-none"}
	if len(rows) > 0 {
		current = ui.Attr("aria-activedescendant", option(room.state.active))
	}
	return viewDialog("palette", "palette", room.T("Find a command"), room.close,
		ui.H("input.palette-query", ui.Attr("type", "text"), ui.TestID("palette-query"), ui.Attr("data-focus", ""),
			ui.Attr("role", "combobox"), ui.Attr("aria-expanded", "true"), ui.Attr("aria-controls", "palette-list"), ui.Attr("aria-autocomplete", "list"), current,
			ui.Label(room.T("Find a command")), ui.Attr("placeholder", room.T("What do you want to do?")),
			ui.Attr("autocomplete", "off"), ui.Attr("spellcheck", "false"), ui.Value(&room.state.query),
			ui.Listener{Event: "input", Do: func(e ui.Event) { room.setQuery(e.Value) }},
			ui.OnKeys(func(e ui.Event) { room.moveActive(paletteKeys[e.Key]) }, "ArrowDown", "ArrowUp", "PageDown", "PageUp"),
			ui.OnKeys(func(ui.Event) { room.choose() }, "Enter"),
		),
		ui.H("ul.commands", ui.Attr("id", "palette-list"), ui.Attr("role", "listbox"), ui.Label(room.T("Commands")), rows),
		ui.H("p.palette-count", ui.Attr("role", "status"), ui.TestID("palette-count"), ui.Text(room.countText(len(list)))),
	)
}

// paletteKeys are how many options a key goes on.
var paletteKeys = map[string]int{"ArrowDown": 1, "ArrowUp": -1, "PageDown": 5, "PageUp": -5}

func (room *Room) countText(n int) string {
	if n == 0 {
		return room.T("No command is called that.")
	}
	return room.TN(n, "%d command", "%d commands", n)
}

// marked is a text in which some runes are marked.
func marked(s string, marks []int) ui.Nodes {
	var list ui.Nodes
	runes := []rune(s)
	for i := 0; i < len(runes); {
		on, from := slices.Contains(marks, i), i
		for i < len(runes) && slices.Contains(marks, i) == on {
			i++
		}
		tag := "span"
		if on {
			tag = "mark"
		}
		list = append(list, ui.H(tag, ui.Text(string(runes[from:i]))))
	}
	return list
}

// Keys shows the keys of a shortcut: "Ctrl+k" is Ctrl and K.
func Keys(key string) *ui.Node {
	caps := ui.Nodes{}
	for _, c := range keyNames(key) {
		caps = append(caps, ui.H("kbd", ui.Text(c)))
	}
	return ui.H("span.keys", caps)
}

// viewShortcuts lists every command that has a key, and the keys that belong to a kind of element.
func (room *Room) viewShortcuts() *ui.Node {
	row := func(keys, does string) *ui.Node {
		return ui.H("div", ui.H("dt", Keys(keys)), ui.H("dd", ui.Text(does)))
	}
	rows := ui.Nodes{}
	for _, c := range room.keyCommands() {
		rows = append(rows, row(c.Key, room.Words(c.Name)))
	}
	return viewDialog("shortcuts", "shortcuts", room.T("Keyboard shortcuts"), room.close,
		ui.H("header.card-head", ui.H("h2", ui.Text(room.T("Keyboard shortcuts"))),
			ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("shortcuts-close"), ui.Attr("data-focus", ""), ui.Text(room.T("Close")), ui.OnClick(room.close))),
		ui.H("dl.shortcut-list", rows,
			row("Ctrl+Enter", room.T("In a form: send it")),
			row("←+→", room.T("On the tabs: the tab before or after")),
			row("Esc", room.T("Close what lies over the page"))),
		ui.H("p.help", ui.Text(room.T("On a Mac, Cmd does what Ctrl does."))),
		ui.H("label.check",
			ui.H("input", ui.Attr("type", "checkbox"), ui.TestID("shortcuts-single"), ui.Flag("checked", !room.state.quietly),
				ui.OnChange(func(e ui.Event) { room.Update(func() { room.state.quietly = !e.Checked }) })),
			ui.H("span", ui.Text(room.T("The single key ? opens this list")))),
	)
}
