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
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

var (
	// ErrClosed says that the device's life is over: Run has returned, or is about to.
	ErrClosed = fmt.Errorf("hubclient: the device is closed: %w", net.ErrClosed)

	// ErrUnacknowledged says that a message was on its way when the wait for its acknowledgement ended. The hub may or may
	// not have it.
	ErrUnacknowledged = errors.New("hubclient: the hub has not acknowledged the message, and may or may not have it")

	// ErrConnectionLost says that the connection broke before a message of QoS 0 was written.
	ErrConnectionLost = errors.New("hubclient: the connection broke before the message was written: send it again")

	errRunTwice = errors.New("hubclient: Run was called before: make a new Client for another life")
)

type (
	// A ConnectionStringError says which part of a connection string is wrong, why, and what to do.
	ConnectionStringError = hubproto.ConnectionStringError

	// A TwinError says which place in a twin document breaks which of the hub's rules.
	TwinError = hubproto.TwinError
)

// A ConnectError says that the hub, or DPS, answered CONNECT with a refusal. After code 5, not authorized, which a busy hub
// sends too, a few tries follow before it is final.
type ConnectError struct {
	Code     mqttcodec.ConnectCode
	Host     string // who refused
	Identity string // the client identifier that was refused
	Attempts int    // refusals in a row
	X509     bool   // there was no password that could have been wrong
	Now      time.Time

	// ServerTime is what Options.ServerTime said about Now, and Skew how far this machine's clock is ahead of that, negative
	// when it is behind. Both are zero when nobody was asked, or could tell.
	ServerTime time.Time
	Skew       time.Duration
}

func (e *ConnectError) Error() string {
	s := fmt.Sprintf("hubclient: %s refused %s: %s", e.Host, e.Identity, e.Code)
	switch e.Code {
	case mqttcodec.NotAuthorized, mqttcodec.BadUserNameOrPassword:
		what := "the key or token"
		if e.X509 {
			what = "the certificate"
		}
		switch {
		case e.ServerTime.IsZero():
			return s + ": check that " + what + " is this device's, that the device exists and is enabled, and that this machine's clock (" +
				e.Now.UTC().Format(time.RFC3339) + ") is right to five minutes"
		case e.Skew.Abs() > hubproto.MaxClockSkew:
			direction := "ahead"
			if e.Skew < 0 {
				direction = "behind"
			}
			return fmt.Sprintf("%s: this machine's clock is %v %s: it says %s, and it is %s; the hub allows five minutes: set the clock",
				s, e.Skew.Abs().Round(time.Second), direction, e.Now.UTC().Format(time.RFC3339), e.ServerTime.UTC().Format(time.RFC3339))
		}
		return s + ": check that " + what + " is this device's, and that the device exists and is enabled (this machine's clock is right)"
	case mqttcodec.ServerUnavailable:
		return s + ": try again later"
	case mqttcodec.IdentifierRejected:
		return s + ": check the device id"
	case mqttcodec.UnacceptableProtocolVersion:
		return s + ": it does not speak MQTT 3.1.1"
	}
	return s
}

// A DialError says that no connection to a host came about.
type DialError struct {
	Host string // name[:port], or what Options.Endpoint names
	Err  error
}

func (e *DialError) Error() string {
	var dns *net.DNSError
	switch {
	case errors.As(e.Err, &dns) && dns.IsNotFound:
		return "hubclient: no host has the name " + e.Host + ": check the host name for a typing error"
	case errors.Is(e.Err, context.DeadlineExceeded):
		return fmt.Sprintf("hubclient: %s did not answer: check that the network lets the connection through", e.Host)
	}
	return fmt.Sprintf("hubclient: cannot reach %s: check the host name, and that the network lets the connection through: %s",
		e.Host, hubproto.Redact(e.Err.Error()))
}

// Unwrap returns the cause.
func (e *DialError) Unwrap() error { return e.Err }

// A LinkError says how an open connection ended, other than by us.
type LinkError struct {
	Host string
	Op   string // what the device waited for or did
	Err  error
}

func (e *LinkError) Error() string {
	return fmt.Sprintf("hubclient: the connection to %s broke (%s): %s", e.Host, e.Op, hubproto.Redact(e.Err.Error()))
}

// Unwrap returns the cause.
func (e *LinkError) Unwrap() error { return e.Err }

// A TokenExpiredError says that a given SAS token is over, by this machine's clock. There is no use in dialling with it.
type TokenExpiredError struct {
	Expiry, Now time.Time
}

func (e *TokenExpiredError) Error() string {
	return fmt.Sprintf("hubclient: the SAS token expired at %s, and this machine's clock says %s: make a new token, or set the clock",
		e.Expiry.UTC().Format(time.RFC3339), e.Now.UTC().Format(time.RFC3339))
}

// A SubscribeError says that the hub refused a subscription which a handler, or the twin, needs.
type SubscribeError struct {
	Filter string
}

func (e *SubscribeError) Error() string {
	return fmt.Sprintf("hubclient: the hub refused the subscription to %s: its tier may lack the feature (Basic tiers have no twins, methods or cloud-to-device messages)", e.Filter)
}

// A TakeoverError says that the hub closed the connection again and again soon after it was made.
type TakeoverError struct {
	Times    int    // in a row
	Identity string // the client identifier
	Err      error  // how the last connection ended
}

func (e *TakeoverError) Error() string {
	return fmt.Sprintf("hubclient: the hub closed the connection of %s %d times in a row soon after it was made: most likely another client uses the same identity, and each takes it over from the other; stop the other, or give this device an identity of its own",
		e.Identity, e.Times)
}

// Unwrap returns how the last connection ended.
func (e *TakeoverError) Unwrap() error { return e.Err }

var _ net.Error = (*TimeoutError)(nil)

// A TimeoutError says that the hub, though connected, did not answer a request. It does not end the connection.
type TimeoutError struct {
	Op    string // such as "twin get"
	After time.Duration
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("hubclient: no answer to %s within %v: try again, and check that the server at the other end is an IoT Hub of a tier with twins", e.Op, e.After)
}

// Timeout is true, as net.Error has it.
func (e *TimeoutError) Timeout() bool { return true }

// Temporary is true: a later try may be answered.
func (e *TimeoutError) Temporary() bool { return true }

// Is makes the error match context.DeadlineExceeded.
func (e *TimeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// A StatusError is an answer of the hub's twin, or of DPS, outside 2xx.
type StatusError struct {
	Op         string        // "twin get", "reported properties patch", "DPS register" or "DPS poll"
	Code       int           // as in HTTP: 400, 401, 404, 413, 429, 5xx
	RetryAfter time.Duration // when to try again; 0 when the answer does not say
	Body       []byte        // the answer, usually JSON with errorCode, message and trackingId
}

func (e *StatusError) Error() string {
	s := fmt.Sprintf("hubclient: %s: status %d", e.Op, e.Code)
	var detail struct {
		ErrorCode  int    `json:"errorCode"`
		Message    string `json:"message"`
		TrackingID string `json:"trackingId"`
	}
	if json.Unmarshal(e.Body, &detail) == nil && detail.ErrorCode != 0 {
		s += fmt.Sprintf(" (%d)", detail.ErrorCode)
	}
	if detail.Message != "" {
		s += ": " + hubproto.Redact(strings.TrimRight(detail.Message, ". "))
	}
	if detail.TrackingID != "" {
		s += ", tracking id " + detail.TrackingID
	}
	switch {
	case e.Code == 401 || e.Code == 403:
		s += ": check the key and the registration id"
	case e.Code == 404:
		s += ": check the id, and the ID scope"
	case e.Code == 429:
		s += ": the service is being asked too often, wait and try again"
	case e.Code >= 500:
		s += ": try again later"
	}
	return s
}

// A RegistrationError says that DPS finished the registration without assigning a hub.
type RegistrationError struct {
	RegistrationID string
	Status         string // "failed", "disabled" or "unassigned"
	Code           int    // DPS's error code, 0 when there is none
	Message        string
}

func (e *RegistrationError) Error() string {
	s := "hubclient: DPS did not assign " + e.RegistrationID + " to a hub: status " + e.Status
	if e.Code != 0 {
		s += fmt.Sprintf(" (%d)", e.Code)
	}
	if e.Message != "" {
		s += ": " + hubproto.Redact(e.Message)
	}
	if e.Status == "disabled" {
		s += ": enable its enrollment"
	}
	return s
}
