package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n"
)

// Stage is what a scenario is played on. Run calls its methods one at a time; they return soon after their context has ended.
type Stage interface {
	// Begin makes the hub hold what the document says, and refuses where a scenario must not run.
	Begin(ctx context.Context, d *Document) error
	// Do does what a step says, and returns when it is done, with what was answered if it is Invoke. It is not called for
	// what waits: wait, expect and expectTelemetry.
	Do(ctx context.Context, d *Document, s *Step) (answer any, err error)
	// Look returns what there is to compare with an expectation: what arrived since Begin, oldest first, or how things are.
	Look(ctx context.Context, d *Document, s *Step) ([]Sighting, error)
	// Changed returns a channel that is closed when a new Look may see something new.
	Changed() <-chan struct{}
	// End takes away what would outlive the scenario: its faults. ctx has not ended, whatever became of the scenario.
	End(ctx context.Context) error
}

// Sighting is something that an expectation may be about.
type Sighting struct {
	Number int64 // what arrived has numbers from 1, each seen once; how things are has none
	Value  any   // what its JSON is
}

// MeaninglessError says that a step has no meaning on a stage, such as a picture where nobody takes any. The step does not
// run, and the scenario goes on.
type MeaninglessError struct{ Why error }

func (e *MeaninglessError) Error() string { return e.Why.Error() }

// Unwrap returns why.
func (e *MeaninglessError) Unwrap() error { return e.Why }

// Options say how a scenario runs. The zero value is as fast as it goes.
type Options struct {
	// Pace is how long to rest between a step's being announced and its being done, so that a person can follow. It counts for
	// no timeout.
	Pace time.Duration
	// OnBegin is called when a step is announced: its index, from 0.
	OnBegin func(index int)
	// OnEnd is called when a step has ended, also for those that did not run.
	OnEnd func(StepResult)
	// Say makes the texts of results of errors. Nil means English.
	Say func(error) string
	// Lang is the language of the titles, as BCP 47 has it. "" means English.
	Lang string
}

// lookAgain is how long to wait at most before looking again where nothing says that something has changed: what a hub
// does by itself is not always told.
const lookAgain = 500 * time.Millisecond

// cleanUp is how long the end of a scenario may take.
const cleanUp = 5 * time.Second

// Run plays a scenario until its end, its first step that does not pass, or the end of ctx, which is its being stopped.
func Run(ctx context.Context, d *Document, stage Stage, o Options) Result {
	r := &runner{d: d, stage: stage, o: o, seen: map[string]int64{}}
	if o.Say == nil {
		r.o.Say = error.Error
	}
	r.result = Result{Format: ResultFormat, Version: Version, Name: d.Name, Title: d.Title.In(o.Lang), Started: time.Now(), Steps: []StepResult{}}
	r.run(ctx)
	r.result.Seconds = time.Since(r.result.Started).Seconds()
	return r.result
}

type runner struct {
	d      *Document
	stage  Stage
	o      Options
	seen   map[string]int64 // by kind: the number of the last sighting that an expectation took
	result Result
}

func (r *runner) run(stopping context.Context) {
	ctx, cancel := context.WithTimeout(stopping, r.d.Patience()+time.Duration(len(r.d.Steps))*r.o.Pace)
	defer cancel()
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(stopping), cleanUp)
		defer cancel()
		if err := r.stage.End(ctx); err != nil && r.result.Outcome == Passed {
			r.finish(Failed, l10n.New("what the scenario left could not be put in order: %v", err))
		}
	}()
	if err := r.stage.Begin(ctx, r.d); err != nil {
		r.finish(outcomeOf(stopping, ctx, err), l10n.New("the scenario could not begin: %v", err))
		r.skip(0)
		return
	}
	r.result.Outcome = Passed
	for i := range r.d.Steps {
		if r.o.OnBegin != nil {
			r.o.OnBegin(i)
		}
		rest(ctx, r.o.Pace) // a person reads what is coming, and then sees it
		s := r.step(stopping, ctx, i)
		r.add(s)
		if s.Outcome != Passed && s.Outcome != NotRun {
			r.result.Outcome = s.Outcome
			r.skip(i + 1)
			return
		}
	}
}

// over ends the scenario outside of its steps.
func (r *runner) finish(o Outcome, why error) {
	r.result.Outcome, r.result.Err, r.result.Text = o, why, r.o.Say(why)
}

// leave notes the steps from the index on as not run.
func (r *runner) skip(from int) {
	for i := from; i < len(r.d.Steps); i++ {
		r.add(r.blank(i))
	}
}

func (r *runner) blank(i int) StepResult {
	s := &r.d.Steps[i]
	return StepResult{Index: i + 1, Action: s.Action(), Title: s.Title.In(r.o.Lang), Outcome: NotRun}
}

func (r *runner) add(s StepResult) {
	r.result.Steps = append(r.result.Steps, s)
	if r.o.OnEnd != nil {
		r.o.OnEnd(s)
	}
}

func rest(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// outcomeOf says what an error under a context means.
func outcomeOf(stopping, ctx context.Context, err error) Outcome {
	switch {
	case stopping.Err() != nil:
		return Stopped
	case ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded):
		return TimedOut
	}
	return Failed
}

func (r *runner) step(stopping, whole context.Context, i int) StepResult {
	s, out, began := &r.d.Steps[i], r.blank(i), time.Now()
	patience := r.d.patience(s)
	ctx, cancel := context.WithTimeout(whole, patience)
	defer cancel()
	err := r.play(ctx, s, &out)
	out.Seconds = time.Since(began).Seconds()
	if err == nil {
		out.Outcome = Passed
		return out
	}
	if none, ok := errors.AsType[*MeaninglessError](err); ok {
		out.Err, out.Text = none.Why, r.o.Say(none.Why)
		return out
	}
	out.Outcome, out.Err = outcomeOf(stopping, ctx, err), err
	// Which of the three ended the wait is what a person wants to know first.
	switch {
	case out.Outcome == Stopped:
		out.Err = l10n.New("stopped")
	case out.Outcome == TimedOut && whole.Err() != nil:
		out.Err = l10n.New("the time for the whole scenario was over (timeout: %v s)", r.d.Patience().Seconds())
	case out.Outcome == TimedOut && out.Expected != nil:
		out.Err = l10n.New("what is expected did not come within %v s", patience.Seconds())
	case out.Outcome == TimedOut:
		out.Err = l10n.New("the step was not done within %v s", patience.Seconds())
	}
	out.Text = r.o.Say(out.Err)
	return out
}

// play does a step. It notes in out where something differs.
func (r *runner) play(ctx context.Context, s *Step, out *StepResult) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	switch {
	case s.Wait != nil:
		rest(ctx, seconds(*s.Wait, 0))
		return ctx.Err()
	case s.Telemetry != nil || s.Expect != nil:
		return r.await(ctx, s, out)
	}
	answer, err := r.stage.Do(ctx, r.d, s)
	if err != nil || s.Invoke == nil {
		return err
	}
	want := any(map[string]any{"status": map[string]any{"$min": json.Number("100"), "$max": json.Number("299")}})
	if len(s.Invoke.Expect) > 0 {
		if want, err = generic(s.Invoke.Expect); err != nil {
			return err
		}
	}
	got, err := generic(answer)
	if err != nil {
		return err
	}
	if differ := match("", want, got, true); differ != nil {
		out.differs(want, got, differ)
		return l10n.New("the answer is not what is expected")
	}
	return nil
}

func (s *StepResult) differs(want, got any, differ []string) {
	s.Expected, _ = json.Marshal(want) // both came from JSON
	s.Got, _ = json.Marshal(got)
	s.Differs = differ
}

// expectation is what a step waits for: of which kind, how often, and what it is compared with.
func (s *Step) expectation() (kind string, count int, want any, err error) {
	if t := s.Telemetry; t != nil {
		members := map[string]json.RawMessage{}
		for name, raw := range map[string]json.RawMessage{"data": t.Data, "properties": t.Properties, "systemProperties": t.SystemProperties} {
			if len(raw) > 0 {
				members[name] = raw
			}
		}
		want, err = generic(members)
		return "telemetry", max(t.Count, 1), want, err
	}
	e := s.Expect
	for name, raw := range map[string]json.RawMessage{"desired": e.Desired, "reported": e.Reported, "twin": e.Twin, "message": e.Message, "method": e.Method} {
		if len(raw) > 0 {
			want, err = generic(raw)
			return name, 1, want, err
		}
	}
	return "state", 1, e.State, nil
}

// await looks until what a step expects has come, and notes what came nearest.
func (r *runner) await(ctx context.Context, s *Step, out *StepResult) error {
	kind, count, want, err := s.expectation()
	if err != nil {
		return err
	}
	found := 0
	for {
		changed := r.stage.Changed() // before the look: what happens meanwhile is not missed
		sightings, err := r.stage.Look(ctx, r.d, s)
		if err != nil {
			if ctx.Err() != nil && out.Expected == nil {
				out.differs(want, nil, []string{""})
			}
			return err
		}
		var nearest any
		var differ []string
		for _, sighting := range sightings {
			if sighting.Number != 0 && sighting.Number <= r.seen[kind] {
				continue
			}
			got, err := generic(sighting.Value)
			if err != nil {
				return err
			}
			d := match("", want, got, true)
			if d == nil {
				found++
				r.seen[kind] = sighting.Number
				if found == count {
					out.Expected, out.Got, out.Differs = nil, nil, nil
					return nil
				}
				continue
			}
			if differ == nil || len(d) <= len(differ) {
				nearest, differ = got, d
			}
		}
		out.differs(want, nearest, differ)
		timer := time.NewTimer(lookAgain)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		timer.Stop()
	}
}
