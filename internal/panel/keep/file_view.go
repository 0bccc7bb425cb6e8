package keep

import (
	"fmt"

	"github.com/hubpanel/hubpanel/internal/ui"
)

// SessionCard saves the session and the logs as files, and opens a session file. The lock is held for reading, as for every view.
func (room *Room) SessionCard() *ui.Node {
	f := &room.state.file
	button := func(id, name string, do func()) *ui.Node {
		return ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID(id), ui.Flag("disabled", room.Env.Save == nil), ui.Text(name), ui.OnClick(do))
	}
	read := func(e ui.Event) { room.Links.OpenFiles(e.Files) }
	return ui.H("details.card.export", ui.Key(fmt.Sprint("export", f.requests)), ui.TestID("export"), ui.Flag("open", f.requests > 0),
		ui.Listener{Event: "toggle", Do: func(ui.Event) { room.Update(func() { f.opened = f.requests }) }},
		ui.H("summary", ui.H("h3", ui.Text(room.T("Save and open")))),
		ui.H("p.help", ui.Text(room.T("A session is its messages, its twin, its logs, and what you set up: the forms, the streams with their variables, the rules for methods and the profiles. All of it in one JSON file; keys and tokens are left out, always."))),
		ui.H("div.actions",
			button("export-session", room.T("Save the session"), room.exportSession),
			button("export-device-log", room.T("Device log as JSON lines"), room.exportDeviceLog),
			ui.When(room.emulator.Found(), button("export-cloud-log", room.T("Operations log as JSON lines"), room.exportOperationsLog))),
		ui.When(room.Env.Save == nil, ui.H("p.help", ui.Text(room.T("Nothing can be saved from this page.")))),
		ui.H("label.field", ui.H("span.field-name", ui.Text(room.T("Open a session: choose its file, or drop it here"))),
			ui.H("input", ui.Attr("type", "file"), ui.Attr("accept", ".json,application/json"), ui.TestID("import-file"), ui.When(f.opened > 0, ui.Attr("data-focus", fmt.Sprint(f.opened))), ui.OnChange(read))),
		room.ResultView(f.result, "export-result"),
		room.viewImported(),
	)
}
