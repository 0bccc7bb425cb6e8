package panel

import (
	"context"
	"encoding/base64"
	"fmt"
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

// RegisterDevice asks the Device Provisioning Service for the device's hub, and connects to it with what it was given.
func (p *Panel) RegisterDevice() {
	p.mu.Lock()
	d := &p.dps
	enrollment := hubclient.Enrollment{
		Endpoint:       strings.TrimSpace(d.endpoint.text),
		IDScope:        strings.TrimSpace(d.idScope.text),
		RegistrationID: strings.TrimSpace(d.registrationID.text),
		OnStep:         p.gotStep,
	}
	if url := p.endpoint(enrollment.Endpoint); url != "" {
		enrollment.Endpoint = url
	}
	key, group, busy, running := strings.TrimSpace(d.key.text), d.group, d.busy, p.device.running()
	p.mu.Unlock()
	if busy {
		return
	}
	raw, err := hubproto.ParseKey(key)
	if err != nil {
		p.update(func() { p.dps.failure = sentence(err) })
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
				d.failure = sentence(err)
				p.deviceLog.add(p.now(), entryError, "Provisioning", d.failure, "")
				return
			}
			d.assigned = &assignment
			p.deviceLog.add(p.now(), entryReceived, "Provisioning",
				fmt.Sprintf("Assigned to %s as %s.", assignment.AssignedHub, assignment.DeviceID), "")
		})
		if err != nil {
			return
		}
		p.refreshCloud(ctx)
		if running {
			p.endSession(ctx) // the device has one session at a time: the new identity takes the place of the old
		}
		p.connectWith(assignment.Credentials)
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
