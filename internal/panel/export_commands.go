package panel

// exportCommands are those of copying and saving.
func (p *Panel) exportCommands() []command {
	page := p.say("Save and open")
	return []command{
		{id: "export-session", name: p.say("Save the session"), hint: page, enabled: p.env.Save != nil, do: p.ExportSession},
		{id: "copy-as", name: p.say("Copy the device as a program"), hint: page, enabled: p.env.Copy != nil, do: p.CopyAs},
		{id: "faults-end", name: p.say("End all trouble"), hint: p.say("Cloud"), enabled: p.onEmulatorLocked() && p.cloud.faults.any(), do: p.EndFaults},
	}
}
