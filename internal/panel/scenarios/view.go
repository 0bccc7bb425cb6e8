package scenarios

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/scenario"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// Card is the scenario on the page, or the list of those that there are.
func (room *Room) Card() *ui.Node {
	if room.state.doc != nil {
		return room.viewScenario(room.state.doc)
	}
	s, lang := &room.state, string(room.Language)
	rows := ui.Nodes{}
	if s.open { // to read them takes longer than all the rest of the page's first view
		for _, d := range scenario.Builtins() {
			rows = append(rows, ui.H("li.scenario-offer", ui.Key(d.Name),
				ui.H("div", ui.H("b", ui.Text(d.Title.In(lang))), ui.H("p.help", ui.Text(d.Description.In(lang)))),
				ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("scenario-show-"+d.Name),
					ui.Label(room.T("Show the scenario: %s", d.Title.In(lang))), ui.Text(room.T("Show")), ui.OnClick(func() { room.Show(d, "") }))))
		}
	}
	return ui.H("details.card.scenarios", ui.Key("scenarios"), ui.TestID("scenarios"), ui.Flag("open", s.open),
		ui.Listener{Event: "toggle", Do: func(e ui.Event) { room.Update(func() { s.open = e.Checked }) }},
		ui.H("summary", ui.H("h2", ui.Text(room.T("Scenarios"))), ui.H("span.help", ui.Text(room.T("Watch the device and the hub at work, step by step.")))),
		ui.H("ol.scenario-offers", rows),
		ui.H("label.field", ui.H("span.field-name", ui.Text(room.T("Or your own: choose its JSON file, or drop it anywhere on the page"))),
			ui.H("input", ui.Attr("type", "file"), ui.Attr("accept", ".json,application/json"), ui.TestID("scenario-file"), ui.OnChange(func(e ui.Event) { room.OpenFile(e.Files) }))),
		room.ResultView(s.problem, "scenario-problem"),
	)
}

func (room *Room) viewScenario(d *scenario.Document) *ui.Node {
	s, lang, running := &room.state, string(room.Language), room.state.running()
	title := d.Title.In(lang)
	if title == "" {
		title = d.Name
	}
	state := "ready"
	switch {
	case running:
		state = "running"
	case s.result != nil:
		state = string(s.result.Outcome)
	}
	run := room.T("Run")
	if s.result != nil {
		run = room.T("Run again")
	}
	button := ui.H("button.primary", ui.Key("run"), ui.Attr("type", "button"), ui.TestID("scenario-run"), ui.Text(run), ui.OnClick(room.Start))
	if running {
		button = ui.H("button.primary", ui.Key("stop"), ui.Attr("type", "button"), ui.TestID("scenario-stop"), ui.Text(room.T("Stop")), ui.OnClick(room.Stop))
	}
	rows := make(ui.Nodes, 0, len(d.Steps))
	for i := range d.Steps {
		rows = append(rows, room.viewScenarioStep(d, i))
	}
	return ui.H("div.card.scenario", ui.Key("scenario"), ui.TestID("scenario"), ui.Attr("data-state", state),
		ui.H("header.card-head",
			ui.H("div.scenario-head",
				ui.H("h2", ui.Text(title)),
				ui.When(s.file != "", ui.H("span.chip", ui.Text(s.file))),
				ui.H("span.badge", ui.TestID("scenario-progress"), ui.Text(room.T("%d of %d", len(s.steps)-s.notRun(), len(d.Steps)))),
			),
			ui.H("div.actions",
				ui.H("label.check", ui.H("input", ui.Attr("type", "checkbox"), ui.TestID("scenario-quick"), ui.Flag("checked", s.quick), ui.Flag("disabled", running),
					ui.OnChange(func(e ui.Event) { room.Update(func() { s.quick = e.Checked }) })), ui.H("span", ui.Text(room.T("Without pauses")))),
				button,
				ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("scenario-close"), ui.Label(room.T("Close the scenario")), ui.Text("×"), ui.OnClick(room.Close))),
		),
		ui.When(len(d.Description) > 0, ui.H("p.help", ui.Text(d.Description.In(lang)))),
		ui.H("ol.scenario-steps", rows),
		ui.H("p.scenario-result", ui.Attr("role", "status"), ui.TestID("scenario-result"), ui.Attr("data-outcome", state), ui.Text(room.outcomeText())),
		room.ResultView(s.problem, "scenario-problem"),
	)
}

// notRun is how many steps of the last run were not run.
func (s *state) notRun() (n int) {
	for _, r := range s.steps {
		if r.Outcome == scenario.NotRun {
			n++
		}
	}
	return n
}

// outcomeText says how the scenario ended.
func (room *Room) outcomeText() string {
	s := &room.state
	if s.running() || s.result == nil {
		return ""
	}
	took := strconv.FormatFloat(s.result.Seconds, 'f', 1, 64)
	switch s.result.Outcome {
	case scenario.Passed:
		return room.T("Passed in %s s.", took)
	case scenario.Stopped:
		return room.T("Stopped after %s s.", took)
	case scenario.TimedOut:
		return room.T("Timed out after %s s.", took) + room.reason()
	}
	return room.T("Failed after %s s.", took) + room.reason()
}

// reason says why the scenario did not pass, where no step says it.
func (room *Room) reason() string {
	if err := room.state.result.Err; err != nil {
		return " " + room.Sentence(err)
	}
	return ""
}

func (room *Room) viewScenarioStep(d *scenario.Document, i int) *ui.Node {
	s, step := &room.state, &d.Steps[i]
	r, state := scenario.StepResult{}, "waiting"
	switch {
	case i < len(s.steps):
		r, state = s.steps[i], string(s.steps[i].Outcome)
	case i == s.current:
		state = "current"
	}
	words := map[string]string{
		"waiting": room.T("to come"), "current": room.T("now"), string(scenario.Passed): room.T("passed"), string(scenario.Failed): room.T("failed"),
		string(scenario.TimedOut): room.T("timed out"), string(scenario.Stopped): room.T("stopped"), string(scenario.NotRun): room.T("not run"),
	}[state]
	if r.Outcome == scenario.Passed {
		words = room.T("passed in %s s", strconv.FormatFloat(r.Seconds, 'f', 1, 64))
	}
	why := ""
	if r.Err != nil {
		why = room.Sentence(r.Err)
	}
	document := func(name, id string, raw json.RawMessage) *ui.Node {
		return ui.H("section.document", ui.H("h3", ui.Text(name)), ui.H("pre", ui.TestID(id), ui.Text(jsontext.Indent(raw))))
	}
	return ui.H("li.scenario-step", ui.Key(fmt.Sprint(i)), ui.TestID("scenario-step"), ui.Attr("data-outcome", state), ui.When(state == "current", ui.Attr("aria-current", "step")),
		ui.H("div.line", ui.H("span.mark", ui.Attr("aria-hidden", "true")), ui.H("span.what", ui.Text(step.Title.In(string(room.Language)))), ui.H("code", ui.Text(string(step.Action()))), ui.H("span.outcome", ui.Text(words))),
		ui.When(why != "", ui.H("p.problem", ui.TestID("scenario-why"), ui.Text(why))),
		ui.When(strings.Join(r.Differs, "") != "", ui.H("p.help", ui.TestID("scenario-differs"), ui.Text(room.T("It differs at: %s", strings.Join(r.Differs, ", "))))),
		ui.When(len(r.Expected) > 0, ui.H("div.columns",
			document(room.T("Expected"), "scenario-expected", r.Expected),
			document(room.T("Got"), "scenario-got", r.Got))),
	)
}
