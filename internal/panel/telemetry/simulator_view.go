package telemetry

import (
	"fmt"

	"github.com/hubpanel/hubpanel/internal/ui"
)

func (room *Room) viewSimulator() *ui.Node {
	s := &room.state.simulator
	notes := make(ui.Nodes, 0, len(s.notes))
	for i, note := range s.notes {
		notes = append(notes, ui.H("li", ui.Key(fmt.Sprint(i)), ui.TestID("simulator-note"), ui.Text(room.Sentence(note))))
	}
	return ui.H("details.more", ui.Listener{Event: "drop", Do: room.importSimulatorFile},
		ui.H("summary", ui.TestID("simulator"), ui.Text(room.T("Import from Iot-Telemetry-Simulator"))),
		ui.H("div.simulator",
			ui.H("p.help", ui.Text(room.T("Its JSON file, its Variables, its docker command, or lines like Interval=1000. Paste it, choose the file, or drop it here."))),
			ui.H("div.field", ui.H("label.field-name", ui.Attr("for", "simulator-text"), ui.Text(room.T("Configuration"))),
				ui.H("textarea.mono", ui.Attr("id", "simulator-text"), ui.TestID("simulator-text"), ui.Attr("rows", "6"), ui.Attr("wrap", "off"), ui.Attr("spellcheck", "false"), ui.Value(&s.text), room.Typing(&s.text))),
			ui.H("label.field", ui.H("span.field-name", ui.Text(room.T("Or its file"))),
				ui.H("input", ui.Attr("type", "file"), ui.Attr("accept", ".json,.jsonc,.env,.txt,.sh,application/json,text/plain"), ui.TestID("simulator-file"), ui.OnChange(room.importSimulatorFile))),
			ui.H("div.actions", ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("simulator-import"), ui.Text(room.T("Make streams of it")), ui.OnClick(room.importSimulator))),
			room.ResultView(s.result, "simulator-result"),
			ui.When(len(notes) > 0, ui.H("p.help", ui.Text(room.T("What is different here:"))), ui.H("ul.notes", ui.Label(room.T("What is different here:")), notes)),
		))
}
