package panel

import (
	"fmt"
	"time"
)

func (p *Panel) viewMethods() *Node {
	rules := &p.methods.rules
	rows := make(nodes, 0, len(rules.list))
	for i, r := range rules.list {
		rows = append(rows, p.viewRule(r, i))
	}
	return h("div.card", key("methods"),
		h("h3", text(p.say("Answer direct methods"))),
		p.viewNeedsConnection(p.say("Connect the device first: then it answers what the cloud side invokes.")),
		p.viewWaitingCalls(),
		when(len(rows) > 0, h("ol.rules", label(p.say("Rules, the first that matches decides")), rows)),
		h("div.actions.start", h("button.quiet", attr("type", "button"), testid("method-rule-add"), text(p.say("+ Add a rule for a method")),
			onClick(func() { p.update(func() { rules.add("") }) }))),
		h("fieldset.rule",
			h("legend", text(map[bool]string{true: p.say("Every method"), false: p.say("Every other method")}[len(rows) == 0])),
			h("div.grid", p.viewRuleMode(rules.rest, "method-mode"), p.viewRuleNumbers(rules.rest, "method-status", "method-delay")),
			p.viewRulePayload(rules.rest, "method-answer"),
		),
		h("p.help", text(p.say("Invoke a method from the cloud side. A component's command is called component*command."))),
		p.viewCalls(),
	)
}

func (p *Panel) viewRule(r *methodRule, i int) *Node {
	id := fmt.Sprint("method-rule-", i)
	return h("li.rule", key(fmt.Sprint(r.id)), testid("method-rule"),
		h("div.rule-head",
			p.viewText(p.say("Method name, or * for any"), id+"-name", &r.name),
			h("button.quiet", attr("type", "button"), testid(id+"-up"), label(p.say("Move rule %d up", i+1)), flag("disabled", i == 0), text("↑"),
				onClick(func() { p.update(func() { p.methods.rules.raise(r) }) })),
			h("button.quiet", attr("type", "button"), testid(id+"-remove"), label(p.say("Remove rule %d", i+1)), text("×"),
				onClick(func() { p.update(func() { p.methods.rules.remove(r) }) })),
		),
		h("div.grid", p.viewRuleMode(r, id+"-mode"), p.viewRuleNumbers(r, id+"-status", id+"-delay")),
		p.viewRulePayload(r, id+"-answer"),
	)
}

func (p *Panel) viewRuleMode(r *methodRule, id string) *Node {
	return h("label.field", h("span.field-name", text(p.say("What to do"))),
		h("select", testid(id), onChange(func(e Event) { p.update(func() { r.mode = ruleMode(e.Value) }) }),
			nodes(options(string(r.mode), string(ruleAnswer), p.say("Answer"), string(ruleByHand), p.say("Ask me"), string(ruleSilent), p.say("Do not answer")))))
}

// viewRuleNumbers are the fields that the rule's mode has a use for.
func (p *Panel) viewRuleNumbers(r *methodRule, status, delay string) part {
	return parts{
		when(r.mode != ruleSilent, p.viewText(p.say("Status"), status, &r.status, attr("inputmode", "numeric"))),
		when(r.mode == ruleAnswer, p.viewText(p.say("Delay (ms)"), delay, &r.delay, attr("inputmode", "numeric"))),
	}
}

func (p *Panel) viewRulePayload(r *methodRule, id string) *Node {
	if r.mode == ruleSilent {
		return h("p.help", text(p.say("The call is left alone: its caller waits until its own time-out. At most 128 calls can be open at once.")))
	}
	return p.viewJSON(p.say("Payload of the answer"), id, &r.payload, 3, true)
}

// viewWaitingCalls is always in the page, so that assistive technology hears of a call that comes.
func (p *Panel) viewWaitingCalls() *Node {
	cards := nodes{}
	for _, c := range p.methods.waiting() {
		cards = append(cards, p.viewWaitingCall(c))
	}
	return h("div.waiting-calls", attr("role", "region"), attr("aria-live", "polite"), attr("aria-relevant", "additions"), label(p.say("Calls that wait for you")), cards)
}

func (p *Panel) viewWaitingCall(c *methodCall) *Node {
	id := fmt.Sprint("method-hand-", c.id)
	left := max(time.Until(c.deadline), 0)
	return h("form.call.waiting", key(fmt.Sprint(c.id)), testid("method-waiting"), onSubmit(func() { p.answerByHand(c, 0) }),
		h("div.line", h("time", text(clock(c.at))), h("b.what", text(c.name)),
			h("span.countdown", attr("aria-live", "off"), testid("method-countdown"), text(p.say("%s left", countdown(left))))),
		h("progress", attr("max", fmt.Sprint(int(c.deadline.Sub(c.at).Seconds()))), attr("value", fmt.Sprint(int(left.Seconds()))), label(p.say("Time left"))),
		h("section.document", h("header", h("h4", text(p.say("Request")))), h("pre", text(c.request))),
		p.viewText(p.say("Status"), id+"-status", &c.editStatus, attr("inputmode", "numeric")),
		p.viewJSON(p.say("Payload of the answer"), id+"-answer", &c.editPayload, 3, true),
		when(c.problem != "", h("p.problem", attr("role", "alert"), text(c.problem))),
		h("div.actions",
			h("button.quiet", attr("type", "button"), testid(id+"-silent"), text(p.say("Do not answer")), onClick(func() { p.update(func() { p.decide(c, nil) }) })),
			h("button.secondary", attr("type", "button"), testid(id+"-fail"), text(p.say("Fail with 500")), onClick(func() { p.answerByHand(c, 500) })),
			h("button.primary", attr("type", "submit"), testid(id+"-send"), text(p.say("Answer")))),
		h("p.help", text(p.say("The device does not learn how long its caller waits (5 to 300 s, 30 s if it does not say). The countdown ends when no caller can wait any more."))),
	)
}

// countdown is a time in minutes and seconds.
func countdown(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

func (p *Panel) viewCalls() part {
	m := &p.methods
	rows := make(nodes, 0, m.shown)
	all := 0
	for i := len(m.calls) - 1; i >= 0; i-- {
		if c := m.calls[i]; c.state != callWaiting {
			if all++; all <= m.shown {
				rows = append(rows, p.viewCall(c))
			}
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return h("section.history", label(p.say("History")),
		h("header.card-head", h("h4", text(p.say("History"))),
			h("button.quiet", attr("type", "button"), testid("method-clear"), text(p.say("Clear")), onClick(func() { p.update(m.clear) }))),
		h("div.scroll", attr("role", "log"), label(p.say("Direct methods that were called")), attr("tabindex", "0"), h("ol.calls", rows)),
		when(all > len(rows), h("div.actions", h("button.quiet", attr("type", "button"), testid("method-more"), text(p.say("Show %d more", min(callsPage, all-len(rows)))),
			onClick(func() { p.update(func() { m.shown += callsPage }) })))),
		when(m.dropped > 0, h("p.empty", testid("method-dropped"),
			text(p.sayN(m.dropped, "%[1]d older call was dropped: the page keeps %[2]d.", "%[1]d older calls were dropped: the page keeps %[2]d.", m.dropped, callLimit)))),
	)
}

func (p *Panel) viewCall(c *methodCall) *Node {
	duration := ""
	if c.state.over() {
		duration = p.say("%d ms", c.end.Sub(c.at).Milliseconds())
	}
	response := c.response
	if c.state != callAnswered {
		response = "—"
	}
	return h("li.call", key(fmt.Sprint(c.id)), testid("method-call"), attr("data-state", string(c.state)),
		h("details",
			h("summary.line", h("time", text(clock(c.at))), h("b.what", text(c.name)),
				h("span.outcome", attr("data-outcome", string(c.line.outcome)), text(c.line.note)),
				when(duration != "", h("span.outcome", testid("method-duration"), text(duration)))),
			h("div.columns",
				h("section.document", h("header", h("h4", text(p.say("Request")))), h("pre", text(c.request))),
				h("section.document", h("header", h("h4", text(p.say("Response")))), h("pre", text(response))),
			),
		))
}
