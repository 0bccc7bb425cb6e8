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
		h("h3", text(p.T("Answer direct methods"))),
		p.viewNeedsConnection(p.T("Connect the device first: then it answers what the cloud side invokes.")),
		p.viewWaitingCalls(),
		when(len(rows) > 0, h("ol.rules", label(p.T("Rules, the first that matches decides")), rows)),
		h("div.actions.start", h("button.quiet", attr("type", "button"), testid("method-rule-add"), text(p.T("+ Add a rule for a method")),
			onClick(func() { p.update(func() { rules.add("") }) }))),
		h("fieldset.rule",
			h("legend", text(map[bool]string{true: p.T("Every method"), false: p.T("Every other method")}[len(rows) == 0])),
			h("div.grid", p.viewRuleMode(rules.rest, "method-mode"), p.viewRuleNumbers(rules.rest, "method-status", "method-delay")),
			p.viewRulePayload(rules.rest, "method-answer"),
		),
		h("p.help", text(p.T("Invoke a method from the cloud side. A component's command is called component*command."))),
		p.viewCalls(),
	)
}

func (p *Panel) viewRule(r *methodRule, i int) *Node {
	id := fmt.Sprint("method-rule-", i)
	return h("li.rule", key(fmt.Sprint(r.id)), testid("method-rule"),
		h("div.rule-head",
			p.viewText(p.T("Method name, or * for any"), id+"-name", &r.name),
			h("button.quiet", attr("type", "button"), testid(id+"-up"), label(p.T("Move rule %d up", i+1)), flag("disabled", i == 0), text("↑"),
				onClick(func() { p.update(func() { p.methods.rules.raise(r) }) })),
			h("button.quiet", attr("type", "button"), testid(id+"-remove"), label(p.T("Remove rule %d", i+1)), text("×"),
				onClick(func() { p.update(func() { p.methods.rules.remove(r) }) })),
		),
		h("div.grid", p.viewRuleMode(r, id+"-mode"), p.viewRuleNumbers(r, id+"-status", id+"-delay")),
		p.viewRulePayload(r, id+"-answer"),
	)
}

func (p *Panel) viewRuleMode(r *methodRule, id string) *Node {
	return h("label.field", h("span.field-name", text(p.T("What to do"))),
		h("select", testid(id), onChange(func(e Event) { p.update(func() { r.mode = ruleMode(e.Value) }) }),
			nodes(options(string(r.mode), string(ruleAnswer), p.T("Answer"), string(ruleByHand), p.T("Ask me"), string(ruleSilent), p.T("Do not answer")))))
}

// viewRuleNumbers are the fields that the rule's mode has a use for.
func (p *Panel) viewRuleNumbers(r *methodRule, status, delay string) part {
	return parts{
		when(r.mode != ruleSilent, p.viewText(p.T("Status"), status, &r.status, attr("inputmode", "numeric"))),
		when(r.mode == ruleAnswer, p.viewText(p.T("Delay (ms)"), delay, &r.delay, attr("inputmode", "numeric"))),
	}
}

func (p *Panel) viewRulePayload(r *methodRule, id string) *Node {
	if r.mode == ruleSilent {
		return h("p.help", text(p.T("The call is left alone: its caller waits until its own time-out. At most 128 calls can be open at once.")))
	}
	return p.viewJSON(p.T("Payload of the answer"), id, &r.payload, 3, true)
}

// viewWaitingCalls is always in the page, so that assistive technology hears of a call that comes.
func (p *Panel) viewWaitingCalls() *Node {
	cards := nodes{}
	for _, c := range p.methods.waiting() {
		cards = append(cards, p.viewWaitingCall(c))
	}
	return h("div.waiting-calls", attr("role", "region"), attr("aria-live", "polite"), attr("aria-relevant", "additions"), label(p.T("Calls that wait for you")), cards)
}

func (p *Panel) viewWaitingCall(c *methodCall) *Node {
	id := fmt.Sprint("method-hand-", c.id)
	left := max(time.Until(c.deadline), 0)
	return h("form.call.waiting", key(fmt.Sprint(c.id)), testid("method-waiting"), onSubmit(func() { p.answerByHand(c, 0) }),
		h("div.line", h("time", text(clock(c.at))), h("b.what", text(c.name)),
			h("span.countdown", attr("aria-live", "off"), testid("method-countdown"), text(p.T("%s left", countdown(left))))),
		h("progress", attr("max", fmt.Sprint(int(c.deadline.Sub(c.at).Seconds()))), attr("value", fmt.Sprint(int(left.Seconds()))), label(p.T("Time left"))),
		h("section.document", h("header", h("h4", text(p.T("Request")))), h("pre", text(c.request))),
		p.viewText(p.T("Status"), id+"-status", &c.editStatus, attr("inputmode", "numeric")),
		p.viewJSON(p.T("Payload of the answer"), id+"-answer", &c.editPayload, 3, true),
		when(c.problem != "", h("p.problem", attr("role", "alert"), text(c.problem))),
		h("div.actions",
			h("button.quiet", attr("type", "button"), testid(id+"-silent"), text(p.T("Do not answer")), onClick(func() { p.update(func() { p.decide(c, nil) }) })),
			h("button.secondary", attr("type", "button"), testid(id+"-fail"), text(p.T("Fail with 500")), onClick(func() { p.answerByHand(c, 500) })),
			h("button.primary", attr("type", "submit"), testid(id+"-send"), text(p.T("Answer")))),
		h("p.help", text(p.T("The device does not learn how long its caller waits (5 to 300 s, 30 s if it does not say). The countdown ends when no caller can wait any more."))),
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
	return h("section.history", label(p.T("History")),
		h("header.card-head", h("h4", text(p.T("History"))),
			h("button.quiet", attr("type", "button"), testid("method-clear"), text(p.T("Clear")), onClick(func() { p.update(m.clear) }))),
		h("div.scroll", attr("role", "log"), label(p.T("Direct methods that were called")), attr("tabindex", "0"), h("ol.calls", rows)),
		when(all > len(rows), h("div.actions", h("button.quiet", attr("type", "button"), testid("method-more"), text(p.T("Show %d more", min(callsPage, all-len(rows)))),
			onClick(func() { p.update(func() { m.shown += callsPage }) })))),
		when(m.dropped > 0, h("p.empty", testid("method-dropped"),
			text(p.TN(m.dropped, "%[1]d older call was dropped: the page keeps %[2]d.", "%[1]d older calls were dropped: the page keeps %[2]d.", m.dropped, callLimit)))),
	)
}

func (p *Panel) viewCall(c *methodCall) *Node {
	duration := ""
	if c.state.over() {
		duration = p.T("%d ms", c.end.Sub(c.at).Milliseconds())
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
				h("section.document", h("header", h("h4", text(p.T("Request")))), h("pre", text(c.request))),
				h("section.document", h("header", h("h4", text(p.T("Response")))), h("pre", text(response))),
			),
		))
}
