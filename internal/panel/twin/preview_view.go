package twin

import (
	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// viewPreview shows the effect that the patch in the editor would have.
func (room *Room) viewPreview() *ui.Node {
	t := &room.state
	box := func(ps ...ui.Part) *ui.Node {
		return ui.H("section.preview", ui.Label(room.T("What the patch does")), ui.TestID("twin-preview"), ui.Parts(ps))
	}
	patch, err := hubproto.ParseTwinPatch([]byte(t.patch.Text))
	switch {
	case jsontext.Check("", t.patch.Text) != nil:
		return box() // the editor shows the mistake
	case err != nil:
		return box(ui.H("p.problem", ui.Text(room.Sentence(err))))
	case !t.known:
		return box(ui.H("p.help", ui.Text(room.T("Once the twin is read, this shows what the patch would change."))))
	}
	after := hubproto.MergePatch(t.reported, patch)
	lines := ui.Nodes{}
	for _, c := range jsontext.Diff(t.reported, after) {
		text := map[jsontext.ChangeKind]string{
			jsontext.ChangeAdded:   room.T("adds %s = %s", c.Path, jsontext.OneLine(jsontext.Compact(c.After), 60)),
			jsontext.ChangeChanged: room.T("changes %s from %s to %s", c.Path, jsontext.OneLine(jsontext.Compact(c.Before), 40), jsontext.OneLine(jsontext.Compact(c.After), 40)),
			jsontext.ChangeDeleted: room.T("deletes %s, which is %s", c.Path, jsontext.OneLine(jsontext.Compact(c.Before), 60)),
		}[c.Kind]
		lines = append(lines, ui.H("li", ui.TestID("twin-change"), ui.Attr("data-change", string(c.Kind)), ui.Text(text)))
	}
	for _, path := range jsontext.IdleNulls(t.reported, patch) {
		lines = append(lines, ui.H("li", ui.TestID("twin-change"), ui.Attr("data-change", "idle"), ui.Text(room.T("would delete %s, which is not there", path))))
	}
	size := hubproto.TwinSize(after)
	return box(
		ui.H("h4", ui.Text(room.T("What the patch does"))),
		ui.When(len(lines) == 0, ui.H("p.help", ui.Text(room.T("Nothing changes but the version.")))),
		ui.When(len(lines) > 0, ui.H("ul.changes", lines)),
		ui.When(size > hubproto.MaxReportedSize, ui.H("p.problem", ui.Text(room.T("The reported properties would have %d bytes; the hub takes %d.", size, hubproto.MaxReportedSize)))),
		ui.H("details.more", ui.H("summary", ui.Text(room.T("The reported properties after it"))), ui.H("pre", ui.TestID("twin-after"), ui.Text(jsontext.Document(after)))),
	)
}
