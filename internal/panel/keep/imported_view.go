package keep

import (
	"fmt"

	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// importedRows is how many elements of a list of an opened session file are shown: the newest.
const importedRows = 100

// viewImported shows the contents of the opened session file. It is history: nothing in it is sent or compared.
func (room *Room) viewImported() ui.Part {
	s := room.state.file.imported
	if s == nil {
		return nil
	}
	return ui.H("section.imported", ui.TestID("imported"), ui.Label(room.T("The opened session")),
		ui.H("header.card-head", ui.H("h4", ui.Text(room.T("%s, saved at %s", room.state.file.name, s.Exported.In(room.Env.Location).Format("2006-01-02 15:04:05")))),
			ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("import-close"), ui.Text(room.T("Close it")), ui.OnClick(func() { room.Update(func() { room.state.file.imported = nil }) }))),
		ui.When(s.Device.DeviceID != "", ui.H("p.help", ui.Text(room.T("It was %s at %s.", s.Device.DeviceID, s.Device.Host)))),
		room.viewImportedTwin(s.Twin),
		room.viewImportedProfiles(s.Profiles),
		room.viewImportedList(room.T("Cloud-to-device messages"), len(s.ToDevice), room.viewImportedBodies("imported-messages", s.ToDevice)),
		room.viewImportedList(room.T("Telemetry"), len(s.Stored), room.viewImportedBodies("imported-telemetry", s.Stored)),
		room.viewImportedList(room.T("Device log"), len(s.Log), room.viewImportedEntries("imported-log", s.Log)),
		room.viewImportedList(room.T("Operations log"), len(s.Hub), room.viewImportedEntries("imported-operations", s.Hub)),
	)
}

// viewImportedList folds up a list of n elements.
func (room *Room) viewImportedList(name string, n int, list *ui.Node) ui.Part {
	if n == 0 {
		return nil
	}
	if n > importedRows {
		name = room.T("%s (the newest %d of %d)", name, importedRows, n)
	}
	return ui.H("details.more", ui.H("summary", ui.Text(name)), list)
}

func (room *Room) viewImportedBodies(id string, list []savefile.Body) *ui.Node {
	rows := ui.Nodes{}
	for i := len(list) - 1; i >= max(0, len(list)-importedRows); i-- {
		rows = append(rows, ui.H("li.message", ui.Key(fmt.Sprint(i)), ui.H("time", ui.Text(page.Clock(list[i].At.In(room.Env.Location)))), ui.H("pre", ui.Text(page.PayloadText(list[i].Bytes())))))
	}
	return ui.H("ol.messages", ui.TestID(id), rows)
}

func (room *Room) viewImportedEntries(id string, list []savefile.Entry) *ui.Node {
	rows := ui.Nodes{}
	for i := len(list) - 1; i >= max(0, len(list)-importedRows); i-- {
		e := list[i]
		rows = append(rows, ui.H("li.entry", ui.Key(fmt.Sprint(i)), ui.H("div.line",
			ui.H("time", ui.Text(page.Clock(e.At.In(room.Env.Location)))), ui.H("span.what", ui.Text(e.What)), ui.H("span.outcome", ui.Text(e.Note)), ui.H("span.summary", ui.Text(e.Summary)))))
	}
	return ui.H("ol", ui.TestID(id), rows)
}

func (room *Room) viewImportedTwin(twin *savefile.Twin) ui.Part {
	if twin == nil {
		return nil
	}
	return ui.H("div.columns",
		ui.H("section.document", ui.H("h4", ui.Text(room.T("Desired, version %d", twin.DesiredVersion))), ui.H("pre", ui.TestID("imported-desired"), ui.Text(jsontext.Document(twin.Desired)))),
		ui.H("section.document", ui.H("h4", ui.Text(room.T("Reported, version %d", twin.ReportedVersion))), ui.H("pre", ui.TestID("imported-reported"), ui.Text(jsontext.Document(twin.Reported)))))
}

func (room *Room) viewImportedProfiles(profiles []savefile.Profile) ui.Part {
	if len(profiles) == 0 {
		return nil
	}
	rows := ui.Nodes{}
	for i, profile := range profiles {
		rows = append(rows, ui.H("li.profile", ui.Key(fmt.Sprint(i)),
			ui.H("span.profile-name", ui.H("b", ui.Text(profile.Name)), ui.H("span.help", ui.Text(profile.Host+" · "+profile.DeviceID))),
			ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID(fmt.Sprint("imported-profile-use-", i)), ui.Label(room.T("Use profile %s", profile.Name)), ui.Text(room.T("Use")),
				ui.OnClick(func() { room.Update(func() { room.Links.ApplyProfile(profile) }) })),
			ui.When(room.browser.Local != nil, ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID(fmt.Sprint("imported-profile-keep-", i)), ui.Label(room.T("Keep profile %s in this browser", profile.Name)), ui.Text(room.T("Keep")),
				ui.OnClick(func() { room.keepImported(profile) }))),
		))
	}
	return ui.H("details.more", ui.H("summary", ui.TestID("imported-profiles"), ui.Text(room.T("Profiles"))), ui.H("ul.profiles", ui.Label(room.T("Profiles")), rows))
}
