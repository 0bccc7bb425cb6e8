package inspector

import (
	"fmt"

	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/wire"
)

// viewPacket shows the selected packet in fields and bytes.
func (room *Room) viewPacket() ui.Part {
	r := room.state.record()
	if r == nil {
		return nil
	}
	fields, err := wire.Dissect(r.Bytes)
	facts := ui.Nodes{
		viewFact(room.T("Number"), ui.Text(fmt.Sprint(r.Number))),
		viewFact(room.T("Connection"), ui.Text(fmt.Sprint(r.Connection))),
	}
	if r.Message > 0 {
		facts = append(facts, viewFact(room.T("WebSocket message"), ui.Text(fmt.Sprint(r.Message))))
	}
	if partner := r.Partner; partner > 0 {
		facts = append(facts, viewFact(room.T("Belongs to"), ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("wire-partner"),
			ui.Text(fmt.Sprintf("#%d", partner)), ui.OnClick(func() { room.selectRecord(partner) }))))
	}
	if r.Took > 0 {
		facts = append(facts, viewFact(room.T("Answered after"), ui.Text(page.Milliseconds(r.Took))))
	}
	return ui.H("section.wire-packet", ui.Label(room.T("Packet %d", r.Number)), ui.TestID("wire-packet"),
		ui.H("header.card-head", ui.H("h4", ui.Text(r.Type.String()+" · "+room.Language.Message(r.Meaning))),
			ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("wire-close"), ui.Text(room.T("Close")), ui.OnClick(func() { room.selectRecord(0) }))),
		ui.H("dl.facts", facts),
		ui.When(r.Redacted, ui.H("p.help", ui.Text(room.T("Secrets were replaced by “…” before this was kept, so these bytes are not those that were sent: on the wire the packet had %d.", r.Size)))),
		ui.When(err != nil, ui.H("p.problem", ui.Text(fmt.Sprint(err)))),
		ui.H("div.columns",
			ui.H("ul.wire-fields", ui.Label(room.T("Fields")), room.viewPacketFields(fields)),
			room.viewHex(r.Bytes),
		),
		ui.H("p.help", ui.H("a", ui.Attr("href", wire.StandardURL()), ui.Attr("target", "_blank"), ui.Attr("rel", "noreferrer"), ui.Text(room.T("The standard of MQTT 3.1.1")))),
	)
}

func viewFact(name string, value ui.Part) *ui.Node {
	return ui.H("div", ui.H("dt", ui.Text(name)), ui.H("dd", value))
}

func (room *Room) viewPacketFields(fields []wire.Field) ui.Nodes {
	list := make(ui.Nodes, 0, len(fields))
	for i, f := range fields {
		value := f.Value
		if len(value) > 80 {
			value = jsontext.OneLine(value, 80)
		}
		list = append(list, ui.H("li", ui.Key(fmt.Sprint(i)),
			ui.H("button.wire-field", ui.Attr("type", "button"), ui.TestID("wire-field"), ui.Attr("aria-pressed", fmt.Sprint(room.state.from == f.From && room.state.to == f.To)),
				ui.OnClick(func() { room.mark(f.From, f.To) }),
				ui.H("span.wire-name", ui.Text(f.Name)), ui.H("code", ui.Text(value))),
			ui.H("a.wire-clause", ui.TestID("wire-clause"), ui.Attr("href", wire.ClauseURL(f.Clause)), ui.Attr("target", "_blank"), ui.Attr("rel", "noreferrer"),
				ui.Label(room.T("%s in the standard", "§ "+f.Clause)), ui.Text("§ "+f.Clause)),
			ui.When(len(f.Fields) > 0, ui.H("ul", room.viewPacketFields(f.Fields))),
		))
	}
	return list
}
