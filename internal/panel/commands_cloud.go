package panel

// cloudCommands are those of the cloud side.
func (p *Panel) cloudCommands() []command {
	c := &p.cloud
	ours, cloud := p.onEmulatorLocked(), p.T("Cloud")
	list := []command{
		{id: "c2d-send", name: p.T("Send a cloud-to-device message"), hint: cloud, enabled: ours, do: p.at(TopicMessages, p.SendToDevice)},
		{id: "desired-update", name: p.T("Update the desired properties"), hint: cloud, enabled: ours, do: p.at(TopicTwin, p.UpdateDesired)},
		{id: "tags-update", name: p.T("Update tags"), hint: cloud, enabled: ours, do: p.at(TopicTwin, p.UpdateTags)},
		{id: "invoke", name: p.T("Invoke the direct method"), hint: cloud, enabled: ours, do: p.at(TopicMethods, p.InvokeMethod)},
		p.formatCommand("desired-format", p.T("Patch of the desired properties (null deletes)"), cloud, TopicTwin, &c.desired.patch),
		p.formatCommand("tags-format", p.T("Patch of the tags (null deletes)"), cloud, TopicTwin, &c.tags.patch),
		p.formatCommand("invoke-format", p.T("Payload"), cloud, TopicMethods, &c.invoke.payload),
	}
	for _, d := range first(c.registry.devices) {
		list = append(list, command{id: "cloud-device-" + d.DeviceID, name: p.T("Cloud side: %s", d.DeviceID), hint: cloud, enabled: d.DeviceID != c.target,
			do: func() { p.SelectDevice(d.DeviceID) }})
	}
	return append(list, p.faultCommands()...)
}

// faultCommands make trouble, with the settings that stand on the page.
func (p *Panel) faultCommands() []command {
	f := &p.cloud.faults
	can, hint := p.onEmulatorLocked() && p.cloud.fetch != nil && !f.busy, p.T("Make trouble")
	var list []command
	for _, s := range []struct {
		id, name string
		on       bool
		set      func(bool)
	}{
		{"fault-delay", p.T("Delay"), f.inForce.Delay > 0, p.SetDelay},
		{"fault-drop", p.T("Drop"), f.inForce.Drop > 0, p.SetDrop},
		{"fault-throttle", p.T("Throttle"), f.inForce.Throttle, p.SetThrottle},
		{"fault-refuse", p.T("Refuse to connect"), f.inForce.Refuse != 0, p.SetRefuse},
		{"fault-second", p.T("Second session"), f.second != nil, p.secondSession},
	} {
		c := command{id: s.id + "-on", name: p.T("%s: on", s.name), hint: hint, enabled: can, do: func() { s.set(true) }}
		if s.on {
			c = command{id: s.id + "-off", name: p.T("%s: off", s.name), hint: hint, enabled: can, do: func() { s.set(false) }}
		}
		list = append(list, c)
	}
	return append(list,
		command{id: "fault-cut", name: p.T("Cut the connection"), hint: hint, enabled: can, do: p.CutConnection},
		command{id: "fault-expire", name: p.T("Let the token expire"), hint: hint, enabled: can, do: p.ExpireToken},
		command{id: "faults-end", name: p.T("End all trouble"), hint: hint, enabled: can && f.any(), do: p.EndFaults})
}
