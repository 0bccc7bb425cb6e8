package panel

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// methodState is how the device answers direct methods, and what it answered.
type methodState struct {
	status, payload field
	calls           []methodCall
}

type methodCall struct {
	id       int
	at       time.Time
	name     string
	request  string
	status   int
	response string
}

const callLimit = 100

func newMethodState() methodState {
	var m methodState
	m.status.set("200")
	m.payload.set("{\n  \"result\": \"done\"\n}")
	return m
}

// answer is the response that the form describes.
func (m *methodState) answer() (hubclient.Response, error) {
	status, err := strconv.Atoi(strings.TrimSpace(m.status.text))
	if err != nil {
		return hubclient.Response{}, errors.New("the answer's status is a whole number, for example 200")
	}
	payload := m.payload.text
	if strings.TrimSpace(payload) == "" {
		payload = "null"
	}
	if err := checkJSON("The answer's payload", payload); err != nil {
		return hubclient.Response{}, err
	}
	return hubclient.Response{Status: status, Payload: json.RawMessage(payload)}, nil
}

// gotMethod answers a direct method as the form says. A form that cannot be answered from tells the caller 500, and the
// person why: the caller must not wait for a time-out because of a typing error here.
func (p *Panel) gotMethod(_ context.Context, m hubclient.Method) (response hubclient.Response, err error) {
	p.update(func() {
		response, err = p.methods.answer()
		call := methodCall{at: p.now(), name: m.Name, request: indented(m.Payload), status: response.Status, response: indented(response.Payload)}
		if err != nil {
			call.status, call.response = 500, sentence(err)
			p.failLocked("method", err)
		} else {
			p.clearNotice("method")
		}
		if n := len(p.methods.calls); n > 0 {
			call.id = p.methods.calls[n-1].id + 1
		}
		p.methods.calls = append(p.methods.calls, call)
		if extra := len(p.methods.calls) - callLimit; extra > 0 {
			p.methods.calls = append([]methodCall(nil), p.methods.calls[extra:]...)
		}
		p.device.received++
		p.device.sent++
		e := p.deviceLog.add(p.now(), entryReceived, "Direct method "+m.Name, oneLine(string(m.Payload), 80),
			"request\n"+call.request+"\n\nresponse "+strconv.Itoa(call.status)+"\n"+call.response)
		e.outcome, e.note = done, "answered "+strconv.Itoa(call.status)
	})
	return response, err
}
