package panel

// cloudCommands are those of the cloud side.
func (p *Panel) cloudCommands() []command {
	c := &p.cloud
	ours, cloud := p.onEmulatorLocked(), p.say("Cloud")
	list := []command{
		{id: "c2d-send", name: p.say("Send a cloud-to-device message"), hint: cloud, enabled: ours, do: p.at(TopicMessages, p.SendToDevice)},
		{id: "desired-update", name: p.say("Update the desired properties"), hint: cloud, enabled: ours, do: p.at(TopicTwin, p.UpdateDesired)},
		{id: "tags-update", name: p.say("Update tags"), hint: cloud, enabled: ours, do: p.at(TopicTwin, p.UpdateTags)},
		{id: "invoke", name: p.say("Invoke the direct method"), hint: cloud, enabled: ours, do: p.at(TopicMethods, p.InvokeMethod)},
		p.formatCommand("desired-format", p.say("Patch of the desired properties (null deletes)"), cloud, TopicTwin, &c.desired.patch),
		p.formatCommand("tags-format", p.say("Patch of the tags (null deletes)"), cloud, TopicTwin, &c.tags.patch),
		p.formatCommand("invoke-format", p.say("Payload"), cloud, TopicMethods, &c.invoke.payload),
	}
	for _, d := range first(c.registry.devices) {
		list = append(list, command{id: "cloud-device-" + d.DeviceID, name: p.say("Cloud side: %s", d.DeviceID), hint: cloud, enabled: d.DeviceID != c.target,
			do: func() { p.SelectDevice(d.DeviceID) }})
	}
	return append(list, p.faultCommands()...)
}

// faultCommands make trouble, with the settings that stand on the page.
func (p *Panel) faultCommands() []command {
	f := &p.cloud.faults
	can, hint := p.onEmulatorLocked() && p.cloud.fetch != nil && !f.busy, p.say("Make trouble")
	var list []command
	for _, s := range []struct {
		id, name string
		on       bool
		set      func(bool)
	}{
		{"fault-delay", p.say("Delay"), f.inForce.Delay > 0, p.SetDelay},
		{"fault-drop", p.say("Drop"), f.inForce.Drop > 0, p.SetDrop},
		{"fault-throttle", p.say("Throttle"), f.inForce.Throttle, p.SetThrottle},
		{"fault-refuse", p.say("Refuse to connect"), f.inForce.Refuse != 0, p.SetRefuse},
		{"fault-second", p.say("Second session"), f.second != nil, p.secondSession},
	} {
		c := command{id: s.id + "-on", name: p.say("%s: on", s.name), hint: hint, enabled: can, do: func() { s.set(true) }}
		if s.on {
			c = command{id: s.id + "-off", name: p.say("%s: off", s.name), hint: hint, enabled: can, do: func() { s.set(false) }}
		}
		list = append(list, c)
	}
	return append(list,
		command{id: "fault-cut", name: p.say("Cut the connection"), hint: hint, enabled: can, do: p.CutConnection},
		command{id: "fault-expire", name: p.say("Let the token expire"), hint: hint, enabled: can, do: p.ExpireToken},
		command{id: "faults-end", name: p.say("End all trouble"), hint: hint, enabled: can && f.any(), do: p.EndFaults})
}
