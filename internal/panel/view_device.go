package panel

import (
	"fmt"

	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

func (p *Panel) viewComposer() *Node {
	c := &p.telemetry
	return h("form.card", key("telemetry"), onSubmit(p.SendTelemetry),
		h("h3", text(p.say("Send telemetry"))),
		p.viewJSON(p.say("Message body"), "telemetry-body", &c.body, 5, false),
		p.viewProperties(&c.properties, "telemetry-property", "Application properties"),
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

func (p *Panel) viewInbox() *Node {
	rows := make(nodes, 0, len(p.inbox))
	for i := len(p.inbox) - 1; i >= 0; i-- {
		m := p.inbox[i]
		chips := nodes{}
		for _, property := range m.message.Properties {
			chips = append(chips, h("span.chip", attr("data-null", fmt.Sprint(property.Null)), text(propertyText(property))))
		}
		if id := m.message.MessageID; id != "" {
			chips = append(chips, h("span.chip.system", text("message-id = "+id)))
		}
		if ct := m.message.ContentType; ct != "" {
			chips = append(chips, h("span.chip.system", text("content-type = "+ct)))
		}
		rows = append(rows, h("li.message", key(fmt.Sprint(m.id)), testid("message"),
			h("div.message-head", h("time", text(clock(m.at))),
				h("span.badge", text(p.say("completed"))),
				when(m.duplicate, h("span.badge.warn", text(p.say("delivered again"))))),
			h("pre", text(payloadText(m.message.Body))),
			when(len(chips) > 0, h("div.chips", chips)),
		))
	}
	return h("div.card", key("messages"),
		h("h3", text(p.say("Cloud-to-device messages"))),
		when(len(p.inbox) == 0, h("p.empty", text("Nothing yet. Send one from the cloud side: the hub keeps it until the device is connected. "+
			"Receiving completes a message; over MQTT a device cannot reject it."))),
		when(len(p.inbox) > 0, h("div.scroll", attr("role", "log"), label(p.say("Cloud-to-device messages")), attr("tabindex", "0"), h("ol.messages", rows))),
	)
}

func (p *Panel) viewTwin() *Node {
	t := &p.twin
	state := "Connect the device to read its twin."
	switch {
	case t.loading:
		state = "Reading …"
	case t.known:
		state = ""
	}
	part := func(name, id string, version int64, m map[string]any, more ...part) *Node {
		return h("section.document", label(name),
			h("header", h("h4", text(name)), when(t.known, h("span.badge", testid(id+"-version"), text(p.say("$version %d", version)))), parts(more)),
			when(t.known, h("pre", testid(id), text(document(m)))),
			when(!t.known, h("p.empty", text("—"))),
		)
	}
	return h("form.card", key("twin"), onSubmit(p.ReportPatch),
		h("header.card-head", h("h3", text(p.say("Device twin"))),
			h("button.quiet", attr("type", "button"), testid("twin-read"), flag("disabled", !p.device.running()), text(p.say("Read again")), onClick(p.ReadTwin))),
		when(state != "", h("p.help", text(state))),
		h("div.columns",
			part("Desired", "twin-desired", t.desiredVersion, t.desired,
				when(t.changed > 0, h("span.badge.accent", testid("twin-changes"), key(fmt.Sprint(t.changed)), text(p.say("changed ×%d", t.changed))))),
			part("Reported", "twin-reported", t.reportedVersion, t.reported),
		),
		p.viewJSON(p.say("Patch of the reported properties (null deletes)"), "twin-patch", &t.patch, 6, false),
		h("div.actions",
			h("button.primary", attr("type", "submit"), testid("twin-report"), flag("disabled", !p.device.running() || t.busy), text(p.say("Report")))),
		viewResult(t.result, "twin-result"),
	)
}

func (p *Panel) viewMethods() *Node {
	m := &p.methods
	rows := make(nodes, 0, len(m.calls))
	for i := len(m.calls) - 1; i >= 0; i-- {
		c := m.calls[i]
		rows = append(rows, h("li.call", key(fmt.Sprint(c.id)), testid("method-call"),
			h("details",
				h("summary.line", h("time", text(clock(c.at))), h("b.what", text(c.name)), h("span.outcome", attr("data-outcome", "done"), text(p.say("answered %d", c.status)))),
				h("div.columns",
					h("section.document", h("header", h("h4", text(p.say("Request")))), h("pre", text(c.request))),
					h("section.document", h("header", h("h4", text(p.say("Response")))), h("pre", text(c.response))),
				),
			)))
	}
	return h("div.card", key("methods"),
		h("h3", text(p.say("Answer direct methods"))),
		h("div.grid",
			p.viewText(p.say("Status"), "method-status", &m.status, attr("inputmode", "numeric")),
		),
		p.viewJSON(p.say("Payload of the answer"), "method-answer", &m.payload, 4, true),
		h("p.help", text(p.say("Every call is answered with this at once. Invoke one from the cloud side."))),
		when(len(m.calls) > 0, h("div.scroll", attr("role", "log"), label(p.say("Direct methods that were answered")), attr("tabindex", "0"), h("ol.calls", rows))),
	)
}

func (p *Panel) viewProvisioning() *Node {
	d := &p.dps
	choice := func(group bool, id, name string) *Node {
		return h("label.check",
			h("input", attr("type", "radio"), attr("name", "enrollment"), testid(id), flag("checked", d.group == group),
				Listener{"change", func(Event) { p.update(func() { p.offerEnrollment(group) }) }}),
			h("span", text(name)))
	}
	keyName := "Symmetric key of the individual enrollment"
	if d.group {
		keyName = "Symmetric key of the enrollment group"
	}
	return h("form.card", key("provisioning"), onSubmit(p.RegisterDevice),
		h("h3", text(p.say("Register with the Device Provisioning Service"))),
		h("fieldset.choices", h("legend", text(p.say("Enrollment"))),
			choice(false, "dps-individual", "Individual"), choice(true, "dps-group", "Group")),
		h("div.grid",
			p.viewText(p.say("ID scope"), "dps-id-scope", &d.idScope, attr("placeholder", "0ne00…")),
			p.viewText(p.say("Registration id"), "dps-registration-id", &d.registrationID),
		),
		h("label.field",
			h("span.field-name", text(keyName)),
			h("input.mono", secret(d.reveal), testid("dps-key"), attr("autocomplete", "off"), attr("spellcheck", "false"), value{&d.key}, p.typing(&d.key))),
		when(d.group && d.derivedKey() != "", h("p.help", text(p.say("The device's own key is derived from it here, in the page: the group's key is not sent.")))),
		h("details.more", h("summary", text(p.say("Provisioning endpoint"))),
			p.viewText(p.say("Host"), "dps-endpoint", &d.endpoint)),
		h("div.actions",
			p.viewCheck(p.say("Show the key"), "dps-reveal", &d.reveal),
			when(d.busy, h("button.secondary", attr("type", "button"), testid("dps-cancel"), text(p.say("Cancel")), onClick(p.CancelRegistration))),
			h("button.primary", attr("type", "submit"), testid("dps-register"), flag("disabled", d.busy), text(p.say("Register and connect"))),
		),
		p.viewSteps(),
	)
}

// viewSteps draws the registration as it happens.
func (p *Panel) viewSteps() part {
	d := &p.dps
	if len(d.steps) == 0 && d.failure == "" {
		return nil
	}
	rows := make(nodes, 0, len(d.steps)+1)
	for i, s := range d.steps {
		note := ""
		if s.Status != 0 {
			note = fmt.Sprint(s.Status)
		}
		if s.RetryAfter > 0 {
			note += fmt.Sprintf(" · retry-after %d s", int(s.RetryAfter.Seconds()))
		}
		rows = append(rows, h("li.step", key(fmt.Sprint(i)), attr("data-step", s.Kind.String()), testid("dps-step"),
			h("time", text(clock(s.Time.In(p.env.Location)))),
			h("b", text(stepName(s.Kind))),
			when(note != "", h("span.outcome", text(note))),
			when(s.Topic != "", h("code.topic", text(s.Topic))),
			when(s.Detail != "", h("span.summary", text(s.Detail))),
		))
	}
	if a := d.assigned; a != nil {
		rows = append(rows, h("li.step.final", key("assigned"), testid("dps-assigned"),
			h("b", text(p.say("Assigned to %s as %s", a.AssignedHub, a.DeviceID)))))
	}
	if d.failure != "" {
		rows = append(rows, h("li.step.failed", key("failure"), testid("dps-failure"), h("b", text(d.failure))))
	}
	return h("div", attr("role", "log"), label(p.say("Registration, step by step")), h("ol.steps", rows))
}

func stepName(k hubclient.StepKind) string {
	switch k {
	case hubclient.StepDialing:
		return "Opening a WebSocket"
	case hubclient.StepConnecting:
		return "CONNECT with the registration's token"
	case hubclient.StepSubscribed:
		return "Subscribed to the answers"
	case hubclient.StepRegistering:
		return "Asking to be registered"
	case hubclient.StepAssigning:
		return "Accepted, the service is assigning a hub"
	case hubclient.StepPolling:
		return "Asking how far it is"
	case hubclient.StepAssigned:
		return "Assigned"
	case hubclient.StepFailed:
		return "Failed"
	}
	return k.String()
}
