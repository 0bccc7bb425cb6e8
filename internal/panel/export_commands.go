package panel

// exportCommands are those of copying, saving and opening.
func (p *Panel) exportCommands() []command {
	saves, hint := p.env.Save != nil, p.T("Save and open")
	list := []command{
		{id: "export-session", name: p.T("Save the session"), hint: hint, enabled: saves, do: p.ExportSession},
		{id: "import-session", name: p.T("Open a session …"), hint: hint, enabled: true, do: p.askForSession},
		{id: "export-device-log", name: p.T("Device log as JSON lines"), hint: hint, enabled: saves, do: func() { p.exportLog("device-log", &p.deviceLog) }},
		{id: "export-cloud-log", name: p.T("Operations log as JSON lines"), hint: hint, enabled: saves && p.cloud.fetch != nil,
			do: func() { p.exportLog("operations-log", &p.cloud.log) }},
	}
	for _, t := range copyTargets {
		list = append(list, command{id: "copy-as-" + t.id, name: p.T("Copy as %s", t.name), hint: p.T("Copy as …"), enabled: p.env.Copy != nil, do: func() {
			p.update(func() { p.copyAs.target = t.id })
			p.CopyAs()
		}})
	}
	return list
}

// askForSession opens the card and brings the person to its file: only a person's own click may open the browser's dialog.
func (p *Panel) askForSession() { p.update(func() { p.exports.asked++ }) }
