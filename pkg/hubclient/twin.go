package hubclient

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// A request is a read of the twin, or a patch of its reported properties.
type request struct {
	ctx    context.Context // the caller's
	kind   hubproto.TopicKind
	patch  []byte
	rid    string // empty until it is sent, on each connection
	sentAt time.Time
	own    bool         // the loop's own: made again on each connection
	answer func(result) // called once, by the loop; must not block
}

func (*request) isCall() {}

// op names the request in errors.
func (r *request) op() Operation { return operations[r.kind] }

type result struct {
	version int64
	body    []byte // valid only during the call of answer
	err     error
}

// Twin reads the device twin. If the connection ends, it waits for the next and asks again. An answer outside 2xx is a
// *StatusError, and none within 30 seconds a *TimeoutError.
func (c *Client) Twin(ctx context.Context) (Twin, error) {
	return askTwin(ctx, c, hubproto.TwinGet, nil, func(r result) (Twin, error) { return parseTwin(r.body) })
}

// Report patches the twin's reported properties and returns their new version. Objects merge, null deletes, everything else
// replaces. A patch that breaks the hub's rules is refused with a *TwinError before it is sent. One patch is under way at a
// time, since the hub may apply them in any order; if the connection ends it is sent again, which changes nothing but
// the version. An answer outside 2xx is a *StatusError, and none within 30 seconds a *TimeoutError: whether the
// hub has applied the patch is then unknown.
func (c *Client) Report(ctx context.Context, patch json.RawMessage) (version int64, err error) {
	if err := hubproto.ValidateTwinPatch(patch); err != nil {
		return 0, wrong("reported properties: %v", publicError(err))
	}
	return askTwin(ctx, c, hubproto.TwinPatchReported, bytes.Clone(patch), func(r result) (int64, error) { return r.version, nil })
}

// askTwin hands a request to the loop and waits. read takes what is wanted out of a good answer, on the loop's goroutine. It
// shares nothing with the caller, who may have left.
func askTwin[T any](ctx context.Context, c *Client, kind hubproto.TopicKind, patch []byte, read func(result) (T, error)) (T, error) {
	type reading struct {
		value T
		err   error
	}
	done := make(chan reading, 1)
	r := &request{ctx: ctx, kind: kind, patch: patch, answer: func(r result) {
		got := reading{err: r.err}
		if r.err == nil {
			got.value, got.err = read(r)
		}
		done <- got
	}}
	var none T
	if err := c.submit(ctx, r.op().text(), r); err != nil {
		return none, err
	}
	select {
	case got := <-done:
		return got.value, got.err
	case <-ctx.Done():
		select {
		case got := <-done:
			return got.value, got.err
		default:
			return none, newMessage("%v not answered yet: %v", r.op().text(), ctx.Err())
		}
	}
}

func parseTwin(body []byte) (Twin, error) {
	type documents struct {
		Desired, Reported json.RawMessage
	}
	var answer struct {
		documents
		Properties *documents // the form of 2017
	}
	err := json.Unmarshal(body, &answer)
	if err == nil && answer.Properties != nil && answer.Desired == nil {
		answer.documents = *answer.Properties
	}
	if err != nil || answer.Desired == nil || answer.Reported == nil {
		return Twin{}, newMessage("twin get: the answer is not a twin: check that the server at the other end is an IoT Hub")
	}
	return Twin{
		Desired: answer.Desired, DesiredVersion: versionOf(answer.Desired),
		Reported: answer.Reported, ReportedVersion: versionOf(answer.Reported),
	}, nil
}

func versionOf(document []byte) int64 {
	var v struct {
		Version int64 `json:"$version"`
	}
	if json.Unmarshal(document, &v) != nil {
		return 0
	}
	return v.Version
}

// Requests are those that have no answer yet, in the order in which they came.
type requests struct {
	open    []*request
	lastRID uint64
}

func (q *requests) none() bool { return len(q.open) == 0 }

// dueAt is when the oldest that was sent is over.
func (q *requests) dueAt() time.Time {
	var due time.Time
	for _, r := range q.open {
		if r.rid != "" && (due.IsZero() || r.sentAt.Add(requestTimeout).Before(due)) {
			due = r.sentAt.Add(requestTimeout)
		}
	}
	return due
}

// unsend makes all requests unsent, for the next connection, on which the loop makes its own again.
func (q *requests) unsend() {
	q.open = slices.DeleteFunc(q.open, func(r *request) bool { return r.own })
	for _, r := range q.open {
		r.rid = ""
	}
}

func (q *requests) fail(err error) {
	open := q.open
	q.open = nil
	for _, r := range open {
		r.answer(result{err: err})
	}
}

func (q *requests) abandon() { q.fail(ErrClosed) }

func (q *requests) remove(r *request) {
	q.open = slices.DeleteFunc(q.open, func(other *request) bool { return other == r })
}

// startRequest begins a request.
func (l *loop) startRequest(r *request) {
	l.requests.open = append(l.requests.open, r)
	if !l.subscribe.twin {
		l.subscribe.twin = true
		if l.subscribe.id == 0 {
			l.sendSubscribe([]string{hubproto.TwinResponseFilter})
		}
		return
	}
	l.sendRequests()
}

// sendRequests sends what waits, as far as it may go.
func (l *loop) sendRequests() {
	if l.phase != Connected || !l.subscribe.twinReady || !l.disconnectBy.IsZero() {
		return
	}
	patching := slices.ContainsFunc(l.requests.open, func(r *request) bool { return r.kind == hubproto.TwinPatchReported && r.rid != "" })
	for _, r := range slices.Clone(l.requests.open) {
		switch {
		case r.rid != "" || r.kind == hubproto.TwinPatchReported && patching:
			continue
		case r.ctx.Err() != nil: // its caller has left
			l.requests.remove(r)
			r.answer(result{err: r.ctx.Err()})
			continue
		}
		l.requests.lastRID++
		r.rid = strconv.FormatUint(l.requests.lastRID, 10)
		r.sentAt = l.now
		patching = patching || r.kind == hubproto.TwinPatchReported
		topic := hubproto.Topic{Kind: r.kind, RID: r.rid}
		if !l.send(&mqttcodec.Publish{TopicName: topic.Append(nil), Payload: r.patch}) {
			return
		}
	}
}

// expireRequests gives up those that the hub has not answered in time. The connection may be as well as ever: a plain
// MQTT broker never answers them.
func (l *loop) expireRequests() {
	for _, r := range slices.Clone(l.requests.open) {
		if r.rid != "" && !l.now.Before(r.sentAt.Add(requestTimeout)) {
			l.requests.remove(r)
			r.answer(result{err: &TimeoutError{Op: r.op(), After: requestTimeout}})
		}
	}
	l.sendRequests() // a patch may have waited for another
}

// twinResponse handles the answer to a request.
func (l *loop) twinResponse(topic hubproto.Topic, body []byte) {
	i := slices.IndexFunc(l.requests.open, func(r *request) bool { return r.rid == topic.RID })
	if i < 0 {
		l.log.Warn("answer to no request is dropped", "rid", topic.RID, "status", topic.Status)
		return
	}
	r := l.requests.open[i]
	l.requests.remove(r)
	if topic.Status < 200 || topic.Status > 299 {
		r.answer(result{err: &StatusError{Op: r.op(), Code: topic.Status, RetryAfter: topic.RetryAfter, Body: bytes.Clone(body)}})
	} else {
		r.answer(result{version: topic.Version, body: body})
	}
	l.sendRequests()
}
