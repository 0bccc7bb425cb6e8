package methods

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// ruleMode is how a rule handles a call.
type ruleMode string

const (
	modeAnswer ruleMode = "answer"
	modeByHand ruleMode = "hand"   // the person answers
	modeSilent ruleMode = "silent" // the call gets no answer, so that a person sees how its caller handles that
)

// modes are the modes with their names.
var modes = []struct {
	mode ruleMode
	name l10n.Text
}{{modeAnswer, l10n.New("Answer")}, {modeByHand, l10n.New("Ask me")}, {modeSilent, l10n.New("Do not answer")}}

// rule describes how the calls of a method are handled. Its name is the method's, or * for every method. The name of a component's
// command holds a star ("IoT Plug and Play conventions", commands), so a star matches other names only when it is alone.
type rule struct {
	id                           int
	mode                         ruleMode
	name, status, payload, delay ui.Field // delay in milliseconds
}

// newRule returns a rule that answers with 200 at once.
func newRule(id int, name string) *rule {
	r := &rule{id: id, mode: modeAnswer}
	r.name.Set(name)
	r.status.Set("200")
	r.payload.Set("{\n  \"result\": \"done\"\n}")
	r.delay.Set("0")
	return r
}

func (r *rule) matches(method string) bool {
	name := strings.TrimSpace(r.name.Text)
	return name == "*" || name == method
}

// answer returns the response that the rule describes, and how long the caller waits for it.
func (r *rule) answer() (hubclient.Response, time.Duration, error) {
	response, err := parseResponse(r.status.Text, r.payload.Text)
	if err != nil {
		return response, 0, err
	}
	delay := 0
	if s := strings.TrimSpace(r.delay.Text); s != "" {
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
	if err := jsontext.Check("The answer's payload", payload); err != nil {
		return hubclient.Response{}, err
	}
	return hubclient.Response{Status: status, Payload: json.RawMessage(payload)}, nil
}

// rules are tried in order. The first that matches applies, and rest applies to all other calls.
type rules struct {
	list []*rule
	rest *rule
	next int
}

func newRules() rules { return rules{rest: newRule(0, "*"), next: 1} }

func (rs *rules) add(name string) *rule {
	r := newRule(rs.next, name)
	rs.next++
	rs.list = append(rs.list, r)
	return r
}

func (rs *rules) remove(r *rule) {
	rs.list = slices.DeleteFunc(rs.list, func(other *rule) bool { return other == r })
}

// raise moves a rule before the one above it.
func (rs *rules) raise(r *rule) {
	if i := slices.Index(rs.list, r); i > 0 {
		rs.list[i-1], rs.list[i] = r, rs.list[i-1]
	}
}

// match returns the rule that applies to a method.
func (rs *rules) match(method string) *rule {
	for _, r := range rs.list {
		if r.matches(method) {
			return r
		}
	}
	return rs.rest
}

// save returns the rules for a session file, rest as the last.
func (rs *rules) save() []savefile.Rule {
	out := make([]savefile.Rule, 0, len(rs.list)+1)
	for _, r := range append(slices.Clone(rs.list), rs.rest) {
		out = append(out, savefile.Rule{Method: r.name.Text, Mode: string(r.mode), Status: r.status.Text, Payload: r.payload.Text, Delay: r.delay.Text})
	}
	return out
}

// restore replaces the rules by those of a session file, whose last is rest.
func (rs *rules) restore(list []savefile.Rule) {
	if len(list) == 0 {
		return
	}
	rs.list = nil
	for i, e := range list {
		r := newRule(rs.next, e.Method)
		rs.next++
		switch mode := ruleMode(e.Mode); mode {
		case modeAnswer, modeByHand, modeSilent:
			r.mode = mode
		}
		r.status.Set(e.Status)
		r.payload.Set(e.Payload)
		r.delay.Set(e.Delay)
		if i < len(list)-1 {
			rs.list = append(rs.list, r)
			continue
		}
		r.name.Set("*")
		rs.rest = r
	}
}
