package emulator

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// provisioning is the proved identity of a connection to DPS.
type provisioning struct {
	registrationID string       // as the device writes it
	groupID        string       // the enrollment group that vouches for it; empty for an individual enrollment
	certificate    *certificate // the device's, if it showed one
	host           string       // the host name that the device used
}

// registration is a device's assignment. Guarded by Hub.mu.
type registration struct {
	RegistrationID string
	GroupID        string
	ByCertificate  bool
	DeviceID       string
	AssignedHub    string
	Substatus      string
	Created        time.Time
	LastUpdated    time.Time
	ETag           string
	Payload        json.RawMessage

	operation string // the one under way, or the last one
	assigned  time.Time
	polls     bucket // of the operation
}

// A RegistrationStatus is how far a registration is.
type RegistrationStatus string

const (
	RegistrationUnassigned RegistrationStatus = "unassigned"
	RegistrationAssigning  RegistrationStatus = "assigning"
	RegistrationAssigned   RegistrationStatus = "assigned"
	RegistrationFailed     RegistrationStatus = "failed"
	RegistrationDisabled   RegistrationStatus = "disabled"
)

// A RegistrationState describes a registration. The JSON names are those of the device and service API.
type RegistrationState struct {
	RegistrationID string             `json:"registrationId"`
	Created        *time.Time         `json:"createdDateTimeUtc,omitempty"`
	AssignedHub    string             `json:"assignedHub,omitempty"`
	DeviceID       string             `json:"deviceId,omitempty"`
	Status         RegistrationStatus `json:"status"`
	Substatus      string             `json:"substatus,omitempty"`
	ErrorCode      int                `json:"errorCode,omitempty"`
	ErrorMessage   string             `json:"errorMessage,omitempty"`
	LastUpdated    *time.Time         `json:"lastUpdatedDateTimeUtc,omitempty"`
	ETag           string             `json:"etag,omitempty"`
	SymmetricKey   *RegistrationGroup `json:"symmetricKey,omitempty"` // set when the device came by a group with keys
	X509           *RegistrationGroup `json:"x509,omitempty"`         // set when the device came by a group with a CA
	Payload        json.RawMessage    `json:"payload,omitempty"`
}

// RegistrationGroup names the enrollment group of a registration.
type RegistrationGroup struct {
	GroupID string `json:"enrollmentGroupId,omitempty"`
}

// operationStatus is the body of DPS's answers.
type operationStatus struct {
	OperationID string             `json:"operationId"`
	Status      RegistrationStatus `json:"status"`
	State       *RegistrationState `json:"registrationState,omitempty"`
}

// An Allocation is a registration of an enrollment whose allocation policy is "custom". Hub.Allocate gets it with the hub that
// would be assigned and the payload that the device sent, and returns the allocation to make: it is the webhook of the real service as a
// function. Without it, the device gets this hub, and its own payload back.
type Allocation struct {
	RegistrationID string
	GroupID        string // empty for an individual enrollment
	Hub            string // host name
	InitialTwin    *InitialTwin
	Payload        json.RawMessage // from the device; then, to the device
}

func (h *Hub) idScope() string { return cmp.Or(h.IDScope, DefaultIDScope) }

// attest finds the enrollment that vouches for a device: the individual one if there is one, otherwise a group. It returns why
// there is none. The proofs are checked without the lock.
func (h *Hub) attest(p proof) (*provisioning, string) {
	id := p.registrationID
	accepted := &provisioning{registrationID: id, certificate: p.certificate, host: p.host}
	h.mu.Lock()
	e, groups := h.enrollments[strings.ToLower(id)], sortedByKey(h.groups)
	h.mu.Unlock()
	if e != nil {
		switch {
		case e.Attestation.Type == AttestTPM:
			return nil, "the enrollment is by TPM, which DPS does not support over MQTT"
		case (e.Attestation.Type == AttestSymmetricKey) != (p.token != nil):
			return nil, "the enrollment is by " + string(e.Attestation.Type) + ", and the device came with something else"
		case p.token != nil && !signedByEither(*p.token, e.keys()):
			return nil, "the token's signature was not made with a key of this enrollment: check the key (an enrollment's own, not one derived from a group's)"
		case p.token == nil && !p.certificate.oneOf(e.Attestation.certificates(false)):
			return nil, "the certificate is not the enrollment's"
		}
		return accepted, ""
	}
	for _, g := range groups {
		if p.token != nil && g.Attestation.Type == AttestSymmetricKey && signedByEither(*p.token, derivedKeys(&g.Enrolled, id)) ||
			p.token == nil && g.Attestation.Type == AttestX509 && p.certificate.signedByEither(g.Attestation.certificates(true)) {
			accepted.groupID = g.EnrollmentGroupID
			return accepted, ""
		}
	}
	return nil, fmt.Sprintf("there is no enrollment for registration id %q, and no enrollment group whose derived key or CA fits", id)
}

// derivedKeys are the keys of a device that belongs to an enrollment group.
func derivedKeys(e *Enrolled, registrationID string) [2][]byte {
	keys := e.keys()
	for i := range keys {
		if len(keys[i]) > 0 {
			keys[i] = hubproto.DeriveDeviceKey(keys[i], registrationID)
		}
	}
	return keys
}

// startRegistration begins a registration, unless it is refused already, and calls answer, with h.mu held, when it is durable or
// refused. It waits for that until ended is closed.
func (h *Hub) startRegistration(ended <-chan struct{}, p *provisioning, payload json.RawMessage, refused *Error, answer func(operationStatus, *Error)) {
	var e *Enrolled
	var a Allocation
	if refused == nil {
		e, a, refused = h.allocate(ended, p, payload)
	}
	for stale := true; stale; {
		var auth Authentication
		if refused == nil {
			auth = deviceAuthentication(e, p) // without the lock, because it computes keys
		}
		stale = false
		h.changeFor(ended, func() func(error) {
			var status operationStatus
			now := h.enrolled(p)
			switch {
			case h.throttles():
				refused = errThrottled()
			case refused != nil:
			case now == nil:
				refused = errEnrollmentNotFound(p.registrationID)
			case now != e: // the enrollment was changed meanwhile
				e, stale = now, true
				return nil
			default:
				status, refused = h.registerDevice(p, e, auth, a)
			}
			return answerWith(answer, status, refused)
		})
		if stale && e.AllocationPolicy != AllocationCustom { // Hub.Allocate is called once
			e, a, refused = h.allocate(ended, p, payload)
		}
	}
}

// pollRegistration answers a question about an operation as startRegistration does.
func (h *Hub) pollRegistration(ended <-chan struct{}, p *provisioning, operation string, answer func(operationStatus, *Error)) {
	h.changeFor(ended, func() func(error) {
		if h.throttles() {
			return answerWith(answer, operationStatus{}, errThrottled())
		}
		status, refused := h.poll(p, operation)
		return answerWith(answer, status, refused)
	})
}

func answerWith(answer func(operationStatus, *Error), status operationStatus, refused *Error) func(error) {
	return func(err error) {
		if err != nil && refused == nil {
			refused = errStore(err)
		}
		answer(status, refused)
	}
}

// retryAfter is how long a device is asked to wait between polls.
func (h *Hub) retryAfter() time.Duration {
	if h.assigningTime() <= 3*time.Second {
		return time.Second
	}
	return 3 * time.Second
}

func (h *Hub) assigningTime() time.Duration { return cmp.Or(h.AssigningTime, DefaultAssigningTime) }

// parseRegister reads {"registrationId":…,"payload":…}; some SDKs send nothing, or a space.
func parseRegister(body []byte, registrationID string) (json.RawMessage, *Error) {
	if strings.TrimSpace(string(body)) == "" {
		return nil, nil
	}
	var request struct {
		RegistrationID string          `json:"registrationId"`
		Payload        json.RawMessage `json:"payload"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, errorf(400004, "ArgumentInvalid", "the registration is not a JSON object: %v", err)
	}
	if request.RegistrationID != "" && !strings.EqualFold(request.RegistrationID, registrationID) {
		return nil, errorf(400004, "ArgumentInvalid", "the registration is for %q, the connection is %q's", request.RegistrationID, registrationID)
	}
	return request.Payload, nil
}

// allocate finds out which hub a device gets, by the enrollment that vouches for it. h.mu is not held, because Hub.Allocate may take
// its time; closing ended cancels it.
func (h *Hub) allocate(ended <-chan struct{}, p *provisioning, payload json.RawMessage) (*Enrolled, Allocation, *Error) {
	h.mu.Lock()
	e := h.enrolled(p)
	h.mu.Unlock()
	if e == nil {
		return nil, Allocation{}, errEnrollmentNotFound(p.registrationID)
	}
	a := Allocation{RegistrationID: p.registrationID, GroupID: p.groupID, InitialTwin: e.InitialTwin}
	a.Hub = cmp.Or(e.IoTHubHostName, h.HostName, p.host, "localhost")
	if e.IoTHubHostName == "" && len(e.IoTHubs) > 0 {
		a.Hub = e.IoTHubs[0]
	}
	if e.AllocationPolicy != AllocationCustom {
		return e, a, nil
	}
	a.Payload = payload
	if h.Allocate == nil {
		return e, a, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	var waiting sync.WaitGroup
	waiting.Go(func() {
		select {
		case <-ended:
			cancel()
		case <-ctx.Done():
		}
	})
	chosen, err := h.Allocate(ctx, a)
	cancel()
	waiting.Wait()
	if err != nil {
		return nil, Allocation{}, errorf(400207, "CustomAllocationFailed", "the custom allocation refused the device: %v", err)
	}
	return e, chosen, nil
}

// enrolled returns the enrollment that vouched for a connection, if it is still there. h.mu is held.
func (h *Hub) enrolled(p *provisioning) *Enrolled {
	if p.groupID != "" {
		if g := h.groups[p.groupID]; g != nil {
			return &g.Enrolled
		}
		return nil
	}
	if e := h.enrollments[strings.ToLower(p.registrationID)]; e != nil {
		return &e.Enrolled
	}
	return nil
}

// deviceAuthentication is how a device that registered proves its identity to the hub: as it did to DPS.
func deviceAuthentication(e *Enrolled, p *provisioning) Authentication {
	if p.certificate != nil && e.Attestation.Type == AttestX509 {
		return Authentication{Type: AuthSelfSigned, X509Thumbprint: Thumbprint{PrimaryThumbprint: p.certificate.sha256}}
	}
	keys := e.keys()
	if p.groupID != "" {
		keys = derivedKeys(e, p.registrationID)
	}
	return Authentication{Type: AuthSAS, SymmetricKey: SymmetricKey{
		PrimaryKey: base64.StdEncoding.EncodeToString(keys[0]), SecondaryKey: base64.StdEncoding.EncodeToString(keys[1])}}
}

// registerDevice begins a registration: the device is in the hub at once, and DPS reports that when its assigning time is over.
// h.mu is held.
func (h *Hub) registerDevice(p *provisioning, e *Enrolled, auth Authentication, a Allocation) (operationStatus, *Error) {
	if e.ProvisioningStatus == StatusDisabled {
		return operationStatus{Status: RegistrationDisabled, State: &RegistrationState{RegistrationID: p.registrationID, Status: RegistrationDisabled,
			ErrorMessage: "the enrollment is disabled"}}, nil
	}
	key := strings.ToLower(p.registrationID)
	now := time.Now().UTC()
	r := h.registrations[key]
	if r == nil {
		r = &registration{RegistrationID: p.registrationID, Created: now}
		h.registrations[key] = r
	}
	r.GroupID, r.ByCertificate, r.AssignedHub, r.Payload = p.groupID, e.Attestation.Type == AttestX509, a.Hub, a.Payload
	r.DeviceID = p.registrationID
	if e := h.enrollments[key]; p.groupID == "" && e != nil {
		r.DeviceID = cmp.Or(e.DeviceID, r.DeviceID)
	}
	r.LastUpdated, r.ETag = now, newETag()
	var b [24]byte
	rand.Read(b[:])
	r.operation = "4." + hex.EncodeToString(b[:8]) + "." + hex.EncodeToString(b[8:])
	r.assigned, r.polls = now.Add(h.assigningTime()), newPollMeter()
	if err := h.provision(r, e, auth, a.InitialTwin); err != nil {
		return operationStatus{}, err
	}
	h.saveRegistration(r)
	return r.status(now), nil
}

// provision puts the device into the registry with its authentication, or updates its entry. h.mu is held.
func (h *Hub) provision(r *registration, e *Enrolled, auth Authentication, initial *InitialTwin) *Error {
	device := h.devices[r.DeviceID]
	// Whether the hub assignment may change is the only case of the policy that one hub can show: with it and without
	// migration, registering again resets the device's data.
	reset := e.ReprovisionPolicy != nil && e.ReprovisionPolicy.UpdateHubAssignment && !e.ReprovisionPolicy.MigrateDeviceData
	r.Substatus = "initialAssignment"
	if device != nil && reset {
		h.cutOff(device, causeReset)
		h.remove(device)
		device = nil
		r.Substatus = "deviceDataReset"
	}
	if device != nil {
		if device.Authentication != auth {
			device.adopt(auth, SymmetricKey{})
			h.saveIdentity(device)
		}
		return nil
	}
	d := Device{DeviceID: r.DeviceID, Status: StatusEnabled, Authentication: auth, Capabilities: e.Capabilities}
	if err := validate(&d); err != nil {
		return asError(err)
	}
	device = h.create(d)
	if initial == nil {
		return nil
	}
	var change twinChange
	var err error
	if len(initial.Tags) > 0 {
		if change.tags, err = parseServiceProperties(initial.Tags); err != nil {
			return asError(err)
		}
	}
	if len(initial.Properties.Desired) > 0 {
		if change.desired, err = parseServiceProperties(initial.Properties.Desired); err != nil {
			return asError(err)
		}
	}
	if change.tags == nil && change.desired == nil {
		return nil
	}
	if _, err = h.changeTwin(device, change); err != nil {
		return asError(err)
	}
	return nil
}

// poll answers a question about an operation. h.mu is held.
func (h *Hub) poll(p *provisioning, operation string) (operationStatus, *Error) {
	r := h.registrations[strings.ToLower(p.registrationID)]
	if r == nil || r.operation == "" || r.operation != operation {
		return operationStatus{}, errorf(404202, "OperationNotFound", "there is no operation %q of this registration: register again", operation)
	}
	now := time.Now()
	if h.settings.Load().throttle != nil {
		if wait, ok := r.polls.spend(1, 0, now); !ok {
			return operationStatus{}, errThrottledFor(wait)
		}
	}
	return r.status(now), nil
}

// status is the answer to a device about its registration at a time.
func (r *registration) status(now time.Time) operationStatus {
	if now.Before(r.assigned) {
		return operationStatus{OperationID: r.operation, Status: RegistrationAssigning}
	}
	return operationStatus{OperationID: r.operation, Status: RegistrationAssigned, State: r.state()}
}

// state is the registration as the services show it.
func (r *registration) state() *RegistrationState {
	created, updated := r.Created, r.LastUpdated
	s := &RegistrationState{
		RegistrationID: r.RegistrationID, Created: &created, AssignedHub: r.AssignedHub, DeviceID: r.DeviceID, Status: RegistrationAssigned,
		Substatus: r.Substatus, LastUpdated: &updated, ETag: r.ETag, Payload: r.Payload,
	}
	switch {
	case r.GroupID != "" && r.ByCertificate:
		s.X509 = &RegistrationGroup{GroupID: r.GroupID}
	case r.GroupID != "":
		s.SymmetricKey = &RegistrationGroup{GroupID: r.GroupID}
	}
	return s
}

// dropRegistration forgets an assignment; the device stays in the hub. h.mu is held.
func (h *Hub) dropRegistration(key string) {
	if h.registrations[key] != nil {
		delete(h.registrations, key)
		h.deleteRegistration(key)
	}
}

func errRegistrationNotFound(id string) *Error {
	return errorf(404203, "RegistrationNotFound", "no device has registered as %q", id)
}

// registrationState returns the assignment of a registration id.
func (h *Hub) registrationState(ctx context.Context, id string) (s *RegistrationState, err error) {
	err = h.read(ctx, func() error {
		r := h.registrations[strings.ToLower(id)]
		if r == nil {
			return errRegistrationNotFound(id)
		}
		s = r.state()
		return nil
	})
	return s, err
}

// registrationStates returns the assignments of an enrollment group in the order of their ids.
func (h *Hub) registrationStates(ctx context.Context, groupID string) (states []*RegistrationState, err error) {
	err = h.read(ctx, func() error {
		if h.groups[groupID] == nil {
			return errEnrollmentNotFound(groupID)
		}
		for _, r := range sortedByKey(h.registrations) {
			if r.GroupID == groupID {
				states = append(states, r.state())
			}
		}
		return nil
	})
	return states, err
}

// removeRegistration forgets an assignment under an ETag or "*"; the device stays in the hub.
func (h *Hub) removeRegistration(ctx context.Context, id, etag string) error {
	return h.change(ctx, func() error {
		key := strings.ToLower(id)
		r := h.registrations[key]
		switch {
		case r == nil:
			return errRegistrationNotFound(id)
		case etag != "*" && etag != r.ETag:
			return errPrecondition(r.ETag, etag)
		}
		h.dropRegistration(key)
		return nil
	})
}
