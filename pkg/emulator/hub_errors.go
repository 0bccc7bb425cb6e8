package emulator

import (
	"errors"
	"fmt"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// An Error is a refusal, with the service's code. A REST answer's status and a twin's or DPS's response status are Status;
// Code is in their bodies ("Troubleshoot IoT Hub error codes"). Code is API, Message is not.
type Error struct {
	Code       int    // such as 404001
	Name       string // such as "DeviceNotFound"
	Message    string // the problem and its remedy
	RetryAfter time.Duration
}

func (e *Error) Error() string { return fmt.Sprintf("hub: %d %s: %s", e.Code, e.Name, e.Message) }

// Status is the HTTP status that goes with the error: the first three digits of its code.
func (e *Error) Status() int { return e.Code / 1000 }

func errorf(code int, name, format string, args ...any) *Error {
	return &Error{Code: code, Name: name, Message: hubproto.Redact(fmt.Sprintf(format, args...))}
}

func errDeviceNotFound(id string) *Error {
	return errorf(404001, "DeviceNotFound", "there is no device %q: register it first", id)
}

func errModuleNotFound(id string) *Error {
	return errorf(404010, "ModuleNotFound", "there is no module %q: create it first", id)
}

func errInvalid(err error) *Error { return errorf(400004, "ArgumentInvalid", "%v", err) }

func errPrecondition(have, want string) *Error {
	return errorf(412001, "PreconditionFailed", "the entity has changed: its ETag is %q, If-Match has %q; read it again", have, want)
}

func errThrottled() *Error {
	e := errorf(429001, "ThrottlingException", "the hub is throttling: wait and send it again")
	e.RetryAfter = throttleRetryAfter
	return e
}

// throttleRetryAfter is how long a throttled caller is asked to wait.
const throttleRetryAfter = 3 * time.Second

func errStore(err error) *Error {
	return errorf(500001, "ServerError", "the change could not be stored: %v", err)
}

// deviceJSON is the body of an answer of a twin or of DPS that reports the error. It is never empty, because SDKs recognize an error by its
// errorCode and not by the topic's status.
func (e *Error) deviceJSON() []byte {
	return encodeJSON(struct {
		ErrorCode    int    `json:"errorCode"`
		TrackingID   string `json:"trackingId"`
		Message      string `json:"message"`
		TimestampUTC string `json:"timestampUtc"`
	}{e.Code, newTrackingID(), e.Message, timestamp(time.Now())})
}

// asError makes a refusal of any error.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return errorf(500001, "ServerError", "%v", err)
}
