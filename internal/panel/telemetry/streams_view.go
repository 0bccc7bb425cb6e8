package telemetry

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/hubpanel/hubpanel/internal/simulation"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// viewStreams shows the streams, the import of streams, and the rates and the delivery status of the last messages.
func (room *Room) viewStreams() *ui.Node {
	s := &room.state.streams
	cards := make(ui.Nodes, 0, len(s.list))
	for i, st := range s.list {
		cards = append(cards, room.viewStream(st, fmt.Sprint("stream-", i)))
	}
	return ui.H("section.card.streams", ui.Key("streams"), ui.Label(room.T("Streams")), ui.TestID("streams"),
		ui.H("header.card-head", ui.H("h3", ui.Text(room.T("Streams"))),
			ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("stream-add"), ui.Text(room.T("+ Add a stream")),
				ui.OnClick(func() { room.Update(func() { s.add() }) }))),
		ui.H("p.help", ui.Text(room.T("Messages made of a template, again and again. Several streams can run at once."))),
		ui.H("div.stream-list", cards),
		room.viewSimulator(),
		room.viewMeter(),
	)
}

func (room *Room) viewStream(s *stream, id string) *ui.Node {
	number := func(name, what string, f *ui.Field) *ui.Node {
		return room.TextField(name, id+"-"+what, f, ui.Attr("inputmode", "numeric"), ui.Flag("disabled", s.running()))
	}
	start := ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID(id+"-start"), ui.Flag("disabled", !room.Links.Running()),
		ui.Label(room.T("Start %s", s.name.Text)), ui.Text(room.T("Start")), ui.OnClick(func() { room.startStream(s) }))
	if s.running() {
		start = ui.H("button.secondary.stop", ui.Attr("type", "button"), ui.TestID(id+"-stop"),
			ui.Label(room.T("Stop %s", s.name.Text)), ui.Text(room.T("Stop")), ui.OnClick(func() { room.stopStream(s) }))
	}
	return ui.H("section.stream", ui.Key(fmt.Sprint(s.id)), ui.Label(s.name.Text), ui.TestID(id),
		ui.H("header.stream-head",
			ui.H("input.mono", ui.Attr("type", "text"), ui.TestID(id+"-name"), ui.Label(room.T("Name of the stream")), ui.Value(&s.name), room.Typing(&s.name)),
			start,
			ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID(id+"-remove"), ui.Flag("disabled", s.running()), ui.Label(room.T("Remove %s", s.name.Text)), ui.Text("×"),
				ui.OnClick(func() { room.Update(func() { room.state.streams.remove(s.id) }) })),
		),
		ui.H("div.stream-numbers",
			number(room.T("Interval (ms)"), "interval", &s.interval),
			number(room.T("Messages each time"), "burst", &s.burst),
			number(room.T("Count (0: no end)"), "count", &s.count),
			ui.H("label.field", ui.H("span.field-name", ui.Text(room.T("QoS (0: just written)"))),
				ui.H("select", ui.TestID(id+"-qos"), ui.Flag("disabled", s.running()), ui.OnChange(func(e ui.Event) { room.Update(func() { s.qos0 = e.Value == "0" }) }),
					ui.Nodes(ui.Options(map[bool]string{false: "1", true: "0"}[s.qos0], "1", "1", "0", "0")))),
		),
		ui.H("p.stream-state", ui.TestID(id+"-state"), ui.Text(room.streamStatus(s))),
		ui.H("details.more", ui.Listener{Event: "toggle", Do: func(e ui.Event) { room.Update(func() { s.open = e.Checked }) }}, ui.TestID(id+"-template"),
			ui.H("summary", ui.Text(room.T("Template and variables"))),
			ui.When(s.open, room.viewTemplate(s, id)),
		),
	)
}

// streamStatus describes the state of a stream, with the totals of its last run.
func (room *Room) streamStatus(s *stream) string {
	r := s.run
	if r == nil {
		return room.T("Not started.")
	}
	status := room.Words(r.end)
	switch {
	case r.end != nil:
	case r.held && r.qos0:
		status = room.T("Waits: %d messages are not written yet.", r.waiting())
	case r.held:
		status = room.T("Waits: the hub has not acknowledged %d messages yet.", r.waiting())
	default:
		status = room.T("Running.")
	}
	if r.qos0 {
		status += " " + room.T("%d sent, %d written, %d failed, %d on their way.", r.made, r.delivered, r.failed, r.waiting())
	} else {
		status += " " + room.T("%d sent, %d acknowledged, %d failed, %d on their way.", r.made, r.delivered, r.failed, r.waiting())
	}
	if r.skipped > 0 {
		status += " " + room.T("%d were due while the stream could not run, and were left out.", r.skipped)
	}
	return status
}

// viewTemplate edits a stream's template, and shows the next message that it makes.
func (room *Room) viewTemplate(s *stream, id string) *ui.Node {
	rows := make(ui.Nodes, 0, len(s.variables))
	kinds := []string{
		"walk", room.T("random walk: start, largest step, least, most"),
		"sine", room.T("sine: least, most, period in s"),
		"random", room.T("random whole number: from, below"),
		"uniform", room.T("random number: from, below"),
		"counter", room.T("counter: start, step"),
		"choice", room.T("choice: one of these by chance"),
		"sequence", room.T("sequence: these in turn"),
		"timestamp", room.T("timestamp: iso, ms or s"),
		"uuid", room.T("UUID: nothing"),
		"text", room.T("random text: its length"),
	}
	for i, v := range s.variables {
		about := ""
		if at := slices.Index(kinds, v.kind); at >= 0 {
			about = kinds[at+1]
		}
		rows = append(rows, ui.H("div.variable", ui.Key(strconv.Itoa(v.id)),
			ui.H("input.mono", ui.Attr("type", "text"), ui.Label(room.T("Variable %d, name", i+1)), ui.TestID(fmt.Sprint(id, "-variable-name-", i)), ui.Value(&v.name), room.Typing(&v.name)),
			ui.H("select", ui.Label(room.T("Variable %d, kind", i+1)), ui.TestID(fmt.Sprint(id, "-variable-kind-", i)),
				ui.OnChange(func(e ui.Event) { room.Update(func() { v.kind = e.Value; v.args.Set(simulation.Example(e.Value)) }) }), ui.Nodes(ui.Options(v.kind, kinds...))),
			ui.H("input.mono", ui.Attr("type", "text"), ui.Label(room.T("Variable %d, values", i+1)), ui.TestID(fmt.Sprint(id, "-variable-args-", i)), ui.Attr("title", about), ui.Attr("placeholder", simulation.Example(v.kind)), ui.Value(&v.args), room.Typing(&v.args)),
			ui.H("button.quiet", ui.Attr("type", "button"), ui.Label(room.T("Remove variable %d", i+1)), ui.Text("×"), ui.OnClick(func() { room.Update(func() { s.removeVariable(v.id) }) })),
		))
	}
	preview, err := s.preview(room.Links.Credentials().DeviceID, room.Now())
	return ui.H("div.template",
		room.Editor(room.T("Template"), id+"-body", &s.body, 6, err),
		ui.H("fieldset.properties",
			ui.H("legend", ui.Text(room.T("Variables: $.Name in the template stands for a value"))),
			ui.H("div.property-rows", rows),
			ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID(id+"-variable-add"), ui.Text(room.T("+ Add a variable")),
				ui.OnClick(func() { room.Update(func() { s.addVariable("", "random") }) }))),
		ui.H("p.help", ui.Text(room.T("Always there, as in Iot-Telemetry-Simulator: $.DeviceId, $.Guid, $.Time, $.LocalTime, $.Ticks, $.Epoch, $.MachineName."))),
		ui.H("p.help", ui.Text(room.T("Values that hold commas are written as a JSON array: [\"a, b\", \"c\"]. In a sequence, $.Name stands for another variable, which goes on only then. All that is drawn by chance comes from the seed."))),
		room.PropertyEditor(&s.properties, id+"-property", room.T("Application properties ($.Name works here, too)")),
		ui.H("div.grid",
			room.TextField(room.T("content-type"), id+"-content-type", &s.contentType),
			room.TextField(room.T("Seed (the same numbers at every start)"), id+"-seed", &s.seed)),
		ui.H("section.document", ui.Label(room.T("Next message")), ui.H("h4", ui.Text(room.T("Next message"))), ui.H("pre", ui.TestID(id+"-preview"), ui.Text(preview))),
	)
}
