package panel

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// ruleMode is what a rule does with a call.
type ruleMode string

const (
	ruleAnswer ruleMode = "answer"
	ruleByHand ruleMode = "hand"   // the person answers
	ruleSilent ruleMode = "silent" // nobody does, to see what the caller makes of it
)

// methodRule says what becomes of the calls of a method. Its name is the method's, or * for every method. A component's
// command has a star inside its name (protocol.md section 6), so a star stands for other names only when it is alone.
type methodRule struct {
	id                           int
	mode                         ruleMode
	name, status, payload, delay field // delay in milliseconds
}

// newRule answers with 200 at once.
func newRule(id int, name string) *methodRule {
	r := &methodRule{id: id, mode: ruleAnswer}
	r.name.set(name)
	r.status.set("200")
	r.payload.set("{\n  \"result\": \"done\"\n}")
	r.delay.set("0")
	return r
}

func (r *methodRule) matches(method string) bool {
	name := strings.TrimSpace(r.name.text)
	return name == "*" || name == method
}

// answer is the response that the rule describes, and how long it lets the caller wait for it.
func (r *methodRule) answer() (hubclient.Response, time.Duration, error) {
	response, err := parseResponse(r.status.text, r.payload.text)
	if err != nil {
		return response, 0, err
	}
	delay := 0
	if s := strings.TrimSpace(r.delay.text); s != "" {
		delay, err = strconv.Atoi(s)
	}
	if err != nil || delay < 0 || delay > 300_000 {
		return response, 0, l10n.New("the answer's delay is a whole number of milliseconds from 0 to 300000")
	}
	return response, time.Duration(delay) * time.Millisecond, nil
}

// parseResponse reads a method's response from two fields. An empty payload is JSON's null.
func parseResponse(statusText, payload string) (hubclient.Response, error) {
	status, err := strconv.Atoi(strings.TrimSpace(statusText))
	if err != nil {
		return hubclient.Response{}, l10n.New("the answer's status is a whole number, for example 200")
	}
	if strings.TrimSpace(payload) == "" {
		payload = "null"
	}
	if err := checkJSON("The answer's payload", payload); err != nil {
		return hubclient.Response{}, err
	}
	return hubclient.Response{Status: status, Payload: json.RawMessage(payload)}, nil
}

// methodRules are tried in order; the first that matches decides, and rest takes the calls that are left.
type methodRules struct {
	list []*methodRule
	rest *methodRule
	next int
}

func newMethodRules() methodRules { return methodRules{rest: newRule(0, "*"), next: 1} }

func (rs *methodRules) add(name string) {
	rs.list = append(rs.list, newRule(rs.next, name))
	rs.next++
}

func (rs *methodRules) remove(r *methodRule) {
	rs.list = slices.DeleteFunc(rs.list, func(other *methodRule) bool { return other == r })
}

// raise moves a rule before the one above it.
func (rs *methodRules) raise(r *methodRule) {
	if i := slices.Index(rs.list, r); i > 0 {
		rs.list[i-1], rs.list[i] = r, rs.list[i-1]
	}
}

func (rs *methodRules) of(method string) *methodRule {
	for _, r := range rs.list {
		if r.matches(method) {
			return r
		}
	}
	return rs.rest
}
