package panel

import (
	"fmt"

	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

func (p *Panel) viewProvisioning() *Node {
	d := &p.dps
	choice := func(group bool, id, name string) *Node {
		return h("label.check",
			h("input", attr("type", "radio"), attr("name", "enrollment"), testid(id), flag("checked", d.group == group),
				Listener{Event: "change", Do: func(Event) { p.update(func() { p.offerEnrollment(group) }) }}),
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
