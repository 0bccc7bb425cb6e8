package panel

// viewFaults offers trouble, each with what will be seen of it.
func (p *Panel) viewFaults() *Node {
	f := &p.cloud.faults
	in := f.inForce
	return h("details.card.faults", testid("faults"), attr("data-on", map[bool]string{true: "true", false: "false"}[f.any()]),
		Listener{Event: "toggle", Do: func(e Event) {
			if e.Checked {
				p.LoadFaults()
			}
		}},
		h("summary", h("h3", text(p.T("Make trouble"))),
			when(f.any(), h("span.badge.warn", testid("faults-on"), text(p.T("faults are on"))))),
		h("p.help", text(p.T("See how a device copes before a bad day comes. Everything here ends with the emulator, or with the button below."))),
		p.viewSwitch("fault-delay", p.T("Delay"), p.T("Everything that goes to devices is held back: acknowledgements, answers and messages come late, in order."),
			in.Delay > 0, p.SetDelay, p.viewText(p.T("Milliseconds"), "fault-delay-ms", &f.delay, attr("inputmode", "decimal"))),
		p.viewSwitch("fault-drop", p.T("Drop"), p.T("Now and then a packet breaks the link. The device connects again and repeats what was not acknowledged."),
			in.Drop > 0, p.SetDrop, p.viewText(p.T("Percent of the packets"), "fault-drop-percent", &f.drop, attr("inputmode", "decimal"))),
		p.viewSwitch("fault-throttle", p.T("Throttle"), p.T("The hub is over its quota: twin requests, methods and the cloud side are answered 429, and telemetry closes the connection."),
			in.Throttle, p.SetThrottle),
		p.viewSwitch("fault-refuse", p.T("Refuse to connect"), p.T("Every CONNECT is refused. Cut the connection to see it: with 3 the device goes on trying, with 5 it gives up."),
			in.Refuse != 0, p.SetRefuse,
			h("label.field", h("span.field-name", text(p.T("CONNACK code"))),
				h("select", testid("fault-refuse-code"), onChange(func(e Event) { p.update(func() { f.refuse = e.Value }) }),
					nodes(options(f.refuse, "3", p.T("3: the server is unavailable"), "5", p.T("5: not authorized")))))),
		p.viewSwitch("fault-second", p.T("Second session"), p.T("Another program connects with this device's identity. The hub closes the older connection each time (400027): the two take turns, until one gives up."),
			f.second != nil, p.secondSession),
		p.viewTrouble("fault-cut", p.T("Cut"), p.T("The connection breaks without a word. The device notices, waits a moment and connects again."), p.T("Cut it now"), p.CutConnection),
		p.viewTrouble("fault-expire", p.T("Expire"), p.T("The device connects anew with a token of 20 seconds that it cannot renew. When it ends, the hub closes the connection, and the device says why."), p.T("Let it expire"), p.ExpireToken),
		h("div.actions", h("button.secondary", attr("type", "button"), testid("faults-end"), flag("disabled", f.busy || !f.any()), text(p.T("End all trouble")), onClick(p.EndFaults))),
		viewResult(f.result, "faults-result"),
	)
}

// viewSwitch is a fault that is on or off, with its settings.
func (p *Panel) viewSwitch(id, name, words string, on bool, set func(bool), settings ...*Node) *Node {
	return h("div.fault", attr("data-on", map[bool]string{true: "true", false: "false"}[on]),
		h("label.check",
			h("input", attr("type", "checkbox"), testid(id), flag("checked", on), flag("disabled", p.cloud.faults.busy), onChange(func(e Event) { set(e.Checked) })),
			h("b", text(name))),
		h("p.help", text(words)),
		when(len(settings) > 0, h("div.fault-settings", nodes(settings))),
	)
}

// viewTrouble is a fault that happens once.
func (p *Panel) viewTrouble(id, name, words, button string, do func()) *Node {
	return h("div.fault",
		h("b", text(name)),
		h("p.help", text(words)),
		h("div.fault-settings", h("button.secondary", attr("type", "button"), testid(id), flag("disabled", p.cloud.faults.busy), text(button), onClick(do))),
	)
}
