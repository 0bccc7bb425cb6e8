package panel

import (
	"fmt"
	"slices"
)

func (p *Panel) viewCloudPane() *Node {
	c := &p.cloud
	head := h("header.pane-head", h("h2", text(p.T("Cloud"))), h("p", text(p.T("What the hub and its services see."))))
	if !p.onEmulatorLocked() {
		return h("section.pane.cloud", label(p.T("Cloud side")), head, p.viewRealHub())
	}
	var card *Node
	switch p.topic {
	case TopicMessages:
		card = p.viewSendMessage()
	case TopicTwin:
		card = p.viewCloudTwin()
	case TopicMethods:
		card = p.viewInvoke()
	case TopicProvisioning:
		card = p.viewEnrollments()
	default:
		card = p.viewEvents()
	}
	ids := make([]string, 0, len(c.registry.devices)+1)
	for _, d := range c.registry.devices {
		ids = append(ids, d.DeviceID)
	}
	if !slices.Contains(ids, c.target) && c.target != "" {
		ids = append([]string{c.target}, ids...)
	}
	list := make([]*Node, 0, len(ids))
	for _, id := range ids {
		list = append(list, h("option", key(id), attr("value", id), flag("selected", id == c.target), text(id)))
	}
	return h("section.pane.cloud", label(p.T("Cloud side")), head,
		h("div.card.target",
			h("label.field.inline", h("span.field-name", text(p.T("Device"))),
				h("select", testid("cloud-device"), Listener{Event: "change", Do: func(e Event) { p.SelectDevice(e.Value) }}, nodes(list))),
			p.viewModules(),
			h("span.chip", testid("cloud-live"), attr("data-live", fmt.Sprint(c.live)), text(map[bool]string{true: p.T("event stream open"), false: p.T("event stream closed")}[c.live])),
		),
		card,
		p.viewRegistry(),
		p.viewFaults(),
		p.viewJournal(&c.log, "cloud-log", p.T("Operations log"),
			p.T("Nothing yet. Connect the device: the hub writes here what it did, and why it refused.")),
	)
}

// viewRealHub stands where there is no emulator to look into: the service API of a real hub cannot be called from a page,
// since it sends no CORS headers (protocol.md section 1).
func (p *Panel) viewRealHub() *Node {
	if p.hub == hubUnknown {
		return h("div.card", h("p.empty", text(p.T("Looking for an emulator …"))))
	}
	return h("div.card.real", key("real"),
		h("h3", text(p.T("This side is yours"))),
		h("p", text(p.T("The device talks to a real hub. A page cannot call a hub's service API (it allows no other origin), so watch and command it from your shell:"))),
		h("pre", testid("cloud-commands"), text("az iot hub monitor-events -n HUB -d "+orPlaceholder(p.device.credentials.DeviceID)+"\n"+
			"az iot device c2d-message send -n HUB -d "+orPlaceholder(p.device.credentials.DeviceID)+" --data 'Hello'\n"+
			"az iot hub device-twin update -n HUB -d "+orPlaceholder(p.device.credentials.DeviceID)+" --desired '{\"interval\": 10}'\n"+
			"az iot hub invoke-device-method -n HUB -d "+orPlaceholder(p.device.credentials.DeviceID)+" --mn reboot --mp '{}'")),
	)
}

func orPlaceholder(id string) string {
	if id == "" {
		return "DEVICE"
	}
	return id
}

func (p *Panel) viewSendMessage() *Node {
	m := &p.cloud.message
	title, send := p.T("Send a cloud-to-device message"), p.T("Send to the device")
	if p.cloud.module != "" {
		title, send = p.T("Send a message to a module's input"), p.T("Send to the module")
	}
	return h("form.card", key("c2d"), onSubmit(p.SendToDevice),
		h("h3", text(title)),
		when(p.cloud.module != "",
			p.viewText(p.T("Input"), "c2d-input", &m.input),
			h("p.help", text(p.T("On a real hub only IoT Edge sends to a module's inputs, by its routes; the emulator does it so that a module can be tried.")))),
		h("div.field", h("label.field-name", attr("for", "c2d-body"), text(p.T("Body"))),
			h("textarea.mono", attr("id", "c2d-body"), testid("c2d-body"), attr("rows", "3"), attr("spellcheck", "false"), value{&m.body}, p.typing(&m.body))),
		p.viewProperties(&m.properties, "c2d-property", p.T("Application properties")),
		h("div.grid",
			p.viewText(p.T("message-id"), "c2d-message-id", &m.messageID, attr("placeholder", p.T("made for you"))),
			p.viewText(p.T("correlation-id"), "c2d-correlation-id", &m.correlationID),
			p.viewText(p.T("Expires after (s)"), "c2d-expiry", &m.expiry, attr("inputmode", "numeric"), attr("placeholder", "3600")),
			h("label.field", h("span.field-name", text(p.T("iothub-ack"))),
				h("select", testid("c2d-ack"), Listener{Event: "change", Do: func(e Event) { p.update(func() { m.ack = e.Value }) }},
					nodes(options(m.ack, "none", "none", "positive", "positive", "negative", "negative", "full", "full")))),
		),
		h("div.actions", h("button.primary", attr("type", "submit"), testid("c2d-send"), flag("disabled", m.busy), text(send))),
		viewResult(m.result, "c2d-result"),
		p.viewSent(),
	)
}

func (p *Panel) viewCloudTwin() *Node {
	c := &p.cloud
	return h("form.card", key("cloud-twin"), onSubmit(p.UpdateDesired),
		h("h3", text(p.T("Desired properties"))),
		p.viewJSON(p.T("Patch of the desired properties (null deletes)"), "desired-patch", &c.desired.patch, 4, false),
		h("div.actions", h("button.primary", attr("type", "submit"), testid("desired-update"), flag("disabled", c.desired.busy), text(p.T("Update desired")))),
		viewResult(c.desired.result, "desired-result"),
		p.viewJSON(p.T("Patch of the tags (null deletes)"), "tags-patch", &c.tags.patch, 3, false),
		h("div.actions", h("button.secondary", attr("type", "button"), testid("tags-update"), flag("disabled", c.tags.busy), text(p.T("Update tags")), onClick(p.UpdateTags))),
		viewResult(c.tags.result, "tags-result"),
		h("section.document",
			h("header", h("h4", text(p.T("The twin, as a service reads it"))), h("span.badge", text(p.T("version %d", c.twin.version))),
				h("button.quiet", attr("type", "button"), testid("cloud-twin-read"), text(p.T("Read again")), onClick(func() { p.start("the twin", p.loadCloudTwin) }))),
			h("pre", testid("cloud-twin"), text(c.twin.document))),
	)
}

func (p *Panel) viewInvoke() *Node {
	c := &p.cloud
	return h("form.card", key("invoke"), onSubmit(p.InvokeMethod),
		h("h3", text(p.T("Invoke a direct method"))),
		h("div.grid",
			p.viewText(p.T("Method name"), "invoke-name", &c.invoke.name),
			p.viewText(p.T("Response time-out (s)"), "invoke-timeout", &c.invoke.timeout, attr("inputmode", "numeric")),
			p.viewText(p.T("Connect time-out (s)"), "invoke-connect-timeout", &c.invoke.connectTimeout, attr("inputmode", "numeric")),
		),
		p.viewJSON(p.T("Payload"), "invoke-payload", &c.invoke.payload, 4, true),
		h("div.actions", h("button.primary", attr("type", "submit"), testid("invoke"), flag("disabled", c.invoke.busy), text(p.T("Invoke")))),
		when(c.invoke.busy, h("p.help", text(p.T("Waiting for the device …")))),
		viewResult(c.invoke.result, "invoke-result"),
		p.viewInvocations(),
	)
}

// viewSent lists the cloud-to-device messages that this page sent, newest first, each with its way as the hub told it.
func (p *Panel) viewSent() part {
	sent := p.cloud.sent
	if len(sent) == 0 {
		return nil
	}
	rows := make(nodes, 0, len(sent))
	for i := len(sent) - 1; i >= 0; i-- {
		m := sent[i]
		rows = append(rows, h("li.way", key(m.id), testid("c2d-sent"), attr("data-outcome", string(m.outcome)),
			h("div.message-head", h("time", text(clock(m.at))), h("b", text(m.device)), h("span.badge", text(m.id))),
			h("p.summary", text(m.summary)),
			h("ol.way-steps", waySteps(m.steps))))
	}
	return parts{
		h("h4", text(p.T("What became of it"))),
		h("p.help", text(p.T("A real hub tells a service by feedback, over AMQP. Here the operations log tells."))),
		h("ol.ways", rows),
	}
}

func waySteps(steps []string) nodes {
	list := make(nodes, 0, len(steps))
	for _, s := range steps {
		list = append(list, h("li", text(s)))
	}
	return list
}

// viewInvocations lists the direct methods that this page invoked, newest first.
func (p *Panel) viewInvocations() part {
	calls := p.cloud.calls
	if len(calls) == 0 {
		return nil
	}
	rows := make(nodes, 0, len(calls))
	for i := len(calls) - 1; i >= 0; i-- {
		c := calls[i]
		answer := c.problem
		if answer == "" {
			answer = c.answer
		}
		status := p.T("failed")
		if c.problem == "" {
			status = fmt.Sprint(c.status)
		}
		rows = append(rows, h("li.call", key(fmt.Sprint(c.id)), testid("invoke-call"),
			h("details",
				h("summary.line", h("time", text(clock(c.at))), h("span.what", text(c.name)), h("span.chip", text(c.device)),
					h("span.outcome", attr("data-outcome", string(c.outcome())), text(p.T("%s, in %d ms", status, c.took.Milliseconds())))),
				h("div.columns",
					h("section.document", h("h4", text(p.T("Request"))), h("pre", text(c.request))),
					h("section.document", h("h4", text(p.T("Answer"))), h("pre", text(answer)))))))
	}
	return parts{h("h4", text(p.T("Calls"))), h("ol.calls", rows)}
}

func (p *Panel) viewEnrollments() *Node {
	demo := p.cloud.info.Demo
	row := func(kind enrollmentKind, name, registrationID string) *Node {
		return h("div.enrollment",
			h("div", h("b", text(name)), h("p.help", text(p.T("registration id %s", registrationID)))),
			h("button.secondary", attr("type", "button"), testid("use-"+string(kind)), text(p.T("Use it")),
				onClick(func() { p.update(func() { p.offerEnrollment(kind) }) })))
	}
	return h("div.card", key("enrollments"),
		h("h3", text(p.T("Enrollments of the emulator"))),
		h("p.help", text(p.T("ID scope %s", p.cloud.info.IDScope))),
		row(enrollmentIndividual, p.T("Individual enrollment"), demo.Individual.RegistrationID),
		row(enrollmentGroup, p.T("Enrollment group %s", demo.Group.EnrollmentGroupID), demo.Group.RegistrationID),
		h("p.help", text(p.T("The service answers 202 with retry-after while it assigns a hub, as the real one does; then it creates the device in the hub."))),
	)
}
