package methods

import (
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// Card shows the rules, the calls that wait, and the history. The lock is held.
func (room *Room) Card() *ui.Node {
	rules := &room.state.rules
	rows := make(ui.Nodes, 0, len(rules.list))
	for i, r := range rules.list {
		rows = append(rows, room.viewRule(r, i))
	}
	return ui.H("div.card", ui.Key("methods"),
		ui.H("h3", ui.Text(room.T("Answer direct methods"))),
		page.NeedsConnection(room.Links.Running(), room.T("Connect the device first: then it answers what the cloud side invokes.")),
		room.viewWaitingCalls(),
		ui.When(len(rows) > 0, ui.H("ol.rules", ui.Label(room.T("Rules, the first that matches decides")), rows)),
		ui.H("div.actions.start", ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("method-rule-add"), ui.Text(room.T("+ Add a rule for a method")),
			ui.OnClick(func() { room.Update(func() { rules.add("") }) }))),
		ui.H("fieldset.rule",
			ui.H("legend", ui.Text(map[bool]string{true: room.T("Every method"), false: room.T("Every other method")}[len(rows) == 0])),
			ui.H("div.grid", room.viewRuleMode(rules.rest, "method-mode"), room.viewRuleNumbers(rules.rest, "method-status", "method-delay")),
			room.viewRulePayload(rules.rest, "method-answer"),
		),
		ui.H("p.help", ui.Text(room.T("Invoke a method from the cloud side. A component's command is called component*command."))),
		room.viewCalls(),
	)
}
