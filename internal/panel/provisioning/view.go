package provisioning

import (
	"fmt"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// Card shows the registration form and the steps of the last registration. The lock is held.
func (room *Room) Card() *ui.Node {
	s := &room.state
	busy := s.running != nil
	choice := func(kind EnrollmentKind, name string) *ui.Node {
		return ui.H("label.check",
			ui.H("input", ui.Attr("type", "radio"), ui.Attr("name", "enrollment"), ui.TestID("dps-"+string(kind)), ui.Flag("checked", s.kind == kind),
				ui.Listener{Event: "change", Do: func(ui.Event) { room.Update(func() { room.chooseEnrollment(kind) }) }}),
			ui.H("span", ui.Text(name)))
	}
	inputs := room.viewEnrollmentKey()
	if s.kind == EnrollmentToken {
		inputs = room.viewEnrollmentToken()
	}
	register := ui.H("button.primary", ui.Attr("type", "submit"), ui.TestID("dps-register"), ui.Flag("disabled", busy), ui.Text(room.T("Register and connect")))
	if s.kind == EnrollmentToken {
		register = ui.H("button.primary", ui.Attr("type", "submit"), ui.TestID("dps-register"), ui.Flag("disabled", busy), ui.Text(room.T("Register")))
	}
	return ui.H("form.card", ui.Key("provisioning"), ui.OnSubmit(room.RegisterDevice),
		ui.H("h3", ui.Text(room.T("Register with the Device Provisioning Service"))),
		ui.H("p.help", ui.Text(room.help())),
		ui.H("fieldset.choices", ui.H("legend", ui.Text(room.T("Enrollment"))),
			choice(EnrollmentIndividual, room.T("Individual")), choice(EnrollmentGroup, room.T("Group")), choice(EnrollmentToken, room.T("With a SAS token"))),
		ui.H("div.grid",
			room.TextField(room.T("ID scope"), "dps-id-scope", &s.idScope, ui.Attr("placeholder", "0ne00…")),
			room.CheckedField(room.T("Registration id"), "dps-registration-id", &s.registrationID, "", hubproto.ValidRegistrationID),
		),
		inputs,
		ui.H("details.more", ui.H("summary", ui.Text(room.T("Provisioning endpoint"))),
			room.TextField(room.T("Host"), "dps-endpoint", &s.endpoint)),
		ui.H("details.more", ui.H("summary", ui.Text(room.T("Payload for a custom allocation policy"))),
			room.JSONField(room.T("Payload (JSON, optional)"), "dps-payload", &s.payload, 3, true)),
		ui.H("div.actions",
			room.CheckBox(room.T("Show the secret"), "dps-reveal", &s.reveal),
			ui.When(busy, ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("dps-cancel"), ui.Text(room.T("Cancel")), ui.OnClick(room.CancelRegistration))),
			ui.When(s.kind != EnrollmentToken, ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("dps-only"), ui.Flag("disabled", busy), ui.Text(room.T("Register only")), ui.OnClick(room.RegisterOnly))),
			register,
		),
		room.viewSteps(),
	)
}

// help explains what a registration does and where its parts are found.
func (room *Room) help() string {
	if room.emulator.Found() {
		return room.T("The service assigns the device to a hub, and the device connects there. The form has an enrollment of the emulator: press Register and connect, or give your own.")
	}
	return room.T("The service assigns the device to a hub, and the device connects there. The ID scope and the enrollment are in the Azure portal, under your provisioning service.")
}

// viewEnrollmentKey asks for the key of an individual enrollment or of a group.
func (room *Room) viewEnrollmentKey() *ui.Node {
	s := &room.state
	name := room.T("Symmetric key of the individual enrollment")
	if s.kind == EnrollmentGroup {
		name = room.T("Symmetric key of the enrollment group")
	}
	problem := ""
	if _, err := hubclient.ParseKey(s.key.Text); err != nil && s.key.Trimmed() != "" {
		problem = room.Sentence(err)
	}
	return ui.H("div.proof", ui.Key("key"),
		ui.H("label.field",
			ui.H("span.field-name", ui.Text(name)),
			ui.H("input.mono", ui.Secret(s.reveal), ui.TestID("dps-key"), ui.Attr("autocomplete", "off"), ui.Attr("spellcheck", "false"),
				ui.Attr("aria-describedby", "dps-key-problem"), ui.Value(&s.key), room.Typing(&s.key))),
		ui.H("p.problem", ui.Attr("id", "dps-key-problem"), ui.TestID("dps-key-problem"), ui.Text(problem)),
		room.viewDerivedKey())
}

// viewEnrollmentToken asks for a token that was made elsewhere, so that the key never comes to this page.
func (room *Room) viewEnrollmentToken() *ui.Node {
	s := &room.state
	token, err := hubproto.ParseSAS(s.token.Text)
	problem := ""
	if wrong := checkToken(s.token.Text); wrong != nil && s.token.Trimmed() != "" {
		problem = room.Sentence(wrong)
	}
	return ui.H("div.proof", ui.Key("token"),
		ui.H("label.field",
			ui.H("span.field-name", ui.Text(room.T("SAS token for DPS"))),
			ui.H("input.mono", ui.Secret(s.reveal), ui.TestID("dps-sas"), ui.Attr("autocomplete", "off"), ui.Attr("spellcheck", "false"), ui.Attr("autocapitalize", "off"),
				ui.Attr("placeholder", room.T("SharedAccessSignature sr=…&sig=…&se=…&skn=registration")), ui.Attr("aria-describedby", "dps-sas-problem dps-sas-help"), ui.Value(&s.token),
				ui.Listener{Event: "input", Do: func(e ui.Event) { room.Update(func() { s.typeToken(e.Value) }) }})),
		ui.H("p.problem", ui.Attr("id", "dps-sas-problem"), ui.TestID("dps-sas-problem"), ui.Text(problem)),
		ui.When(err == nil, room.Links.TokenView(token)),
		ui.H("p.help", ui.Attr("id", "dps-sas-help"), ui.Text(room.T("The token is for one registration: sr={ID scope}/registrations/{registration id}, skn=registration, signed with the device's key. It opens DPS only: to connect afterwards, the device's key or a token for the hub is needed."))))
}

// viewDerivedKey shows the device's own key of a group enrollment: a secret, so behind dots.
func (room *Room) viewDerivedKey() ui.Part {
	s := &room.state
	derived := s.derivedKey()
	if derived == "" {
		return nil
	}
	shown := strings.Repeat("•", 12)
	if s.revealDerived {
		shown = derived
	}
	return ui.H("div.derived",
		ui.H("span.field-name", ui.Text(room.T("The device's own key"))),
		ui.H("code", ui.TestID("dps-derived-key"), ui.Text(shown)),
		room.CheckBox(room.T("Show"), "dps-derived-reveal", &s.revealDerived),
		ui.When(room.Env.Copy != nil, ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("dps-derived-copy"), ui.Text(room.T("Copy")), ui.OnClick(room.copyDerivedKey))),
		ui.H("p.help", ui.Text(room.T("The device's own key is derived from it here, in the page: the group's key is not sent."))))
}

// stepDirections are the arrows of the steps that are packets.
var stepDirections = map[hubclient.StepKind]string{
	hubclient.StepConnecting: "→", hubclient.StepRegistering: "→", hubclient.StepPolling: "→",
	hubclient.StepSubscribed: "←", hubclient.StepAssigning: "←", hubclient.StepAssigned: "←",
}

// viewRetryAfter counts down to the next question, or the next try, while the registration waits for it.
func (room *Room) viewRetryAfter() ui.Part {
	s := &room.state
	if s.running == nil || len(s.steps) == 0 {
		return nil
	}
	last := s.steps[len(s.steps)-1]
	next := last.Time.Add(last.RetryAfter)
	if last.RetryAfter == 0 || !time.Now().Before(next) {
		return nil
	}
	return ui.H("li.step.countdown", ui.Key("waiting"), ui.TestID("dps-countdown"), ui.H("span", ui.Text(room.T("Asking again in %s", room.Until(next)))))
}

// viewSteps draws the registration as it happens.
func (room *Room) viewSteps() ui.Part {
	s := &room.state
	if len(s.steps) == 0 && s.failure == nil {
		return nil
	}
	rows := make(ui.Nodes, 0, len(s.steps)+1)
	for i, step := range s.steps {
		summary := step.Detail // a host's name
		if step.Err != nil {
			summary = room.Sentence(step.Err)
		}
		note := ""
		if step.Status != 0 {
			note = fmt.Sprint(step.Status)
		}
		if step.RetryAfter > 0 {
			note += fmt.Sprintf(" · retry-after %d s", int(step.RetryAfter.Seconds()))
		}
		rows = append(rows, ui.H("li.step", ui.Key(fmt.Sprint(i)), ui.Attr("data-step", step.Kind.String()), ui.TestID("dps-step"),
			ui.H("time", ui.Text(page.Clock(step.Time.In(room.Env.Location)))),
			ui.H("span.arrow", ui.Attr("aria-hidden", "true"), ui.Text(stepDirections[step.Kind])),
			ui.H("b", ui.Text(room.stepName(step.Kind))),
			ui.When(note != "", ui.H("span.outcome", ui.Text(note))),
			ui.When(step.Topic != "", ui.H("code.topic", ui.Text(step.Topic))),
			ui.When(step.OperationID != "", ui.H("span.summary", ui.Text(room.T("Operation id %s", step.OperationID)))),
			ui.When(summary != "", ui.H("span.summary", ui.Text(summary))),
		))
	}
	if a := s.assigned; a != nil {
		rows = append(rows, ui.H("li.step.final", ui.Key("assigned"), ui.TestID("dps-assigned"),
			ui.H("b", ui.Text(room.T("Assigned to %s as %s", a.AssignedHub, a.DeviceID))),
			ui.When(len(a.Payload) > 0, ui.H("pre", ui.TestID("dps-answer"), ui.Text(jsontext.Indent(a.Payload)))),
			ui.When(needsSecret(a),
				ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("dps-fill"), ui.Flag("disabled", room.Links.Running()), ui.Text(room.T("Put it into the connection form")), ui.OnClick(room.fillForm))),
			ui.When(room.canConnect(),
				ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("dps-connect"), ui.Text(room.T("Connect to it")), ui.OnClick(room.ConnectAssigned)))))
	}
	if s.failure != nil {
		rows = append(rows, ui.H("li.step.failed", ui.Key("failure"), ui.TestID("dps-failure"), ui.H("b", ui.Text(room.Sentence(s.failure)))))
	}
	return ui.H("div", ui.Attr("role", "log"), ui.Label(room.T("Registration, step by step")), ui.H("ol.steps", rows, room.viewRetryAfter()))
}

// stepName returns the name of a step.
func (room *Room) stepName(k hubclient.StepKind) string {
	switch k {
	case hubclient.StepDialing:
		return room.T("Opening a WebSocket")
	case hubclient.StepConnecting:
		return room.T("CONNECT with the registration's token")
	case hubclient.StepSubscribed:
		return room.T("Subscribed to the answers")
	case hubclient.StepRegistering:
		return room.T("Asking to be registered")
	case hubclient.StepAssigning:
		return room.T("Accepted, the service is assigning a hub")
	case hubclient.StepPolling:
		return room.T("Asking how far it is")
	case hubclient.StepAssigned:
		return room.T("Assigned")
	case hubclient.StepFailed:
		return room.T("Failed")
	}
	return k.String()
}
