package keep

import (
	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/snippet"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// CodeCard shows the device and its message as a command or a program. The lock is held for reading, as for every view.
func (room *Room) CodeCard() *ui.Node {
	c := &room.state.code
	choices := make([]string, 0, 2*len(snippet.Targets))
	for _, t := range snippet.Targets {
		choices = append(choices, t.ID, t.Name)
	}
	return ui.H("details.card.copyas", ui.TestID("copyas"),
		ui.H("summary", ui.H("h3", ui.Text(room.T("Copy as …")))),
		ui.H("p.help", ui.Text(room.T("The same device and the message of the telemetry form, elsewhere. Secrets are placeholders: fill them in there. Commands are for bash."))),
		ui.When(room.Links.Credentials().Host == hubservice.InPageHost || !room.Links.Running() && room.emulator.Kind == hubservice.InPage,
			ui.H("p.help", ui.Text(room.T("Nothing outside this page reaches the hub inside it: put your own hub's name in.")))),
		ui.H("div.with-button",
			ui.H("label.field", ui.H("span.field-name", ui.Text(room.T("As"))),
				ui.H("select", ui.TestID("copyas-target"), ui.OnChange(func(e ui.Event) { room.Update(func() { c.target, c.result = e.Value, page.Result{} }) }), ui.Nodes(ui.Options(c.target, choices...)))),
			ui.When(room.Env.Copy != nil, ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("copyas-copy"), ui.Text(room.T("Copy")), ui.OnClick(room.copyCode)))),
		ui.H("pre", ui.TestID("copyas-text"), ui.Attr("tabindex", "0"), ui.Label(room.T("The program")), ui.Text(snippet.Text(room.codeSource(), c.target))),
		room.ResultView(c.result, "copyas-result"),
	)
}
