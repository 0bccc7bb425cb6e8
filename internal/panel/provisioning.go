package panel

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// provisioning is the registration form and what became of the last registration.
type provisioning struct {
	endpoint, idScope, registrationID, key field
	group                                  bool // the key is the enrollment group's
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
	var d provisioning
	d.endpoint.set(hubproto.DPSGlobalHost)
	return d
}

// offerEnrollment fills the form with the emulator's demonstration enrollment. The caller holds the lock.
func (p *Panel) offerEnrollment(group bool) {
	d, info := &p.dps, p.cloud.info
	d.group = group
	if info.IDScope == "" {
		return
	}
	d.endpoint.set(info.HubHostName)
	d.idScope.set(info.IDScope)
	if group {
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
	if err != nil || !d.group || d.registrationID.text == "" {
		return ""
	}
	return base64.StdEncoding.EncodeToString(hubproto.DeriveDeviceKey(key, strings.TrimSpace(d.registrationID.text)))
}

// chooseEnrollment says whose key it is. What the person typed stays; the emulator's other demonstration takes the place of
// the one that stood there. The caller holds the lock.
func (p *Panel) chooseEnrollment(group bool) {
	d, demo := &p.dps, &p.cloud.info.Demo
	if key := trimmed(&d.key); key == "" || key == demo.Group.PrimaryKey || key == demo.Individual.PrimaryKey {
		p.offerEnrollment(group)
		return
	}
	d.group = group
}

// forgetSecrets empties the form's key, and drops the assignment, whose credentials hold the device's.
func (d *provisioning) forgetSecrets() {
	d.key.set("")
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
	key, group, busy := strings.TrimSpace(d.key.text), d.group, d.busy
	p.mu.Unlock()
	if busy {
		return
	}
	raw, err := hubclient.ParseKey(key)
	if err != nil {
		p.update(func() { p.dps.failure = p.sentence(err) })
		return
	}
	if group {
		enrollment.GroupKey = raw
	} else {
		enrollment.Key = raw
	}
	ctx, stop := context.WithCancel(p.ctx)
	p.update(func() {
		p.dps.busy, p.dps.stop, p.dps.steps, p.dps.assigned, p.dps.failure = true, stop, nil, nil, ""
	})
	p.start("the registration", func(context.Context) {
		defer stop()
		assignment, err := hubclient.Register(ctx, enrollment, &hubclient.Options{Dial: p.env.dialer(p), ServerTime: p.env.ServerTime})
		p.update(func() {
			d := &p.dps
			d.busy = false
			if err != nil {
				d.failure = p.sentence(err)
				p.deviceLog.add(p.now(), entryError, p.say("Provisioning"), d.failure, "")
				return
			}
			d.assigned = &assignment
			p.deviceLog.add(p.now(), entryReceived, p.say("Provisioning"),
				p.say("Assigned to %s as %s.", assignment.AssignedHub, assignment.DeviceID), "")
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
