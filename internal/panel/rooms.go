package panel

import (
	"net/url"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/savefile"
)

// What a room may be asked for. The root ranges over the rooms, so that nothing is forgotten when a room is added.
type (
	commander  interface{ Commands() []page.Command }     // read lock held
	preparer   interface{ Prepare() }                     // write lock held, before each drawing
	secretive  interface{ Secrets() []string }            // read lock held
	forgetful  interface{ Forget() }                      // write lock held
	saver      interface{ Save(d *savefile.Document) }    // read lock held
	restorer   interface{ Restore(d *savefile.Document) } // write lock held
	connecting interface{ Connecting() }                  // write lock held, when a connection begins
)

// each calls do with every room that has what I asks for.
func each[I any](p *Panel, do func(I)) {
	for _, room := range p.rooms {
		if r, ok := room.(I); ok {
			do(r)
		}
	}
}

// commands are all of the page's, in the order in which the palette shows them. The lock is held.
func (p *Panel) commands() (list []page.Command) {
	each(p, func(room commander) {
		if room == commander(p.scenarios) { // the topics come before the scenarios, some of which have their names
			list = append(list, p.topicCommands()...)
		}
		list = append(list, room.Commands()...)
	})
	return append(list, p.shellCommands()...)
}

// secrets are those that the rooms hold. The lock is held.
func (p *Panel) secrets() (list []string) {
	each(p, func(room secretive) { list = append(list, room.Secrets()...) })
	return list
}

// forget clears every secret, and everything that is kept. The lock is held.
func (p *Panel) forget() { each(p, func(room forgetful) { room.Forget() }) }

// save fills in the session file. The lock is held.
func (p *Panel) save(d *savefile.Document) {
	d.Settings.View, d.Settings.Theme, d.Settings.Lang = string(p.Topic), string(p.Theme), string(p.Language)
	operations := p.cloud.OperationsLog()
	d.Log, d.Hub, d.Dropped = p.entries(&p.DeviceLog), p.entries(operations), p.DeviceLog.Dropped+operations.Dropped
	each(p, func(room saver) { room.Save(d) })
}

// entries are those of a journal in the page's language. The lock is held.
func (p *Panel) entries(j *page.Journal) []savefile.Entry {
	list := make([]savefile.Entry, 0, len(j.Entries))
	for _, e := range j.Entries {
		list = append(list, savefile.Entry{At: e.At, Kind: string(e.Kind), What: p.Words(e.What), Summary: p.Words(e.Summary), Detail: p.Words(e.Detail),
			Outcome: string(e.Outcome), Note: p.Words(e.Note)})
	}
	return list
}

// restore fills the forms from a session file. What the file's version did not know stays as it is. The lock is held.
func (p *Panel) restore(d *savefile.Document) {
	f := &d.Settings
	p.Topic = page.ParseParams("view="+url.QueryEscape(f.View), "").View // a view of this page, whatever the file says
	switch t := page.Theme(f.Theme); t {
	case page.ThemeAuto, page.ThemeLight, page.ThemeDark:
		p.Theme = t
	}
	p.Language = catalog.Match(f.Lang)
	each(p, func(room restorer) { room.Restore(d) })
}

// topicCommands switch to a topic: Alt and its place among the tabs.
func (p *Panel) topicCommands() []page.Command {
	var list []page.Command
	for i, t := range page.Topics {
		c := page.Command{ID: "view-" + string(t.Topic), Name: l10n.New("Show: %s", t.Name), Hint: l10n.New("View"), Enabled: true, Do: func() { p.Show(t.Topic) }}
		if i < 9 {
			c.Key = "Alt+" + string(rune('1'+i))
		}
		list = append(list, c)
	}
	return list
}

// themes are the themes by their names.
var themes = []struct {
	theme page.Theme
	name  l10n.Text
}{
	{page.ThemeAuto, l10n.New("Auto")}, {page.ThemeLight, l10n.New("Light")}, {page.ThemeDark, l10n.New("Dark")},
}

// shellCommands are about the page itself.
func (p *Panel) shellCommands() []page.Command {
	var hint l10n.Text = l10n.New("Page")
	operations := p.cloud.OperationsLog()
	list := append(p.palette.Commands(),
		page.Command{ID: "device-log-clear", Name: l10n.New("Clear the device log"), Hint: hint, Enabled: len(p.DeviceLog.Entries) > 0, Do: func() { p.Update(p.DeviceLog.Clear) }},
		page.Command{ID: "cloud-log-clear", Name: l10n.New("Clear the operations log"), Hint: hint, Enabled: len(operations.Entries) > 0, Do: func() { p.Update(operations.Clear) }},
	)
	for _, t := range themes {
		list = append(list, page.Command{ID: "theme-" + string(t.theme), Name: l10n.New("Theme: %s", t.name), Hint: hint, Enabled: p.Theme != t.theme, Do: func() { p.SetTheme(t.theme) }})
	}
	for _, l := range catalog.Languages {
		list = append(list, page.Command{ID: "language-" + string(l.Lang), Name: l10n.New("Language: %s", l.Name), Hint: hint, Enabled: p.Language != l.Lang, Do: func() { p.SetLang(l.Lang) }})
	}
	return list
}
