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
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
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

// Invoke calls a direct method on a device ("dev-1") or module ("dev-1/mod-1") and returns what it answers. payload is JSON; nil is
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
	if h.use() == nil && h.faults.Load().Throttle {
		return 0, nil, errThrottled()
	}
	if h.use() == nil {
		size := float64((len(in.payload) + methodMeter - 1) / methodMeter * methodMeter)
		if err := h.admit(meterMethod, size, ctx.Done()); err != nil {
			return 0, nil, err
		}
	}
	a := h.call(ctx, id, in)
	o := Operation{Category: CategoryMethods, Name: "invoke", StatusCode: a.status,
		Description: fmt.Sprintf("method %q: the device answered %d", in.name, a.status), Level: LevelInformation}
	if a.err != nil {
		e := asError(a.err)
		o.StatusCode, o.Description, o.Level = e.Code, fmt.Sprintf("method %q: %s", in.name, e.Message), LevelError
	}
	o.DeviceID, o.ModuleID, _ = strings.Cut(id, "/")
	if h.use() == nil {
		h.note(o)
	}
	return a.status, a.payload, a.err
}

func (h *Hub) call(ctx context.Context, id string, in invocation) answer {
	c, pending, rid, err := h.startCall(ctx, id, in)
	if err != nil {
		return answer{err: err}
	}
	defer h.endCall(c, rid)
	// A little less than was asked for: SDKs give up their HTTP request at the very same time.
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

// startCall sends the request as soon as the device is there, or gives up when the connect time-out is over.
func (h *Hub) startCall(ctx context.Context, id string, in invocation) (*conn, *call, string, error) {
	giveUp := time.NewTimer(in.connectTimeout)
	defer giveUp.Stop()
	for {
		if err := h.lockOpen(); err != nil {
			return nil, nil, "", err
		}
		who, err := h.find(id)
		if err != nil {
			h.mu.Unlock()
			return nil, nil, "", err
		}
		c := who.conn
		qos, why := c.callable()
		if why == "" {
			h.rid++
			rid := strconv.FormatUint(h.rid, 16)
			pending := &call{answer: make(chan answer, 1)}
			if c.calls == nil {
				c.calls = make(map[string]*call)
			}
			c.calls[rid] = pending
			c.toDevice(qos, hubproto.Topic{Kind: hubproto.MethodRequest, Name: in.name, RID: rid}, in.payload)
			h.mu.Unlock()
			return c, pending, rid, nil
		}
		if in.connectTimeout == 0 {
			h.mu.Unlock()
			return nil, nil, "", errOffline(why)
		}
		if who.callable == nil {
			who.callable = make(chan struct{})
		}
		callable := who.callable
		h.mu.Unlock()
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
func (h *Hub) endCall(c *conn, rid string) {
	h.mu.Lock()
	delete(c.calls, rid)
	h.mu.Unlock()
}

// callable returns the QoS of a connection's methods, or why there are none. c may be nil. h.mu is held.
func (c *conn) callable() (qos mqttcodec.QoS, why string) {
	if c == nil || !c.ready {
		return 0, "it is not connected"
	}
	qos, ok := c.subscribed(filterMethods)
	switch {
	case !ok:
		return 0, "it has not subscribed to " + hubproto.MethodsFilter
	case c.apiVersion == "":
		// As reported of the service for user names without an api-version.
		return 0, "its user name has no api-version"
	}
	return qos, ""
}

// announceCallable wakes the calls that wait for this device. h.mu is held.
func (c *conn) announceCallable() {
	if c.id == nil || c.id.callable == nil {
		return
	}
	if _, why := c.callable(); why == "" {
		close(c.id.callable)
		c.id.callable = nil
	}
}

// answerMethod hands a device's answer to the call that waits for it. One that nobody waits for any more is dropped.
func (c *conn) answerMethod(topic hubproto.Topic, payload []byte) {
	h := c.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	pending := c.calls[topic.RID]
	if pending == nil {
		o := c.operation("methodResponse", 404001, "an answer to request id "+strconv.Quote(topic.RID)+", for which nobody waits (any more): dropped")
		o.Category, o.Level = CategoryMethods, LevelWarning
		h.note(o)
		return
	}
	delete(c.calls, topic.RID)
	a := answer{status: topic.Status, payload: json.RawMessage("null")}
	switch {
	case len(payload) > hubproto.MaxMethodPayload:
		a = answer{err: errorf(502001, "BadDeviceResponse", "the device's answer has %d bytes: at most %d are allowed", len(payload), hubproto.MaxMethodPayload)}
	case len(payload) > 0 && !json.Valid(payload):
		a = answer{err: errorf(502001, "BadDeviceResponse", "the device's answer is not JSON")}
	case len(payload) > 0:
		a.payload = append(json.RawMessage(nil), payload...)
	}
	pending.answer <- a // has room: the call left the map
}
