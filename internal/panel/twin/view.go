package twin

import (
	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// Card shows the twin and the form that reports a patch. The lock is held.
func (room *Room) Card() *ui.Node {
	t := &room.state
	state := room.T("Connect the device to read its twin.")
	switch {
	case t.loading:
		state = room.T("Reading …")
	case t.known:
		state = ""
	}
	cannot := !room.Links.Running() || t.busy
	return ui.H("div.card.twin", ui.Key("twin"),
		ui.H("header.card-head", ui.H("h3", ui.Text(room.T("Device twin"))),
			ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("twin-read"), ui.Flag("disabled", !room.Links.Running()), ui.Text(room.T("Read again")), ui.OnClick(room.readAgain))),
		ui.When(state != "", ui.H("p.help", ui.Text(state))),
		ui.When(t.known, room.viewTable(cannot), room.viewDocuments()),
		ui.H("form.report", ui.OnSubmit(room.reportPatch),
			room.JSONField(room.T("Patch of the reported properties (null deletes)"), "twin-patch", &t.patch, 6, false),
			room.viewPreview(),
			ui.H("div.actions",
				ui.H("button.primary", ui.Attr("type", "submit"), ui.TestID("twin-report"), ui.Flag("disabled", cannot), ui.Text(room.T("Report")))),
		),
		room.ResultView(t.result, "twin-result"),
	)
}

// viewDocuments shows both documents whole.
func (room *Room) viewDocuments() *ui.Node {
	t := &room.state
	one := func(name, id string, m map[string]any) *ui.Node {
		return ui.H("section.document", ui.Label(name), ui.H("header", ui.H("h4", ui.Text(name))), ui.H("pre", ui.TestID(id), ui.Text(jsontext.Document(m))))
	}
	return ui.H("details.more", ui.H("summary", ui.TestID("twin-documents"), ui.Text(room.T("Both documents as JSON"))),
		ui.H("div.columns", one(room.T("Desired"), "twin-desired", t.desired), one(room.T("Reported"), "twin-reported", t.reported)))
}
