package hubclient

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

const (
	maxMethods = 128 // at once

	// methodTimeout is the longest time that a caller may wait ("Understand direct methods", method lifecycle).
	methodTimeout = 300 * time.Second
)

// The statuses that answer a method when its handler does not; the same numbers as HTTP's.
const (
	statusOK              = 200
	statusBadRequest      = 400
	statusNotFound        = 404
	statusTooManyRequests = 429
	statusHandlerFailed   = 500
)

// An answer is a method's, on its way to the loop. It belongs to the connection that the call came by.
type answer struct {
	link     *link
	request  string // $rid
	method   string
	response Response
}

// invoke handles the call of a direct method.
func (l *loop) invoke(topic hubproto.Topic, payload []byte) {
	a := answer{link: l.link, request: topic.RID, method: topic.Name}
	switch {
	case l.c.o.OnMethod == nil:
		a.response = reason(statusNotFound, "the device has no direct methods")
	case len(bytes.TrimSpace(payload)) > 0 && !json.Valid(payload):
		a.response = reason(statusBadRequest, "the payload is not JSON")
	case l.running >= maxMethods:
		a.response = reason(statusTooManyRequests, fmt.Sprintf("the device runs %d methods already", l.running))
	default:
		l.running++
		l.methods++
		m := Method{Name: topic.Name, RequestID: topic.RID, Payload: bytes.Clone(payload)}
		ctx, cancel := context.WithTimeout(l.linkCtx, methodTimeout)
		l.handlers.Go(func() {
			defer cancel()
			a.response = l.c.runMethod(ctx, m)
			select {
			case l.answers <- a:
			case <-l.answersEnd:
			}
		})
		return
	}
	l.reply(a)
}

// runMethod calls the handler and checks its response.
func (c *Client) runMethod(ctx context.Context, m Method) (r Response) {
	defer func() {
		if p := recover(); p != nil {
			c.o.Logger.Error("handler of a direct method panicked", "method", m.Name, "panic", hubproto.Redact(fmt.Sprint(p)))
			r = reason(statusHandlerFailed, "the handler panicked")
		}
	}()
	r, err := c.o.OnMethod(ctx, m)
	switch {
	case err != nil:
		return reason(statusHandlerFailed, hubproto.Redact(err.Error()))
	case len(r.Payload) > 0 && !json.Valid(r.Payload):
		return reason(statusHandlerFailed, "the handler's payload is not JSON")
	case len(r.Payload) > hubproto.MaxMethodPayload:
		return reason(statusHandlerFailed, fmt.Sprintf("the handler's payload has %d bytes: at most %d are allowed", len(r.Payload), hubproto.MaxMethodPayload))
	case r.Status == 0:
		r.Status = statusOK
	}
	return r
}

func reason(status int, text string) Response {
	payload, err := json.Marshal(map[string]string{"message": text})
	if err != nil {
		panic(err) // a map of strings
	}
	return Response{Status: status, Payload: payload}
}

// answered handles the end of a method's goroutine.
func (l *loop) answered(a answer) {
	l.running--
	if a.link != l.link {
		// The hub has already answered the caller that the device is not connected.
		l.log.Warn("answer to a direct method is dropped, its connection is gone", "method", a.method)
		return
	}
	l.methods--
	l.reply(a)
}

func (l *loop) reply(a answer) {
	topic := hubproto.Topic{Kind: hubproto.MethodResponse, Status: a.response.Status, RID: a.request}
	l.send(&mqttcodec.Publish{TopicName: topic.Append(nil), Payload: a.response.Payload})
}
