package hubclient

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// An Enrollment identifies a device to DPS, which assigns it to a hub. Exactly one of Key, GroupKey, SharedAccessSignature and
// X509 is its secret.
type Enrollment struct {
	Endpoint       string // name[:port], or a ws:// or wss:// address; empty means DPS's global endpoint
	IDScope        string
	RegistrationID string

	Key                   []byte `json:"-"` // an individual enrollment's
	GroupKey              []byte `json:"-"` // an enrollment group's; the device's own is derived from it
	SharedAccessSignature string `json:"-"` // a token for DPS made elsewhere
	X509                  bool   // a TLS client certificate whose subject's common name is the registration id

	Payload json.RawMessage // handed to a custom allocation policy; may be empty
	OnStep  func(Step)      // called in order, by the goroutine that called Register; may be nil
}

// String names the registration, without its secret.
func (e Enrollment) String() string { return e.IDScope + "/" + e.RegistrationID }

// GoString is String, so that %#v shows no secret either.
func (e Enrollment) GoString() string { return "hubclient.Enrollment(" + e.String() + ")" }

// A StepKind is the kind of a Step.
type StepKind byte

// The steps of a registration, in their order; Polling may repeat, and all begin again if the connection ends.
const (
	StepDialing     StepKind = iota + 1 // a connection is being opened
	StepConnecting                      // CONNECT was sent
	StepSubscribed                      // DPS listens to us, and we to it
	StepRegistering                     // the registration was sent
	StepAssigning                       // DPS answered that it is at work: status 202, RetryAfter
	StepPolling                         // the state was asked for
	StepAssigned                        // done
	StepFailed                          // Err is the reason; another StepDialing follows if Register tries again
)

var stepNames = [...]string{StepDialing: "dialing", StepConnecting: "connecting", StepSubscribed: "subscribed", StepRegistering: "registering",
	StepAssigning: "assigning", StepPolling: "polling", StepAssigned: "assigned", StepFailed: "failed"}

// String returns the step's name, such as "assigning".
func (k StepKind) String() string {
	if k == 0 || int(k) >= len(stepNames) {
		return "StepKind(" + strconv.Itoa(int(k)) + ")"
	}
	return stepNames[k]
}

// A Step is what has happened in a registration.
type Step struct {
	Kind        StepKind
	Topic       string // of the packet that was sent or received; empty where there is none
	Status      int    // DPS's answer, as in HTTP; 0 where there is none
	OperationID string
	RetryAfter  time.Duration // how long until the next poll, or the next try
	Time        time.Time
	Detail      string // in words
	Err         error  // why it failed, or why DPS is asked again; else nil
}

// An Assignment is what DPS has decided.
type Assignment struct {
	AssignedHub    string
	DeviceID       string
	RegistrationID string
	Status         RegistrationStatus // RegistrationAssigned
	Substatus      RegistrationSubstatus
	Payload        json.RawMessage // from a custom allocation policy; may be empty

	// Credentials are ready for New. After a registration with a token they lack a secret: that token is for DPS only.
	Credentials Credentials
}

// A RegistrationStatus is the state of a registration at DPS. A service that is newer than this package may know others.
type RegistrationStatus string

// The states of a registration (DPS service REST API, device registration state).
const (
	RegistrationUnassigned RegistrationStatus = "unassigned"
	RegistrationAssigning  RegistrationStatus = "assigning"
	RegistrationAssigned   RegistrationStatus = "assigned"
	RegistrationFailed     RegistrationStatus = "failed"
	RegistrationDisabled   RegistrationStatus = "disabled"
)

// A RegistrationSubstatus is the way in which a registration was assigned. A newer service may know others.
type RegistrationSubstatus string

// The ways to be assigned (DPS service REST API, device registration state).
const (
	InitialAssignment                RegistrationSubstatus = "initialAssignment"
	DeviceDataMigrated               RegistrationSubstatus = "deviceDataMigrated"
	DeviceDataReset                  RegistrationSubstatus = "deviceDataReset"
	ReprovisionedToInitialAssignment RegistrationSubstatus = "reprovisionedToInitialAssignment"
)

const (
	// defaultRetryAfter is the time between polls when DPS names none, as in the SDKs, and maxRetryAfter the longest that
	// is believed.
	defaultRetryAfter = 2 * time.Second
	maxRetryAfter     = 300 * time.Second

	// maxTries is how many times in a row a connection to DPS may fail before Register gives up.
	maxTries = 5

	// dpsKeepAlive is longer than any wait between two polls, so that no PINGREQ is needed.
	dpsKeepAlive = hubproto.MaxKeepAlive
)

// Register asks DPS which hub a device belongs to and waits for the answer. Of o it uses Dial, Backoff, TokenTTL, ServerTime,
// ClientType, Logger and Trace. The wait has no limit but ctx. A refused CONNECT is a *ConnectError, an answer outside 2xx a *StatusError,
// a registration that ends in another state than assigned a *RegistrationError, and a host that cannot be reached a
// *DialError; each after a few tries where another one may help.
func Register(ctx context.Context, e Enrollment, o *Options) (Assignment, error) {
	if err := e.validate(); err != nil {
		return Assignment{}, err
	}
	options, err := o.withDefaults()
	if err != nil {
		return Assignment{}, err
	}
	r := &registrar{e: e, o: options, key: e.Key}
	if len(e.GroupKey) > 0 {
		r.key = DeriveDeviceKey(e.GroupKey, e.RegistrationID)
	}
	r.endpoint = e.Endpoint
	if r.endpoint == "" {
		r.endpoint = hubproto.DPSGlobalHost
	}
	r.url, r.host = r.endpoint, r.endpoint
	switch {
	case strings.Contains(r.endpoint, "://"):
		r.host = endpointHost(r.endpoint)
	case e.X509:
		r.url = hubproto.WebSocketCertURL(r.endpoint)
	default:
		r.url = hubproto.WebSocketURL(r.endpoint)
	}
	return r.register(ctx)
}

func (e Enrollment) validate() error {
	if e.IDScope == "" || strings.ContainsAny(e.IDScope, "/+#?& ") {
		return wrong("ID scope is empty or holds / + # ? & or a space: copy it from the provisioning service's overview page, such as 0ne00ABCDEF")
	}
	if err := hubproto.ValidRegistrationID(e.RegistrationID); err != nil {
		return wrong("%v", err)
	}
	if len(e.Key) > 0 && len(e.GroupKey) > 0 {
		return invalid("give either the individual enrollment's key or the group's, not both")
	}
	if err := oneSecret(append(e.Key[:len(e.Key):len(e.Key)], e.GroupKey...), e.SharedAccessSignature, e.X509); err != nil {
		return err
	}
	if !strings.Contains(e.Endpoint, "://") && e.Endpoint != "" {
		if err := hubproto.ValidHost(e.Endpoint); err != nil {
			return wrong("DPS endpoint %v", err)
		}
	}
	if len(e.Payload) > 0 && !json.Valid(e.Payload) {
		return wrong("the registration's payload is not JSON")
	}
	if len(e.Payload) > hubproto.MaxDPSMessage {
		return wrong("the registration's payload has %d bytes: at most %d are allowed", len(e.Payload), hubproto.MaxDPSMessage)
	}
	return validateToken(e.SharedAccessSignature, hubproto.RegistrationResource(e.IDScope, e.RegistrationID))
}

// A registrar walks through one registration, on the goroutine that called Register.
type registrar struct {
	e        Enrollment
	o        Options
	key      []byte // the device's own
	endpoint string
	url      string
	host     string

	link    *link
	linkErr error // how the link ended; packets that arrived before are still to be read
	lastRID int
}

// errAgain wraps what another try may overcome.
type errAgain struct {
	error
	after time.Duration // 0: the backoff decides
}

func (e errAgain) Unwrap() error { return e.error }

func (r *registrar) step(s Step) {
	s.Time = time.Now()
	r.o.Logger.Info("registration is "+s.Kind.String(), "registration", r.e.String(), "status", s.Status, "retryAfter", s.RetryAfter, "detail", s.Detail)
	if r.e.OnStep != nil {
		r.e.OnStep(s)
	}
}

func (r *registrar) register(ctx context.Context) (Assignment, error) {
	for attempt := 1; ; attempt++ {
		assignment, err := r.try(ctx)
		if err == nil {
			return assignment, nil
		}
		var again errAgain
		retry := errors.As(err, &again)
		if retry {
			err = again.error
		}
		switch {
		case ctx.Err() != nil:
			err, retry = newMessage("registration ended early: %v", ctx.Err()), false
		case attempt >= r.limit(err):
			retry = false
		}
		failed := Step{Kind: StepFailed, Detail: hubproto.Redact(err.Error()), Err: err}
		var status *StatusError
		if errors.As(err, &status) {
			failed.Status = status.Code
		}
		if !retry {
			r.step(failed)
			return Assignment{}, err
		}
		failed.RetryAfter = again.after
		if failed.RetryAfter == 0 {
			failed.RetryAfter = max(r.o.Backoff(attempt), 0)
		}
		r.step(failed)
		wait := time.NewTimer(failed.RetryAfter)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return Assignment{}, newMessage("registration ended early: %v", ctx.Err())
		}
	}
}

func (r *registrar) limit(err error) int {
	var connect *ConnectError
	if errors.As(err, &connect) {
		return maxRefusals
	}
	return maxTries
}

// try walks through the registration on one connection.
func (r *registrar) try(ctx context.Context) (Assignment, error) {
	password, err := makePassword(time.Now(), r.o.TokenTTL, r.key, r.e.SharedAccessSignature,
		hubproto.RegistrationResource(r.e.IDScope, r.e.RegistrationID), hubproto.DPSPolicy)
	if err != nil {
		return Assignment{}, err
	}
	r.step(Step{Kind: StepDialing, Detail: r.host})
	dialCtx, cancel := context.WithTimeout(ctx, dialTimeout)
	conn, err := r.o.Dial(dialCtx, r.url)
	cancel()
	if err == nil && conn == nil {
		err = errNoConn
	}
	switch {
	case errors.Is(err, wsconn.ErrPolicy): // no later try can change the page's policy
		return Assignment{}, &DialError{r.host, err}
	case err != nil:
		return Assignment{}, errAgain{error: &DialError{r.host, err}}
	}
	r.link, r.linkErr = newLink(conn, r.o.Trace), nil
	defer r.link.Close()
	if err := r.connect(ctx, password); err != nil {
		return Assignment{}, err
	}
	answer, err := r.walk(ctx)
	if err != nil {
		return Assignment{}, err
	}
	r.disconnect()
	return r.assignment(answer), nil
}

func (r *registrar) connect(ctx context.Context, password password) error {
	user := hubproto.Username{IDScope: r.e.IDScope, RegistrationID: r.e.RegistrationID, APIVersion: hubproto.DPSAPIVersion, ClientType: r.o.ClientType}
	err := r.link.send(&mqttcodec.Connect{
		CleanSession: true, // DPS never keeps a session
		KeepAlive:    uint16(dpsKeepAlive / time.Second),
		ClientID:     []byte(r.e.RegistrationID),
		UserNameFlag: true, UserName: []byte(user.String()),
		PasswordFlag: password.token != nil, Password: password.token,
	})
	if err != nil {
		return err
	}
	r.step(Step{Kind: StepConnecting, Detail: r.host})
	by := time.Now().Add(connectTimeout)
	err = r.await(ctx, by, awaiting("CONNACK"), func(p mqttcodec.Packet) (bool, error) {
		connack, ok := p.(*mqttcodec.Connack)
		if !ok {
			return false, newMessage("DPS sent %s before CONNACK", p.Type())
		}
		if connack.ReturnCode != mqttcodec.ConnectionAccepted {
			err := &ConnectError{Code: connack.ReturnCode, Host: r.host, Identity: r.e.RegistrationID, Attempts: 1, X509: r.e.X509, Now: time.Now()}
			if r.o.ServerTime != nil && err.mayBeClock() {
				err.checkClock(ctx, r.o.ServerTime)
			}
			if connack.ReturnCode == mqttcodec.UnacceptableProtocolVersion || connack.ReturnCode == mqttcodec.IdentifierRejected {
				return false, err
			}
			return false, errAgain{error: err}
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	err = r.link.send(&mqttcodec.Subscribe{PacketID: 1, Subscriptions: []mqttcodec.Subscription{
		{TopicFilter: []byte(hubproto.DPSResponseFilter), QoS: mqttcodec.QoS1},
	}})
	if err != nil {
		return err
	}
	err = r.await(ctx, by, awaiting("SUBACK"), func(p mqttcodec.Packet) (bool, error) {
		suback, ok := p.(*mqttcodec.Suback)
		if ok && suback.PacketID == 1 && suback.ReturnCodes[0] == mqttcodec.SubackFailure {
			return false, &SubscribeError{Filter: hubproto.DPSResponseFilter}
		}
		return ok && suback.PacketID == 1, nil
	})
	if err == nil {
		r.step(Step{Kind: StepSubscribed, Topic: hubproto.DPSResponseFilter})
	}
	return err
}

// statusRegistering is another name for RegistrationAssigning, which the SDKs know.
const statusRegistering RegistrationStatus = "registering"

// A dpsAnswer is a response of DPS (Microsoft.Devices service.json, RegistrationOperationStatus).
type dpsAnswer struct {
	OperationID string             `json:"operationId"`
	Status      RegistrationStatus `json:"status"`
	State       *struct {
		RegistrationID string                `json:"registrationId"`
		AssignedHub    string                `json:"assignedHub"`
		DeviceID       string                `json:"deviceId"`
		Status         RegistrationStatus    `json:"status"`
		Substatus      RegistrationSubstatus `json:"substatus"`
		ErrorCode      int                   `json:"errorCode"`
		ErrorMessage   string                `json:"errorMessage"`
		Payload        json.RawMessage       `json:"payload"`
	} `json:"registrationState"`
}

// walk registers, and polls until the registration has ended.
func (r *registrar) walk(ctx context.Context) (dpsAnswer, error) {
	body, err := json.Marshal(struct {
		RegistrationID string          `json:"registrationId"`
		Payload        json.RawMessage `json:"payload,omitempty"`
	}{r.e.RegistrationID, r.e.Payload})
	if err != nil {
		return dpsAnswer{}, err
	}
	question := hubproto.Topic{Kind: hubproto.DPSRegister}
	for {
		answer, wait, err := r.ask(ctx, question, body)
		if err != nil {
			return dpsAnswer{}, err
		}
		switch answer.Status {
		case RegistrationAssigned:
			if answer.State == nil || answer.State.AssignedHub == "" || answer.State.DeviceID == "" {
				return dpsAnswer{}, newMessage("DPS says assigned, but names no hub and no device: look at the enrollment in the portal")
			}
			return answer, nil
		case RegistrationAssigning, statusRegistering, "":
			if answer.OperationID == "" {
				return dpsAnswer{}, newMessage("DPS says that it is at work, but names no operation to ask for")
			}
		default:
			e := &RegistrationError{RegistrationID: r.e.RegistrationID, Status: answer.Status}
			if answer.State != nil {
				e.Code, e.Message = answer.State.ErrorCode, answer.State.ErrorMessage
			}
			return dpsAnswer{}, e
		}
		if err := r.pause(ctx, wait); err != nil {
			return dpsAnswer{}, err
		}
		question, body = hubproto.Topic{Kind: hubproto.DPSPoll, OperationID: answer.OperationID}, nil
	}
}

// ask sends a question and waits for its answer. Questions that DPS is too busy for are asked again.
func (r *registrar) ask(ctx context.Context, question hubproto.Topic, body []byte) (answer dpsAnswer, wait time.Duration, err error) {
	for attempt := 1; ; attempt++ {
		r.lastRID++
		question.RID = strconv.Itoa(r.lastRID)
		topic := question.String()
		if err := r.link.send(&mqttcodec.Publish{QoS: mqttcodec.QoS1, PacketID: uint16(r.lastRID%65535 + 1), TopicName: []byte(topic), Payload: body}); err != nil {
			return answer, 0, newMessage("%v: %v", operations[question.Kind].text(), err)
		}
		sent := Step{Kind: StepRegistering, Topic: topic}
		if question.Kind == hubproto.DPSPoll {
			sent.Kind, sent.OperationID = StepPolling, question.OperationID
		}
		r.step(sent)

		var reply hubproto.Topic
		var payload []byte
		var name string
		err := r.await(ctx, time.Now().Add(requestTimeout), l10n.New("waiting for the answer to %v", operations[question.Kind].text()), func(p mqttcodec.Packet) (bool, error) {
			publish, ok := p.(*mqttcodec.Publish)
			if !ok {
				return false, nil // PUBACK: the answer that counts is the message
			}
			if publish.QoS == mqttcodec.QoS1 {
				if err := r.link.send(&mqttcodec.Puback{PacketID: publish.PacketID}); err != nil {
					return false, err
				}
			}
			name = string(publish.TopicName)
			t, err := hubproto.ParseTopic(name)
			if err != nil || t.Kind != hubproto.DPSResponse || t.RID != question.RID {
				r.o.Logger.Warn("message that answers nothing is dropped", "topic", hubproto.Redact(name))
				return false, nil
			}
			reply, payload = t, append([]byte(nil), publish.Payload...)
			return true, nil
		})
		if err != nil {
			return answer, 0, err
		}
		wait = reply.RetryAfter
		if wait < time.Second || wait > maxRetryAfter {
			wait = defaultRetryAfter
		}
		if reply.Status >= 200 && reply.Status < 300 {
			if err := json.Unmarshal(payload, &answer); err != nil {
				return answer, 0, newMessage("%v: the answer is not JSON: check that the server at the other end is DPS", operations[question.Kind].text())
			}
			if answer.Status == "" && answer.State != nil {
				answer.Status = answer.State.Status
			}
			if answer.OperationID == "" {
				answer.OperationID = question.OperationID
			}
			s := Step{Kind: StepAssigning, Topic: name, Status: reply.Status, OperationID: answer.OperationID, RetryAfter: wait}
			if answer.Status == RegistrationAssigned {
				s.Kind, s.RetryAfter = StepAssigned, 0
				if answer.State != nil {
					s.Detail = answer.State.AssignedHub
				}
			}
			if s.Kind == StepAssigned || answer.Status == RegistrationAssigning || answer.Status == statusRegistering {
				r.step(s)
			}
			return answer, wait, nil
		}
		status := &StatusError{Op: operations[question.Kind], Code: reply.Status, RetryAfter: reply.RetryAfter, Body: payload}
		busy := reply.Status == 429 || reply.Status >= 500
		if !busy || attempt >= maxTries {
			return answer, 0, status
		}
		if reply.RetryAfter == 0 {
			wait = max(wait, r.o.Backoff(attempt))
		}
		r.step(Step{Kind: StepAssigning, Topic: name, Status: reply.Status, OperationID: question.OperationID, RetryAfter: wait, Detail: status.Error(), Err: status})
		if err := r.pause(ctx, wait); err != nil {
			return answer, 0, err
		}
	}
}

// await hands packets to handle until that is done.
func (r *registrar) await(ctx context.Context, by time.Time, what *l10n.Message, handle func(mqttcodec.Packet) (done bool, err error)) error {
	done, err := r.pump(ctx, by, what, handle)
	if err == nil && !done {
		err = errAgain{error: during(r.host, what, ErrSilent)}
	}
	return err
}

// pause waits between two questions, with an eye on the connection.
func (r *registrar) pause(ctx context.Context, d time.Duration) error {
	_, err := r.pump(ctx, time.Now().Add(d), l10n.New("waiting for the next poll"), func(mqttcodec.Packet) (bool, error) { return false, nil })
	return err
}

// pump writes what is ready and hands packets to handle, until that is done or fails, or until by.
func (r *registrar) pump(ctx context.Context, by time.Time, what *l10n.Message, handle func(mqttcodec.Packet) (done bool, err error)) (done bool, err error) {
	timer := time.NewTimer(time.Until(by))
	defer timer.Stop()
	link := r.link
	for {
		p, err := link.next()
		switch {
		case err == nil:
			if done, err := handle(p); done || err != nil {
				return done, err
			}
			continue
		case err != io.ErrUnexpectedEOF:
			return false, errAgain{error: during(r.host, reading, err)}
		case r.linkErr != nil:
			return false, errAgain{error: during(r.host, what, r.linkErr)}
		}
		link.flush(time.Now())
		select {
		case in := <-link.chunks:
			r.linkErr = in.err
			if r.linkErr == io.EOF {
				r.linkErr = errPeerClosed
			}
			if err := link.received(in, time.Now()); err != nil {
				return false, errAgain{error: during(r.host, reading, err)}
			}
		case w := <-link.wrote:
			link.done(w)
			if w.err != nil {
				return false, errAgain{error: during(r.host, writing, w.err)}
			}
		case <-timer.C:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// disconnect sends DISCONNECT and waits until it is written, for disconnectTimeout at most.
func (r *registrar) disconnect() {
	if r.link.send(&mqttcodec.Disconnect{}) != nil {
		return
	}
	timer := time.NewTimer(disconnectTimeout)
	defer timer.Stop()
	for !r.link.idle() {
		r.link.flush(time.Now())
		select {
		case w := <-r.link.wrote:
			r.link.done(w)
			if w.err != nil {
				return
			}
		case <-timer.C:
			return
		}
	}
}

func (r *registrar) assignment(answer dpsAnswer) Assignment {
	state := answer.State
	return Assignment{
		AssignedHub: state.AssignedHub, DeviceID: state.DeviceID, RegistrationID: r.e.RegistrationID,
		Status: answer.Status, Substatus: state.Substatus, Payload: state.Payload,
		Credentials: Credentials{Host: state.AssignedHub, DeviceID: state.DeviceID, Key: r.key, X509: r.e.X509},
	}
}
