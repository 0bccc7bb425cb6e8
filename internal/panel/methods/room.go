package methods

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/scenario"
)

// Room is the device's side of direct methods.
type Room struct {
	*page.Page
	Links Links
	state state
}

// Links are the room's connections to other rooms.
type Links struct {
	// Running reports whether there is a connection, or an attempt. The lock is held.
	Running func() bool
}

// state is the rules and the calls.
type state struct {
	rules rules
	calls calls
}

// New returns a room that answers every call with status 200.
func New(p *page.Page) *Room {
	return &Room{Page: p, state: state{rules: newRules(), calls: newCalls()}}
}

// Commands returns the commands that answer the calls which wait, and that change the rules. The lock is held.
func (room *Room) Commands() []page.Command {
	s, hint := &room.state, l10n.New("Direct methods")
	var list []page.Command
	for _, c := range page.First(s.calls.waiting()) {
		list = append(list,
			page.Command{ID: fmt.Sprint("method-answer-", c.id), Name: l10n.New("Answer %s", c.name), Hint: hint, Enabled: true, Do: func() { room.answer(c, 0) }},
			page.Command{ID: fmt.Sprint("method-fail-", c.id), Name: l10n.New("Fail %s with 500", c.name), Hint: hint, Enabled: true, Do: func() { room.answer(c, statusFailed) }},
			page.Command{ID: fmt.Sprint("method-silent-", c.id), Name: l10n.New("Do not answer %s", c.name), Hint: hint, Enabled: true, Do: func() { room.Update(func() { c.settle(nil) }) }})
	}
	for _, mode := range modes {
		list = append(list, page.Command{ID: "method-rest-" + string(mode.mode), Name: l10n.New("Every method without a rule: %s", mode.name), Hint: hint,
			Enabled: s.rules.rest.mode != mode.mode, Do: room.At(page.TopicMethods, func() { room.Update(func() { s.rules.rest.mode = mode.mode }) })})
	}
	return append(list,
		page.Command{ID: "method-rule-add", Name: l10n.New("+ Add a rule for a method"), Hint: hint, Enabled: true,
			Do: room.At(page.TopicMethods, func() { room.Update(func() { s.rules.add("") }) })},
		page.Command{ID: "method-clear", Name: l10n.New("Clear the history of direct methods"), Hint: hint, Enabled: len(s.calls.list) > 0, Do: func() { room.Update(s.calls.clear) }})
}

// Save writes the calls and the rules to a session file. The lock is held.
func (room *Room) Save(d *savefile.Document) {
	s := &room.state
	d.Methods = make([]savefile.Call, 0, len(s.calls.list))
	for _, c := range s.calls.list {
		d.Methods = append(d.Methods, savefile.Call{At: c.at, Name: c.name, Request: c.request, Status: c.status, Response: room.Words(c.response)})
	}
	d.Rules = s.rules.save()
}

// Restore replaces the rules by those of a session file. The lock is held.
func (room *Room) Restore(d *savefile.Document) {
	if d.Version > 1 { // version 1 has no rules
		room.state.rules.restore(d.Rules)
	}
}

// PlayAnswer sets the rule by which the device answers a method, as a scenario asks for it.
func (room *Room) PlayAnswer(a *scenario.Answer) error {
	room.Update(func() {
		rules := &room.state.rules
		r := rules.rest
		if a.MethodName != "*" {
			if r = rules.match(a.MethodName); r == rules.rest {
				r = rules.add(a.MethodName)
			}
		}
		r.mode = modeAnswer
		r.status.Set(strconv.Itoa(cmp.Or(a.MethodResponseCode, 200)))
		r.payload.Set(jsontext.Indent(a.MethodResponsePayload))
		r.delay.Set(strconv.Itoa(int(a.Delay * 1000)))
	})
	return nil
}

// ReplaceRules replaces the person's rules by those of a new page, and returns a function that puts the person's back. The caller of
// either holds the lock.
func (room *Room) ReplaceRules() (restore func()) {
	kept := room.state.rules
	room.state.rules = newRules()
	return func() { room.state.rules = kept }
}

// Next returns the id of the call that arrives next, for Sightings. The lock is held.
func (room *Room) Next() int { return room.state.calls.next }

// Sightings returns the calls from an id on, as a scenario compares them. The lock is held.
func (room *Room) Sightings(from int) (list []scenario.Sighting) {
	for _, c := range room.state.calls.list {
		if c.id >= from {
			list = append(list, scenario.Sighting{Number: int64(c.id + 1), Value: map[string]any{
				"methodName": c.name, "methodPayload": page.ShownBody([]byte(c.request))}})
		}
	}
	return list
}
