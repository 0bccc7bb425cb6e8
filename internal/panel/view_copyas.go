package panel

import "context"

// viewCopyAs shows the device and its message as a program of another kind.
func (p *Panel) viewCopyAs() *Node {
	c := &p.copyAs
	choices := make([]string, 0, 2*len(copyTargets))
	for _, t := range copyTargets {
		choices = append(choices, t.id, t.name)
	}
	return h("details.card.copyas", testid("copyas"),
		h("summary", h("h3", text(p.T("Copy as …")))),
		h("p.help", text(p.T("The same device and the message of the telemetry form, elsewhere. Secrets are placeholders: fill them in there. Commands are for bash."))),
		when(p.device.credentials.Host == inPageHost || !p.device.running() && p.hub == hubInPage,
			h("p.help", text(p.T("Nothing outside this page reaches the hub inside it: put your own hub's name in.")))),
		h("div.with-button",
			h("label.field", h("span.field-name", text(p.T("As"))),
				h("select", testid("copyas-target"), onChange(func(e Event) { p.update(func() { c.target, c.result = e.Value, result{} }) }), nodes(options(c.target, choices...)))),
			when(p.env.Copy != nil, h("button.secondary", attr("type", "button"), testid("copyas-copy"), text(p.T("Copy")), onClick(p.CopyAs)))),
		h("pre", testid("copyas-text"), attr("tabindex", "0"), label(p.T("The program")), text(p.copyTextLocked(c.target))),
		viewResult(c.result, "copyas-result"),
	)
}

// CopyAs puts the text of the card on the clipboard.
func (p *Panel) CopyAs() {
	p.mu.Lock()
	program := p.copyTextLocked(p.copyAs.target)
	p.mu.Unlock()
	p.start("copy", func(ctx context.Context) {
		err := p.env.Copy(ctx, program)
		p.update(func() { p.copyAs.result = p.resultOf(err, p.T("It is on the clipboard.")) })
	})
}
