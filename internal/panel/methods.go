package panel

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// callLimit is how many calls the history keeps. Those that still wait stay in any case; the client runs 128 at most.
const callLimit = 200

// callsPage is how many calls of the history are drawn at first, and how many more at each wish.
const callsPage = 50

// methodState is how the device answers direct methods, and what it answered.
type methodState struct {
	rules    methodRules
	calls    []*methodCall // oldest first
	next     int           // id of the next call
	dropped  int
	shown    int  // how many calls of the history are drawn, the newest
	counting bool // a goroutine redraws the countdowns
}

func newMethodState() methodState { return methodState{rules: newMethodRules(), shown: callsPage} }

type callState string

const (
	callWaiting  callState = "waiting" // for the person
	callDelayed  callState = "delayed" // its rule lets the caller wait
	callSilent   callState = "silent"  // it gets no answer
	callAnswered callState = "answered"
	callLost     callState = "lost" // the connection or the deadline went first
)

func (s callState) over() bool { return s == callAnswered || s == callLost }

// methodCall is a call of a direct method, from its arrival to its answer.
type methodCall struct {
	id       int
	at, end  time.Time
	deadline time.Time // hubclient's: what the caller asked for is not on the wire (protocol.md section 6)
	name     string
	request  string
	state    callState
	status   int
	response string
	line     *entry // in the device's journal

	editStatus, editPayload field // of an answer by hand
	problem                 string
	decided                 chan *hubclient.Response // by the person; nil: no answer
}

// over ends a call in the state.
func (c *methodCall) over(state callState, at time.Time, o outcome, note string) {
	c.state, c.end = state, at
	c.line.outcome, c.line.note = o, note
}

func (m *methodState) add(c *methodCall) {
	c.id = m.next
	m.next++
	m.calls = append(m.calls, c)
	for i := 0; len(m.calls) > callLimit && i < len(m.calls); {
		if !m.calls[i].state.over() {
			i++
			continue
		}
		m.calls = append(m.calls[:i:i], m.calls[i+1:]...)
		m.dropped++
	}
}

// clear forgets the calls that are over.
func (m *methodState) clear() {
	var open []*methodCall
	for _, c := range m.calls {
		if !c.state.over() {
			open = append(open, c)
		}
	}
	m.calls, m.dropped, m.shown = open, 0, callsPage
}

// waiting are the calls that a person has to answer, oldest first.
func (m *methodState) waiting() (list []*methodCall) {
	for _, c := range m.calls {
		if c.state == callWaiting {
			list = append(list, c)
		}
	}
	return list
}

// errUnanswered is what the client is told of a call whose context has ended. No caller waits for it any more.
var errUnanswered = errors.New("the device did not answer in time")

// gotMethod answers a direct method as the first rule that matches says. A rule that cannot be answered from tells the
// caller 500, and the person why: the caller must not wait for a time-out because of a typing error here.
func (p *Panel) gotMethod(ctx context.Context, m hubclient.Method) (hubclient.Response, error) {
	var response hubclient.Response
	var delay time.Duration
	var err error
	var arrived callState // what the rule made of it; the person may have decided before this goroutine goes on
	call := &methodCall{name: m.Name, request: indented(m.Payload), decided: make(chan *hubclient.Response, 1)}
	call.deadline, _ = ctx.Deadline()
	p.update(func() {
		rule := p.methods.rules.of(m.Name)
		response, delay, err = rule.answer()
		call.at = p.now()
		call.line = p.deviceLog.add(call.at, entryReceived, p.T("Direct method %s", m.Name), oneLine(string(m.Payload), 80), p.T("Request")+"\n"+call.request)
		call.line.outcome, call.line.note = pending, p.T("not answered yet")
		switch {
		case rule.mode == ruleByHand:
			call.state = callWaiting
			call.editStatus.set(rule.status.text)
			call.editPayload.set(rule.payload.text)
		case rule.mode == ruleSilent:
			call.state = callSilent
		case err == nil && delay > 0:
			call.state = callDelayed
		}
		arrived = call.state
		p.methods.add(call)
		p.device.received++
	})
	switch arrived {
	case callSilent:
		return p.neverAnswer(ctx, call)
	case callWaiting:
		p.countDown()
		select {
		case decided := <-call.decided:
			if decided == nil {
				return p.neverAnswer(ctx, call)
			}
			response, err = *decided, nil
		case <-ctx.Done():
			return p.lose(ctx, call)
		}
	case callDelayed:
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return p.lose(ctx, call)
		}
	}
	p.update(func() {
		call.status, call.response = response.Status, indented(response.Payload)
		if err != nil {
			call.status, call.response = 500, p.Sentence(err)
			p.failLocked("method", err)
		} else {
			p.clearNotice("method")
		}
		p.device.sent++
		call.over(callAnswered, p.now(), done, p.T("answered %d", call.status))
		call.line.detail += "\n\n" + p.T("Response") + " " + strconv.Itoa(call.status) + "\n" + call.response
	})
	return response, err
}

// neverAnswer holds a call until no caller waits any more: what the handler returns then reaches nobody.
func (p *Panel) neverAnswer(ctx context.Context, call *methodCall) (hubclient.Response, error) {
	p.update(func() {
		call.state = callSilent
		call.line.note = p.T("not answered, as asked for")
	})
	<-ctx.Done()
	return p.lose(ctx, call)
}

// lose ends a call whose context has ended before its answer.
func (p *Panel) lose(ctx context.Context, call *methodCall) (hubclient.Response, error) {
	p.update(func() {
		note := p.T("not answered: the connection ended")
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			note = p.T("not answered: no caller waits any more")
		}
		call.over(callLost, p.now(), failed, note)
	})
	return hubclient.Response{}, errUnanswered
}

// answerByHand sends what the person has written to the caller; status 0 is the one in the editor.
func (p *Panel) answerByHand(c *methodCall, status int) {
	p.update(func() {
		statusText := c.editStatus.text
		if status != 0 {
			statusText = strconv.Itoa(status)
		}
		response, err := parseResponse(statusText, c.editPayload.text)
		if err != nil {
			c.problem = p.Sentence(err)
			return
		}
		p.decide(c, &response)
	})
}

// decide hands the person's decision to the goroutine of the call, once. The caller holds the lock.
func (p *Panel) decide(c *methodCall, response *hubclient.Response) {
	if c.state != callWaiting {
		return // it is decided, or lost
	}
	c.state = callDelayed
	c.decided <- response
}

// countDown redraws the page once a second while a call waits for the person.
func (p *Panel) countDown() {
	p.mu.Lock()
	counting := p.methods.counting
	p.methods.counting = true
	p.mu.Unlock()
	if counting {
		return
	}
	p.start("the countdown", func(ctx context.Context) {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for waits := true; waits; {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				p.update(func() {
					waits = len(p.methods.waiting()) > 0
					p.methods.counting = waits
				})
			}
		}
	})
}
