package methods

import (
	"fmt"

	"github.com/hubpanel/hubpanel/internal/ui"
)

func (room *Room) viewRule(r *rule, i int) *ui.Node {
	id := fmt.Sprint("method-rule-", i)
	return ui.H("li.rule", ui.Key(fmt.Sprint(r.id)), ui.TestID("method-rule"),
		ui.H("div.rule-head",
			room.TextField(room.T("Method name, or * for any"), id+"-name", &r.name),
			ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID(id+"-up"), ui.Label(room.T("Move rule %d up", i+1)), ui.Flag("disabled", i == 0), ui.Text("↑"),
				ui.OnClick(func() { room.Update(func() { room.state.rules.raise(r) }) })),
			ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID(id+"-remove"), ui.Label(room.T("Remove rule %d", i+1)), ui.Text("×"),
				ui.OnClick(func() { room.Update(func() { room.state.rules.remove(r) }) })),
		),
		ui.H("div.grid", room.viewRuleMode(r, id+"-mode"), room.viewRuleNumbers(r, id+"-status", id+"-delay")),
		room.viewRulePayload(r, id+"-answer"),
	)
}

func (room *Room) viewRuleMode(r *rule, id string) *ui.Node {
	var options []string
	for _, m := range modes {
		options = append(options, string(m.mode), room.Words(m.name))
	}
	return ui.H("label.field", ui.H("span.field-name", ui.Text(room.T("What to do"))),
		ui.H("select", ui.TestID(id), ui.OnChange(func(e ui.Event) { room.Update(func() { r.mode = ruleMode(e.Value) }) }),
			ui.Nodes(ui.Options(string(r.mode), options...))))
}

// viewRuleNumbers shows the fields that the rule's mode uses.
func (room *Room) viewRuleNumbers(r *rule, status, delay string) ui.Part {
	return ui.Parts{
		ui.When(r.mode != modeSilent, room.TextField(room.T("Status"), status, &r.status, ui.Attr("inputmode", "numeric"))),
		ui.When(r.mode == modeAnswer, room.TextField(room.T("Delay (ms)"), delay, &r.delay, ui.Attr("inputmode", "numeric"))),
	}
}

func (room *Room) viewRulePayload(r *rule, id string) *ui.Node {
	if r.mode == modeSilent {
		return ui.H("p.help", ui.Text(room.T("The call is left alone: its caller waits until its own time-out. At most 128 calls can be open at once.")))
	}
	return room.JSONField(room.T("Payload of the answer"), id, &r.payload, 3, true)
}
