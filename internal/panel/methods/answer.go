package methods

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// statusFailed is the status of a call that the device failed, or could not answer.
const statusFailed = 500

// errUnanswered is the client's error for a call whose context has ended. No caller waits for it any more.
var errUnanswered = errors.New("the device did not answer in time")

// Called answers a direct method as the first rule that matches describes. It returns at the latest when ctx ends, and so frees the
// client's slot for the call. If the rule is not valid, the caller gets 500 and the person the reason, because the caller must not wait
// for a time-out on account of a typing error here. Called is the client's OnMethod.
func (room *Room) Called(ctx context.Context, m hubclient.Method) (hubclient.Response, error) {
	var response hubclient.Response
	var delay time.Duration
	var err error
	var arrived callState // as the rule has it; the person may have settled the call before this goroutine continues
	c := &call{name: m.Name, request: jsontext.Indent(m.Payload), settled: make(chan *hubclient.Response, 1)}
	c.deadline, _ = ctx.Deadline()
	room.Update(func() {
		r := room.state.rules.match(m.Name)
		response, delay, err = r.answer()
		c.at = room.Now()
		c.line = room.DeviceLog.Add(c.at, page.Received, l10n.New("Direct method %s", m.Name), l10n.Verbatim(jsontext.OneLine(string(m.Payload), 80)), c.requestText())
		c.line.Outcome, c.line.Note = page.Pending, l10n.New("not answered yet")
		switch {
		case r.mode == modeByHand:
			c.state = callWaiting
			c.editStatus.Set(r.status.Text)
			c.editPayload.Set(r.payload.Text)
		case r.mode == modeSilent:
			c.state = callSilent
		case err == nil && delay > 0:
			c.state = callDelayed
		}
		arrived = c.state
		room.state.calls.add(c)
		room.Traffic.Received++
	})
	switch arrived {
	case callSilent:
		return room.awaitEnd(ctx, c)
	case callWaiting:
		select {
		case settled := <-c.settled:
			if settled == nil {
				return room.awaitEnd(ctx, c)
			}
			response, err = *settled, nil
		case <-ctx.Done():
			return room.endUnanswered(ctx, c)
		}
	case callDelayed:
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return room.endUnanswered(ctx, c)
		}
	}
	inTime := true
	room.Update(func() {
		if inTime = ctx.Err() == nil; !inTime {
			return // the answer would reach nobody
		}
		c.status, c.response = response.Status, l10n.Verbatim(jsontext.Indent(response.Payload))
		if err != nil {
			c.status, c.response = statusFailed, l10n.Sentence{Err: err}
			room.FailLocked("method", err)
		} else {
			room.ClearNotice("method")
		}
		room.Traffic.Sent++
		c.finish(callAnswered, room.Now(), page.Done, l10n.New("answered %d", c.status))
		c.line.Detail = l10n.New("%v\n\n%v %d\n%v", c.requestText(), l10n.New("Response"), c.status, c.response)
	})
	if !inTime {
		return room.endUnanswered(ctx, c)
	}
	return response, err
}

// requestText is the part of the journal's detail that is known when a call arrives.
func (c *call) requestText() l10n.Text { return l10n.New("%v\n%s", l10n.New("Request"), c.request) }

// awaitEnd holds a call until its context has ended, because the client would send any result to the caller.
func (room *Room) awaitEnd(ctx context.Context, c *call) (hubclient.Response, error) {
	room.Update(func() {
		c.state = callSilent
		c.line.Note = l10n.New("not answered, as asked for")
	})
	<-ctx.Done()
	return room.endUnanswered(ctx, c)
}

// endUnanswered ends a call whose context has ended before its answer.
func (room *Room) endUnanswered(ctx context.Context, c *call) (hubclient.Response, error) {
	room.Update(func() {
		note := l10n.New("not answered: the connection ended")
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			note = l10n.New("not answered: no caller waits any more")
		}
		c.finish(callUnanswered, room.Now(), page.Failed, note)
	})
	return hubclient.Response{}, errUnanswered
}

// answer sends the answer that the person has written to the caller; status 0 is the one in the editor.
func (room *Room) answer(c *call, status int) {
	room.Update(func() {
		statusText := c.editStatus.Text
		if status != 0 {
			statusText = strconv.Itoa(status)
		}
		response, err := parseResponse(statusText, c.editPayload.Text)
		if err != nil {
			c.problem = l10n.Sentence{Err: err}
			return
		}
		c.settle(&response)
	})
}
