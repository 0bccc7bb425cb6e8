package provisioning

import (
	"context"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/scenario"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// registration is a registration that runs.
type registration struct {
	stop  context.CancelFunc
	ended chan struct{} // closed when it has ended, after its result is in the state
	err   error         // why it failed, once it has ended
}

// cancel ends a registration that runs; nil is none.
func (r *registration) cancel() {
	if r != nil {
		r.stop()
	}
}

// RegisterDevice asks the Device Provisioning Service for the device's hub, and connects to it. It does nothing while a registration
// runs. The lock is not held.
func (room *Room) RegisterDevice() {
	room.Update(func() { room.register(room.state.kind != EnrollmentToken) }) // a token for DPS is none for a hub
}

// RegisterOnly is RegisterDevice without the connection. The lock is not held.
func (room *Room) RegisterOnly() { room.Update(func() { room.register(false) }) }

// CancelRegistration cancels the registration that runs. The lock is not held.
func (room *Room) CancelRegistration() {
	room.Lock()
	defer room.Unlock()
	room.state.running.cancel()
}

// PlayRegister registers as a scenario does: it fills in the form for the emulator, with the key of the enrollment or of its group,
// registers, and waits for the result. A registration that runs is canceled first. The lock is not held.
func (room *Room) PlayRegister(ctx context.Context, step *scenario.Register, key string) error {
	var r *registration
	for r == nil {
		var before *registration
		var err error
		room.Update(func() {
			if before = room.state.running; before != nil {
				before.cancel()
				return
			}
			s, info := &room.state, &room.emulator.Info
			s.kind = EnrollmentIndividual
			if step.EnrollmentGroupID != "" {
				s.kind = EnrollmentGroup
			}
			s.endpoint.Set(info.HubHostName)
			s.idScope.Set(info.IDScope)
			s.registrationID.Set(step.RegistrationID)
			s.key.Set(key)
			s.payload.Set(string(step.Payload))
			r, err = room.register(false)
		})
		if err != nil {
			return err
		}
		if before != nil {
			if err := wait(ctx, before); err != nil {
				return err
			}
		}
	}
	if err := wait(ctx, r); err != nil {
		r.cancel()
		return err
	}
	return r.err
}

// wait waits until a registration has ended. Its error is the context's.
func wait(ctx context.Context, r *registration) error {
	select {
	case <-r.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// register begins a registration with the form, unless one runs: then it returns nil. An error is in the view, too. The lock is held.
func (room *Room) register(connect bool) (*registration, error) {
	s := &room.state
	if s.running != nil {
		return nil, nil
	}
	enrollment, err := s.enrollment(room.emulator)
	if err != nil {
		s.failure = err
		return nil, err
	}
	enrollment.OnStep = room.stepped
	ctx, stop := context.WithCancel(room.Context())
	r := &registration{stop: stop, ended: make(chan struct{})}
	s.running, s.steps, s.assigned, s.failure = r, nil, nil, nil
	started := room.Go("the registration", func(context.Context) {
		defer stop()
		room.run(ctx, r, enrollment, connect)
		if r.err == nil {
			room.Links.RefreshDevices(ctx)
		}
	})
	if !started { // the page is being closed
		stop()
		s.running = nil
		r.err = context.Canceled
		close(r.ended)
	}
	return r, nil
}

// run is the life of a registration.
func (room *Room) run(ctx context.Context, r *registration, enrollment hubclient.Enrollment, connect bool) {
	var assignment hubclient.Assignment
	err := context.Canceled // also after a panic
	defer func() { room.Update(func() { room.registered(r, &assignment, err, connect) }) }()
	assignment, err = hubclient.Register(ctx, enrollment, &hubclient.Options{Dial: room.network.Dial, ServerTime: room.network.ServerTime, ClientType: hubservice.ClientType})
	if err == nil {
		err = ctx.Err() // Cancel came after the answer
	}
}

// registered notes the result of a registration, and connects the device if that was asked for: in the same change, so that a click on
// Cancel comes before both or after both. The lock is held.
func (room *Room) registered(r *registration, a *hubclient.Assignment, err error, connect bool) {
	s := &room.state
	s.running, r.err = nil, err
	close(r.ended)
	if err != nil {
		s.failure = err
		room.DeviceLog.Add(room.Now(), page.Failure, l10n.New("Provisioning"), l10n.Sentence{Err: err}, nil)
		return
	}
	s.assigned = a
	room.DeviceLog.Add(room.Now(), page.Received, l10n.New("Provisioning"), l10n.New("Assigned to %s as %s.", a.AssignedHub, a.DeviceID), nil)
	if connect {
		room.Links.Connect(a.Credentials) // the device has one connection at a time: the new identity takes the place of the old
	}
}

// stepped is the registration's OnStep.
func (room *Room) stepped(s hubclient.Step) {
	room.Update(func() { room.state.steps = append(room.state.steps, s) })
}

// Assignment returns the result of the last registration, or nil if it failed or runs. The lock is held.
func (room *Room) Assignment() *hubclient.Assignment { return room.state.assigned }

// ForgetAssignment forgets the result of the last registration. The lock is held.
func (room *Room) ForgetAssignment() { room.state.assigned = nil }

// ConnectAssigned connects the device that was registered last, unless its connection runs already. The lock is not held.
func (room *Room) ConnectAssigned() {
	room.Update(func() {
		if room.canConnect() {
			room.Links.Connect(room.state.assigned.Credentials)
		}
	})
}

// canConnect reports whether there is an assigned device with a key that is not the connected one. The lock is held.
func (room *Room) canConnect() bool {
	a := room.state.assigned
	if a == nil || len(a.Credentials.Key) == 0 {
		return false
	}
	connected := room.Links.Credentials()
	return !room.Links.Running() || connected.DeviceID != a.DeviceID || connected.Host != a.AssignedHub
}

// needsSecret reports whether the assigned device has no secret for its hub, because it was registered with a token.
func needsSecret(a *hubclient.Assignment) bool {
	return a.Credentials.SharedAccessSignature == "" && len(a.Credentials.Key) == 0 && !a.Credentials.X509
}

// fillForm puts the device that was registered with a token into the connection form. The lock is not held.
func (room *Room) fillForm() {
	room.Update(func() {
		if a := room.state.assigned; a != nil {
			room.Links.FillForm(*a)
		}
	})
}
