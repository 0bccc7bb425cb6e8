package panel

import (
	"fmt"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

func (p *Panel) viewInbox() *Node {
	b := &p.inbox
	title, empty := p.T("Cloud-to-device messages"), p.T("Nothing yet. Send one from the cloud side: the hub keeps it until the device is connected.")
	if p.isModuleLocked() {
		title, empty = p.T("Messages to the module's inputs"), p.T("Nothing yet. Send one to an input from the cloud side: the hub keeps it until the module is connected.")
	}
	head := h("header.card-head", h("h3", text(title)),
		when(len(b.messages) > 0, h("button.quiet", attr("type", "button"), testid("inbox-clear"), text(p.T("Clear")), onClick(func() { p.update(b.clear) }))))
	if len(b.messages) == 0 {
		return h("div.card", key("messages"), head,
			h("p.empty", text(empty)),
			p.viewCompletion())
	}
	newest, all := b.matching()
	rows := make(nodes, 0, len(newest))
	for _, m := range newest {
		rows = append(rows, p.viewMessage(m))
	}
	return h("div.card", key("messages"), head,
		h("div.inbox-filter",
			h("label.field", h("span.field-name", text(p.T("Search"))),
				h("input", attr("type", "search"), testid("inbox-search"), attr("placeholder", p.T("in bodies and properties")), attr("autocomplete", "off"), value{&b.search},
					Listener{Event: "input", Do: func(e Event) { p.update(func() { b.search.text, b.shown = e.Value, inboxPage }) }})),
			h("label.field", h("span.field-name", text(p.T("Body"))),
				h("select", testid("inbox-kind"), onChange(func(e Event) { p.update(func() { b.kind, b.shown = bodyKind(e.Value), inboxPage }) }),
					nodes(options(string(b.kind), "", p.T("Any"), string(kindJSON), p.T("JSON"), string(kindText), p.T("Text"), string(kindBinary), p.T("Binary"))))),
			h("p.help", testid("inbox-count"), attr("role", "status"), text(p.T("%d of %d", all, len(b.messages)))),
		),
		when(all == 0, h("p.empty", text(p.T("No message matches. Search for less, or choose any body.")))),
		when(all > 0, h("div.scroll", attr("role", "log"), label(title), attr("tabindex", "0"), h("ol.messages", rows))),
		when(all > len(newest), h("div.actions", h("button.quiet", attr("type", "button"), testid("inbox-more"),
			text(p.T("Show %d more", min(inboxPage, all-len(newest)))), onClick(func() { p.update(func() { b.shown += inboxPage }) })))),
		when(b.dropped > 0, h("p.empty", testid("inbox-dropped"),
			text(p.TN(b.dropped, "%[1]d older message was dropped: the page keeps %[2]d.", "%[1]d older messages were dropped: the page keeps %[2]d.", b.dropped, inboxLimit)))),
		p.viewCompletion())
}

// viewCompletion says what becomes of a message (protocol.md section 4, Complete).
func (p *Panel) viewCompletion() *Node {
	if p.isModuleLocked() {
		return h("p.help", testid("inbox-completion"), text(p.T("A module gets no cloud-to-device messages: devices do. What comes to its inputs is completed (PUBACK) when it is received; over MQTT it cannot be rejected or abandoned.")))
	}
	return h("p.help", testid("inbox-completion"), text(p.T("Receiving a message completes it (PUBACK). Over MQTT a device cannot reject or abandon one; AMQP and HTTPS can.")))
}

func (p *Panel) viewMessage(m *received) *Node {
	id := fmt.Sprint(m.id)
	chips := nodes{}
	for _, property := range m.message.Properties {
		state := "set"
		switch {
		case property.Null:
			state = "null"
		case property.Value == "":
			state = "empty"
		}
		chips = append(chips, h("span.chip", attr("data-value", state), text(propertyText(property))))
	}
	for _, property := range hubproto.SystemPropertyTable {
		if v, ok := m.message.SystemProperties.Get(property.Key); ok {
			chips = append(chips, h("span.chip.system", attr("title", property.Key), text(property.Name+" = "+v)))
		}
	}
	body := m.message.Body
	cut := len(body) > bodyShown
	if cut {
		body = body[:bodyShown]
	}
	forms := []string{string(formText), p.T("Text"), string(formHex), p.T("Hex")}
	if m.kind == kindJSON {
		forms = append([]string{string(formJSON), p.T("JSON")}, forms...)
	}
	return h("li.message", key(id), testid("message"), attr("data-kind", string(m.kind)),
		h("div.message-head", h("time", text(clock(m.at))),
			h("span.badge", text(p.T("completed"))),
			when(m.duplicate, h("span.badge.warn", text(p.T("delivered again")))),
			when(m.input != "", h("span.chip", testid("message-input"), text(p.T("input %s", m.input)))),
			h("span.message-size", text(p.TN(len(m.message.Body), "%d byte", "%d bytes", len(m.message.Body)))),
			h("select", testid("message-form"), label(p.T("Show the body as")),
				onChange(func(e Event) { p.update(func() { m.form = bodyForm(e.Value) }) }), nodes(options(string(m.form), forms...))),
			when(p.env.Copy != nil, h("button.quiet", attr("type", "button"), testid("message-copy"), onClick(func() { p.copyMessage(m) }),
				text(map[bool]string{false: p.T("Copy"), true: p.T("Copied")}[p.inbox.copied == m.id]))),
		),
		when(len(body) == 0, h("p.empty", text(p.T("The body is empty.")))),
		when(len(body) > 0, h("pre", attr("data-form", string(m.form)), testid("message-body"), text(m.form.show(body)))),
		when(cut, h("p.help", text(p.T("The first %d of %d bytes are shown; Copy takes all.", len(body), len(m.message.Body))))),
		when(len(chips) > 0, h("div.chips", chips)),
	)
}
