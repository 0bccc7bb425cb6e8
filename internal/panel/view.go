package panel

import (
	"cmp"
	"fmt"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/panel/palette"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// View returns what the page should show now. It prepares the rooms under the write lock, and draws them under the read lock: views
// change nothing.
func (p *Panel) View() *ui.Node {
	p.Begin()
	p.Lock()
	p.prepare()
	p.Unlock()
	var view *ui.Node
	p.Read(func() { view = p.draw() })
	return view
}

// prepare moves what depends on the time since the last drawing. The write lock is held.
func (p *Panel) prepare() {
	p.up.Prepare(p.Drawing, p.Traffic.Sent)
	p.down.Prepare(p.Drawing, p.Traffic.Received)
	p.prepareArrivals()
	each(p, func(room preparer) { room.Prepare() })
}

// draw returns the whole page. The read lock is held.
func (p *Panel) draw() *ui.Node {
	return ui.H("div.app",
		ui.Attr("lang", string(p.Language)),
		ui.When(p.Theme != page.ThemeAuto, ui.Attr("data-theme", string(p.Theme))),
		p.palette.Shortcuts(),
		ui.Listener{Event: "drop", Do: func(e ui.Event) { p.OpenFiles(e.Files) }},
		p.viewHeader(),
		p.viewNotice(),
		p.keep.UpdateOffer(),
		p.viewArrivals(),
		p.viewLink(),
		ui.H("section", ui.Label(p.T("Scenarios")), p.scenarios.Card()),
		p.viewTabs(),
		ui.H("main.panes", ui.Attr("id", "panes"),
			p.viewDevicePane(),
			p.cloud.Pane(),
		),
		p.palette.Overlay(),
	)
}

func (p *Panel) viewHeader() *ui.Node {
	languages := make([]*ui.Node, 0, len(catalog.Languages))
	for _, l := range catalog.Languages {
		languages = append(languages, ui.H("option", ui.Attr("value", string(l.Lang)), ui.Attr("lang", string(l.Lang)), ui.Flag("selected", l.Lang == p.Language), ui.Text(l.Name)))
	}
	options := make([]*ui.Node, 0, len(themes))
	for _, t := range themes {
		options = append(options, ui.H("option", ui.Attr("value", string(t.theme)), ui.Flag("selected", t.theme == p.Theme), ui.Text(p.Words(t.name))))
	}
	hubText := map[hubservice.Kind]string{
		hubservice.Unknown: p.T("looking for a hub …"),
		hubservice.Served:  p.T("emulator beside the page"),
		hubservice.InPage:  p.T("emulator inside the page"),
		hubservice.None:    p.T("no emulator"),
	}[p.emulator.Kind]
	return ui.H("header.top",
		ui.H("h1.wordmark", ui.H("span.wordmark-hub", ui.Text(p.T("hub"))), ui.H("span.wordmark-panel", ui.Text(p.T("panel")))),
		ui.H("p.tagline", ui.Text(p.T("A virtual device for Azure IoT Hub, in this page."))),
		ui.H("span.chip", ui.TestID("hub-kind"), ui.Attr("data-kind", p.emulator.Kind.String()), ui.Text(hubText)),
		ui.H("button.find", ui.Attr("type", "button"), ui.TestID("palette-open"), ui.Attr("aria-haspopup", "dialog"), ui.OnClick(p.palette.Open),
			ui.H("span", ui.Text(p.T("Commands"))), palette.Keys("Ctrl+k")),
		ui.H("label.theme",
			ui.H("span", ui.Text(p.T("Language"))),
			ui.H("select", ui.TestID("language"),
				ui.Listener{Event: "change", Do: func(e ui.Event) { p.SetLang(catalog.Match(e.Value)) }}, ui.Nodes(languages)),
		),
		ui.H("label.theme",
			ui.H("span", ui.Text(p.T("Theme"))),
			ui.H("select", ui.TestID("theme"),
				ui.Listener{Event: "change", Do: func(e ui.Event) { p.SetTheme(page.Theme(e.Value)) }},
				ui.Nodes(options),
			),
		),
	)
}

// viewNotice is always in the page, empty or not, so that assistive technology watches it and layout does not jump.
func (p *Panel) viewNotice() *ui.Node {
	return ui.H("div.notice-place", ui.Attr("role", "alert"), ui.TestID("notice"), ui.Attr("data-about", p.Notice.About),
		ui.When(p.Notice.Text != nil,
			ui.H("div.notice",
				ui.H("p", ui.Text(p.Words(p.Notice.Text))),
				ui.When(p.Notice.About == "connect" && !p.diagnosis.Running(),
					ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("notice-why"), ui.Text(p.T("Find out why")), ui.OnClick(p.diagnosis.FindOutWhy))),
				ui.H("button.quiet", ui.Attr("type", "button"), ui.Label(p.T("Dismiss")), ui.TestID("notice-dismiss"), ui.Text(p.T("Dismiss")),
					ui.OnClick(func() { p.Update(func() { p.Notice = page.Notice{} }) })),
			)),
	)
}

// viewLink is the line between the two sides: who is on either end, and how the connection is.
func (p *Panel) viewLink() *ui.Node {
	words, state := p.connection.StateText()
	return ui.H("section.link", ui.Label(p.T("Connection")), ui.Attr("data-state", state),
		ui.H("span.link-end.link-device", ui.H("span.link-role", ui.Text(p.T("Device"))), ui.H("b", ui.TestID("device-name"), ui.Text(p.connection.DeviceName()))),
		ui.H("span.link-middle",
			ui.H("span.wire", ui.Attr("aria-hidden", "true"),
				ui.H("span.pulse.up", ui.Key(fmt.Sprint("up", p.up.Count))),
				ui.H("span.pulse.down", ui.Key(fmt.Sprint("down", p.down.Count)))),
			ui.H("span.link-state", ui.Attr("role", "status"), ui.H("span.lamp"), ui.H("span", ui.TestID("state"), ui.Attr("data-state", state), ui.Text(words))),
		),
		ui.H("span.link-end.link-cloud", ui.H("span.link-role", ui.Text(p.T("Hub"))), ui.H("b", ui.TestID("hub-name"), ui.Text(cmp.Or(p.connection.HostName(), p.emulator.Info.HubHostName)))),
	)
}

// viewTabs are buttons, each of which the Tab key reaches; the arrows go from one to the next, too.
func (p *Panel) viewTabs() *ui.Node {
	tabs := make(ui.Nodes, 0, len(page.Topics))
	for _, t := range page.Topics {
		tabs = append(tabs, ui.H("button.tab", ui.Attr("type", "button"), ui.TestID("tab-"+string(t.Topic)),
			ui.Attr("aria-pressed", fmt.Sprint(t.Topic == p.Topic)), ui.Attr("aria-controls", "panes"),
			ui.When(t.Topic == p.Topic, ui.Attr("data-seen", "")), // on a phone the tabs scroll sideways
			ui.When(t.Topic == p.Topic && p.tabMoves > 0, ui.Attr("data-focus", fmt.Sprint(p.tabMoves))),
			ui.Text(p.Words(t.Name)), ui.OnClick(func() { p.Show(t.Topic) })))
	}
	return ui.H("nav.tabs", ui.Label(p.T("What both sides show")), tabs,
		ui.OnKeys(func(e ui.Event) { p.moveTab(map[string]int{"ArrowLeft": -1, "ArrowRight": 1}[e.Key]) }, "ArrowLeft", "ArrowRight"))
}

// moveTab shows the topic before or after, and takes the focus along.
func (p *Panel) moveTab(by int) {
	p.Update(func() {
		for i, t := range page.Topics {
			if t.Topic == p.Topic {
				p.Topic = page.Topics[(i+by+len(page.Topics))%len(page.Topics)].Topic
				p.tabMoves++
				return
			}
		}
	})
}

func (p *Panel) viewDevicePane() *ui.Node {
	var card *ui.Node
	switch p.Topic {
	case page.TopicMessages:
		card = p.inbox.Card()
	case page.TopicTwin:
		card = p.twin.Card()
	case page.TopicMethods:
		card = p.methods.Card()
	case page.TopicProvisioning:
		card = p.provisioning.Card()
	case page.TopicWire:
		card = p.inspector.Card()
	case page.TopicDiagnose:
		card = p.diagnosis.Card()
	default:
		card = p.telemetry.Card()
	}
	return ui.H("section.pane.device", ui.Label(p.T("Device side")),
		ui.H("header.pane-head", ui.H("h2", ui.Text(p.T("Device"))), ui.H("p", ui.Text(p.T("What runs in this page.")))),
		p.connection.Card(),
		card,
		p.keep.CodeCard(),
		p.keep.SessionCard(),
		p.JournalCard(&p.DeviceLog, "device-log", p.T("Device log"),
			p.T("Nothing yet. Connect, then send a message: every exchange with the hub is listed here.")),
	)
}
