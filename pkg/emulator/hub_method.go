package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// Time-outs of direct methods ("Understand direct methods"; MethodRequest in the .NET API).
const (
	defaultResponseTimeout = 30 * time.Second
	minResponseTimeout     = 5 * time.Second
	maxResponseTimeout     = 300 * time.Second
	maxConnectTimeout      = 300 * time.Second
)

// call is a direct method that waits for its device's answer.
type call struct {
	answer chan answer // of size 1
}

type answer struct {
	status  int
	payload json.RawMessage
	err     error
}

func (c *call) fail(err error) {
	select {
	case c.answer <- answer{err: err}:
	default: // answered already
	}
}

// invocation is a direct method call of a service.
type invocation struct {
	name            string
	payload         json.RawMessage // "null" when there is none
	responseTimeout time.Duration
	connectTimeout  time.Duration // how long the device may take to come online
}

func errOffline(why string) *Error {
	return errorf(404103, "DeviceNotOnline", "The operation failed because the requested device isn't online or hasn't registered the direct method callback: %s", why)
}

// Invoke calls a direct method of a device ("dev-1") or module ("dev-1/mod-1") and returns its answer. payload is JSON of at most 128 KiB; nil is
// sent as null. It waits for 30 s at most. Errors: 404103 when the device is not connected or not subscribed to methods, or
// its connection ends; 504101 when it does not answer in time; 502001 when its answer is not JSON.
func (h *Hub) Invoke(ctx context.Context, id, method string, payload json.RawMessage) (status int, body json.RawMessage, err error) {
	return h.invoke(ctx, id, invocation{name: method, payload: payload, responseTimeout: defaultResponseTimeout})
}

func (in *invocation) check() error {
	if err := hubproto.ValidMethodName(in.name); err != nil {
		return errInvalid(err)
	}
	if len(in.payload) == 0 {
		in.payload = json.RawMessage("null") // SDKs fail on an empty body
	}
	switch {
	case !json.Valid(in.payload):
		return errorf(400004, "ArgumentInvalid", "the method's payload is not JSON")
	case len(in.payload) > hubproto.MaxMethodPayload:
		return errorf(413001, "MessageTooLarge", "the method's payload has %d bytes: at most %d are allowed", len(in.payload), hubproto.MaxMethodPayload)
	case in.responseTimeout < minResponseTimeout || in.responseTimeout > maxResponseTimeout:
		return errorf(400004, "ArgumentInvalid", "responseTimeoutInSeconds is %v: from 5 to 300 are allowed", in.responseTimeout.Seconds())
	case in.connectTimeout < 0 || in.connectTimeout > maxConnectTimeout:
		return errorf(400004, "ArgumentInvalid", "connectTimeoutInSeconds is %v: from 0 to 300 are allowed", in.connectTimeout.Seconds())
	}
	return nil
}

func (h *Hub) invoke(ctx context.Context, id string, in invocation) (int, json.RawMessage, error) {
	if err := in.check(); err != nil {
		return 0, nil, err
	}
	if err := h.Open(ctx); err != nil {
		return 0, nil, err
	}
	if h.throttles() {
		return 0, nil, errThrottled()
	}
	size := float64((len(in.payload) + methodMeter - 1) / methodMeter * methodMeter)
	if err := h.admit(meterMethod, size, ctx.Done()); err != nil {
		return 0, nil, err
	}
	a := h.call(ctx, id, in)
	o := Operation{Category: CategoryMethods, Name: "invoke", StatusCode: a.status,
		Description: fmt.Sprintf("method %q: the device answered %d", in.name, a.status), Level: LevelInformation}
	if a.err != nil {
		e := asError(a.err)
		o.StatusCode, o.Description, o.Level = e.Code, fmt.Sprintf("method %q: %s", in.name, e.Message), LevelError
	}
	o.DeviceID, o.ModuleID, _ = strings.Cut(id, "/")
	h.note(o)
	return a.status, a.payload, a.err
}

func (h *Hub) call(ctx context.Context, id string, in invocation) answer {
	device, pending, requestID, err := h.startCall(ctx, id, in)
	if err != nil {
		return answer{err: err}
	}
	defer h.endCall(device, requestID)
	// A little less than the service asked for: its SDK ends its HTTP request at the very same time.
	timeout := time.NewTimer(in.responseTimeout - in.responseTimeout/50)
	defer timeout.Stop()
	select {
	case a := <-pending.answer:
		return a
	case <-timeout.C:
		return answer{err: errorf(504101, "GatewayTimeout", "the device did not answer within %v", in.responseTimeout)}
	case <-ctx.Done():
		return answer{err: ctx.Err()}
	}
}

// startCall sends the request as soon as the device is reachable, or fails when the connect time-out ends first.
func (h *Hub) startCall(ctx context.Context, id string, in invocation) (device *identity, pending *call, requestID string, err error) {
	giveUp := time.NewTimer(in.connectTimeout)
	defer giveUp.Stop()
	for {
		var why string
		var callable <-chan struct{}
		if err := h.read(ctx, func() (err error) {
			if device, err = h.find(id); err != nil {
				return err
			}
			if why = device.unavailable(); why == "" {
				h.requestID++
				requestID = strconv.FormatUint(h.requestID, 16)
				pending = &call{answer: make(chan answer, 1)}
				if device.calls == nil {
					device.calls = make(map[string]*call)
				}
				device.calls[requestID] = pending
				device.attached.call(requestID, in.name, in.payload)
				return nil
			}
			if device.callable == nil && in.connectTimeout > 0 {
				device.callable = make(chan struct{})
			}
			callable = device.callable
			return nil
		}); err != nil {
			return nil, nil, "", err
		}
		switch {
		case why == "":
			return device, pending, requestID, nil
		case in.connectTimeout == 0:
			return nil, nil, "", errOffline(why)
		}
		select {
		case <-callable:
		case <-giveUp.C:
			return nil, nil, "", errOffline(fmt.Sprintf("%s, and it did not change within %v", why, in.connectTimeout))
		case <-h.closing:
			return nil, nil, "", net.ErrClosed
		case <-ctx.Done():
			return nil, nil, "", ctx.Err()
		}
	}
}

// endCall forgets a call, so that an answer that comes too late is dropped.
func (h *Hub) endCall(device *identity, requestID string) {
	h.mu.Lock()
	delete(device.calls, requestID)
	h.mu.Unlock()
}

// unavailable returns why direct methods cannot be called now, or "". h.mu is held.
func (id *identity) unavailable() string {
	if id.attached == nil {
		return "it is not connected"
	}
	return id.attached.unavailable()
}

// announceCallable wakes the calls that wait for this device, if it can be called now. h.mu is held.
func (h *Hub) announceCallable(device *identity) {
	if device.callable != nil && device.unavailable() == "" {
		close(device.callable)
		device.callable = nil
	}
}

// answerCall passes a device's answer to the call that waits for it, and drops an answer that comes too late. h.mu is held.
func (h *Hub) answerCall(device *identity, requestID string, status int, payload []byte) {
	pending := device.calls[requestID]
	if pending == nil {
		h.note(Operation{Category: CategoryMethods, Name: "methodResponse", DeviceID: device.DeviceID, ModuleID: device.ModuleID, Level: LevelWarning,
			StatusCode:  404001,
			Description: "an answer to request id " + strconv.Quote(requestID) + ", which no call waits for (any more): dropped"})
		return
	}
	delete(device.calls, requestID)
	a := answer{status: status, payload: json.RawMessage("null")}
	switch {
	case len(payload) > hubproto.MaxMethodPayload:
		a = answer{err: errorf(502001, "BadDeviceResponse", "the device's answer has %d bytes: at most %d are allowed", len(payload), hubproto.MaxMethodPayload)}
	case len(payload) > 0 && !json.Valid(payload):
		a = answer{err: errorf(502001, "BadDeviceResponse", "the device's answer is not JSON")}
	case len(payload) > 0:
		a.payload = append(json.RawMessage(nil), payload...)
	}
	pending.answer <- a // has room, because the call is no longer in the map
}
