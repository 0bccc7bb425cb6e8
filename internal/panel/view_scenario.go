package panel

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/hubpanel/hubpanel/internal/scenario"
)

// viewScenarios is the scenario on the page, or the list of those that there are.
func (p *Panel) viewScenarios() *Node {
	if p.scenario.doc != nil {
		return p.viewScenario(p.scenario.doc)
	}
	s, lang := &p.scenario, string(p.lang)
	rows := nodes{}
	if s.open { // to read them takes longer than all the rest of the page's first view
		for _, d := range scenario.Builtins() {
			rows = append(rows, h("li.scenario-offer", key(d.Name),
				h("div", h("b", text(d.Title.In(lang))), h("p.help", text(d.Description.In(lang)))),
				h("button.secondary", attr("type", "button"), testid("scenario-show-"+d.Name),
					label(p.T("Show the scenario: %s", d.Title.In(lang))), text(p.T("Show")), onClick(func() { p.ShowScenario(d, "") }))))
		}
	}
	return h("details.card.scenarios", key("scenarios"), testid("scenarios"), flag("open", s.open),
		Listener{Event: "toggle", Do: func(e Event) { p.update(func() { s.open = e.Checked }) }},
		h("summary", h("h2", text(p.T("Scenarios"))), h("span.help", text(p.T("Watch the device and the hub at work, step by step.")))),
		h("ol.scenario-offers", rows),
		h("label.field", h("span.field-name", text(p.T("Or your own: choose its JSON file, or drop it anywhere on the page"))),
			h("input", attr("type", "file"), attr("accept", ".json,application/json"), testid("scenario-file"), onChange(func(e Event) { p.OpenScenario(e.Files) }))),
		viewResult(s.problem, "scenario-problem"),
	)
}

func (p *Panel) viewScenario(d *scenario.Document) *Node {
	s, lang, running := &p.scenario, string(p.lang), p.scenario.running()
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
	run := p.T("Run")
	if s.result != nil {
		run = p.T("Run again")
	}
	button := h("button.primary", key("run"), attr("type", "button"), testid("scenario-run"), text(run), onClick(p.StartScenario))
	if running {
		button = h("button.primary", key("stop"), attr("type", "button"), testid("scenario-stop"), text(p.T("Stop")), onClick(p.StopScenario))
	}
	rows := make(nodes, 0, len(d.Steps))
	for i := range d.Steps {
		rows = append(rows, p.viewScenarioStep(d, i))
	}
	return h("div.card.scenario", key("scenario"), testid("scenario"), attr("data-state", state),
		h("header.card-head",
			h("div.scenario-head",
				h("h2", text(title)),
				when(s.file != "", h("span.chip", text(s.file))),
				h("span.badge", testid("scenario-progress"), text(p.T("%d of %d", len(s.steps)-s.left(), len(d.Steps)))),
			),
			h("div.actions",
				h("label.check", h("input", attr("type", "checkbox"), testid("scenario-quick"), flag("checked", s.quick), flag("disabled", running),
					onChange(func(e Event) { p.update(func() { s.quick = e.Checked }) })), h("span", text(p.T("Without pauses")))),
				button,
				h("button.quiet", attr("type", "button"), testid("scenario-close"), label(p.T("Close the scenario")), text("×"), onClick(p.CloseScenario))),
		),
		when(len(d.Description) > 0, h("p.help", text(d.Description.In(lang)))),
		h("ol.scenario-steps", rows),
		h("p.scenario-result", attr("role", "status"), testid("scenario-result"), attr("data-outcome", state), text(p.scenarioWords())),
		viewResult(s.problem, "scenario-problem"),
	)
}

// left is how many steps of the last run were not run.
func (s *scenarioState) left() (n int) {
	for _, r := range s.steps {
		if r.Outcome == scenario.NotRun {
			n++
		}
	}
	return n
}

// scenarioWords say what became of the scenario.
func (p *Panel) scenarioWords() string {
	s := &p.scenario
	if s.running() || s.result == nil {
		return ""
	}
	took := strconv.FormatFloat(s.result.Seconds, 'f', 1, 64)
	switch s.result.Outcome {
	case scenario.Passed:
		return p.T("Passed in %s s.", took)
	case scenario.Stopped:
		return p.T("Stopped after %s s.", took)
	case scenario.TimedOut:
		return p.T("Timed out after %s s.", took) + p.whole()
	}
	return p.T("Failed after %s s.", took) + p.whole()
}

// whole is why the scenario did not pass, where no step says it.
func (p *Panel) whole() string {
	if err := p.scenario.result.Err; err != nil {
		return " " + p.Sentence(err)
	}
	return ""
}

func (p *Panel) viewScenarioStep(d *scenario.Document, i int) *Node {
	s, step := &p.scenario, &d.Steps[i]
	r, state := scenario.StepResult{}, "waiting"
	switch {
	case i < len(s.steps):
		r, state = s.steps[i], string(s.steps[i].Outcome)
	case i == s.current:
		state = "current"
	}
	words := map[string]string{
		"waiting": p.T("to come"), "current": p.T("now"), string(scenario.Passed): p.T("passed"), string(scenario.Failed): p.T("failed"),
		string(scenario.TimedOut): p.T("timed out"), string(scenario.Stopped): p.T("stopped"), string(scenario.NotRun): p.T("not run"),
	}[state]
	if r.Outcome == scenario.Passed {
		words = p.T("passed in %s s", strconv.FormatFloat(r.Seconds, 'f', 1, 64))
	}
	why := ""
	if r.Err != nil {
		why = p.Sentence(r.Err)
	}
	document := func(name, id string, raw json.RawMessage) *Node {
		return h("section.document", h("h3", text(name)), h("pre", testid(id), text(indented(raw))))
	}
	return h("li.scenario-step", key(fmt.Sprint(i)), testid("scenario-step"), attr("data-outcome", state), when(state == "current", attr("aria-current", "step")),
		h("div.line", h("span.mark", attr("aria-hidden", "true")), h("span.what", text(step.Title.In(string(p.lang)))), h("code", text(string(step.Action()))), h("span.outcome", text(words))),
		when(why != "", h("p.problem", testid("scenario-why"), text(why))),
		when(strings.Join(r.Differs, "") != "", h("p.help", testid("scenario-differs"), text(p.T("It differs at: %s", strings.Join(r.Differs, ", "))))),
		when(len(r.Expected) > 0, h("div.columns",
			document(p.T("Expected"), "scenario-expected", r.Expected),
			document(p.T("Got"), "scenario-got", r.Got))),
	)
}
