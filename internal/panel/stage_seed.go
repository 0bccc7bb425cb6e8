package panel

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/scenario"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// Begin implements scenario.Stage: it waits for the emulator, refuses where there is none or where the device talks to a real
// hub, and makes the hub hold what the document says.
func (st *stage) Begin(ctx context.Context, d *scenario.Document) error {
	p := st.p
	var kind hubKind
	var real bool
	err := p.awaitSo(ctx, func() bool {
		kind, real = p.hub, p.device.running() && !p.onEmulatorLocked()
		return kind == hubNone || kind != hubUnknown && p.cloud.live
	})
	switch {
	case err != nil:
		return err
	case kind == hubNone:
		return l10n.New("a scenario runs on the emulator only, and there is none behind this page: open it with ?hub=inpage")
	case real:
		return l10n.New("the device talks to a real hub, and a scenario runs on the emulator only: disconnect the device first")
	}
	p.endSession(ctx)
	p.update(func() {
		// The person's rules come back at the end; the scenario begins with none.
		st.rules, st.ruled = p.methods.rules, true
		p.methods.rules = newMethodRules()
		p.dps.assigned = nil
		st.messages, st.call = p.inbox.next, p.methods.next
	})
	st.faulted = true
	if err := st.setFaults(ctx, emulator.Faults{}); err != nil {
		return err
	}
	if err := st.seed(ctx, d); err != nil {
		return err
	}
	if err := p.loadRegistry(ctx); err != nil {
		return err
	}
	p.update(func() {
		if id := d.Device(); id != "" {
			p.cloud.target, p.cloud.twin.document = id, ""
		}
		st.events = nil
	})
	p.loadCloudTwin(ctx)
	return ctx.Err()
}

// End implements scenario.Stage.
func (st *stage) End(ctx context.Context) error {
	if st.ruled {
		st.p.update(func() { st.p.methods.rules = st.rules })
	}
	if !st.faulted {
		return nil
	}
	return st.setFaults(ctx, emulator.Faults{})
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
		err := st.seedEnrollment(ctx, "/enrollments/", e.RegistrationID, emulator.Enrollment{RegistrationID: e.RegistrationID, DeviceID: e.DeviceID, Enrolled: enrolled(e.Twin)})
		if err != nil {
			return l10n.New("%s: %v", e.RegistrationID, err)
		}
	}
	for _, g := range hub.EnrollmentGroups {
		err := st.seedEnrollment(ctx, "/enrollmentGroups/", g.EnrollmentGroupID, emulator.EnrollmentGroup{EnrollmentGroupID: g.EnrollmentGroupID, Enrolled: enrolled(g.Twin)})
		if err != nil {
			return l10n.New("%s: %v", g.EnrollmentGroupID, err)
		}
	}
	return nil
}

// seedDevice makes a device anew, with an empty queue and the twin that the document says. The keys of one that was there
// stay, so that a connection string of it still opens.
func (st *stage) seedDevice(ctx context.Context, d scenario.Device) error {
	p, path := st.p, devicePath(d.DeviceID)
	fresh := map[string]any{"deviceId": d.DeviceID}
	raw, err := p.ask(ctx, "GET", path, nil, nil)
	if err == nil {
		var old emulator.Device
		if err := json.Unmarshal(raw, &old); err != nil {
			return err
		}
		fresh["authentication"] = old.Authentication
		if err := forgotten(p.ask(ctx, "DELETE", path, nil, always)); err != nil {
			return err
		}
	} else if !answered(err, 404) {
		return err
	}
	if _, err := p.ask(ctx, "PUT", path, fresh, nil); err != nil {
		return err
	}
	if len(d.Tags) == 0 && len(d.Desired) == 0 {
		return nil
	}
	patch := map[string]any{"tags": orEmpty(d.Tags), "properties": map[string]any{"desired": orEmpty(d.Desired)}}
	_, err = p.ask(ctx, "PATCH", "/twins/"+url.PathEscape(d.DeviceID)+apiVersion, patch, nil)
	return err
}

// unregister forgets a registration and the device that came of it.
func (st *stage) unregister(ctx context.Context, registrationID, deviceID string) error {
	if err := forgotten(st.askDPS(ctx, "DELETE", "/registrations/"+url.PathEscape(registrationID)+apiVersion, nil, always)); err != nil {
		return err
	}
	return forgotten(st.p.ask(ctx, "DELETE", devicePath(cmp.Or(deviceID, registrationID)), nil, always))
}

// forgotten is the error of a deletion: none for what was not there.
func forgotten(_ json.RawMessage, err error) error {
	if answered(err, 404) {
		return nil
	}
	return err
}

// answered says whether an error is the service's answer of a status.
func answered(err error, status int) bool {
	refused, ok := errors.AsType[*serviceError](err)
	return ok && refused.Status == status
}

func enrolled(t scenario.Twin) emulator.Enrolled {
	var e emulator.Enrolled
	if len(t.Tags) > 0 || len(t.Desired) > 0 {
		e.InitialTwin = &emulator.InitialTwin{Tags: orEmpty(t.Tags)}
		e.InitialTwin.Properties.Desired = orEmpty(t.Desired)
	}
	return e
}

// seedEnrollment makes an enrollment or a group anew, with keys that the service makes.
func (st *stage) seedEnrollment(ctx context.Context, kind, id string, enrollment any) error {
	path := kind + url.PathEscape(id) + apiVersion
	if err := forgotten(st.askDPS(ctx, "DELETE", path, nil, always)); err != nil {
		return err
	}
	_, err := st.askDPS(ctx, "PUT", path, enrollment, nil)
	return err
}

// enrollmentKey asks the service for the key of an enrollment, or of the group that the device is enrolled by.
func (st *stage) enrollmentKey(ctx context.Context, r *scenario.Register) (string, error) {
	path := "/enrollments/" + url.PathEscape(r.RegistrationID)
	if r.EnrollmentGroupID != "" {
		path = "/enrollmentGroups/" + url.PathEscape(r.EnrollmentGroupID)
	}
	raw, err := st.askDPS(ctx, "POST", path+"/attestationmechanism"+apiVersion, nil, nil)
	if err != nil {
		return "", err
	}
	var a emulator.Attestation
	if err := json.Unmarshal(raw, &a); err != nil {
		return "", err
	}
	if a.SymmetricKey == nil {
		return "", l10n.New("the enrollment has no symmetric key: it proves with a certificate who it is")
	}
	return a.SymmetricKey.PrimaryKey, nil
}

// askDPS is Panel.ask of the provisioning service, whose policy is another one.
func (st *stage) askDPS(ctx context.Context, method, path string, body any, header map[string]string) (json.RawMessage, error) {
	st.p.mu.Lock()
	text := st.p.cloud.info.ProvisioningServiceConnectionString
	st.p.mu.Unlock()
	policy, err := hubproto.ParseServiceConnectionString(text)
	if err != nil {
		return nil, err
	}
	return readAll(st.p.serviceAs(ctx, policy, method, path, body, header))
}

var _ scenario.Stage = (*stage)(nil)

// simpleName says whether a text is a name as an address may hold it (boot.js), and no document.
func simpleName(s string) bool {
	return s != "" && len(s) <= 64 && !slices.ContainsFunc([]byte(s), func(c byte) bool {
		return !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.')
	})
}
