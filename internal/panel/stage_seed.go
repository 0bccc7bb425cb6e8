package panel

import (
	"cmp"
	"context"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/scenario"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// Begin implements scenario.Stage: it waits for the emulator, refuses where there is none or where the device talks to a real
// hub, and makes the hub hold what the document says.
func (st *stage) Begin(ctx context.Context, d *scenario.Document) error {
	p := st.p
	var kind hubservice.Kind
	var real bool
	err := p.Await(ctx, func() bool {
		kind, real = p.emulator.Kind, p.connection.Running() && !p.connection.OnEmulator()
		return kind == hubservice.None || kind != hubservice.Unknown && p.cloud.Live()
	})
	switch {
	case err != nil:
		return err
	case kind == hubservice.None:
		return l10n.New("a scenario runs on the emulator only, and there is none behind this page: open it with ?hub=inpage")
	case real:
		return l10n.New("the device talks to a real hub, and a scenario runs on the emulator only: disconnect the device first")
	}
	if err := p.connection.DisconnectAndWait(ctx); err != nil {
		return err
	}
	p.Update(func() {
		// The person's rules come back at the end; the scenario begins with none.
		st.restoreRules = p.methods.ReplaceRules()
		p.provisioning.ForgetAssignment()
		st.messages, st.calls = p.inbox.Next(), p.methods.Next()
		p.playing = st
	})
	st.faulted = true
	if err := p.cloud.Faults.Replace(ctx, emulator.Faults{}); err != nil {
		return err
	}
	if err := st.seed(ctx, d); err != nil {
		return err
	}
	if err := p.cloud.Registry.Load(ctx); err != nil {
		return err
	}
	p.Update(func() {
		if id := d.Device(); id != "" {
			p.cloud.SetTarget(p.emulator.Info.HubHostName, id, "")
		}
		st.events = nil
	})
	p.cloud.Twin.Load(ctx)
	return ctx.Err()
}

// End implements scenario.Stage.
func (st *stage) End(ctx context.Context) error {
	st.p.Update(func() {
		st.p.playing = nil
		if st.restoreRules != nil {
			st.restoreRules()
		}
	})
	if !st.faulted {
		return nil
	}
	return st.p.cloud.Faults.Replace(ctx, emulator.Faults{})
}

func (st *stage) seed(ctx context.Context, d *scenario.Document) error {
	// The devices that were registered before are in the registry, and would keep their twins.
	for i := range d.Steps {
		if r := d.Steps[i].Register; r != nil {
			if err := st.unregister(ctx, r.RegistrationID, ""); err != nil {
				return l10n.New("%s: %v", r.RegistrationID, err)
			}
		}
	}
	hub := &d.Hub
	for _, device := range hub.Devices {
		if err := st.seedDevice(ctx, device); err != nil {
			return l10n.New("%s: %v", device.DeviceID, err)
		}
	}
	for _, e := range hub.Enrollments {
		if err := st.unregister(ctx, e.RegistrationID, e.DeviceID); err != nil {
			return l10n.New("%s: %v", e.RegistrationID, err)
		}
		err := st.client().ReplaceEnrollment(ctx, emulator.Enrollment{RegistrationID: e.RegistrationID, DeviceID: e.DeviceID, Enrolled: enrolled(e.Twin)})
		if err != nil {
			return l10n.New("%s: %v", e.RegistrationID, err)
		}
	}
	for _, g := range hub.EnrollmentGroups {
		err := st.client().ReplaceEnrollmentGroup(ctx, emulator.EnrollmentGroup{EnrollmentGroupID: g.EnrollmentGroupID, Enrolled: enrolled(g.Twin)})
		if err != nil {
			return l10n.New("%s: %v", g.EnrollmentGroupID, err)
		}
	}
	return nil
}

// seedDevice replaces a device by a fresh one, with an empty queue and the twin that the document says. The keys of the old one stay, so
// that its connection string still opens the hub.
func (st *stage) seedDevice(ctx context.Context, d scenario.Device) error {
	client := st.client()
	var authentication emulator.Authentication
	old, err := client.Device(ctx, d.DeviceID)
	switch {
	case err == nil:
		authentication = old.Authentication
		if err := client.DeleteDevice(ctx, d.DeviceID); err != nil && !hubservice.IsNotFound(err) {
			return err
		}
	case !hubservice.IsNotFound(err):
		return err
	}
	if err := client.CreateDevice(ctx, d.DeviceID, authentication); err != nil {
		return err
	}
	if len(d.Tags) == 0 && len(d.Desired) == 0 {
		return nil
	}
	_, err = client.PatchTwin(ctx, d.DeviceID, d.Desired, d.Tags)
	return err
}

// unregister deletes a registration and its device.
func (st *stage) unregister(ctx context.Context, registrationID, deviceID string) error {
	if err := st.client().DeleteRegistration(ctx, registrationID); err != nil && !hubservice.IsNotFound(err) {
		return err
	}
	if err := st.client().DeleteDevice(ctx, cmp.Or(deviceID, registrationID)); err != nil && !hubservice.IsNotFound(err) {
		return err
	}
	return nil
}

func enrolled(t scenario.Twin) emulator.Enrolled {
	var e emulator.Enrolled
	if len(t.Tags) > 0 || len(t.Desired) > 0 {
		e.InitialTwin = &emulator.InitialTwin{Tags: orEmpty(t.Tags)}
		e.InitialTwin.Properties.Desired = orEmpty(t.Desired)
	}
	return e
}

// orEmpty is a document, or the empty one in the place of none.
func orEmpty(raw []byte) []byte {
	if len(raw) == 0 {
		return []byte("{}")
	}
	return raw
}
