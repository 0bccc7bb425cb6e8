package emulator

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// provisioning is what a connection to DPS has proved.
type provisioning struct {
	registrationID string // as the device writes it
	groupID        string // the enrollment group that vouches for it; empty for an individual enrollment
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

// A RegistrationState is what DPS tells about a registration. The JSON names are those of the device and service API.
type RegistrationState struct {
	RegistrationID string             `json:"registrationId"`
	Created        *time.Time         `json:"createdDateTimeUtc,omitempty"`
	AssignedHub    string             `json:"assignedHub,omitempty"`
	DeviceID       string             `json:"deviceId,omitempty"`
	Status         string             `json:"status"` // unassigned, assigning, assigned, failed, disabled
	Substatus      string             `json:"substatus,omitempty"`
	ErrorCode      int                `json:"errorCode,omitempty"`
	ErrorMessage   string             `json:"errorMessage,omitempty"`
	LastUpdated    *time.Time         `json:"lastUpdatedDateTimeUtc,omitempty"`
	ETag           string             `json:"etag,omitempty"`
	SymmetricKey   *registrationGroup `json:"symmetricKey,omitempty"`
	X509           *registrationGroup `json:"x509,omitempty"`
	Payload        json.RawMessage    `json:"payload,omitempty"`
}

type registrationGroup struct {
	GroupID string `json:"enrollmentGroupId,omitempty"`
}

// operationStatus is the body of DPS's answers.
type operationStatus struct {
	OperationID string             `json:"operationId"`
	Status      string             `json:"status"`
	State       *RegistrationState `json:"registrationState,omitempty"`
}

const (
	statusAssigning = "assigning"
	statusAssigned  = "assigned"
	statusDisabled  = "disabled"
	statusFailed    = "failed"
)

// An Allocation is a registration of an enrollment whose allocation policy is "custom". Hub.Allocate gets it with the hub that
// would be assigned and the payload that the device sent, and returns what shall be: the webhook of the real service as a
// function. Without it, the device gets this hub, and its own payload back.
type Allocation struct {
	RegistrationID string
	GroupID        string // empty for an individual enrollment
	Hub            string // host name
	InitialTwin    *InitialTwin
	Payload        json.RawMessage // from the device; then, to the device
}

// acceptDPS checks a CONNECT to the provisioning service. Its sessions are never kept ("Use MQTT to communicate with DPS").
func (c *conn) acceptDPS(p *mqttcodec.Connect, user hubproto.Username, token *hubproto.SASToken) *cause {
	h := c.hub
	id := user.RegistrationID
	c.dps = &provisioning{registrationID: id}
	if err := hubproto.ValidRegistrationID(id); err != nil {
		return unauthorized("%v", err)
	}
	if !strings.EqualFold(string(p.ClientID), id) {
		return unauthorized("the client id is %q: it has to be the registration id %q", p.ClientID, id)
	}
	if scope := h.idScope(); user.IDScope != scope {
		return unauthorized("the ID scope is %q: this service's is %q", user.IDScope, scope)
	}
	if p.WillFlag {
		return unauthorized("DPS takes no Will")
	}
	if token != nil {
		if resource := hubproto.RegistrationResource(user.IDScope, id); !strings.EqualFold(token.Resource, resource) && !token.Covers(resource) {
			return unauthorized("the token is for %q, the user name asks for %q", token.Resource, resource)
		}
		if token.Policy != hubproto.DPSPolicy {
			return unauthorized("the token's policy (skn) is %q: at DPS it has to be %q", token.Policy, hubproto.DPSPolicy)
		}
	} else if c.peer.cert == nil {
		return unauthorized("CONNECT has no password, and the connection no client certificate")
	} else if !strings.EqualFold(c.peer.cert.commonName, id) {
		return unauthorized("the certificate's common name is %q: it has to be the registration id", c.peer.cert.commonName)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return &causeShutdown
	}
	if why := h.attest(c, token); why != "" {
		return unauthorized("%s", why)
	}
	c.attached, c.ready = true, true
	c.session = newSession(true)
	c.expireWith(token)
	h.note(c.operation("deviceConnect", 200, "connected to the provisioning service with api-version "+user.APIVersion))
	c.send(&mqttcodec.Connack{}) // never session present
	return nil
}

func (h *Hub) idScope() string { return cmp.Or(h.IDScope, DefaultIDScope) }

// attest finds the enrollment that vouches for a connection: the individual one if there is one, otherwise a group. It returns why
// there is none. h.mu is held.
func (h *Hub) attest(c *conn, token *hubproto.SASToken) (why string) {
	id := c.dps.registrationID
	if e := h.enrollments[strings.ToLower(id)]; e != nil {
		switch {
		case e.Attestation.Type == AttestTPM:
			return "the enrollment is by TPM, which DPS does not support over MQTT"
		case (e.Attestation.Type == AttestSymmetricKey) != (token != nil):
			return "the enrollment is by " + e.Attestation.Type + ", and the device came with something else"
		case token != nil && !signedByEither(*token, e.keys()):
			return "the token's signature was not made with a key of this enrollment: check the key (an enrollment's own, not one derived from a group's)"
		case token == nil && !c.shows(e.Attestation.certificates(false)):
			return "the certificate is not the enrollment's"
		}
		return ""
	}
	for _, g := range sortedByKey(h.groups) {
		switch {
		case token != nil && g.Attestation.Type == AttestSymmetricKey:
			keys := g.keys()
			for i := range keys {
				if len(keys[i]) > 0 {
					keys[i] = hubproto.DeriveDeviceKey(keys[i], id)
				}
			}
			if signedByEither(*token, keys) {
				c.dps.groupID = g.EnrollmentGroupID
				return ""
			}
		case token == nil && g.Attestation.Type == AttestX509:
			if pair := g.Attestation.certificates(true); pair != nil {
				for _, ca := range []*X509Certificate{pair.Primary, pair.Secondary} {
					if ca != nil && c.peer.cert.signedBy(ca.der()) {
						c.dps.groupID = g.EnrollmentGroupID
						return ""
					}
				}
			}
		}
	}
	return fmt.Sprintf("there is no enrollment for registration id %q, and no enrollment group whose derived key or CA fits", id)
}

// shows reports whether the connection's certificate is one of a pair.
func (c *conn) shows(pair *X509Pair) bool {
	if pair == nil {
		return false
	}
	for _, own := range []*X509Certificate{pair.Primary, pair.Secondary} {
		if own == nil {
			continue
		}
		sum := sha256.Sum256(own.der())
		if strings.EqualFold(hex.EncodeToString(sum[:]), c.peer.cert.sha256) {
			return true
		}
	}
	return false
}

// publishDPS handles a request to the provisioning service. Its PUBACK goes out before the answer: the C# SDK insists.
func (c *conn) publishDPS(p *mqttcodec.Publish, topic hubproto.Topic) *cause {
	if len(p.Payload) > hubproto.MaxDPSMessage {
		return &cause{code: 413001, text: fmt.Sprintf("a message of %d bytes to DPS: at most %d are allowed", len(p.Payload), hubproto.MaxDPSMessage)}
	}
	h := c.hub
	var finish func() (operationStatus, *Error)
	switch topic.Kind {
	case hubproto.DPSRegister:
		payload, err := parseRegister(p.Payload, c.dps.registrationID)
		if err == nil {
			err = h.admit(meterRegister, 1, c.done)
		}
		if err != nil {
			finish = func() (operationStatus, *Error) { return operationStatus{}, err }
			break
		}
		allocation, err := h.allocate(c, payload)
		finish = func() (operationStatus, *Error) {
			if err != nil {
				return operationStatus{}, err
			}
			return h.registerDevice(c, allocation)
		}
	case hubproto.DPSPoll:
		finish = func() (operationStatus, *Error) { return h.poll(c, topic.OperationID) }
	default:
		return c.unknownTopic(p, "the provisioning service takes registrations and polls only")
	}
	packet := mqttcodec.Publish{QoS: p.QoS, PacketID: p.PacketID}
	done := make(chan struct{})
	h.mu.Lock()
	if !c.attached {
		h.mu.Unlock()
		return nil
	}
	var status operationStatus
	var refused *Error
	if h.faults.Load().Throttle {
		refused = errThrottled()
	} else {
		status, refused = finish()
	}
	h.settle(func(err error) {
		defer close(done)
		if err != nil && refused == nil {
			refused = errStore(err)
		}
		c.acknowledge(&packet)
		c.answerDPS(topic, status, refused)
	})
	h.mu.Unlock()
	select {
	case <-done:
	case <-c.done:
	}
	return nil
}

// answerDPS sends DPS's answer. h.mu is held.
func (c *conn) answerDPS(topic hubproto.Topic, status operationStatus, refused *Error) {
	answer := hubproto.Topic{Kind: hubproto.DPSResponse, RID: topic.RID, Status: 200}
	o := c.operation("register", 200, "")
	if topic.Kind == hubproto.DPSPoll {
		o.Name = "getOperationStatus"
	}
	var body []byte
	if refused != nil {
		answer.Status, answer.RetryAfter, answer.HasRetryAfter = refused.Status(), refused.RetryAfter, refused.RetryAfter > 0
		o.StatusCode, o.Description = refused.Code, refused.Message
		body = refused.deviceJSON()
	} else {
		body = encodeJSON(status)
		o.Description = "status " + status.Status
		switch status.Status {
		case statusAssigning:
			answer.Status, answer.RetryAfter, answer.HasRetryAfter = 202, c.hub.retryAfter(), true
			o.StatusCode = 202
			o.Description += ", retry after " + answer.RetryAfter.String()
		case statusAssigned:
			o.Description = fmt.Sprintf("assigned to %s as device %q", status.State.AssignedHub, status.State.DeviceID)
		case statusDisabled, statusFailed:
			o.Level = LevelWarning
			o.Description += ": " + status.State.ErrorMessage
		}
	}
	c.hub.note(o)
	if qos, ok := c.subscribed(filterDPS); ok {
		c.toDevice(qos, answer, body)
		return
	}
	c.hub.note(c.operation("response", 400004, "the answer has nowhere to go: subscribe to "+hubproto.DPSResponseFilter+" first"))
}

// retryAfter is what a device is told to wait between polls.
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

// allocate finds out which hub a device gets. h.mu is not held, because Hub.Allocate may take its time.
func (h *Hub) allocate(c *conn, payload json.RawMessage) (Allocation, *Error) {
	h.mu.Lock()
	e := h.enrolled(c.dps)
	if e == nil {
		h.mu.Unlock()
		return Allocation{}, errEnrollmentNotFound(c.dps.registrationID)
	}
	a := Allocation{RegistrationID: c.dps.registrationID, GroupID: c.dps.groupID, InitialTwin: e.InitialTwin}
	a.Hub = cmp.Or(e.IoTHubHostName, h.HostName, c.peer.host, "localhost")
	if e.IoTHubHostName == "" && len(e.IoTHubs) > 0 {
		a.Hub = e.IoTHubs[0]
	}
	custom := e.AllocationPolicy == "custom"
	h.mu.Unlock()
	if !custom {
		return a, nil
	}
	a.Payload = payload
	if h.Allocate == nil {
		return a, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.tasks.Go(func() { // the device that waits for the answer may go
		select {
		case <-c.done:
			cancel()
		case <-ctx.Done():
		}
	})
	chosen, err := h.Allocate(ctx, a)
	if err != nil {
		return Allocation{}, errorf(400207, "CustomAllocationFailed", "the custom allocation refused the device: %v", err)
	}
	return chosen, nil
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

// registerDevice begins a registration: the device is in the hub at once, and DPS says so when its assigning time is over.
// h.mu is held.
func (h *Hub) registerDevice(c *conn, a Allocation) (operationStatus, *Error) {
	e := h.enrolled(c.dps)
	if e == nil {
		return operationStatus{}, errEnrollmentNotFound(c.dps.registrationID)
	}
	if e.ProvisioningStatus == StatusDisabled {
		return operationStatus{Status: statusDisabled, State: &RegistrationState{RegistrationID: c.dps.registrationID, Status: statusDisabled,
			ErrorMessage: "the enrollment is disabled"}}, nil
	}
	key := strings.ToLower(c.dps.registrationID)
	now := time.Now().UTC()
	r := h.registrations[key]
	if r == nil {
		r = &registration{RegistrationID: c.dps.registrationID, Created: now}
		h.registrations[key] = r
	}
	r.GroupID, r.ByCertificate, r.AssignedHub, r.Payload = c.dps.groupID, e.Attestation.Type == AttestX509, a.Hub, a.Payload
	r.DeviceID = c.dps.registrationID
	if e := h.enrollments[key]; c.dps.groupID == "" && e != nil {
		r.DeviceID = cmp.Or(e.DeviceID, r.DeviceID)
	}
	r.LastUpdated, r.ETag = now, newETag()
	var b [24]byte
	rand.Read(b[:])
	r.operation = "4." + hex.EncodeToString(b[:8]) + "." + hex.EncodeToString(b[8:])
	r.assigned, r.polls = now.Add(h.assigningTime()), newPollMeter()
	if err := h.provision(c, r, e, a.InitialTwin); err != nil {
		return operationStatus{}, err
	}
	h.saveRegistration(r)
	return r.status(now), nil
}

// provision puts the device into the registry with what it proved itself by, or brings the entry up to date. h.mu is held.
func (h *Hub) provision(c *conn, r *registration, e *Enrolled, initial *InitialTwin) *Error {
	auth := Authentication{Type: AuthSAS}
	if c.peer.cert != nil && e.Attestation.Type == AttestX509 {
		auth = Authentication{Type: AuthSelfSigned, X509Thumbprint: Thumbprint{PrimaryThumbprint: c.peer.cert.sha256}}
	} else {
		keys := e.keys()
		if r.GroupID != "" {
			for i := range keys {
				keys[i] = hubproto.DeriveDeviceKey(keys[i], c.dps.registrationID)
			}
		}
		auth.SymmetricKey = SymmetricKey{
			PrimaryKey: base64.StdEncoding.EncodeToString(keys[0]), SecondaryKey: base64.StdEncoding.EncodeToString(keys[1])}
	}
	who := h.devices[r.DeviceID]
	// Whether the hub assignment may change is the only case of the policy that one hub can show: with it and without
	// migration, registering again resets the device's data.
	reset := e.ReprovisionPolicy != nil && e.ReprovisionPolicy.UpdateHubAssignment && !e.ReprovisionPolicy.MigrateDeviceData
	r.Substatus = "initialAssignment"
	if who != nil && reset {
		h.cutOff(who, causeReset)
		h.remove(who)
		who = nil
		r.Substatus = "deviceDataReset"
	}
	if who != nil {
		if who.Authentication != auth {
			who.adopt(auth, SymmetricKey{})
			h.saveIdentity(who)
		}
		return nil
	}
	d := Device{DeviceID: r.DeviceID, Status: StatusEnabled, Authentication: auth, Capabilities: e.Capabilities}
	if err := validate(&d); err != nil {
		return asError(err)
	}
	who = h.create(d)
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
	if _, err = h.changeTwin(who, change); err != nil {
		return asError(err)
	}
	return nil
}

// poll answers a question about an operation. h.mu is held.
func (h *Hub) poll(c *conn, operation string) (operationStatus, *Error) {
	r := h.registrations[strings.ToLower(c.dps.registrationID)]
	if r == nil || r.operation == "" || r.operation != operation {
		return operationStatus{}, errorf(404202, "OperationNotFound", "there is no operation %q of this registration: register again", operation)
	}
	now := time.Now()
	if h.settings.Load().throttle != nil {
		if wait, ok := r.polls.take(1, 0, now); !ok {
			return operationStatus{}, errThrottledFor(wait)
		}
	}
	return r.status(now), nil
}

// status is what a device is told about its registration at a time.
func (r *registration) status(now time.Time) operationStatus {
	if now.Before(r.assigned) {
		return operationStatus{OperationID: r.operation, Status: statusAssigning}
	}
	return operationStatus{OperationID: r.operation, Status: statusAssigned, State: r.state()}
}

// state is the registration as the services show it.
func (r *registration) state() *RegistrationState {
	created, updated := r.Created, r.LastUpdated
	s := &RegistrationState{
		RegistrationID: r.RegistrationID, Created: &created, AssignedHub: r.AssignedHub, DeviceID: r.DeviceID, Status: statusAssigned,
		Substatus: r.Substatus, LastUpdated: &updated, ETag: r.ETag, Payload: r.Payload,
	}
	switch {
	case r.GroupID != "" && r.ByCertificate:
		s.X509 = &registrationGroup{GroupID: r.GroupID}
	case r.GroupID != "":
		s.SymmetricKey = &registrationGroup{GroupID: r.GroupID}
	}
	return s
}

// removeRegistration forgets an assignment; the device stays in the hub. h.mu is held.
func (h *Hub) removeRegistration(key string) {
	if h.registrations[key] != nil {
		delete(h.registrations, key)
		h.deleteRegistration(key)
	}
}
