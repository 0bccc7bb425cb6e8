package panel

import (
	"slices"
	"strings"

	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
)

// What the shell itself offers as commands. Other areas' commands stand with them.

// topicCommands switch to a topic: Alt and its place among the tabs.
func (p *Panel) topicCommands() []command {
	var list []command
	for i, t := range p.topics() {
		c := command{id: "view-" + string(t.topic), name: p.T("Show: %s", t.name), hint: p.T("View"), enabled: true, do: func() { p.Show(t.topic) }}
		if i < 9 {
			c.key = "Alt+" + string(rune('1'+i))
		}
		list = append(list, c)
	}
	return list
}

// shellCommands are about the page itself.
func (p *Panel) shellCommands() []command {
	page := p.T("Page")
	list := append(p.overlayCommands(),
		command{id: "device-log-clear", name: p.T("Clear the device log"), hint: page, enabled: len(p.deviceLog.entries) > 0, do: func() { p.update(p.deviceLog.clear) }},
		command{id: "cloud-log-clear", name: p.T("Clear the operations log"), hint: page, enabled: len(p.cloud.log.entries) > 0, do: func() { p.update(p.cloud.log.clear) }},
	)
	for _, t := range p.themes() {
		list = append(list, command{id: "theme-" + string(t.theme), name: p.T("Theme: %s", t.name), hint: page, enabled: p.theme != t.theme, do: func() { p.SetTheme(t.theme) }})
	}
	for _, l := range catalog.Languages {
		list = append(list, command{id: "language-" + string(l.Lang), name: p.T("Language: %s", l.Name), hint: page, enabled: p.lang != l.Lang, do: func() { p.SetLang(l.Lang) }})
	}
	return list
}

// overlayCommands open what lies over the page.
func (p *Panel) overlayCommands() []command {
	page, single := p.T("Page"), "?"
	if p.palette.quietly {
		single = ""
	}
	return []command{
		{id: "palette", name: p.T("Find a command"), hint: page, key: "Ctrl+k", enabled: true, do: p.OpenPalette},
		{id: "shortcuts", name: p.T("Keyboard shortcuts"), hint: page, key: single, enabled: true, do: p.ShowShortcuts},
	}
}

// keyCommands are those of the commands that have a key. Every drawing asks for them, and the first of them too: nobody waits
// for the names of all commands then, nor for the scenarios to be read.
func (p *Panel) keyCommands() []command {
	list := slices.Concat([]command{p.sendCommand()}, p.topicCommands(), p.overlayCommands())
	return slices.DeleteFunc(list, func(c command) bool { return c.key == "" })
}

// shortcuts is the listener of the whole page for the keys of the commands that can be done now. Under a dialog there are
// none but the palette's own key, which closes it again.
func (p *Panel) shortcuts() Listener {
	if p.palette.open != overlayNone {
		return onKeys(func(Event) { p.closeOverlay() }, "Ctrl+k")
	}
	var keys []string
	for _, c := range p.keyCommands() {
		if c.enabled {
			keys = append(keys, c.key)
		}
	}
	return onKeys(p.keyPressed, keys...)
}

// keyPressed does the command of a key.
func (p *Panel) keyPressed(e Event) {
	p.mu.Lock()
	var do func()
	for _, c := range p.keyCommands() {
		if c.enabled && c.key == e.Key {
			do = c.do
		}
	}
	p.mu.Unlock()
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

// namedTopic is a topic with its name in the page's language.
type namedTopic struct {
	topic Topic
	name  string
}

// topics are the tabs by their names. A topic whose name is not translated keeps its English one.
func (p *Panel) topics() []namedTopic {
	names := map[Topic]string{
		TopicTelemetry: p.T("Telemetry"), TopicMessages: p.T("Messages"), TopicTwin: p.T("Device twin"),
		TopicMethods: p.T("Direct methods"), TopicProvisioning: p.T("Provisioning"), TopicWire: p.T("Wire"),
		TopicDiagnose: p.T("Diagnose"),
	}
	list := make([]namedTopic, 0, len(topics))
	for _, t := range topics {
		name, ok := names[t.topic]
		if !ok {
			name = t.name
		}
		list = append(list, namedTopic{t.topic, name})
	}
	return list
}

type namedTheme struct {
	theme Theme
	name  string
}

func (p *Panel) themes() []namedTheme {
	return []namedTheme{{ThemeAuto, p.T("Auto")}, {ThemeLight, p.T("Light")}, {ThemeDark, p.T("Dark")}}
}
