package panel

import (
	"fmt"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
)

// View is what the page should show now.
func (p *Panel) View() *Node {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drawn = time.Now()
	return h("div.app",
		attr("lang", string(p.lang)),
		when(p.theme != ThemeAuto, attr("data-theme", string(p.theme))),
		p.shortcuts(),
		Listener{Event: "drop", Do: func(e Event) { p.OpenFiles(e.Files) }},
		p.viewHeader(),
		p.viewNotice(),
		p.viewUpdate(),
		p.viewArrivals(),
		p.viewLink(),
		h("section", label(p.T("Scenarios")), p.viewScenarios()),
		p.viewTabs(),
		h("main.panes", attr("id", "panes"),
			p.viewDevicePane(),
			p.viewCloudPane(),
		),
		p.viewOverlay(),
	)
}

func (p *Panel) viewHeader() *Node {
	languages := make([]*Node, 0, len(catalog.Languages))
	for _, l := range catalog.Languages {
		languages = append(languages, h("option", attr("value", string(l.Lang)), attr("lang", string(l.Lang)), flag("selected", l.Lang == p.lang), text(l.Name)))
	}
	var themes []*Node
	for _, t := range p.themes() {
		themes = append(themes, h("option", attr("value", string(t.theme)), flag("selected", t.theme == p.theme), text(t.name)))
	}
	hubText := map[hubKind]string{
		hubUnknown: p.T("looking for a hub …"),
		hubServed:  p.T("emulator beside the page"),
		hubInPage:  p.T("emulator inside the page"),
		hubNone:    p.T("no emulator"),
	}[p.hub]
	return h("header.top",
		h("h1.wordmark", h("span.wordmark-hub", text(p.T("hub"))), h("span.wordmark-panel", text(p.T("panel")))),
		h("p.tagline", text(p.T("A virtual device for Azure IoT Hub, in this page."))),
		h("span.chip", testid("hub-kind"), attr("data-kind", map[hubKind]string{hubUnknown: "unknown", hubServed: "served", hubInPage: "inpage", hubNone: "none"}[p.hub]), text(hubText)),
		h("button.find", attr("type", "button"), testid("palette-open"), attr("aria-haspopup", "dialog"), onClick(p.OpenPalette),
			h("span", text(p.T("Commands"))), viewKeys("Ctrl+k")),
		h("label.theme",
			h("span", text(p.T("Language"))),
			h("select", testid("language"),
				Listener{Event: "change", Do: func(e Event) { p.SetLang(catalog.Match(e.Value)) }}, nodes(languages)),
		),
		h("label.theme",
			h("span", text(p.T("Theme"))),
			h("select", testid("theme"),
				Listener{Event: "change", Do: func(e Event) { p.SetTheme(Theme(e.Value)) }},
				nodes(themes),
			),
		),
	)
}

// viewNotice is always in the page, empty or not, so that assistive technology watches it and layout does not jump.
func (p *Panel) viewNotice() *Node {
	return h("div.notice-place", attr("role", "alert"), testid("notice"), attr("data-about", p.notice.about),
		when(p.notice.text != "",
			h("div.notice",
				h("p", text(p.notice.text)),
				when(p.notice.about == "connect" && p.diagnosis.stop == nil,
					h("button.secondary", attr("type", "button"), testid("notice-why"), text(p.T("Find out why")), onClick(p.FindOutWhy))),
				h("button.quiet", attr("type", "button"), label(p.T("Dismiss")), testid("notice-dismiss"), text(p.T("Dismiss")),
					onClick(func() { p.update(func() { p.notice = notice{} }) })),
			)),
	)
}

// viewLink is the line between the two sides: who is on either end, and how the connection is.
func (p *Panel) viewLink() *Node {
	d := &p.device
	words, state := p.stateWords()
	host := d.endpoint()
	if host == "" {
		host = p.cloud.info.HubHostName
	}
	name := d.name()
	if name == "" { // before the first session: the one that Connect would begin
		name = "—"
		if next, err := d.formCredentials(); err == nil {
			name = next.DeviceID
		}
	}
	return h("section.link", label(p.T("Connection")), attr("data-state", state),
		h("span.link-end.link-device", h("span.link-role", text(p.T("Device"))), h("b", testid("device-name"), text(name))),
		h("span.link-middle",
			h("span.wire", attr("aria-hidden", "true"),
				h("span.pulse.up", key(fmt.Sprint("up", p.beat(&p.up, d.sent)))),
				h("span.pulse.down", key(fmt.Sprint("down", p.beat(&p.down, d.received))))),
			h("span.link-state", attr("role", "status"), h("span.lamp"), h("span", testid("state"), attr("data-state", state), text(words))),
		),
		h("span.link-end.link-cloud", h("span.link-role", text(p.T("Hub"))), h("b", testid("hub-name"), text(host))),
	)
}

// viewTabs are buttons, each of which the Tab key reaches; the arrows go from one to the next, too.
func (p *Panel) viewTabs() *Node {
	tabs := make(nodes, 0, len(topics))
	for _, t := range p.topics() {
		tabs = append(tabs, h("button.tab", attr("type", "button"), testid("tab-"+string(t.topic)),
			attr("aria-pressed", fmt.Sprint(t.topic == p.topic)), attr("aria-controls", "panes"),
			when(t.topic == p.topic, attr("data-seen", "")), // on a phone the tabs scroll sideways
			when(t.topic == p.topic && p.tabMoves > 0, attr("data-focus", fmt.Sprint(p.tabMoves))),
			text(t.name), onClick(func() { p.Show(t.topic) })))
	}
	return h("nav.tabs", label(p.T("What both sides show")), tabs,
		onKeys(func(e Event) { p.moveTab(map[string]int{"ArrowLeft": -1, "ArrowRight": 1}[e.Key]) }, "ArrowLeft", "ArrowRight"))
}

// moveTab shows the topic before or after, and takes the focus along.
func (p *Panel) moveTab(by int) {
	p.update(func() {
		for i, t := range topics {
			if t.topic == p.topic {
				p.topic = topics[(i+by+len(topics))%len(topics)].topic
				p.tabMoves++
				return
			}
		}
	})
}

func (p *Panel) viewDevicePane() *Node {
	var card *Node
	switch p.topic {
	case TopicMessages:
		card = p.viewInbox()
	case TopicTwin:
		card = p.viewTwin()
	case TopicMethods:
		card = p.viewMethods()
	case TopicProvisioning:
		card = p.viewProvisioning()
	case TopicWire:
		card = p.viewWire()
	case TopicDiagnose:
		card = p.viewDiagnose()
	default:
		card = p.viewComposer()
	}
	return h("section.pane.device", label(p.T("Device side")),
		h("header.pane-head", h("h2", text(p.T("Device"))), h("p", text(p.T("What runs in this page.")))),
		p.viewConnection(),
		card,
		p.viewCopyAs(),
		p.viewExport(),
		p.viewJournal(&p.deviceLog, "device-log", p.T("Device log"),
			p.T("Nothing yet. Connect, then send a message: every exchange with the hub is listed here.")),
	)
}

// typing keeps f in step with what a person types into the element.
func (p *Panel) typing(f *field) Listener {
	return Listener{Event: "input", Do: func(e Event) { p.update(func() { f.text = e.Value }) }}
}

// viewProperties edits a property bag.
func (p *Panel) viewProperties(rows *propertyRows, id, name string) *Node {
	lines := make(nodes, 0, len(rows.rows))
	for i, row := range rows.rows {
		lines = append(lines, h("div.property", key(fmt.Sprint(row.id)),
			h("input.mono", attr("type", "text"), label(p.T("Property %d, name", i+1)), testid(fmt.Sprint(id, "-name-", i)),
				attr("placeholder", p.T("name")), value{&row.name}, p.typing(&row.name)),
			h("input.mono", attr("type", "text"), label(p.T("Property %d, value", i+1)), testid(fmt.Sprint(id, "-value-", i)),
				attr("placeholder", p.T("value")), flag("disabled", row.null), value{&row.value}, p.typing(&row.value)),
			h("button.quiet.null", attr("type", "button"), testid(fmt.Sprint(id, "-null-", i)), attr("aria-pressed", fmt.Sprint(row.null)), label(p.T("Property %d is null: it has no value, not an empty one", i+1)),
				attr("title", p.T("null: no value, not an empty one")), text("∅"), onClick(func() { p.update(func() { row.null = !row.null }) })),
			h("button.quiet", attr("type", "button"), label(p.T("Remove property %d", i+1)), text("×"),
				onClick(func() { p.update(func() { rows.remove(row.id) }) })),
		))
	}
	return h("fieldset.properties",
		h("legend", text(name)),
		h("div.property-rows", lines),
		h("button.quiet", attr("type", "button"), testid(id+"-add"), text(p.T("+ Add a property")),
			onClick(func() { p.update(func() { rows.add("", "") }) })),
	)
}

// viewCheck is a labelled check box.
func (p *Panel) viewCheck(name, id string, on *bool) *Node {
	return h("label.check",
		h("input", attr("type", "checkbox"), testid(id), flag("checked", *on),
			Listener{Event: "change", Do: func(e Event) { p.update(func() { *on = e.Checked }) }}),
		h("span", text(name)))
}

// secret is the type of an input that holds a secret: dots, until the person wants to see it.
func secret(reveal bool) Attr {
	if reveal {
		return attr("type", "text")
	}
	return attr("type", "password")
}

// viewText is a labelled line of text.
func (p *Panel) viewText(name, id string, f *field, more ...part) *Node {
	return h("label.field",
		h("span.field-name", text(name)),
		h("input.mono", attr("type", "text"), testid(id), attr("autocomplete", "off"), attr("spellcheck", "false"), value{f}, p.typing(f), parts(more)),
	)
}

// viewJSON is a labelled editor for a document, with the place of the first error under it.
func (p *Panel) viewJSON(name, id string, f *field, rows int, optional bool) *Node {
	var problem error
	if s := strings.TrimSpace(f.text); s != "" || !optional {
		problem = checkJSON("This", f.text)
	}
	return p.viewEditor(name, id, f, rows, problem)
}

func viewResult(r result, id string) part {
	if r.text == "" {
		return nil
	}
	state := "failed"
	if r.ok {
		state = "ok"
	}
	return h("div.result", attr("role", "status"), testid(id), attr("data-result", state),
		h("p", text(r.text)),
		when(r.body != "", h("pre", text(r.body))),
	)
}

// options are those of a select: pairs of value and name.
func options(selected string, pairs ...string) []*Node {
	var list []*Node
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, h("option", attr("value", pairs[i]), flag("selected", pairs[i] == selected), text(pairs[i+1])))
	}
	return list
}
