package panel

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
)

// serviceError is a refusal of the service's REST API. Its text is the service's own, in English.
type serviceError struct {
	Status int
	Name   string // of the error, such as "DeviceNotFound"; empty when the answer names none
	Text   string // with the name
}

func (e *serviceError) Error() string { return e.english().Error() }

func (e *serviceError) english() *l10n.Message {
	return l10n.New("the hub answered %d: %v", e.Status, l10n.Quoted(e.Text))
}

// Localize puts the meaning of the error before the service's own words.
func (e *serviceError) Localize() (format string, values []any) {
	if meaning := e.meaning(); meaning != nil {
		return l10n.New("the hub answered %d, %v: %v", e.Status, meaning, l10n.Quoted(e.Text)).Localize()
	}
	return e.english().Localize()
}

// meaning is that of an error's name ("Troubleshoot IoT Hub error codes"), or nil.
func (e *serviceError) meaning() *l10n.Message {
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

// service makes a request to the hub's service API, signed with the service policy, and returns the answer if it is a
// 2xx. The caller closes its Body.
func (p *Panel) service(ctx context.Context, method, path string, body any, header map[string]string) (*FetchResponse, error) {
	p.mu.Lock()
	policy := p.cloud.service
	p.mu.Unlock()
	return p.serviceAs(ctx, policy, method, path, body, header)
}

// serviceAs is service with another policy's key.
func (p *Panel) serviceAs(ctx context.Context, policy hubproto.ConnectionString, method, path string, body any, header map[string]string) (*FetchResponse, error) {
	p.mu.Lock()
	fetch := p.cloud.fetch
	p.mu.Unlock()
	if fetch == nil {
		return nil, l10n.New("there is no emulator behind this page, so it has no cloud side")
	}
	r := &FetchRequest{Method: method, Path: path, Header: map[string]string{
		// One minute is enough for a request; a stream was admitted when it was opened.
		"Authorization": hubproto.SignSAS(policy.SharedAccessKey, policy.HostName, policy.SharedAccessKeyName, time.Now().Add(time.Minute)),
	}}
	switch b := body.(type) {
	case nil:
	case []byte:
		r.Body = b
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		r.Body, r.Header["Content-Type"] = raw, "application/json; charset=utf-8"
	}
	for name, value := range header {
		r.Header[name] = value
	}
	res, err := fetch(ctx, r)
	if err != nil {
		return nil, err
	}
	if res.Status/100 == 2 {
		return res, nil
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	name, text := refusal(raw)
	return nil, &serviceError{res.Status, name, text}
}

// methodErrors are the names of the error codes that a direct method's refusal holds.
var methodErrors = map[int]string{404001: "DeviceNotFound", 404103: "DeviceNotOnline", 504101: "GatewayTimeout"}

// refusal is the name and the sentence in an error's body: its Message is "ErrorCode:Name;text", or JSON of its own in a string
// (protocol.md sections 6 and 8).
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

// ask is service for an answer in JSON that fits in memory. The answer may be empty.
func (p *Panel) ask(ctx context.Context, method, path string, body any, header map[string]string) (json.RawMessage, error) {
	return readAll(p.service(ctx, method, path, body, header))
}

func readAll(res *FetchResponse, err error) (json.RawMessage, error) {
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(io.LimitReader(res.Body, 4<<20))
}

const apiVersion = "?api-version=" + hubproto.APIVersion
