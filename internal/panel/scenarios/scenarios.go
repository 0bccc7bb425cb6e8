package scenarios

import (
	"context"
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/scenario"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// watchingPace is how long a scenario rests before each step while a person watches.
const watchingPace = 1200 * time.Millisecond

// state is the scenario on the page, and how far it is.
type state struct {
	doc     *scenario.Document // nil: none is shown
	file    string             // that it came from; "" for a built-in one, or a program's
	problem page.Result        // what was wrong with a file, or a link
	quick   bool               // it does not rest between its steps
	open    bool               // the list of scenarios is shown

	stop    context.CancelFunc // ends the scenario that plays; nil: none does
	done    chan struct{}      // closed when the scenario that played last has ended
	current int                // index of the step that is being done; -1: none
	steps   []scenario.StepResult
	result  *scenario.Result // of the last time; nil: it has not ended
	played  int              // how often one was begun, so that the view can tell them apart
}

// running reports whether a scenario plays.
func (s *state) running() bool { return s.stop != nil }

// Show puts a scenario on the page. One that plays is stopped.
func (room *Room) Show(d *scenario.Document, file string) {
	room.Stop()
	room.Update(func() { room.showLocked(d, file) })
}

func (room *Room) showLocked(d *scenario.Document, file string) {
	s := &room.state
	s.doc, s.file, s.problem, s.steps, s.result, s.current, s.open = d, file, page.Result{}, nil, nil, -1, false
}

// Close takes the scenario off the page.
func (room *Room) Close() { room.Show(nil, "") }

// OpenLink shows the scenario that the page's address names. It begins when a person asks for it.
func (room *Room) OpenLink() {
	if room.Env.Params.Scenario == "" {
		return
	}
	d, err := room.Links.Find(room.Env.Params.Scenario)
	if err != nil {
		room.fail(err)
		return
	}
	room.Show(d, "")
}

func (room *Room) fail(err error) {
	room.Update(func() { room.state.problem, room.state.open = page.ResultOf(err, nil), true })
}

// OpenFile shows the scenario in a file.
func (room *Room) OpenFile(files []ui.File) {
	if len(files) == 0 {
		return
	}
	d, err := room.Links.Find(string(files[0].Data))
	if err != nil {
		room.fail(l10n.New("the file %s: %v", files[0].Name, err))
		return
	}
	room.Show(d, files[0].Name)
}

// Start plays the scenario on the page, from its beginning.
func (room *Room) Start() {
	room.Lock()
	d, o := room.state.doc, Options{Pace: watchingPace}
	if room.state.quick {
		o.Pace = 0
	}
	room.Unlock()
	if d == nil {
		return
	}
	room.Go("a scenario", func(ctx context.Context) {
		if _, err := room.Play(ctx, d, o); err != nil {
			room.fail(err)
		}
	})
}

// Stop ends the scenario that plays, if any. It returns at once.
func (room *Room) Stop() {
	room.Lock()
	stop := room.state.stop
	room.Unlock()
	if stop != nil {
		stop()
	}
}
