package panel

// viewComposer is what sends telemetry: by hand, and by itself.
func (p *Panel) viewComposer() *Node {
	return h("div.telemetry", key("telemetry"), p.viewSendOnce(), p.viewStreams(), p.viewChart())
}

func (p *Panel) viewSendOnce() *Node {
	c := &p.telemetry
	var problem error
	if isJSON(c.system.properties().ContentType) {
		problem = checkJSON("This", c.body.text)
	}
	return h("form.card", key("composer"), onSubmit(p.SendTelemetry),
		h("h3", text(p.T("Send telemetry"))),
		p.viewEditor(p.T("Message body"), "telemetry-body", &c.body, 5, problem),
		p.viewProperties(&c.properties, "telemetry-property", p.T("Application properties")),
		p.viewSystem(),
		h("div.actions",
			p.viewCheck(p.T("QoS 0: do not wait for the acknowledgement"), "telemetry-qos0", &c.qos0),
			h("button.primary", attr("type", "submit"), testid("telemetry-send"), flag("disabled", !p.device.running()), text(p.T("Send telemetry"))),
		),
		p.viewNeedsConnection(p.T("Connect the device first: then this sends.")),
	)
}

func (p *Panel) viewNeedsConnection(why string) part {
	if p.device.running() {
		return nil
	}
	return h("p.help", text(why))
}
