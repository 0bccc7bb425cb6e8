package panel

import (
	"fmt"

	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// eventsPage is how many events are drawn at first, and how many more at each wish: what arrives fast must be cheap to draw.
const eventsPage = 50

// eventsInWindow is how many events fill the list's window, also where each is two lines high.
const eventsInWindow = 8

// eventsView is how a person looks at the telemetry that the hub stored.
type eventsView struct {
	device string // of this device only; empty: of all
	form   bodyForm
	shown  int // how many are drawn, the newest
	rush   rush
}

func (p *Panel) viewEvents() *Node {
	c := &p.cloud
	look := &c.look
	came := c.dropped + len(c.events)
	shown := p.rows(&look.rush, came, look.shown, eventsInWindow)
	rows := make(nodes, 0, shown)
	matching := 0
	for i := len(c.events) - 1; i >= 0; i-- {
		if look.device != "" && c.events[i].read().DeviceID != look.device {
			continue
		}
		if matching++; matching <= shown {
			rows = append(rows, p.viewEvent(c.events[i].read()))
		}
	}
	devices := []string{"", p.T("All devices")}
	for _, d := range c.registry.devices {
		devices = append(devices, d.DeviceID, d.DeviceID)
	}
	return h("div.card", key("events"),
		h("h3", text(p.T("Telemetry, as the hub stored it"))),
		when(len(c.events) > 0, h("div.grid",
			h("label.field", h("span.field-name", text(p.T("Of"))),
				h("select", testid("events-device"), onChange(func(e Event) { p.update(func() { look.device, look.shown = e.Value, eventsPage }) }), nodes(options(look.device, devices...)))),
			h("label.field", h("span.field-name", text(p.T("Bodies as"))),
				h("select", testid("events-form"), onChange(func(e Event) { p.update(func() { look.form = bodyForm(e.Value) }) }),
					nodes(options(string(look.form), string(formJSON), p.T("JSON"), string(formText), p.T("Text"), string(formHex), p.T("Hex"))))))),
		when(len(c.events) == 0, h("p.empty", text(p.T("Nothing yet. Send telemetry from the device side: it appears here through the hub's event stream.")))),
		when(len(c.events) > 0 && matching == 0, h("p.empty", text(p.T("Nothing of this device yet.")))),
		when(matching > 0, h("div.scroll", attr("role", "log"), label(p.T("Telemetry")), attr("tabindex", "0"), p.watch(&look.rush), h("ol.messages", when(look.rush.on(), attr("data-rush", "")), rows))),
		when(matching > look.shown, h("div.actions", h("p.help", text(p.T("The newest %d of %d are shown.", len(rows), matching))),
			h("button.quiet", attr("type", "button"), testid("events-more"), text(p.T("Show more")), onClick(func() { p.update(func() { look.shown += eventsPage }) })))),
		when(c.dropped > 0, h("p.empty", text(p.T("%d older events were dropped from view.", c.dropped)))),
	)
}

func (p *Panel) viewEvent(e *emulator.Event) *Node {
	chips := nodes{}
	for _, name := range sortedKeys(e.Properties) {
		chips = append(chips, h("span.chip", text(name+" = "+e.Properties[name])))
	}
	for _, name := range sortedKeys(e.SystemProperties) {
		chips = append(chips, h("span.chip.system", text(p.T("%s = %v", name, e.SystemProperties[name]))))
	}
	return h("li.message", key(fmt.Sprint(e.SequenceNumber)), testid("event"),
		h("div.message-head", h("time", text(clock(e.EnqueuedTime.In(p.env.Location)))), h("b", text(e.DeviceID)),
			h("span.badge", text(p.T("#%d", e.SequenceNumber)))),
		h("pre", text(p.eventBody(e))),
		h("details.more", h("summary", text(p.T("%d properties", len(chips)))), h("div.chips", chips)),
	)
}

// eventBody is a body in the chosen form. JSON is the form of what is JSON; the rest shows as what it is.
func (p *Panel) eventBody(e *emulator.Event) string {
	if p.cloud.look.form == formJSON {
		return payloadText(e.Body)
	}
	return p.cloud.look.form.show(e.Body)
}
