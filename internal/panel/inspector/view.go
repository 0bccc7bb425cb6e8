package inspector

import (
	"fmt"

	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/wire"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// Card shows every packet in words, and the selected one in fields and bytes. The lock is held.
func (room *Room) Card() *ui.Node {
	w := &room.state
	shown, all := w.matching(room.Language, w.busy.Rows(w.shown, windowRows))
	rows := make(ui.Nodes, 0, len(shown))
	for _, r := range shown {
		rows = append(rows, room.viewRecord(r))
	}
	return ui.H("div.card.wire-card", ui.Key("wire"),
		ui.H("header.card-head", ui.H("h3", ui.Text(room.T("MQTT packets"))),
			ui.H("div.actions",
				room.viewPause(),
				ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("wire-clear"), ui.Flag("disabled", len(w.log.Records()) == 0), ui.Text(room.T("Clear")),
					ui.OnClick(room.clear)),
				room.viewSave(),
			)),
		room.viewFilter(),
		ui.When(len(w.log.Records()) == 0, ui.H("p.empty", ui.TestID("wire-empty"), ui.Text(room.T("Nothing yet. Connect the device: every packet between it and the hub is listed here, in words and in bytes. Passwords and keys are removed before they get here.")))),
		ui.When(len(w.log.Records()) > 0 && all == 0, ui.H("p.empty", ui.Text(room.T("No packet matches the filter.")))),
		ui.When(len(rows) > 0, ui.H("div.scroll.wire-rows", ui.Attr("role", "log"), ui.Label(room.T("MQTT packets")), ui.Attr("tabindex", "0"), room.WatchScroll(&w.busy), ui.H("ol", rows))),
		ui.H("div.wire-foot",
			ui.When(all > w.shown, ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("wire-more"), ui.Text(room.T("Show %d more", min(pageRows, all-w.shown))),
				ui.OnClick(func() { room.Update(func() { w.shown += pageRows }) }))),
			ui.When(w.log.Dropped() > 0, ui.H("p.empty", ui.TestID("wire-dropped"), ui.Text(room.TN(w.log.Dropped(), "%d older packet was dropped: the log is bounded.", "%d older packets were dropped: the log is bounded.", w.log.Dropped())))),
		),
		room.viewPacket(),
	)
}

func (room *Room) viewPause() *ui.Node {
	w := &room.state
	if w.paused > 0 {
		return ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("wire-pause"), ui.Attr("aria-pressed", "true"), ui.Text(room.T("Go on")),
			ui.OnClick(room.resume))
	}
	return ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("wire-pause"), ui.Attr("aria-pressed", "false"), ui.Flag("disabled", len(w.log.Records()) == 0), ui.Text(room.T("Pause")),
		ui.OnClick(room.pause))
}

func (room *Room) viewSave() ui.Part {
	if room.Env.Save == nil {
		return nil
	}
	none := len(room.state.log.Records()) == 0
	return ui.Parts{
		ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("wire-pcapng"), ui.Flag("disabled", none), ui.Text(room.T("Save for Wireshark")),
			ui.OnClick(room.savePcapng)),
		ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("wire-jsonl"), ui.Flag("disabled", none), ui.Text(room.T("Save as JSON lines")),
			ui.OnClick(room.saveLines)),
	}
}

func (room *Room) viewFilter() *ui.Node {
	w := &room.state
	kinds := []string{"0", room.T("All packets")}
	for k := mqttcodec.CONNECT; k <= mqttcodec.DISCONNECT; k++ {
		kinds = append(kinds, fmt.Sprint(int(k)), k.String())
	}
	choose := func(set func(n int)) ui.Part {
		return ui.OnChange(func(e ui.Event) {
			n := 0
			for _, digit := range e.Value { // one of the numbers above
				n = 10*n + int(digit-'0')
			}
			room.Update(func() { set(n); w.shown = pageRows })
		})
	}
	return ui.H("div.grid.wire-filter",
		room.TextField(room.T("Search"), "wire-search", &w.filter.search, ui.Attr("placeholder", room.T("topic, payload or meaning"))),
		ui.H("label.field", ui.H("span.field-name", ui.Text(room.T("Direction"))),
			ui.H("select", ui.TestID("wire-direction"), choose(func(n int) { w.filter.direction = wire.Direction(n) }),
				ui.Nodes(ui.Options(fmt.Sprint(int(w.filter.direction)), "0", room.T("Both ways"), "1", room.T("Sent"), "2", room.T("Received"))))),
		ui.H("label.field", ui.H("span.field-name", ui.Text(room.T("Packet"))),
			ui.H("select", ui.TestID("wire-type"), choose(func(n int) { w.filter.kind = mqttcodec.Type(n) }), ui.Nodes(ui.Options(fmt.Sprint(int(w.filter.kind)), kinds...)))),
	)
}

func (room *Room) viewRecord(r *wire.Record) *ui.Node {
	number := r.Number // the record may be dropped before a click
	arrow, direction := "→", room.T("Sent")
	if r.Direction == wire.Received {
		arrow, direction = "←", room.T("Received")
	}
	return ui.H("li.wire-record", ui.Key(fmt.Sprint(r.Number)), ui.Attr("data-direction", r.Direction.String()),
		ui.H("button.wire-line", ui.Attr("type", "button"), ui.TestID("wire-record"), ui.Attr("aria-expanded", fmt.Sprint(r.Number == room.state.selected)),
			ui.OnClick(func() { room.selectRecord(number) }),
			ui.H("time", ui.Text(page.Clock(r.At.In(room.Env.Location)))),
			ui.H("span.arrow", ui.Attr("role", "img"), ui.Label(direction), ui.Text(arrow)),
			ui.H("b.wire-type", ui.Text(r.Type.String())),
			ui.H("span.wire-meaning", ui.Text(room.Language.Message(r.Meaning))),
			ui.H("span.wire-size", ui.Text(room.TN(r.Size, "%d byte", "%d bytes", r.Size))),
		))
}
