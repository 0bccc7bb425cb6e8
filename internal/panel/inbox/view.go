package inbox

import (
	"strconv"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// Card shows the messages, and what completes them. The lock is held.
func (room *Room) Card() *ui.Node {
	s := &room.state
	title, empty := room.T("Cloud-to-device messages"), room.T("Nothing yet. Send one from the cloud side: the hub keeps it until the device is connected.")
	if room.Links.IsModule() {
		title, empty = room.T("Messages to the module's inputs"), room.T("Nothing yet. Send one to an input from the cloud side: the hub keeps it until the module is connected.")
	}
	head := ui.H("header.card-head", ui.H("h3", ui.Text(title)),
		ui.When(len(s.messages) > 0, ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("inbox-clear"), ui.Text(room.T("Clear")), ui.OnClick(func() { room.Update(s.clear) }))))
	if len(s.messages) == 0 {
		return ui.H("div.card", ui.Key("messages"), head,
			ui.H("p.empty", ui.Text(empty)),
			room.viewCompletion())
	}
	newest, all := s.matching()
	rows := make(ui.Nodes, 0, len(newest))
	for _, m := range newest {
		rows = append(rows, room.viewMessage(m))
	}
	return ui.H("div.card", ui.Key("messages"), head,
		ui.H("div.inbox-filter",
			ui.H("label.field", ui.H("span.field-name", ui.Text(room.T("Search"))),
				ui.H("input", ui.Attr("type", "search"), ui.TestID("inbox-search"), ui.Attr("placeholder", room.T("in bodies and properties")), ui.Attr("autocomplete", "off"), ui.Value(&s.search),
					ui.Listener{Event: "input", Do: func(e ui.Event) { room.Update(func() { s.search.Text, s.shown = e.Value, inboxPage }) }})),
			ui.H("label.field", ui.H("span.field-name", ui.Text(room.T("Body"))),
				ui.H("select", ui.TestID("inbox-kind"), ui.OnChange(func(e ui.Event) { room.Update(func() { s.kind, s.shown = page.BodyKind(e.Value), inboxPage }) }),
					ui.Nodes(ui.Options(string(s.kind), "", room.T("Any"), string(page.KindJSON), room.T("JSON"), string(page.KindText), room.T("Text"), string(page.KindBinary), room.T("Binary"))))),
			ui.H("p.help", ui.TestID("inbox-count"), ui.Attr("role", "status"), ui.Text(room.T("%d of %d", all, len(s.messages)))),
		),
		ui.When(all == 0, ui.H("p.empty", ui.Text(room.T("No message matches. Search for less, or choose any body.")))),
		ui.When(all > 0, ui.H("div.scroll", ui.Attr("role", "log"), ui.Label(title), ui.Attr("tabindex", "0"), ui.H("ol.messages", rows))),
		ui.When(all > len(newest), ui.H("div.actions", ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("inbox-more"),
			ui.Text(room.T("Show %d more", min(inboxPage, all-len(newest)))), ui.OnClick(func() { room.Update(func() { s.shown += inboxPage }) })))),
		ui.When(s.dropped > 0, ui.H("p.empty", ui.TestID("inbox-dropped"),
			ui.Text(room.TN(s.dropped, "%[1]d older message was dropped: the page keeps %[2]d.", "%[1]d older messages were dropped: the page keeps %[2]d.", s.dropped, inboxLimit)))),
		room.viewCompletion())
}

// viewCompletion explains what completes a message ("Understand cloud-to-device messaging", the cloud-to-device message lifecycle).
func (room *Room) viewCompletion() *ui.Node {
	if room.Links.IsModule() {
		return ui.H("p.help", ui.TestID("inbox-completion"), ui.Text(room.T("A module gets no cloud-to-device messages: devices do. What comes to its inputs is completed (PUBACK) when it is received; over MQTT it cannot be rejected or abandoned.")))
	}
	return ui.H("p.help", ui.TestID("inbox-completion"), ui.Text(room.T("Receiving a message completes it (PUBACK). Over MQTT a device cannot reject or abandon one; AMQP and HTTPS can.")))
}

func (room *Room) viewMessage(m *message) *ui.Node {
	id := strconv.Itoa(m.id)
	chips := ui.Nodes{}
	for _, property := range m.content.Properties {
		state := "set"
		switch {
		case property.Null:
			state = "null"
		case property.Value == "":
			state = "empty"
		}
		chips = append(chips, ui.H("span.chip", ui.Attr("data-value", state), ui.Text(page.PropertyText(property))))
	}
	for _, property := range hubproto.SystemPropertyTable {
		if v, ok := m.content.SystemProperties.Get(property.Key); ok {
			chips = append(chips, ui.H("span.chip.system", ui.Attr("title", property.Key), ui.Text(property.Name+" = "+v)))
		}
	}
	body := m.content.Body
	cut := len(body) > bodyShown
	if cut {
		body = body[:bodyShown]
	}
	forms := []string{string(page.FormText), room.T("Text"), string(page.FormHex), room.T("Hex")}
	if m.kind == page.KindJSON {
		forms = append([]string{string(page.FormJSON), room.T("JSON")}, forms...)
	}
	return ui.H("li.message", ui.Key(id), ui.TestID("message"), ui.Attr("data-kind", string(m.kind)),
		ui.H("div.message-head", ui.H("time", ui.Text(page.Clock(m.at))),
			ui.When(m.completed, ui.H("span.badge", ui.Text(room.T("completed")))),
			ui.When(m.duplicate, ui.H("span.badge.warn", ui.Text(room.T("delivered again")))),
			ui.When(m.input != "", ui.H("span.chip", ui.TestID("message-input"), ui.Text(room.T("input %s", m.input)))),
			ui.H("span.message-size", ui.Text(room.TN(len(m.content.Body), "%d byte", "%d bytes", len(m.content.Body)))),
			ui.H("select", ui.TestID("message-form"), ui.Label(room.T("Show the body as")),
				ui.OnChange(func(e ui.Event) { room.Update(func() { m.form = page.BodyForm(e.Value) }) }), ui.Nodes(ui.Options(string(m.form), forms...))),
			ui.When(room.Env.Copy != nil, ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("message-copy"), ui.OnClick(func() { room.copyMessage(m) }),
				ui.Text(map[bool]string{false: room.T("Copy"), true: room.T("Copied")}[room.state.copied == m.id]))),
		),
		ui.When(len(body) == 0, ui.H("p.empty", ui.Text(room.T("The body is empty.")))),
		ui.When(len(body) > 0, ui.H("pre", ui.Attr("data-form", string(m.form)), ui.TestID("message-body"), ui.Text(m.form.Show(body)))),
		ui.When(cut, ui.H("p.help", ui.Text(room.T("The first %d of %d bytes are shown; Copy takes all.", len(body), len(m.content.Body))))),
		ui.When(len(chips) > 0, ui.H("div.chips", chips)),
	)
}
