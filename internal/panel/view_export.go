package panel

import "fmt"

// exportState is what came of the last export or import.
type exportState struct {
	result   result
	imported *session // as it was in the file; nil: none
	name     string   // of the file
	asked    int      // how often a command asked for a file
	opened   int      // asked, once the card stands open: under the palette nothing takes the focus
}

// importedRows is how many elements of a list of an imported session are shown: the newest.
const importedRows = 100

// viewExport saves the session and the logs, and reads a session again.
func (p *Panel) viewExport() *Node {
	x := &p.exports
	button := func(id, name string, do func()) *Node {
		return h("button.secondary", attr("type", "button"), testid(id), flag("disabled", p.env.Save == nil), text(name), onClick(do))
	}
	read := func(e Event) { p.OpenFiles(e.Files) }
	return h("details.card.export", key(fmt.Sprint("export", x.asked)), testid("export"), flag("open", x.asked > 0),
		Listener{Event: "toggle", Do: func(Event) { p.update(func() { x.opened = x.asked }) }},
		h("summary", h("h3", text(p.T("Save and open")))),
		h("p.help", text(p.T("A session is its messages, its twin, its logs, and what you set up: the forms, the streams with their variables, the rules for methods and the profiles. All of it in one JSON file; keys and tokens are left out, always."))),
		h("div.actions",
			button("export-session", p.T("Save the session"), p.ExportSession),
			button("export-device-log", p.T("Device log as JSON lines"), func() { p.exportLog("device-log", &p.deviceLog) }),
			when(p.cloud.fetch != nil, button("export-cloud-log", p.T("Operations log as JSON lines"), func() { p.exportLog("operations-log", &p.cloud.log) }))),
		when(p.env.Save == nil, h("p.help", text(p.T("Nothing can be saved from this page.")))),
		h("label.field", h("span.field-name", text(p.T("Open a session: choose its file, or drop it here"))),
			h("input", attr("type", "file"), attr("accept", ".json,application/json"), testid("import-file"), when(x.opened > 0, attr("data-focus", fmt.Sprint(x.opened))), onChange(read))),
		viewResult(x.result, "export-result"),
		p.viewImported(),
	)
}

// viewImported shows what was in the file. It is history: nothing in it is sent or compared.
func (p *Panel) viewImported() part {
	s := p.exports.imported
	if s == nil {
		return nil
	}
	bodies := func(id string, list []exportedBody) *Node {
		rows := nodes{}
		for i := len(list) - 1; i >= max(0, len(list)-importedRows); i-- {
			rows = append(rows, h("li.message", key(fmt.Sprint(i)), h("time", text(clock(list[i].At.In(p.env.Location)))), h("pre", text(list[i].text()))))
		}
		return h("ol.messages", testid(id), rows)
	}
	entries := func(id string, list []exportedEntry) *Node {
		rows := nodes{}
		for i := len(list) - 1; i >= max(0, len(list)-importedRows); i-- {
			e := list[i]
			rows = append(rows, h("li.entry", key(fmt.Sprint(i)), h("div.line",
				h("time", text(clock(e.At.In(p.env.Location)))), h("span.what", text(e.What)), h("span.outcome", text(e.Note)), h("span.summary", text(e.Summary)))))
		}
		return h("ol", testid(id), rows)
	}
	section := func(name string, n int, list *Node) part {
		if n == 0 {
			return nil
		}
		shown := name
		if n > importedRows {
			shown = p.T("%s (the newest %d of %d)", name, importedRows, n)
		}
		return h("details.more", h("summary", text(shown)), list)
	}
	twin := part(nil)
	if s.Twin != nil {
		twin = h("div.columns",
			h("section.document", h("h4", text(p.T("Desired, version %d", s.Twin.DesiredVersion))), h("pre", testid("imported-desired"), text(document(s.Twin.Desired)))),
			h("section.document", h("h4", text(p.T("Reported, version %d", s.Twin.ReportedVersion))), h("pre", testid("imported-reported"), text(document(s.Twin.Reported)))))
	}
	var profiles part
	if local, _ := p.storages(); len(s.Profiles) > 0 {
		rows := nodes{}
		for i, pr := range s.Profiles {
			rows = append(rows, h("li.profile", key(fmt.Sprint(i)),
				h("span.profile-name", h("b", text(pr.Name)), h("span.help", text(pr.Host+" · "+pr.DeviceID))),
				h("button.quiet", attr("type", "button"), testid(fmt.Sprint("imported-profile-use-", i)), label(p.T("Use profile %s", pr.Name)), text(p.T("Use")),
					onClick(func() { p.update(func() { p.device.apply(pr) }) })),
				when(local != nil, h("button.quiet", attr("type", "button"), testid(fmt.Sprint("imported-profile-keep-", i)), label(p.T("Keep profile %s in this browser", pr.Name)), text(p.T("Keep")),
					onClick(func() { p.KeepImported(pr) }))),
			))
		}
		profiles = h("details.more", h("summary", testid("imported-profiles"), text(p.T("Profiles"))), h("ul.profiles", label(p.T("Profiles")), rows))
	}
	return h("section.imported", testid("imported"), label(p.T("The opened session")),
		h("header.card-head", h("h4", text(p.T("%s, saved at %s", p.exports.name, s.Exported.In(p.env.Location).Format("2006-01-02 15:04:05")))),
			h("button.quiet", attr("type", "button"), testid("import-close"), text(p.T("Close it")), onClick(func() { p.update(func() { p.exports.imported = nil }) }))),
		when(s.Device.DeviceID != "", h("p.help", text(p.T("It was %s at %s.", s.Device.DeviceID, s.Device.Host)))),
		twin,
		profiles,
		section(p.T("Cloud-to-device messages"), len(s.ToDevice), bodies("imported-messages", s.ToDevice)),
		section(p.T("Telemetry"), len(s.Stored), bodies("imported-telemetry", s.Stored)),
		section(p.T("Device log"), len(s.Log), entries("imported-log", s.Log)),
		section(p.T("Operations log"), len(s.Hub), entries("imported-operations", s.Hub)),
	)
}
