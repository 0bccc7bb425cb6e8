package panel

import (
	"context"
	"slices"
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/scenario"
)

// watchingPace is how long a scenario rests before each step while a person watches.
const watchingPace = 1200 * time.Millisecond

// scenarioState is the scenario on the page, and how far it is.
type scenarioState struct {
	doc     *scenario.Document // nil: none is shown
	file    string             // that it came from; "" for a built-in one, or a program's
	problem result             // what was wrong with a file, or a link
	quick   bool               // it does not rest between its steps
	open    bool               // the list of scenarios is shown

	stage   *stage             // it plays; nil: it does not
	stop    context.CancelFunc // of what plays
	done    chan struct{}      // closed when what played has ended
	current int                // index of the step that is being done; -1: none
	steps   []scenario.StepResult
	result  *scenario.Result // of the last time; nil: it has not ended
	played  int              // how often one was begun, so that the view can tell them apart
}

// saw notes telemetry that the hub stored while a scenario plays. The panel's lock is held.
func (s *scenarioState) saw(e storedEvent) {
	if s.stage != nil {
		s.stage.events = append(s.stage.events, e)
	}
}

// running says whether a scenario plays.
func (s *scenarioState) running() bool { return s.stage != nil }

// ScenarioError says that a scenario cannot be shown or run: there is none of that name, it is wrong, or another one runs.
type ScenarioError struct{ why *l10n.Message }

func (e *ScenarioError) Localize() (format string, values []any) { return e.why.Localize() }

func (e *ScenarioError) Error() string { return e.why.Error() }

// Unwrap returns what the sentence is made of.
func (e *ScenarioError) Unwrap() error { return e.why }

// FindScenario reads a document, or, where the text is a name, returns the built-in scenario of that name. Its error is a
// *ScenarioError.
func FindScenario(text string) (*scenario.Document, error) {
	if d := scenario.Builtin(text); d != nil {
		return d, nil
	}
	if simpleName(text) {
		return nil, &ScenarioError{l10n.New("there is no scenario of the name %s", text)}
	}
	d, err := scenario.Parse([]byte(text))
	if err == nil {
		err = checkTemplates(d)
	}
	if err != nil {
		return nil, &ScenarioError{l10n.New("the scenario is wrong: %v", err)}
	}
	return d, nil
}

// ShowScenario puts a scenario on the page. One that plays is stopped.
func (p *Panel) ShowScenario(d *scenario.Document, file string) {
	p.StopScenario()
	p.update(func() { p.showScenarioLocked(d, file) })
}

func (p *Panel) showScenarioLocked(d *scenario.Document, file string) {
	s := &p.scenario
	s.doc, s.file, s.problem, s.steps, s.result, s.current, s.open = d, file, result{}, nil, nil, -1, false
}

// CloseScenario takes the scenario off the page.
func (p *Panel) CloseScenario() { p.ShowScenario(nil, "") }

// openLink shows the scenario that the page's address names. It begins when a person asks for it.
func (p *Panel) openLink() {
	if p.env.Params.Scenario == "" {
		return
	}
	d, err := FindScenario(p.env.Params.Scenario)
	if err != nil {
		p.scenarioFailed(err)
		return
	}
	p.ShowScenario(d, "")
}

func (p *Panel) scenarioFailed(err error) {
	p.update(func() { p.scenario.problem, p.scenario.open = p.resultOf(err, ""), true })
}

// OpenFiles takes files that were dropped on the page: a scenario, or a session that was saved.
func (p *Panel) OpenFiles(files []File) {
	if len(files) > 0 && scenario.Is(files[0].Data) {
		p.OpenScenario(files)
		return
	}
	p.ImportSession(files)
}

// OpenScenario shows the scenario in a file.
func (p *Panel) OpenScenario(files []File) {
	if len(files) == 0 {
		return
	}
	d, err := FindScenario(string(files[0].Data))
	if err != nil {
		p.scenarioFailed(l10n.New("the file %s: %v", files[0].Name, err))
		return
	}
	p.ShowScenario(d, files[0].Name)
}

// StartScenario plays the scenario on the page, from its beginning.
func (p *Panel) StartScenario() {
	p.mu.Lock()
	d, o := p.scenario.doc, ScenarioOptions{Pace: watchingPace}
	if p.scenario.quick {
		o.Pace = 0
	}
	p.mu.Unlock()
	if d == nil {
		return
	}
	p.start("a scenario", func(ctx context.Context) {
		if _, err := p.PlayScenario(ctx, d, o); err != nil {
			p.scenarioFailed(err)
		}
	})
}

// StopScenario ends the scenario that plays, if any. It returns at once.
func (p *Panel) StopScenario() {
	p.mu.Lock()
	stop := p.scenario.stop
	p.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// ScenarioOptions say how a scenario is played.
type ScenarioOptions struct {
	// Pace is how long to rest before each step, so that a person can follow.
	Pace time.Duration
	// OnStep is called when a step has ended. Nil means nobody is told.
	OnStep func(scenario.StepResult)
	// Shoot takes a picture of the page. Nil means that steps which ask for one do not run.
	Shoot func(ctx context.Context, name string) error
}

// PlayScenario shows a scenario on the page and plays it until it has ended, or ctx has. It returns an error only if the
// scenario could not begin because another one plays, or the panel is closed: what becomes of the scenario is in the result.
func (p *Panel) PlayScenario(ctx context.Context, d *scenario.Document, o ScenarioOptions) (scenario.Result, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(p.ctx, stop)()
	st := &stage{p: p, shoot: o.Shoot}
	s, done := &p.scenario, make(chan struct{})
	err := func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch {
		case p.closed:
			return context.Canceled
		case s.running():
			return &ScenarioError{l10n.New("a scenario runs already: stop it first")}
		}
		p.work.Add(1) // Close waits for it
		if s.doc != d {
			p.showScenarioLocked(d, "")
		}
		s.stage, s.stop, s.done, s.steps, s.result, s.problem = st, stop, done, nil, nil, result{}
		s.played++
		return nil
	}()
	if err != nil {
		return scenario.Result{}, err
	}
	defer p.work.Done()
	p.env.Changed()
	// Also when something in it panics: the next scenario must be able to run.
	defer func() {
		p.update(func() { s.stage, s.stop, s.current = nil, nil, -1 })
		close(done)
	}()
	played := scenario.Run(ctx, d, st, scenario.Options{
		Pace: o.Pace,
		Lang: string(p.Lang()),
		Say:  func(err error) string { return p.Lang().Sentence(err) },
		OnBegin: func(i int) {
			p.update(func() {
				if s.doc != d {
					return // another is shown already, and this one is being stopped
				}
				s.current = i
				if t, ok := topicOf(&d.Steps[i]); ok {
					p.topic = t
				}
			})
		},
		OnEnd: func(r scenario.StepResult) {
			p.update(func() {
				if s.doc == d {
					s.steps, s.current = append(slices.Clip(s.steps), r), -1
				}
			})
			if o.OnStep != nil {
				o.OnStep(r)
			}
		},
	})
	p.update(func() {
		if s.doc == d {
			s.result = &played
		}
	})
	return played, nil
}

// awaitScenario waits until what plays has ended.
func (p *Panel) awaitScenario(ctx context.Context) {
	p.mu.Lock()
	running, done := p.scenario.running(), p.scenario.done
	p.mu.Unlock()
	if !running {
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// ReplaceScenario is PlayScenario, but one that plays is stopped first.
func (p *Panel) ReplaceScenario(ctx context.Context, d *scenario.Document, o ScenarioOptions) (scenario.Result, error) {
	p.StopScenario()
	p.awaitScenario(ctx)
	return p.PlayScenario(ctx, d, o)
}

// topicOf is what both panes show while a step is done.
func topicOf(s *scenario.Step) (Topic, bool) {
	switch s.Action() {
	case "connect":
		if s.Connect.Assigned {
			return TopicProvisioning, true
		}
		return TopicTelemetry, true
	case "send", "expectTelemetry":
		return TopicTelemetry, true
	case "report", "desired":
		return TopicTwin, true
	case "c2d":
		return TopicMessages, true
	case "answer", "invoke":
		return TopicMethods, true
	case "register":
		return TopicProvisioning, true
	case "expect":
		switch e := s.Expect; {
		case len(e.Message) > 0:
			return TopicMessages, true
		case len(e.Method) > 0:
			return TopicMethods, true
		case e.State == "":
			return TopicTwin, true
		}
	}
	return "", false
}

// scenarioCommands offer the scenarios by name.
func (p *Panel) scenarioCommands() []command {
	hint, s := p.T("Scenario"), &p.scenario
	list := []command{
		{id: "scenario-run", name: p.T("Run the scenario"), hint: hint, enabled: s.doc != nil && !s.running(), do: p.StartScenario},
		{id: "scenario-stop", name: p.T("Stop the scenario"), hint: hint, enabled: s.running(), do: p.StopScenario},
	}
	for _, d := range scenario.Builtins() {
		list = append(list, command{id: "scenario-" + d.Name, name: p.T("Show the scenario: %s", d.Title.In(string(p.lang))), hint: hint, enabled: s.doc != d,
			do: func() { p.ShowScenario(d, "") }})
	}
	return list
}
