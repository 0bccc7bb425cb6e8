package panel

import (
	"fmt"

	"github.com/hubpanel/hubpanel/internal/wire"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// viewWire shows every packet in words, and the selected one in fields and bytes.
func (p *Panel) viewWire() *Node {
	w := &p.wire
	shown, all := w.matching(p.lang, p.rows(&w.rush, w.log.Dropped()+len(w.log.Records()), w.rows, wireInWindow))
	rows := make(nodes, 0, len(shown))
	for _, r := range shown {
		rows = append(rows, p.viewRecord(r))
	}
	return h("div.card.wire-card", key("wire"),
		h("header.card-head", h("h3", text(p.T("MQTT packets"))),
			h("div.actions",
				p.viewWirePause(),
				h("button.quiet", attr("type", "button"), testid("wire-clear"), flag("disabled", len(w.log.Records()) == 0), text(p.T("Clear")),
					onClick(p.ClearWire)),
				p.viewWireExport(),
			)),
		p.viewWireFilter(),
		when(len(w.log.Records()) == 0, h("p.empty", testid("wire-empty"), text(p.T("Nothing yet. Connect the device: every packet between it and the hub is listed here, in words and in bytes. Passwords and keys are removed before they get here.")))),
		when(len(w.log.Records()) > 0 && all == 0, h("p.empty", text(p.T("No packet matches the filter.")))),
		when(len(rows) > 0, h("div.scroll.wire-rows", attr("role", "log"), label(p.T("MQTT packets")), attr("tabindex", "0"), p.watch(&w.rush), h("ol", rows))),
		h("div.wire-foot",
			when(all > w.rows, h("button.quiet", attr("type", "button"), testid("wire-more"), text(p.T("Show %d more", min(wireRows, all-w.rows))),
				onClick(func() { p.update(func() { w.rows += wireRows }) }))),
			when(w.log.Dropped() > 0, h("p.empty", testid("wire-dropped"), text(p.TN(w.log.Dropped(), "%d older packet was dropped: the log is bounded.", "%d older packets were dropped: the log is bounded.", w.log.Dropped())))),
		),
		p.viewPacket(),
	)
}

func (p *Panel) viewWirePause() *Node {
	w := &p.wire
	if w.paused > 0 {
		return h("button.secondary", attr("type", "button"), testid("wire-pause"), attr("aria-pressed", "true"), text(p.T("Go on")),
			onClick(func() { p.PauseWire(false) }))
	}
	return h("button.quiet", attr("type", "button"), testid("wire-pause"), attr("aria-pressed", "false"), flag("disabled", len(w.log.Records()) == 0), text(p.T("Pause")),
		onClick(func() { p.PauseWire(true) }))
}

func (p *Panel) viewWireExport() part {
	if p.env.Save == nil {
		return nil
	}
	none := len(p.wire.log.Records()) == 0
	return parts{
		h("button.quiet", attr("type", "button"), testid("wire-pcapng"), flag("disabled", none), text(p.T("Save for Wireshark")),
			onClick(p.SavePcapng)),
		h("button.quiet", attr("type", "button"), testid("wire-jsonl"), flag("disabled", none), text(p.T("Save as JSON lines")),
			onClick(p.SaveWireLines)),
	}
}

func (p *Panel) viewWireFilter() *Node {
	w := &p.wire
	kinds := []string{"0", p.T("All packets")}
	for k := mqttcodec.CONNECT; k <= mqttcodec.DISCONNECT; k++ {
		kinds = append(kinds, fmt.Sprint(int(k)), k.String())
	}
	choose := func(set func(n int)) Listener {
		return onChange(func(e Event) {
			n := 0
			for _, digit := range e.Value { // one of the numbers above
				n = 10*n + int(digit-'0')
			}
			p.update(func() { set(n); w.rows = wireRows })
		})
	}
	return h("div.grid.wire-filter",
		p.viewText(p.T("Search"), "wire-search", &w.search, attr("placeholder", p.T("topic, payload or meaning"))),
		h("label.field", h("span.field-name", text(p.T("Direction"))),
			h("select", testid("wire-direction"), choose(func(n int) { w.direction = wire.Direction(n) }),
				nodes(options(fmt.Sprint(int(w.direction)), "0", p.T("Both ways"), "1", p.T("Sent"), "2", p.T("Received"))))),
		h("label.field", h("span.field-name", text(p.T("Packet"))),
			h("select", testid("wire-type"), choose(func(n int) { w.kind = mqttcodec.Type(n) }), nodes(options(fmt.Sprint(int(w.kind)), kinds...)))),
	)
}

func (p *Panel) viewRecord(r *wire.Record) *Node {
	arrow, way := "→", p.T("Sent")
	if r.Direction == wire.Received {
		arrow, way = "←", p.T("Received")
	}
	return h("li.wire-record", key(fmt.Sprint(r.Number)), attr("data-direction", r.Direction.String()),
		h("button.wire-line", attr("type", "button"), testid("wire-record"), attr("aria-expanded", fmt.Sprint(r.Number == p.wire.selected)),
			onClick(func() { p.selectRecord(r.Number) }),
			h("time", text(clock(r.At.In(p.env.Location)))),
			h("span.arrow", attr("role", "img"), label(way), text(arrow)),
			h("b.wire-type", text(r.Type.String())),
			h("span.wire-meaning", text(p.lang.Message(r.Meaning))),
			h("span.wire-size", text(p.TN(r.Size, "%d byte", "%d bytes", r.Size))),
		))
}

// maxHex is how many bytes of a packet are drawn; the export has all of them.
const maxHex = 1024

// viewPacket takes the selected packet apart.
func (p *Panel) viewPacket() part {
	r := p.wire.record()
	if r == nil {
		return nil
	}
	fields, err := wire.Dissect(r.Bytes)
	facts := nodes{
		viewFact(p.T("Number"), text(fmt.Sprint(r.Number))),
		viewFact(p.T("Connection"), text(fmt.Sprint(r.Connection))),
	}
	if r.Message > 0 {
		facts = append(facts, viewFact(p.T("WebSocket message"), text(fmt.Sprint(r.Message))))
	}
	if r.Partner > 0 {
		facts = append(facts, viewFact(p.T("Belongs to"), h("button.quiet", attr("type", "button"), testid("wire-partner"),
			text(fmt.Sprintf("#%d", r.Partner)), onClick(func() { p.selectRecord(r.Partner) }))))
	}
	if r.Took > 0 {
		facts = append(facts, viewFact(p.T("Answered after"), text(milliseconds(r.Took))))
	}
	return h("section.wire-packet", label(p.T("Packet %d", r.Number)), testid("wire-packet"),
		h("header.card-head", h("h4", text(r.Type.String()+" · "+p.lang.Message(r.Meaning))),
			h("button.quiet", attr("type", "button"), testid("wire-close"), text(p.T("Close")), onClick(func() { p.selectRecord(0) }))),
		h("dl.facts", facts),
		when(r.Redacted, h("p.help", text(p.T("Secrets were replaced by “…” before this was kept, so these bytes are not those that were sent: on the wire the packet had %d.", r.Size)))),
		when(err != nil, h("p.problem", text(fmt.Sprint(err)))),
		h("div.columns",
			h("ul.wire-fields", label(p.T("Fields")), p.viewPacketFields(fields)),
			p.viewHex(r.Bytes),
		),
		h("p.help", h("a", attr("href", wire.StandardURL()), attr("target", "_blank"), attr("rel", "noreferrer"), text(p.T("The standard of MQTT 3.1.1")))),
	)
}

func viewFact(name string, value part) *Node { return h("div", h("dt", text(name)), h("dd", value)) }

func (p *Panel) viewPacketFields(fields []wire.Field) nodes {
	list := make(nodes, 0, len(fields))
	for i, f := range fields {
		value := f.Value
		if len(value) > 80 {
			value = oneLine(value, 80)
		}
		list = append(list, h("li", key(fmt.Sprint(i)),
			h("button.wire-field", attr("type", "button"), testid("wire-field"), attr("aria-pressed", fmt.Sprint(p.wire.from == f.From && p.wire.to == f.To)),
				onClick(func() { p.mark(f.From, f.To) }),
				h("span.wire-name", text(f.Name)), h("code", text(value))),
			h("a.wire-clause", testid("wire-clause"), attr("href", wire.ClauseURL(f.Clause)), attr("target", "_blank"), attr("rel", "noreferrer"),
				label(p.T("%s in the standard", "§ "+f.Clause)), text("§ "+f.Clause)),
			when(len(f.Fields) > 0, h("ul", p.viewPacketFields(f.Fields))),
		))
	}
	return list
}

const hexColumns = 16

// viewHex shows the bytes, sixteen a line, each a place to click.
func (p *Panel) viewHex(packet []byte) *Node {
	lines := nodes{}
	for at := 0; at < min(len(packet), maxHex); at += hexColumns {
		cells := nodes{h("span.hex-offset", text(fmt.Sprintf("%04x", at)))}
		for i := at; i < min(at+hexColumns, len(packet)); i++ {
			marked := ""
			if p.wire.from <= i && i < p.wire.to {
				marked = "hex-marked"
			}
			cells = append(cells, h("span.hex-byte", attr("class", marked), testid("hex-byte"), onClick(func() { p.markByte(i) }), text(fmt.Sprintf("%02x", packet[i]))))
		}
		cells = append(cells, h("span.hex-text", text(printableText(packet[at:min(at+hexColumns, len(packet))]))))
		lines = append(lines, h("div.hex-line", key(fmt.Sprint(at)), cells))
	}
	return h("div.hex", attr("role", "group"), label(p.T("Bytes")), lines,
		when(len(packet) > maxHex, h("p.empty", text(p.T("The first %d of %d bytes; saving has them all.", maxHex, len(packet))))))
}

func printableText(b []byte) string {
	s := make([]byte, len(b))
	for i, c := range b {
		if s[i] = c; c < 0x20 || c > 0x7e {
			s[i] = '.'
		}
	}
	return string(s)
}
