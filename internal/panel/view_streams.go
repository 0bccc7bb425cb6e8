package panel

import (
	"fmt"
	"slices"
	"strconv"
)

// viewStreams is telemetry that repeats, how fast it goes out, and what became of the last of it.
func (p *Panel) viewStreams() *Node {
	s := &p.telemetry.streams
	cards := make(nodes, 0, len(s.list))
	for i, st := range s.list {
		cards = append(cards, p.viewStream(st, fmt.Sprint("stream-", i)))
	}
	return h("section.card.streams", key("streams"), label(p.T("Streams")), testid("streams"),
		h("header.card-head", h("h3", text(p.T("Streams"))),
			h("button.quiet", attr("type", "button"), testid("stream-add"), text(p.T("+ Add a stream")),
				onClick(func() { p.update(func() { s.add() }) }))),
		h("p.help", text(p.T("Messages made of a template, again and again. Several streams can run at once."))),
		h("div.stream-list", cards),
		p.viewSimulator(),
		p.viewRate(),
	)
}

func (p *Panel) viewStream(s *telemetryStream, id string) *Node {
	number := func(name, what string, f *field) *Node {
		return p.viewText(name, id+"-"+what, f, attr("inputmode", "numeric"), flag("disabled", s.running()))
	}
	start := h("button.secondary", attr("type", "button"), testid(id+"-start"), flag("disabled", !p.device.running()),
		label(p.T("Start %s", s.name.text)), text(p.T("Start")), onClick(func() { p.StartStream(s) }))
	if s.running() {
		start = h("button.secondary.stop", attr("type", "button"), testid(id+"-stop"),
			label(p.T("Stop %s", s.name.text)), text(p.T("Stop")), onClick(func() { p.StopStream(s) }))
	}
	return h("section.stream", key(fmt.Sprint(s.id)), label(s.name.text), testid(id),
		h("header.stream-head",
			h("input.mono", attr("type", "text"), testid(id+"-name"), label(p.T("Name of the stream")), value{&s.name}, p.typing(&s.name)),
			start,
			h("button.quiet", attr("type", "button"), testid(id+"-remove"), flag("disabled", s.running()), label(p.T("Remove %s", s.name.text)), text("×"),
				onClick(func() { p.update(func() { p.telemetry.streams.remove(s.id) }) })),
		),
		h("div.stream-numbers",
			number(p.T("Interval (ms)"), "interval", &s.interval),
			number(p.T("Messages each time"), "burst", &s.burst),
			number(p.T("Count (0: no end)"), "count", &s.count),
			h("label.field", h("span.field-name", text(p.T("QoS (0: just written)"))),
				h("select", testid(id+"-qos"), flag("disabled", s.running()), onChange(func(e Event) { p.update(func() { s.qos0 = e.Value == "0" }) }),
					nodes(options(map[bool]string{false: "1", true: "0"}[s.qos0], "1", "1", "0", "0")))),
		),
		h("p.stream-state", testid(id+"-state"), text(p.streamWords(s))),
		h("details.more", Listener{Event: "toggle", Do: func(e Event) { p.update(func() { s.open = e.Checked }) }}, testid(id+"-template"),
			h("summary", text(p.T("Template and variables"))),
			when(s.open, p.viewTemplate(s, id)),
		),
	)
}

// streamWords says how a stream does.
func (p *Panel) streamWords(s *telemetryStream) string {
	if !s.running() && s.over == "" {
		return p.T("Not started.")
	}
	words := s.over
	if s.running() {
		words = p.T("Running.")
		if s.held {
			words = p.T("Waits: the hub has not acknowledged %d messages yet.", s.waiting())
			if s.written {
				words = p.T("Waits: %d messages are not written yet.", s.waiting())
			}
		}
	}
	if s.written {
		words += " " + p.T("%d sent, %d written, %d failed, %d on their way.", s.made, s.acknowledged, s.failed, s.waiting())
	} else {
		words += " " + p.T("%d sent, %d acknowledged, %d failed, %d on their way.", s.made, s.acknowledged, s.failed, s.waiting())
	}
	if s.skipped > 0 {
		words += " " + p.T("%d were due while the stream could not run, and were left out.", s.skipped)
	}
	return words
}

func (p *Panel) viewTemplate(s *telemetryStream, id string) *Node {
	rows := make(nodes, 0, len(s.variables))
	kinds := []string{
		"walk", p.T("random walk: start, largest step, least, most"),
		"sine", p.T("sine: least, most, period in s"),
		"random", p.T("random whole number: from, below"),
		"uniform", p.T("random number: from, below"),
		"counter", p.T("counter: start, step"),
		"choice", p.T("choice: one of these by chance"),
		"sequence", p.T("sequence: these in turn"),
		"timestamp", p.T("timestamp: iso, ms or s"),
		"uuid", p.T("UUID: nothing"),
		"text", p.T("random text: its length"),
	}
	for i, v := range s.variables {
		about := ""
		if at := slices.Index(kinds, v.kind); at >= 0 {
			about = kinds[at+1]
		}
		rows = append(rows, h("div.variable", key(strconv.Itoa(v.id)),
			h("input.mono", attr("type", "text"), label(p.T("Variable %d, name", i+1)), testid(fmt.Sprint(id, "-variable-name-", i)), value{&v.name}, p.typing(&v.name)),
			h("select", label(p.T("Variable %d, kind", i+1)), testid(fmt.Sprint(id, "-variable-kind-", i)),
				onChange(func(e Event) { p.update(func() { v.kind = e.Value; v.args.set(exampleOf(e.Value)) }) }), nodes(options(v.kind, kinds...))),
			h("input.mono", attr("type", "text"), label(p.T("Variable %d, values", i+1)), testid(fmt.Sprint(id, "-variable-args-", i)), attr("title", about), attr("placeholder", exampleOf(v.kind)), value{&v.args}, p.typing(&v.args)),
			h("button.quiet", attr("type", "button"), label(p.T("Remove variable %d", i+1)), text("×"), onClick(func() { p.update(func() { s.removeVariable(v.id) }) })),
		))
	}
	preview, err := s.preview(p.device.credentials.DeviceID, p.now())
	return h("div.template",
		p.viewEditor(p.T("Template"), id+"-body", &s.body, 6, err),
		h("fieldset.properties",
			h("legend", text(p.T("Variables: $.Name in the template stands for a value"))),
			h("div.property-rows", rows),
			h("button.quiet", attr("type", "button"), testid(id+"-variable-add"), text(p.T("+ Add a variable")),
				onClick(func() { p.update(func() { s.addVariable("", "random") }) }))),
		h("p.help", text(p.T("Always there, as in Iot-Telemetry-Simulator: $.DeviceId, $.Guid, $.Time, $.LocalTime, $.Ticks, $.Epoch, $.MachineName."))),
		h("p.help", text(p.T("Values that hold commas are written as a JSON array: [\"a, b\", \"c\"]. In a sequence, $.Name stands for another variable, which goes on only then. All that is drawn by chance comes from the seed."))),
		p.viewProperties(&s.properties, id+"-property", p.T("Application properties ($.Name works here, too)")),
		h("div.grid",
			p.viewText(p.T("content-type"), id+"-content-type", &s.contentType),
			p.viewText(p.T("Seed (the same numbers at every start)"), id+"-seed", &s.seed)),
		h("section.document", label(p.T("Next message")), h("h4", text(p.T("Next message"))), h("pre", testid(id+"-preview"), text(preview))),
	)
}

// viewRate is the rate meter and the way of the last messages.
func (p *Panel) viewRate() part {
	s := &p.telemetry.streams
	if s.rate.messages == 0 {
		return nil
	}
	messages, bytes := s.rate.rate(p.now())
	fact := func(id, name, value string) *Node {
		return h("div", h("dt", text(name)), h("dd", testid(id), text(value)))
	}
	median := "—"
	if in, ok := s.rate.median(); ok {
		median = milliseconds(in)
	}
	rows := make(nodes, 0, len(s.recent))
	for i := len(s.recent) - 1; i >= 0; i-- {
		way := s.recent[i]
		name, state := way.stream, p.T("queued")
		if way.sent {
			state = p.T("sent")
		}
		if way.first > 0 {
			name += fmt.Sprintf(" #%d", way.first)
		}
		if way.count > 1 {
			name += fmt.Sprintf("–#%d", way.first+way.count-1)
		}
		switch way.state {
		case done:
			state = p.T("acknowledged in %s", milliseconds(way.latency))
			if way.unanswered {
				state = p.T("written (QoS 0 has no acknowledgement)")
			}
		case failed:
			state = p.T("failed")
		}
		rows = append(rows, h("li.sending", h("span.mono", text(name)), h("span.outcome", attr("data-outcome", string(way.state)), text(state))))
	}
	return h("div.rate",
		h("dl.facts",
			fact("rate-messages", p.T("Messages a second"), strconv.FormatFloat(messages, 'f', 1, 64)),
			fact("rate-bytes", p.T("Bytes a second"), strconv.FormatFloat(bytes, 'f', 0, 64)),
			fact("rate-total", p.T("Messages since the connect"), strconv.Itoa(s.rate.messages)),
			fact("rate-total-bytes", p.T("Bytes since the connect"), strconv.Itoa(s.rate.bytes)),
			fact("rate-latency", p.T("Acknowledged in (median)"), median),
		),
		h("ol.sendings", label(p.T("The last messages")), testid("recent-messages"), rows),
	)
}
