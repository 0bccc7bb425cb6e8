package panel

import (
	"fmt"
)

func (p *Panel) viewInbox() *Node {
	rows := make(nodes, 0, len(p.inbox))
	for i := len(p.inbox) - 1; i >= 0; i-- {
		m := p.inbox[i]
		chips := nodes{}
		for _, property := range m.message.Properties {
			chips = append(chips, h("span.chip", attr("data-null", fmt.Sprint(property.Null)), text(propertyText(property))))
		}
		if id := m.message.MessageID; id != "" {
			chips = append(chips, h("span.chip.system", text("message-id = "+id)))
		}
		if ct := m.message.ContentType; ct != "" {
			chips = append(chips, h("span.chip.system", text("content-type = "+ct)))
		}
		rows = append(rows, h("li.message", key(fmt.Sprint(m.id)), testid("message"),
			h("div.message-head", h("time", text(clock(m.at))),
				h("span.badge", text(p.say("completed"))),
				when(m.duplicate, h("span.badge.warn", text(p.say("delivered again"))))),
			h("pre", text(payloadText(m.message.Body))),
			when(len(chips) > 0, h("div.chips", chips)),
		))
	}
	return h("div.card", key("messages"),
		h("h3", text(p.say("Cloud-to-device messages"))),
		when(len(p.inbox) == 0, h("p.empty", text("Nothing yet. Send one from the cloud side: the hub keeps it until the device is connected. "+
			"Receiving completes a message; over MQTT a device cannot reject it."))),
		when(len(p.inbox) > 0, h("div.scroll", attr("role", "log"), label(p.say("Cloud-to-device messages")), attr("tabindex", "0"), h("ol.messages", rows))),
	)
}
