package hubclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

var (
	// ErrClosed is returned by the methods of a Client whose Run has returned or is about to.
	ErrClosed error = newMessage("the device is closed: %v", net.ErrClosed)

	// ErrUnacknowledged is returned when a message was sent and the wait for its acknowledgement ended before one came. The hub may
	// have the message or not.
	ErrUnacknowledged error = newMessage("the hub has not acknowledged the message, and may or may not have it")

	// ErrConnectionLost is returned when the connection ended before a message of QoS 0 was written.
	ErrConnectionLost error = newMessage("the connection broke before the message was written: send it again")

	// ErrSilent is the cause of a LinkError if the answer that the device waited for did not come.
	ErrSilent error = l10n.New("the hub is silent")

	// ErrFlooded is the cause of a LinkError if the handlers were too slow.
	ErrFlooded error = l10n.New("more messages wait than memory is meant for, the handlers are too slow; the hub delivers again what was not acknowledged")

	errRunTwice = errors.New("hubclient: Run was called before: make a new Client for another life")
)

// A ConnectionStringError reports what is wrong with a connection string. It never holds a secret.
type ConnectionStringError struct {
	Part   string // the part's name as documented, such as "HostName"; empty for the string as a whole
	Reason string // in English; also what to do, if Hint is empty
	Hint   string // what to do, in English; may be empty

	err *hubproto.ConnectionStringError // nil if another package made the error
}

func (e *ConnectionStringError) Error() string { return e.message().Error() }

// Localize returns the message apart from its values, for a program that translates it by its English format.
func (e *ConnectionStringError) Localize() (format string, values []any) {
	return e.message().Localize()
}

func (e *ConnectionStringError) message() l10n.Message {
	switch {
	case e.err == nil && e.Hint == "":
		return l10n.Message{Format: "%v %v", Values: []any{e.Part, e.Reason}}
	case e.err == nil:
		return l10n.Message{Format: "%v %v: %v", Values: []any{e.Part, e.Reason, e.Hint}}
	}
	format, values := e.err.Localize()
	return l10n.Message{Format: format, Values: values}
}

// A TwinError reports a place in a twin document that breaks a rule of the hub ("Understand and use device twins", device twin
// size and format).
type TwinError struct {
	Path   string // such as "thermostat.setpoint"; empty for the document itself
	Reason string // what is wrong and what is allowed, in English

	err *hubproto.TwinError // nil if another package made the error
}

func (e *TwinError) Error() string { return e.message().Error() }

// Localize returns the message apart from its values, for a program that translates it by its English format.
func (e *TwinError) Localize() (format string, values []any) { return e.message().Localize() }

func (e *TwinError) message() l10n.Message {
	if e.err == nil {
		return l10n.Message{Format: "%q: %v", Values: []any{e.Path, e.Reason}}
	}
	format, values := e.err.Localize()
	return l10n.Message{Format: format, Values: values}
}

// publicError returns the error of this package that corresponds to one of package hubproto.
func publicError(err error) error {
	switch e := err.(type) {
	case *hubproto.ConnectionStringError:
		return &ConnectionStringError{Part: e.Part, Reason: e.Reason, Hint: e.Hint, err: e}
	case *hubproto.TwinError:
		return &TwinError{Path: e.Path, Reason: e.Reason, err: e}
	}
	return err
}

// newMessage makes an error that can be translated. Its English begins with the package's name, as Go's errors do.
func newMessage(format string, values ...any) *l10n.Message {
	return &l10n.Message{Package: "hubclient", Format: format, Values: values}
}

// An ArgumentError reports an invalid argument of New, Register, Send, Report or ParseKey. Nothing was sent, and the same call would
// fail again.
type ArgumentError struct{ err error }

func wrong(format string, values ...any) error { return &ArgumentError{newMessage(format, values...)} }

// invalid is wrong for mistakes that only a programmer can make, which no page has to translate.
func invalid(format string, values ...any) error {
	return &ArgumentError{fmt.Errorf("hubclient: "+format, values...)}
}

func (e *ArgumentError) Error() string { return e.err.Error() }

// Unwrap returns what is wrong. A *TwinError, for one, is in its tree.
func (e *ArgumentError) Unwrap() error { return e.err }

// original is a text of the service, which no page translates.
type original string

func (o original) Error() string { return string(o) }

// A ConnectError reports that the hub, or DPS, refused CONNECT. After code 5, not authorized, which a busy hub
// sends too, a few tries follow before it is final.
type ConnectError struct {
	Code     mqttcodec.ConnectCode
	Host     string // who refused
	Identity string // the client identifier that was refused
	Attempts int    // refusals in a row
	X509     bool   // there was no password that could have been wrong
	Now      time.Time

	// ServerTime is the result of Options.ServerTime at Now, and Skew how far this machine's clock is ahead of it, negative if it is
	// behind. Both are zero if Options.ServerTime is nil or failed.
	ServerTime time.Time
	Skew       time.Duration
}

func (e *ConnectError) Error() string { return e.message().Error() }

// Localize returns the message apart from its values, for a program that translates it by its English format.
func (e *ConnectError) Localize() (format string, values []any) { return e.message().Localize() }

func (e *ConnectError) message() *l10n.Message {
	advice := e.advice()
	if advice == nil {
		return newMessage("%s refused %s: %v", e.Host, e.Identity, e.Code)
	}
	return newMessage("%s refused %s: %v: %v", e.Host, e.Identity, e.Code, advice)
}

// advice is what to do, or nil.
func (e *ConnectError) advice() *l10n.Message {
	switch e.Code {
	case mqttcodec.NotAuthorized, mqttcodec.BadUserNameOrPassword:
		what := l10n.New("the key or token")
		if e.X509 {
			what = l10n.New("the certificate")
		}
		switch {
		case e.ServerTime.IsZero():
			return l10n.New("check that %v is this device's, that the device exists and is enabled, and that this machine's clock (%s) is right to five minutes",
				what, e.Now.UTC().Format(time.RFC3339))
		case e.Skew.Abs() <= hubproto.MaxClockSkew:
			return l10n.New("check that %v is this device's, and that the device exists and is enabled (this machine's clock is right)", what)
		}
		precision := time.Second
		if e.Skew.Abs() > time.Hour {
			precision = time.Minute // so that a wrong time zone is easy to recognize
		}
		by, says, is := e.Skew.Abs().Round(precision), e.Now.UTC().Format(time.RFC3339), e.ServerTime.UTC().Format(time.RFC3339)
		if e.Skew < 0 {
			return l10n.New("this machine's clock is %v behind: it says %s, and it is %s; the hub allows five minutes: set the clock", by, says, is)
		}
		return l10n.New("this machine's clock is %v ahead: it says %s, and it is %s; the hub allows five minutes: set the clock", by, says, is)
	case mqttcodec.ServerUnavailable:
		return l10n.New("try again later")
	case mqttcodec.IdentifierRejected:
		return l10n.New("check the device id")
	case mqttcodec.UnacceptableProtocolVersion:
		return l10n.New("it does not speak MQTT 3.1.1")
	}
	return nil
}

// A DialError reports that a host could not be reached.
type DialError struct {
	Host string // name[:port], or what Options.Endpoint names
	Err  error
}

func (e *DialError) Error() string { return hubproto.Redact(e.message().Error()) }

// Localize returns the message apart from its values, for a program that translates it by its English format.
func (e *DialError) Localize() (format string, values []any) { return e.message().Localize() }

func (e *DialError) message() *l10n.Message {
	var dns *net.DNSError
	switch {
	case errors.As(e.Err, &dns) && dns.IsNotFound:
		return newMessage("no host has the name %s: check the host name for a typing error", e.Host)
	case errors.Is(e.Err, context.DeadlineExceeded):
		return newMessage("%s did not answer: check that the network lets the connection through", e.Host)
	}
	return newMessage("cannot reach %s: check the host name, and that the network lets the connection through: %v", e.Host, e.Err)
}

// Unwrap returns the cause.
func (e *DialError) Unwrap() error { return e.Err }

// A LinkError reports how an open connection ended, other than by this device.
type LinkError struct {
	Host string
	Op   string // what the device waited for or did
	Err  error

	op *l10n.Message // Op, apart from its values; may be nil
}

// during makes a LinkError.
func during(host string, op *l10n.Message, err error) *LinkError {
	return &LinkError{Host: host, Op: op.Error(), Err: err, op: op}
}

func (e *LinkError) Error() string { return hubproto.Redact(e.message().Error()) }

// Localize returns the message apart from its values, for a program that translates it by its English format.
func (e *LinkError) Localize() (format string, values []any) { return e.message().Localize() }

func (e *LinkError) message() *l10n.Message {
	var op any = e.Op
	if e.op != nil {
		op = e.op
	}
	return newMessage("the connection to %s broke (%v): %v", e.Host, op, e.Err)
}

// Unwrap returns the cause.
func (e *LinkError) Unwrap() error { return e.Err }

// A TokenExpiredError reports that Credentials.SharedAccessSignature has expired by this machine's clock. Run does not dial with it.
type TokenExpiredError struct {
	Expiry, Now time.Time
}

func (e *TokenExpiredError) Error() string { return e.message().Error() }

// Localize returns the message apart from its values, for a program that translates it by its English format.
func (e *TokenExpiredError) Localize() (format string, values []any) { return e.message().Localize() }

func (e *TokenExpiredError) message() *l10n.Message {
	return newMessage("the SAS token expired at %s, and this machine's clock says %s: make a new token, or set the clock",
		e.Expiry.UTC().Format(time.RFC3339), e.Now.UTC().Format(time.RFC3339))
}

// A SubscribeError reports that the hub refused a subscription that a handler, or the twin, needs [MQTT-3.9.3-2].
type SubscribeError struct {
	Filter string
}

func (e *SubscribeError) Error() string { return e.message().Error() }

// Localize returns the message apart from its values, for a program that translates it by its English format.
func (e *SubscribeError) Localize() (format string, values []any) { return e.message().Localize() }

func (e *SubscribeError) message() *l10n.Message {
	return newMessage("the hub refused the subscription to %s: its tier may lack the feature (Basic tiers have no twins, methods or cloud-to-device messages)", e.Filter)
}

// A TakeoverError reports that the hub closed Options.MaxTakeovers connections in a row soon after they were made.
type TakeoverError struct {
	Times    int    // in a row
	Identity string // the client identifier
	Err      error  // how the last connection ended
}

func (e *TakeoverError) Error() string { return e.message().Error() }

// Localize returns the message apart from its values, for a program that translates it by its English format.
func (e *TakeoverError) Localize() (format string, values []any) { return e.message().Localize() }

func (e *TakeoverError) message() *l10n.Message {
	return newMessage("the hub closed the connection of %s %d times in a row soon after it was made: most likely another client uses the same identity, and each takes it over from the other; stop the other, or give this device an identity of its own",
		e.Identity, e.Times)
}

// Unwrap returns how the last connection ended.
func (e *TakeoverError) Unwrap() error { return e.Err }

var _ net.Error = (*TimeoutError)(nil)

// A TimeoutError reports that the hub, though connected, did not answer a request. It does not end the connection.
type TimeoutError struct {
	Op    Operation
	After time.Duration
}

func (e *TimeoutError) Error() string { return e.message().Error() }

// Localize returns the message apart from its values, for a program that translates it by its English format.
func (e *TimeoutError) Localize() (format string, values []any) { return e.message().Localize() }

func (e *TimeoutError) message() *l10n.Message {
	return newMessage("no answer to %v within %v: try again, and check that the server at the other end is an IoT Hub of a tier with twins", e.Op.text(), e.After)
}

// Timeout is true, as net.Error has it.
func (e *TimeoutError) Timeout() bool { return true }

// Temporary is true: a later try may be answered.
func (e *TimeoutError) Temporary() bool { return true }

// Is makes the error match context.DeadlineExceeded.
func (e *TimeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// A StatusError is an answer of the hub to a twin request, or of DPS, whose status is not 2xx.
type StatusError struct {
	Op         Operation
	Code       int           // as in HTTP: 400, 401, 404, 413, 429, 5xx
	RetryAfter time.Duration // when to try again; 0 if the answer has no time
	Body       []byte        // the answer, usually JSON with errorCode, message and trackingId
}

func (e *StatusError) Error() string { return e.message().Error() }

// Localize returns the message apart from its values, for a program that translates it by its English format.
func (e *StatusError) Localize() (format string, values []any) { return e.message().Localize() }

func (e *StatusError) message() *l10n.Message {
	status := l10n.New("status %d", e.Code)
	var detail struct {
		ErrorCode  int    `json:"errorCode"`
		Message    string `json:"message"`
		TrackingID string `json:"trackingId"`
	}
	if json.Unmarshal(e.Body, &detail) == nil && detail.ErrorCode != 0 {
		status = l10n.New("status %d (%d)", e.Code, detail.ErrorCode)
	}
	if detail.Message != "" {
		status = l10n.New("%v: %v", status, original(hubproto.Redact(strings.TrimRight(detail.Message, ". "))))
	}
	if detail.TrackingID != "" {
		status = l10n.New("%v, tracking id %s", status, detail.TrackingID)
	}
	switch {
	case e.Code == 401 || e.Code == 403:
		status = l10n.New("%v: %v", status, l10n.New("check the key and the registration id"))
	case e.Code == 404:
		status = l10n.New("%v: %v", status, l10n.New("check the id, and the ID scope"))
	case e.Code == 429:
		status = l10n.New("%v: %v", status, l10n.New("the service is being asked too often, wait and try again"))
	case e.Code >= 500:
		status = l10n.New("%v: %v", status, l10n.New("try again later"))
	}
	return newMessage("%v: %v", e.Op.text(), status)
}

// An Operation is a request to the hub or to DPS that a TimeoutError or StatusError is about.
type Operation string

// The operations.
const (
	OpTwinGet     Operation = "twin get"
	OpTwinReport  Operation = "reported properties patch"
	OpDPSRegister Operation = "DPS register"
	OpDPSPoll     Operation = "DPS poll"
)

// operations are the kinds of topics that ask for something.
var operations = map[hubproto.TopicKind]Operation{
	hubproto.TwinGet: OpTwinGet, hubproto.TwinPatchReported: OpTwinReport,
	hubproto.DPSRegister: OpDPSRegister, hubproto.DPSPoll: OpDPSPoll,
}

// text returns the operation as a part of a message.
func (o Operation) text() any {
	switch o {
	case OpTwinGet:
		return l10n.New("twin get")
	case OpTwinReport:
		return l10n.New("reported properties patch")
	case OpDPSRegister:
		return l10n.New("DPS register")
	case OpDPSPoll:
		return l10n.New("DPS poll")
	}
	return string(o)
}

// A RegistrationError reports that DPS ended the registration without assigning a hub.
type RegistrationError struct {
	RegistrationID string
	Status         RegistrationStatus // RegistrationFailed, RegistrationDisabled or RegistrationUnassigned
	Code           int                // DPS's error code, 0 when there is none
	Message        string
}

func (e *RegistrationError) Error() string { return e.message().Error() }

// Localize returns the message apart from its values, for a program that translates it by its English format.
func (e *RegistrationError) Localize() (format string, values []any) { return e.message().Localize() }

func (e *RegistrationError) message() *l10n.Message {
	status := l10n.New("status %s", e.Status)
	if e.Code != 0 {
		status = l10n.New("status %s (%d)", e.Status, e.Code)
	}
	if e.Message != "" {
		status = l10n.New("%v: %v", status, original(hubproto.Redact(e.Message)))
	}
	if e.Status == RegistrationDisabled {
		status = l10n.New("%v: %v", status, l10n.New("enable its enrollment"))
	}
	return newMessage("DPS did not assign %s to a hub: %v", e.RegistrationID, status)
}
