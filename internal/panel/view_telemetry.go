package panel

// viewComposer is what sends telemetry: by hand, and by itself.
func (p *Panel) viewComposer() *Node {
	return h("div.telemetry", key("telemetry"), p.viewSendOnce(), p.viewStreams(), p.viewChart())
}

func (p *Panel) viewSendOnce() *Node {
	c := &p.telemetry
	return h("form.card", key("composer"), onSubmit(p.SendTelemetry),
		h("h3", text(p.say("Send telemetry"))),
		p.viewJSON(p.say("Message body"), "telemetry-body", &c.body, 5, false),
		p.viewProperties(&c.properties, "telemetry-property", p.say("Application properties")),
		h("details.more",
			h("summary", testid("telemetry-system"), text(p.say("System properties"))),
			h("div.grid",
				p.viewText(p.say("content-type"), "telemetry-content-type", &c.contentType),
				p.viewText(p.say("content-encoding"), "telemetry-content-encoding", &c.contentEncoding),
				p.viewText(p.say("message-id"), "telemetry-message-id", &c.messageID),
				p.viewText(p.say("correlation-id"), "telemetry-correlation-id", &c.correlationID),
				p.viewText(p.say("dt-subject (component)"), "telemetry-component", &c.componentID),
			),
		),
		h("div.actions",
			p.viewCheck(p.say("QoS 0: do not wait for the acknowledgement"), "telemetry-qos0", &c.qos0),
			h("button.primary", attr("type", "submit"), testid("telemetry-send"), flag("disabled", !p.device.running()), text(p.say("Send telemetry"))),
		),
		p.viewNeedsConnection(p.say("Connect the device first: then this sends.")),
	)
}

func (p *Panel) viewNeedsConnection(why string) part {
	if p.device.running() {
		return nil
	}
	return h("p.help", text(why))
}
