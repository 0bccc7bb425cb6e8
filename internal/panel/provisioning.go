package panel

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// enrollmentKind is with what a device proves to DPS who it is.
type enrollmentKind string

const (
	enrollmentIndividual enrollmentKind = "individual" // with an individual enrollment's key
	enrollmentGroup      enrollmentKind = "group"      // with a key derived from the enrollment group's
	enrollmentToken      enrollmentKind = "token"      // with a SAS token made elsewhere
)

// provisioning is the registration form and what became of the last registration.
type provisioning struct {
	endpoint, idScope, registrationID, key field
	token                                  field // of enrollmentToken; a secret
	kind                                   enrollmentKind
	reveal                                 bool
	busy                                   bool
	stop                                   context.CancelFunc
	steps                                  []hubclient.Step
	assigned                               *hubclient.Assignment
	failure                                string
	revealDerived                          bool
	payload                                field // JSON for a custom allocation policy; may be empty
}

func newProvisioning() provisioning {
	d := provisioning{kind: enrollmentIndividual}
	d.endpoint.set(hubproto.DPSGlobalHost)
	return d
}

// offerEnrollment fills the form with the emulator's demonstration enrollment. The caller holds the lock.
func (p *Panel) offerEnrollment(kind enrollmentKind) {
	d, info := &p.dps, p.cloud.info
	d.kind = kind
	if info.IDScope == "" || kind == enrollmentToken {
		return
	}
	d.endpoint.set(info.HubHostName)
	d.idScope.set(info.IDScope)
	if kind == enrollmentGroup {
		d.registrationID.set(info.Demo.Group.RegistrationID)
		d.key.set(info.Demo.Group.PrimaryKey)
	} else {
		d.registrationID.set(info.Demo.Individual.RegistrationID)
		d.key.set(info.Demo.Individual.PrimaryKey)
	}
}

// derivedKey is the device's own key, computed from the group's, or "" while the form does not allow it.
func (d *provisioning) derivedKey() string {
	key, err := hubproto.ParseKey(strings.TrimSpace(d.key.text))
	if err != nil || d.kind != enrollmentGroup || d.registrationID.text == "" {
		return ""
	}
	return base64.StdEncoding.EncodeToString(hubproto.DeriveDeviceKey(key, strings.TrimSpace(d.registrationID.text)))
}

// chooseEnrollment says whose key it is. What the person typed stays; the emulator's other demonstration takes the place of
// the one that stood there. The caller holds the lock.
func (p *Panel) chooseEnrollment(kind enrollmentKind) {
	d, demo := &p.dps, &p.cloud.info.Demo
	if key := trimmed(&d.key); key == "" || key == demo.Group.PrimaryKey || key == demo.Individual.PrimaryKey {
		p.offerEnrollment(kind)
		return
	}
	d.kind = kind
}

// typeToken takes over a token as it is typed, and what it says of the registration. The caller holds the lock.
func (d *provisioning) typeToken(s string) {
	d.token.text = s
	token, err := hubproto.ParseSAS(s)
	if err != nil {
		return
	}
	if idScope, registrationID, ok := strings.Cut(token.Resource, "/registrations/"); ok {
		d.idScope.set(idScope)
		d.registrationID.set(strings.TrimSuffix(registrationID, "/"))
	}
}

// checkToken says what keeps a token from opening DPS, as far as the token itself tells.
func checkToken(s string) error {
	token, err := hubproto.ParseSAS(s)
	switch {
	case err != nil:
		return l10n.New("this %v", err)
	case !strings.Contains(token.Resource, "/registrations/"):
		return l10n.New("the token is for %q: DPS wants one for {ID scope}/registrations/{registration id}", token.Resource)
	case token.Policy != hubproto.DPSPolicy:
		return l10n.New("the token's policy (skn) is %q: DPS wants %q", token.Policy, hubproto.DPSPolicy)
	}
	return nil
}

// FillAssigned puts the device that was registered with a token into the connection form: that token is for DPS only, so the
// person gives the device's key, or a token for the hub.
func (p *Panel) FillAssigned() {
	p.update(func() {
		a := p.dps.assigned
		if a == nil {
			return
		}
		f := &p.device.form
		f.way = wayFields
		f.host.set(a.AssignedHub)
		f.deviceID.set(a.DeviceID)
		f.moduleID.set("")
		f.key.set("")
		f.asked++
	})
}

// forgetSecrets empties the form's key and token, and drops the assignment, whose credentials hold the device's.
func (d *provisioning) forgetSecrets() {
	d.key.set("")
	d.token.set("")
	d.assigned = nil
}

// ConnectAssigned connects the device that was registered last; a session that runs ends first.
func (p *Panel) ConnectAssigned() {
	p.start("the assigned device", func(ctx context.Context) {
		p.mu.Lock()
		assigned := p.dps.assigned
		running := p.device.running()
		p.mu.Unlock()
		if assigned == nil {
			return
		}
		if running {
			p.endSession(ctx)
		}
		p.connectWith(assigned.Credentials)
	})
}

// CopyDerivedKey puts the device's own key on the clipboard.
func (p *Panel) CopyDerivedKey() {
	p.mu.Lock()
	key := p.dps.derivedKey()
	p.mu.Unlock()
	p.start("copy the key", func(ctx context.Context) {
		if err := p.env.Copy(ctx, key); err != nil {
			p.fail("copy", err)
		}
	})
}

// RegisterDevice asks the Device Provisioning Service for the device's hub, and connects to it with what it was given.
func (p *Panel) RegisterDevice() { p.register(true) }

// RegisterOnly is RegisterDevice without the connecting.
func (p *Panel) RegisterOnly() { p.register(false) }

func (p *Panel) register(connect bool) {
	p.mu.Lock()
	d := &p.dps
	enrollment := hubclient.Enrollment{
		Endpoint:       strings.TrimSpace(d.endpoint.text),
		IDScope:        strings.TrimSpace(d.idScope.text),
		RegistrationID: strings.TrimSpace(d.registrationID.text),
		OnStep:         p.gotStep,
		Payload:        []byte(trimmed(&d.payload)),
	}
	if url := p.endpoint(enrollment.Endpoint); url != "" {
		enrollment.Endpoint = url
	}
	err := d.prove(&enrollment)
	connect = connect && d.kind != enrollmentToken
	busy := d.busy
	p.mu.Unlock()
	if busy {
		return
	}
	if err != nil {
		p.update(func() { p.dps.failure = p.Sentence(err) })
		return
	}
	ctx, stop := context.WithCancel(p.ctx)
	p.update(func() {
		p.dps.busy, p.dps.stop, p.dps.steps, p.dps.assigned, p.dps.failure = true, stop, nil, nil, ""
	})
	p.start("the registration", func(context.Context) {
		defer stop()
		assignment, err := hubclient.Register(ctx, enrollment, &hubclient.Options{Dial: p.env.dialer(p), ServerTime: p.env.ServerTime, ClientType: "hubpanel"})
		p.update(func() {
			d := &p.dps
			d.busy = false
			if err != nil {
				d.failure = p.Sentence(err)
				p.deviceLog.add(p.now(), entryError, p.T("Provisioning"), d.failure, "")
				return
			}
			d.assigned = &assignment
			p.deviceLog.add(p.now(), entryReceived, p.T("Provisioning"),
				p.T("Assigned to %s as %s.", assignment.AssignedHub, assignment.DeviceID), "")
		})
		if err != nil {
			return
		}
		p.refreshCloud(ctx)
		if connect {
			p.ConnectAssigned() // the device has one session at a time: the new identity takes the place of the old
		}
	})
}

// prove adds the form's secret to an enrollment.
func (d *provisioning) prove(e *hubclient.Enrollment) (err error) {
	switch d.kind {
	case enrollmentToken:
		e.SharedAccessSignature = trimmed(&d.token)
		return checkToken(e.SharedAccessSignature)
	case enrollmentGroup:
		e.GroupKey, err = hubclient.ParseKey(trimmed(&d.key))
	default:
		e.Key, err = hubclient.ParseKey(trimmed(&d.key))
	}
	return err
}

// CancelRegistration gives up on the registration that runs.
func (p *Panel) CancelRegistration() {
	p.mu.Lock()
	stop := p.dps.stop
	p.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// endSession ends the device's session and waits until it is over.
func (p *Panel) endSession(ctx context.Context) {
	p.mu.Lock()
	stop, done := p.device.stop, p.device.done
	p.mu.Unlock()
	if stop == nil {
		return
	}
	stop()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

func (p *Panel) gotStep(s hubclient.Step) {
	p.update(func() { p.dps.steps = append(p.dps.steps, s) })
}
