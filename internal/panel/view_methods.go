package panel

import (
	"fmt"
)

func (p *Panel) viewMethods() *Node {
	m := &p.methods
	rows := make(nodes, 0, len(m.calls))
	for i := len(m.calls) - 1; i >= 0; i-- {
		c := m.calls[i]
		rows = append(rows, h("li.call", key(fmt.Sprint(c.id)), testid("method-call"),
			h("details",
				h("summary.line", h("time", text(clock(c.at))), h("b.what", text(c.name)), h("span.outcome", attr("data-outcome", "done"), text(p.say("answered %d", c.status)))),
				h("div.columns",
					h("section.document", h("header", h("h4", text(p.say("Request")))), h("pre", text(c.request))),
					h("section.document", h("header", h("h4", text(p.say("Response")))), h("pre", text(c.response))),
				),
			)))
	}
	return h("div.card", key("methods"),
		h("h3", text(p.say("Answer direct methods"))),
		h("div.grid",
			p.viewText(p.say("Status"), "method-status", &m.status, attr("inputmode", "numeric")),
		),
		p.viewJSON(p.say("Payload of the answer"), "method-answer", &m.payload, 4, true),
		h("p.help", text(p.say("Every call is answered with this at once. Invoke one from the cloud side."))),
		when(len(m.calls) > 0, h("div.scroll", attr("role", "log"), label(p.say("Direct methods that were answered")), attr("tabindex", "0"), h("ol.calls", rows))),
	)
}
