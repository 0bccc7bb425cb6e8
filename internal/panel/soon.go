package panel

import "time"

// What arrives by itself waits together for the next drawing. Nobody reads more than ten states of a log in a second, and a
// page that drew a thousand would do nothing else; where a drawing takes long, there are fewer, so that the page always has
// time for what a person does.
const (
	drawEvery    = 100 * time.Millisecond // at least, from one drawing to the next
	drawAtLatest = time.Second / 2
	drawShare    = 4 // a drawing is followed by this many times its own length without one
)

// Drew tells the panel how long it took to show a view, until the browser was ready for something else.
func (p *Panel) Drew(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pause = min(drawShare*took, drawAtLatest)
}

// updateSoon is update for what may come a thousand times a second, such as a packet or a stored message. It is drawn at
// once when the last drawing is some time ago, and else together with what comes until then. What a person does, and what
// answers it, goes through update.
func (p *Panel) updateSoon(change func()) {
	p.mu.Lock()
	now := false
	func() {
		defer p.mu.Unlock() // also when change panics
		change()
		now = p.mayDrawLocked()
	}()
	if now {
		p.env.Changed()
	}
}

// mayDrawLocked says whether a drawing is due already; else it has the page drawn when it is.
func (p *Panel) mayDrawLocked() bool {
	next := p.drawn.Add(max(p.pause, drawEvery))
	if !next.After(time.Now()) {
		return true
	}
	p.redrawAt(next)
	return false
}

// beat is a dot that runs along the line between the two sides when something went over it. Under load the next one waits
// until the one before has arrived: a dot that begins anew with every drawing would never get anywhere.
type beat struct {
	n     int // what it runs for
	since time.Time
}

const beatTime = 800 * time.Millisecond // as long as the style sheet lets it run

// beat returns what the dot runs for, of n in all. The lock is held.
func (p *Panel) beat(b *beat, n int) int {
	if n != b.n {
		now := time.Now()
		if next := b.since.Add(beatTime); next.After(now) {
			p.redrawAt(next)
		} else {
			b.n, b.since = n, now
		}
	}
	return b.n
}
