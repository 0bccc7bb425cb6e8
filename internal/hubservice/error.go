package hubservice

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/hubpanel/hubpanel/internal/l10n"
)

// Error is a refusal of the service's REST API. Its text is the service's own, in English.
type Error struct {
	Status int
	Name   string // of the error, such as "DeviceNotFound"; empty when the answer names none
	Text   string // with the name
}

func (e *Error) Error() string { return e.english().Error() }

func (e *Error) english() *l10n.Message {
	return l10n.New("the hub answered %d: %v", e.Status, l10n.Quoted(e.Text))
}

// Localize puts the meaning of the error before the service's own words.
func (e *Error) Localize() (format string, values []any) {
	if meaning := e.meaning(); meaning != nil {
		return l10n.New("the hub answered %d, %v: %v", e.Status, meaning, l10n.Quoted(e.Text)).Localize()
	}
	return e.english().Localize()
}

// meaning is that of an error's name ("Troubleshoot IoT Hub error codes"), or nil.
func (e *Error) meaning() *l10n.Message {
	switch e.Name {
	case "ArgumentInvalid", "BadRequest":
		return l10n.New("something in the request is not valid")
	case "IotHubUnauthorizedAccess":
		return l10n.New("the policy or its key does not allow that")
	case "DeviceMaximumQueueDepthExceeded":
		return l10n.New("the device's queue is full: let it connect and take its messages")
	case "DeviceNotFound":
		return l10n.New("there is no such device: register it first")
	case "ModuleNotFound":
		return l10n.New("there is no such module: create it first")
	case "DeviceNotOnline":
		return l10n.New("the device is not connected")
	case "EnrollmentNotFound", "RegistrationNotFound":
		return l10n.New("there is no such enrollment or registration")
	case "DeviceAlreadyExists", "ModuleAlreadyExistsOnDevice", "EnrollmentConflict":
		return l10n.New("that id is taken: choose another")
	case "PreconditionFailed":
		return l10n.New("it has changed meanwhile: read it again")
	case "MessageTooLarge", "RequestTooLarge":
		return l10n.New("it is too large")
	case "ThrottlingException":
		return l10n.New("the hub is throttling: wait and try again")
	case "ServerError", "ServiceUnavailable":
		return l10n.New("try again later")
	case "BadDeviceResponse":
		return l10n.New("the device's answer was not valid")
	case "GatewayTimeout", "RequestTimeout":
		return l10n.New("the device did not answer in time")
	}
	return nil
}

// methodErrors are the names of the error codes that a direct method's refusal holds.
var methodErrors = map[int]string{404001: "DeviceNotFound", 404103: "DeviceNotOnline", 504101: "GatewayTimeout"}

// IsNotFound reports whether an error is the service's answer that an entity does not exist.
func IsNotFound(err error) bool { return hasStatus(err, 404) }

// IsUnauthorized reports whether an error is the service's answer that it does not accept the client's key.
func IsUnauthorized(err error) bool { return hasStatus(err, 401) }

func hasStatus(err error, status int) bool {
	refused, ok := errors.AsType[*Error](err)
	return ok && refused.Status == status
}

// refusal returns the name and the sentence in an error's body: its Message is "ErrorCode:Name;text", or JSON of its own in a string
// ("Troubleshoot IoT Hub error codes").
func refusal(body []byte) (name, text string) {
	var outer struct{ Message string }
	if json.Unmarshal(body, &outer) != nil || outer.Message == "" {
		return "", string(body)
	}
	var inner struct {
		ErrorCode int `json:"errorCode"`
		Message   string
	}
	if json.Unmarshal([]byte(outer.Message), &inner) == nil && inner.Message != "" {
		return methodErrors[inner.ErrorCode], inner.Message
	}
	text = strings.TrimPrefix(outer.Message, "ErrorCode:")
	name, _, _ = strings.Cut(text, ";")
	return name, text
}
