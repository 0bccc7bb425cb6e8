package page

import (
	"time"

	"github.com/hubpanel/hubpanel/internal/ui"
)

// busyFrom is how many new rows from one drawing to the next make a list busy.
const busyFrom = 10

// BusyList paces a list that may get more rows than anybody reads. While it is busy it draws only what its window shows, until it is
// calm for a second or somebody scrolls: new rows in each of ten drawings a second are what a loaded page spends its time on.
type BusyList struct {
	seen     int       // how many rows had come when the list was drawn last
	drawn    time.Time // when that was
	until    time.Time // when the list is calm again
	scrolled bool      // somebody reads further down
}

// Prepare counts the rows that came: came is how many the list ever had. A room calls it in Prepare, before a drawing that shows the
// list.
func (b *BusyList) Prepare(d *Drawing, came int) {
	now := time.Now()
	if came-b.seen > busyFrom && now.Sub(b.drawn) < time.Second {
		b.until = now.Add(time.Second)
	}
	b.seen, b.drawn = came, now
	if b.Busy() {
		d.RedrawAt(b.until)
	}
}

// Busy reports whether the list gets more rows than anybody reads.
func (b *BusyList) Busy() bool { return time.Now().Before(b.until) }

// Rows returns how many rows are drawn: want, or only window, which is how many a person sees without scrolling.
func (b *BusyList) Rows(want, window int) int {
	if b.scrolled || !b.Busy() {
		return want
	}
	return min(want, window)
}

// WatchScroll keeps in mind whether somebody reads further down a list.
func (p *Page) WatchScroll(b *BusyList) ui.Listener {
	return ui.Listener{Event: "scroll", Do: func(e ui.Event) {
		if scrolled := e.Top > 0; scrolled != b.scrolled { // only the event queue changes it
			p.Update(func() { b.scrolled = scrolled })
		}
	}}
}
