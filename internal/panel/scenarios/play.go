package scenarios

import (
	"context"
	"slices"
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/scenario"
)

// Options say how a scenario is played.
type Options struct {
	// Pace is how long to rest before each step, so that a person can follow.
	Pace time.Duration
	// OnStep is called when a step has ended. May be nil.
	OnStep func(scenario.StepResult)
	// Shoot takes a picture of the page. Nil means that steps which ask for one do not run.
	Shoot func(ctx context.Context, name string) error
}

// Play shows a scenario on the page and plays it until it has ended, or ctx has. It returns an error only if the
// scenario could not begin because another one plays, or the panel is closed: what becomes of the scenario is in the result.
func (room *Room) Play(ctx context.Context, d *scenario.Document, o Options) (scenario.Result, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s, done := &room.state, make(chan struct{})
	var lang catalog.Lang
	var err error
	room.Update(func() {
		lang = room.Language
		switch {
		case room.Context().Err() != nil:
			err = context.Canceled
		case s.running():
			err = &scenario.UnusableError{Reason: l10n.New("a scenario runs already: stop it first")}
		default:
			if s.doc != d {
				room.showLocked(d, "")
			}
			s.stop, s.done, s.steps, s.result, s.problem = stop, done, nil, nil, page.Result{}
			s.played++
		}
	})
	if err != nil {
		return scenario.Result{}, err
	}
	var played scenario.Result
	ended := make(chan struct{})
	if !room.Go("a scenario", func(pageEnds context.Context) {
		defer close(ended)
		// Also when something in it panics: the next scenario must be able to run.
		defer func() {
			room.Update(func() { s.stop, s.current = nil, -1 })
			close(done)
		}()
		defer context.AfterFunc(pageEnds, stop)()
		played = room.play(ctx, d, o, lang)
	}) {
		room.Update(func() { s.stop = nil })
		close(done)
		return scenario.Result{}, context.Canceled
	}
	<-ended // soon after ctx has ended, as scenario.Run promises
	return played, nil
}

func (room *Room) play(ctx context.Context, d *scenario.Document, o Options, lang catalog.Lang) scenario.Result {
	s := &room.state
	played := scenario.Run(ctx, d, room.Links.Stage(o.Shoot), scenario.Options{
		Pace: o.Pace,
		Lang: string(lang),
		Say:  lang.Sentence,
		OnBegin: func(i int) {
			room.Update(func() {
				if s.doc != d {
					return // another is shown already, and this one is being stopped
				}
				s.current = i
				if t, ok := topicOf(&d.Steps[i]); ok {
					room.Topic = t
				}
			})
		},
		OnEnd: func(r scenario.StepResult) {
			room.Update(func() {
				if s.doc == d {
					s.steps, s.current = append(slices.Clip(s.steps), r), -1
				}
			})
			if o.OnStep != nil {
				o.OnStep(r)
			}
		},
	})
	room.Update(func() {
		if s.doc == d {
			s.result = &played
		}
	})
	return played
}

// await waits until the scenario that plays has ended.
func (room *Room) await(ctx context.Context) {
	room.Lock()
	running, done := room.state.running(), room.state.done
	room.Unlock()
	if !running {
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// Replace is Play, but one that plays is stopped first.
func (room *Room) Replace(ctx context.Context, d *scenario.Document, o Options) (scenario.Result, error) {
	room.Stop()
	room.await(ctx)
	return room.Play(ctx, d, o)
}
