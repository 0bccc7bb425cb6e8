package page

import (
	"context"
	"sync"
	"time"
)

// Nobody reads more than ten states of a log in a second, and a page that drew a thousand would do nothing else. Therefore what
// arrives by itself waits together for the next drawing. Where a drawing takes long, there are fewer, so that the page always has
// time for what a person does.
const (
	drawEvery    = 100 * time.Millisecond // at least, from one drawing to the next
	drawAtLatest = time.Second / 2
	drawShare    = 4 // a drawing is followed by this many times its own length without one
)

// Drawing decides when the page is drawn by itself. It has a lock of its own, so that a view can ask for its next drawing although
// views change nothing. A page that shows no countdown, or is not drawn because its tab is hidden, costs nothing.
type Drawing struct {
	mu    sync.Mutex
	last  time.Time     // when the page was drawn last
	pause time.Duration // after it, for what is drawn by itself
	due   time.Time     // when the page is to be drawn again; zero: never
	wake  chan struct{} // due was set, or came nearer; buffered, one token
}

func newDrawing() *Drawing { return &Drawing{wake: make(chan struct{}, 1)} }

// Begin notes that the page is drawn now.
func (d *Drawing) Begin() {
	d.mu.Lock()
	d.last = time.Now()
	d.mu.Unlock()
}

// Drew notes how long it took to show a view, until the browser was ready for something else.
func (d *Drawing) Drew(took time.Duration) {
	d.mu.Lock()
	d.pause = min(drawShare*took, drawAtLatest)
	d.mu.Unlock()
}

// RedrawAt has the page drawn again at t at the latest.
func (d *Drawing) RedrawAt(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.redrawAt(t)
}

func (d *Drawing) redrawAt(t time.Time) {
	if d.due.IsZero() || t.Before(d.due) {
		d.due = t
		select {
		case d.wake <- struct{}{}:
		default:
		}
	}
}

// mayDraw reports whether a drawing is due already; otherwise it has the page drawn when it is.
func (d *Drawing) mayDraw() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	next := d.last.Add(max(d.pause, drawEvery))
	if !next.After(time.Now()) {
		return true
	}
	d.redrawAt(next)
	return false
}

// serveDrawing calls draw at the times that were asked for.
func (d *Drawing) serveDrawing(ctx context.Context, draw func()) {
	for {
		d.mu.Lock()
		due := d.due
		d.mu.Unlock()
		var timer *time.Timer
		var fire <-chan time.Time
		if !due.IsZero() {
			timer = time.NewTimer(time.Until(due))
			fire = timer.C
		}
		select {
		case <-ctx.Done():
		case <-d.wake:
		case <-fire:
			d.mu.Lock()
			d.due = time.Time{}
			d.mu.Unlock()
			if d.mayDraw() {
				draw()
			}
		}
		if timer != nil {
			timer.Stop()
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// Pulse is a dot that runs along the line between the two sides when something went over it. Under load the next one waits until
// the one before has arrived: a dot that restarts with every drawing would never get anywhere.
type Pulse struct {
	Count int // what the dot runs for
	since time.Time
}

// pulseTime is how long the style sheet lets a dot run.
const pulseTime = 800 * time.Millisecond

// Prepare moves the pulse to n, the number of things that went over the line in all, if the dot before has arrived.
func (b *Pulse) Prepare(d *Drawing, n int) {
	if n == b.Count {
		return
	}
	now := time.Now()
	if next := b.since.Add(pulseTime); next.After(now) {
		d.RedrawAt(next)
		return
	}
	b.Count, b.since = n, now
}
