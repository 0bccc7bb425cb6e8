package panel

import (
	"fmt"

	"github.com/hubpanel/hubpanel/internal/l10n"
)

// simulatorImport is the form that takes a configuration of Iot-Telemetry-Simulator, and what came of the last one.
type simulatorImport struct {
	text   field // may hold a hub's key until it is read: it is in no export
	result result
	notes  []*l10n.Message
}

// ImportSimulator makes streams of the configuration in the form.
func (p *Panel) ImportSimulator() {
	p.update(func() {
		s := &p.telemetry.streams
		made, err := parseSimulator(s.simulator.text.text)
		s.simulator.notes = nil
		if made != nil {
			s.simulator.notes = made.notes
		}
		if err != nil {
			s.simulator.result = p.resultOf(err, "")
			return
		}
		for _, e := range made.streams {
			st := s.add()
			st.restore(e)
			st.open = true
		}
		s.simulator.text.set("")
		n := len(made.streams)
		s.simulator.result = result{ok: true, text: p.TN(n, "%d stream was added: look at its template, then start it.", "%d streams were added: look at their templates, then start them.", n)}
	})
}

// readSimulatorFile puts a file into the form, and reads it.
func (p *Panel) readSimulatorFile(e Event) {
	if len(e.Files) == 0 {
		return
	}
	p.update(func() { p.telemetry.streams.simulator.text.set(string(e.Files[0].Data)) })
	p.ImportSimulator()
}

func (p *Panel) viewSimulator() *Node {
	s := &p.telemetry.streams.simulator
	notes := make(nodes, 0, len(s.notes))
	for i, note := range s.notes {
		notes = append(notes, h("li", key(fmt.Sprint(i)), testid("simulator-note"), text(p.Sentence(note))))
	}
	return h("details.more", Listener{Event: "drop", Do: p.readSimulatorFile},
		h("summary", testid("simulator"), text(p.T("Import from Iot-Telemetry-Simulator"))),
		h("div.simulator",
			h("p.help", text(p.T("Its JSON file, its Variables, its docker command, or lines like Interval=1000. Paste it, choose the file, or drop it here."))),
			h("div.field", h("label.field-name", attr("for", "simulator-text"), text(p.T("Configuration"))),
				h("textarea.mono", attr("id", "simulator-text"), testid("simulator-text"), attr("rows", "6"), attr("wrap", "off"), attr("spellcheck", "false"), value{&s.text}, p.typing(&s.text))),
			h("label.field", h("span.field-name", text(p.T("Or its file"))),
				h("input", attr("type", "file"), attr("accept", ".json,.jsonc,.env,.txt,.sh,application/json,text/plain"), testid("simulator-file"), onChange(p.readSimulatorFile))),
			h("div.actions", h("button.secondary", attr("type", "button"), testid("simulator-import"), text(p.T("Make streams of it")), onClick(p.ImportSimulator))),
			viewResult(s.result, "simulator-result"),
			when(len(notes) > 0, h("p.help", text(p.T("What is different here:"))), h("ul.notes", label(p.T("What is different here:")), notes)),
		))
}
