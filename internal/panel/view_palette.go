package panel

import (
	"fmt"
	"slices"
)

// viewOverlay is the dialog over the page, if one is open.
func (p *Panel) viewOverlay() *Node {
	switch p.palette.open {
	case overlayPalette:
		return p.viewPalette()
	case overlayShortcuts:
		return p.viewShortcuts()
	}
	return nil
}

// viewDialog is a modal dialog that Escape and a click beside it close.
func viewDialog(class, id, name string, closeIt func(), content ...part) *Node {
	return h("dialog."+class, testid(id), label(name),
		Listener{Event: "cancel", Do: func(Event) { closeIt() }},
		onKeys(func(Event) { closeIt() }, "Escape"),
		onClick(closeIt),
		h("div.dialog-content", onClick(func() {}), parts(content))) // a click in here is not beside it
}

// viewPalette is a combobox over a list of commands (https://www.w3.org/WAI/ARIA/apg/patterns/combobox/): the focus stays
// in the line of text, and the arrows move what Enter chooses.
func (p *Panel) viewPalette() *Node {
	list := search(p.named(), p.palette.query.text)
	option := func(i int) string { return fmt.Sprint("palette-option-", i) }
	rows := make(nodes, 0, len(list))
	for i, f := range list {
		rows = append(rows, h("li.command", key(f.id), attr("id", option(i)), testid("command-"+f.id), attr("role", "option"),
			attr("aria-selected", fmt.Sprint(i == p.palette.active)),
			when(i == p.palette.active, attr("data-seen", "")),
			when(!f.enabled, attr("aria-disabled", "true")),
			onClick(func() { p.update(func() { p.palette.active = i }); p.choose() }),
			h("span.command-name", marked(f.name, f.marks)),
			h("span.command-hint", text(f.hint)),
			when(f.key != "", viewKeys(f.key))))
	}
	current := Attr{Name: "data-none"}
	if len(rows) > 0 {
		current = attr("aria-activedescendant", option(p.palette.active))
	}
	return viewDialog("palette", "palette", p.T("Find a command"), p.closeOverlay,
		h("input.palette-query", attr("type", "text"), testid("palette-query"), attr("data-focus", ""),
			attr("role", "combobox"), attr("aria-expanded", "true"), attr("aria-controls", "palette-list"), attr("aria-autocomplete", "list"), current,
			label(p.T("Find a command")), attr("placeholder", p.T("What do you want to do?")),
			attr("autocomplete", "off"), attr("spellcheck", "false"), value{&p.palette.query},
			Listener{Event: "input", Do: func(e Event) { p.searchPalette(e.Value) }},
			onKeys(func(e Event) { p.movePalette(paletteKeys[e.Key]) }, "ArrowDown", "ArrowUp", "PageDown", "PageUp"),
			onKeys(func(Event) { p.choose() }, "Enter"),
		),
		h("ul.commands", attr("id", "palette-list"), attr("role", "listbox"), label(p.T("Commands")), rows),
		h("p.palette-count", attr("role", "status"), testid("palette-count"), text(p.paletteCount(len(list)))),
	)
}

// paletteKeys are how many options a key goes on.
var paletteKeys = map[string]int{"ArrowDown": 1, "ArrowUp": -1, "PageDown": 5, "PageUp": -5}

func (p *Panel) paletteCount(n int) string {
	if n == 0 {
		return p.T("No command is called that.")
	}
	return p.TN(n, "%d command", "%d commands", n)
}

// marked is a text in which some runes stand out.
func marked(s string, marks []int) nodes {
	var list nodes
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
		list = append(list, h(tag, text(string(runes[from:i]))))
	}
	return list
}

func viewKeys(key string) *Node {
	caps := nodes{}
	for _, c := range keyNames(key) {
		caps = append(caps, h("kbd", text(c)))
	}
	return h("span.keys", caps)
}

// viewShortcuts lists every command that has a key, and the keys that belong to a kind of element.
func (p *Panel) viewShortcuts() *Node {
	row := func(keys, does string) *Node { return h("div", h("dt", viewKeys(keys)), h("dd", text(does))) }
	rows := nodes{}
	for _, c := range p.keyCommands() {
		rows = append(rows, row(c.key, c.name))
	}
	return viewDialog("shortcuts", "shortcuts", p.T("Keyboard shortcuts"), p.closeOverlay,
		h("header.card-head", h("h2", text(p.T("Keyboard shortcuts"))),
			h("button.quiet", attr("type", "button"), testid("shortcuts-close"), attr("data-focus", ""), text(p.T("Close")), onClick(p.closeOverlay))),
		h("dl.shortcut-list", rows,
			row("Ctrl+Enter", p.T("In a form: send it")),
			row("←+→", p.T("On the tabs: the tab before or after")),
			row("Esc", p.T("Close what lies over the page"))),
		h("p.help", text(p.T("On a Mac, Cmd does what Ctrl does."))),
		h("label.check",
			h("input", attr("type", "checkbox"), testid("shortcuts-single"), flag("checked", !p.palette.quietly),
				onChange(func(e Event) { p.update(func() { p.palette.quietly = !e.Checked }) })),
			h("span", text(p.T("The single key ? opens this list")))),
	)
}
