package methods

import (
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// callLimit is how many calls the history keeps. Those that still wait stay in any case; the client runs 128 at most.
const callLimit = 200

// callsPage is how many calls of the history are drawn at first, and how many more each time a person asks for more.
const callsPage = 50

// calls are the calls of direct methods.
type calls struct {
	list    []*call // oldest first
	next    int     // id of the next call
	dropped int
	shown   int // how many calls of the history are drawn, the newest
}

func newCalls() calls { return calls{shown: callsPage} }

// callState is the state of a call, as the view's data attributes have it.
type callState string

const (
	callWaiting    callState = "waiting" // for the person
	callDelayed    callState = "delayed" // its rule lets the caller wait
	callSilent     callState = "silent"  // it gets no answer
	callAnswered   callState = "answered"
	callUnanswered callState = "lost" // the connection or the deadline ended before the answer
)

func (s callState) final() bool { return s == callAnswered || s == callUnanswered }

// call is a call of a direct method, from its arrival to its answer.
type call struct {
	id       int
	at, end  time.Time
	deadline time.Time // hubclient's: the time that the caller asked for is not on the wire
	name     string
	request  string
	state    callState
	status   int
	response l10n.Text   // JSON, or the error that the caller gets with status 500
	line     *page.Entry // in the device's journal

	editStatus, editPayload ui.Field // of an answer by hand
	problem                 l10n.Text
	settled                 chan *hubclient.Response // by the person; nil: no answer
}

// finish ends a call in the state.
func (c *call) finish(state callState, at time.Time, outcome page.Outcome, note l10n.Text) {
	c.state, c.end = state, at
	c.line.Outcome, c.line.Note = outcome, note
}

// settle hands the person's answer to the goroutine of a call that waits, once; nil is no answer. The lock is held.
func (c *call) settle(response *hubclient.Response) {
	if c.state != callWaiting {
		return // it is settled already, or nobody waits any more
	}
	c.state = callDelayed
	c.settled <- response
}

func (l *calls) add(c *call) {
	c.id = l.next
	l.next++
	l.list = append(l.list, c)
	for i := 0; len(l.list) > callLimit && i < len(l.list); {
		if !l.list[i].state.final() {
			i++
			continue
		}
		l.list = append(l.list[:i:i], l.list[i+1:]...)
		l.dropped++
	}
}

// clear drops the calls that have ended.
func (l *calls) clear() {
	var open []*call
	for _, c := range l.list {
		if !c.state.final() {
			open = append(open, c)
		}
	}
	l.list, l.dropped, l.shown = open, 0, callsPage
}

// waiting returns the calls that a person has to answer, oldest first.
func (l *calls) waiting() (list []*call) {
	for _, c := range l.list {
		if c.state == callWaiting {
			list = append(list, c)
		}
	}
	return list
}
