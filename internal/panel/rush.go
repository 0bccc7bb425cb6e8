package panel

import "time"

// A list in a rush gets more than anybody reads. It draws only what its window shows, until it is calm for a second or
// somebody scrolls: new rows in each of ten drawings a second are what a loaded page spends its time on.
type rush struct {
	seen     int       // how many had come when the list was drawn last
	drawn    time.Time // when that was
	until    time.Time // when it is calm again
	scrolled bool      // somebody looks further down
}

const rushFrom = 10 // new rows from one drawing to the next

// on says whether the list is in a rush.
func (r *rush) on() bool { return time.Now().Before(r.until) }

// rows is how many rows of a list are drawn of which at most want are to be; came is how many it ever had, and window how many
// a person sees without scrolling. The lock is held.
func (p *Panel) rows(r *rush, came, want, window int) int {
	now := time.Now()
	if came-r.seen > rushFrom && now.Sub(r.drawn) < time.Second {
		r.until = now.Add(time.Second)
	}
	r.seen, r.drawn = came, now
	if r.scrolled || !r.on() {
		return want
	}
	p.redrawAt(r.until)
	return min(want, window)
}

// watch keeps in mind whether somebody looks further down a list.
func (p *Panel) watch(r *rush) Listener {
	return Listener{Event: "scroll", Do: func(e Event) {
		if scrolled := e.Top > 0; scrolled != r.scrolled { // only the event queue changes it
			p.update(func() { r.scrolled = scrolled })
		}
	}}
}
