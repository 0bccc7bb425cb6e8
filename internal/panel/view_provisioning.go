package panel

import (
	"fmt"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

func (p *Panel) viewProvisioning() *Node {
	d := &p.dps
	choice := func(kind enrollmentKind, name string) *Node {
		return h("label.check",
			h("input", attr("type", "radio"), attr("name", "enrollment"), testid("dps-"+string(kind)), flag("checked", d.kind == kind),
				Listener{Event: "change", Do: func(Event) { p.update(func() { p.chooseEnrollment(kind) }) }}),
			h("span", text(name)))
	}
	inputs := p.viewEnrollmentKey()
	if d.kind == enrollmentToken {
		inputs = p.viewEnrollmentToken()
	}
	register := h("button.primary", attr("type", "submit"), testid("dps-register"), flag("disabled", d.busy), text(p.T("Register and connect")))
	if d.kind == enrollmentToken {
		register = h("button.primary", attr("type", "submit"), testid("dps-register"), flag("disabled", d.busy), text(p.T("Register")))
	}
	return h("form.card", key("provisioning"), onSubmit(p.RegisterDevice),
		h("h3", text(p.T("Register with the Device Provisioning Service"))),
		h("p.help", text(p.provisioningHelp())),
		h("fieldset.choices", h("legend", text(p.T("Enrollment"))),
			choice(enrollmentIndividual, p.T("Individual")), choice(enrollmentGroup, p.T("Group")), choice(enrollmentToken, p.T("With a SAS token"))),
		h("div.grid",
			p.viewText(p.T("ID scope"), "dps-id-scope", &d.idScope, attr("placeholder", "0ne00…")),
			p.viewChecked(p.T("Registration id"), "dps-registration-id", &d.registrationID, "", hubproto.ValidRegistrationID),
		),
		inputs,
		h("details.more", h("summary", text(p.T("Provisioning endpoint"))),
			p.viewText(p.T("Host"), "dps-endpoint", &d.endpoint)),
		h("details.more", h("summary", text(p.T("Payload for a custom allocation policy"))),
			p.viewJSON(p.T("Payload (JSON, optional)"), "dps-payload", &d.payload, 3, true)),
		h("div.actions",
			p.viewCheck(p.T("Show the secret"), "dps-reveal", &d.reveal),
			when(d.busy, h("button.secondary", attr("type", "button"), testid("dps-cancel"), text(p.T("Cancel")), onClick(p.CancelRegistration))),
			when(d.kind != enrollmentToken, h("button.secondary", attr("type", "button"), testid("dps-only"), flag("disabled", d.busy), text(p.T("Register only")), onClick(p.RegisterOnly))),
			register,
		),
		p.viewSteps(),
	)
}

// provisioningHelp says what comes of it, and what to press.
func (p *Panel) provisioningHelp() string {
	if p.cloud.fetch != nil {
		return p.T("The service assigns the device to a hub, and the device connects there. The form has an enrollment of the emulator: press Register and connect, or give your own.")
	}
	return p.T("The service assigns the device to a hub, and the device connects there. The ID scope and the enrollment are in the Azure portal, under your provisioning service.")
}

// viewEnrollmentKey asks for the key of an individual enrollment or of a group.
func (p *Panel) viewEnrollmentKey() *Node {
	d := &p.dps
	name := p.T("Symmetric key of the individual enrollment")
	if d.kind == enrollmentGroup {
		name = p.T("Symmetric key of the enrollment group")
	}
	problem := ""
	if _, err := hubclient.ParseKey(d.key.text); err != nil && trimmed(&d.key) != "" {
		problem = p.Sentence(err)
	}
	return h("div.proof", key("key"),
		h("label.field",
			h("span.field-name", text(name)),
			h("input.mono", secret(d.reveal), testid("dps-key"), attr("autocomplete", "off"), attr("spellcheck", "false"),
				attr("aria-describedby", "dps-key-problem"), value{&d.key}, p.typing(&d.key))),
		h("p.problem", attr("id", "dps-key-problem"), testid("dps-key-problem"), text(problem)),
		p.viewDerivedKey())
}

// viewEnrollmentToken asks for a token that was made elsewhere, so that the key never comes to this page.
func (p *Panel) viewEnrollmentToken() *Node {
	d := &p.dps
	token, err := hubproto.ParseSAS(d.token.text)
	problem := ""
	if wrong := checkToken(d.token.text); wrong != nil && trimmed(&d.token) != "" {
		problem = p.Sentence(wrong)
	}
	return h("div.proof", key("token"),
		h("label.field",
			h("span.field-name", text(p.T("SAS token for DPS"))),
			h("input.mono", secret(d.reveal), testid("dps-sas"), attr("autocomplete", "off"), attr("spellcheck", "false"), attr("autocapitalize", "off"),
				attr("placeholder", p.T("SharedAccessSignature sr=…&sig=…&se=…&skn=registration")), attr("aria-describedby", "dps-sas-problem dps-sas-help"), value{&d.token},
				Listener{Event: "input", Do: func(e Event) { p.update(func() { d.typeToken(e.Value) }) }})),
		h("p.problem", attr("id", "dps-sas-problem"), testid("dps-sas-problem"), text(problem)),
		when(err == nil, p.viewToken(token)),
		h("p.help", attr("id", "dps-sas-help"), text(p.T("The token is for one registration: sr={ID scope}/registrations/{registration id}, skn=registration, signed with the device's key. It opens DPS only: to connect afterwards, the device's key or a token for the hub is needed."))))
}

// viewDerivedKey shows the device's own key of a group enrollment: a secret, so behind dots.
func (p *Panel) viewDerivedKey() part {
	d := &p.dps
	derived := d.derivedKey()
	if derived == "" {
		return nil
	}
	shown := strings.Repeat("•", 12)
	if d.revealDerived {
		shown = derived
	}
	return h("div.derived",
		h("span.field-name", text(p.T("The device's own key"))),
		h("code", testid("dps-derived-key"), text(shown)),
		p.viewCheck(p.T("Show"), "dps-derived-reveal", &d.revealDerived),
		when(p.env.Copy != nil, h("button.quiet", attr("type", "button"), testid("dps-derived-copy"), text(p.T("Copy")), onClick(p.CopyDerivedKey))),
		h("p.help", text(p.T("The device's own key is derived from it here, in the page: the group's key is not sent."))))
}

// stepDirections are which way a step's packets went.
var stepDirections = map[hubclient.StepKind]string{
	hubclient.StepConnecting: "→", hubclient.StepRegistering: "→", hubclient.StepPolling: "→",
	hubclient.StepSubscribed: "←", hubclient.StepAssigning: "←", hubclient.StepAssigned: "←",
}

// viewRetryAfter counts down to the next question, or the next try, while the registration waits for it.
func (p *Panel) viewRetryAfter() part {
	d := &p.dps
	if !d.busy || len(d.steps) == 0 {
		return nil
	}
	last := d.steps[len(d.steps)-1]
	next := last.Time.Add(last.RetryAfter)
	if last.RetryAfter == 0 || !time.Now().Before(next) {
		return nil
	}
	return h("li.step.countdown", key("waiting"), testid("dps-countdown"), h("span", text(p.T("Asking again in %s", p.until(next)))))
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
			h("span.arrow", attr("aria-hidden", "true"), text(stepDirections[s.Kind])),
			h("b", text(p.stepName(s.Kind))),
			when(note != "", h("span.outcome", text(note))),
			when(s.Topic != "", h("code.topic", text(s.Topic))),
			when(s.OperationID != "", h("span.summary", text(p.T("Operation id %s", s.OperationID)))),
			when(s.Err != nil, h("span.summary", text(p.stepProblem(s)))),
			when(s.Detail != "" && s.Err == nil, h("span.summary", text(s.Detail))), // a host's name
		))
	}
	if a := d.assigned; a != nil {
		rows = append(rows, h("li.step.final", key("assigned"), testid("dps-assigned"),
			h("b", text(p.T("Assigned to %s as %s", a.AssignedHub, a.DeviceID))),
			when(len(a.Payload) > 0, h("pre", testid("dps-answer"), text(indented(a.Payload)))),
			when(a.Credentials.SharedAccessSignature == "" && len(a.Credentials.Key) == 0 && !a.Credentials.X509,
				h("button.secondary", attr("type", "button"), testid("dps-fill"), flag("disabled", p.device.running()), text(p.T("Put it into the connection form")), onClick(p.FillAssigned))),
			when(len(a.Credentials.Key) > 0 && (!p.device.running() || p.device.credentials.DeviceID != a.DeviceID || p.device.credentials.Host != a.AssignedHub),
				h("button.secondary", attr("type", "button"), testid("dps-connect"), text(p.T("Connect to it")), onClick(p.ConnectAssigned)))))
	}
	if d.failure != "" {
		rows = append(rows, h("li.step.failed", key("failure"), testid("dps-failure"), h("b", text(d.failure))))
	}
	return h("div", attr("role", "log"), label(p.T("Registration, step by step")), h("ol.steps", rows, p.viewRetryAfter()))
}

func (p *Panel) stepProblem(s hubclient.Step) string {
	if s.Err == nil {
		return ""
	}
	return p.Sentence(s.Err)
}

func (p *Panel) stepName(k hubclient.StepKind) string {
	switch k {
	case hubclient.StepDialing:
		return p.T("Opening a WebSocket")
	case hubclient.StepConnecting:
		return p.T("CONNECT with the registration's token")
	case hubclient.StepSubscribed:
		return p.T("Subscribed to the answers")
	case hubclient.StepRegistering:
		return p.T("Asking to be registered")
	case hubclient.StepAssigning:
		return p.T("Accepted, the service is assigning a hub")
	case hubclient.StepPolling:
		return p.T("Asking how far it is")
	case hubclient.StepAssigned:
		return p.T("Assigned")
	case hubclient.StepFailed:
		return p.T("Failed")
	}
	return k.String()
}
