package panel

import (
	"context"
	"time"
)

// countdowns has the page drawn again while it shows something that counts. A view asks for it by calling until; a page
// that shows no countdown, or is not drawn because its tab is hidden, costs nothing.
type countdowns struct {
	due  time.Time     // when the page is to be drawn again; zero: never. Guarded by Panel.mu
	wake chan struct{} // due was set, or came nearer; buffered, one token
}

// until says how long it is to t, and has the page drawn again when that changes. The caller holds the lock.
func (p *Panel) until(t time.Time) string {
	now := time.Now()
	left := t.Sub(now)
	if left <= 0 {
		return p.duration(0)
	}
	step := time.Second
	if left > time.Hour {
		step = time.Minute
	}
	p.redrawAt(now.Add((left-1)%step + 1))
	return p.duration(left)
}

// redrawAt has the page drawn again at t at the latest. The caller holds the lock.
func (p *Panel) redrawAt(t time.Time) {
	c := &p.countdowns
	if c.due.IsZero() || t.Before(c.due) {
		c.due = t
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
}

// duration is a time span in words, its last part rounded up. The caller holds the lock.
func (p *Panel) duration(d time.Duration) string {
	seconds := int((d + time.Second - 1) / time.Second)
	minutes := (seconds + 59) / 60
	switch {
	case seconds < 60:
		return p.T("%d s", seconds)
	case seconds <= 3600:
		return p.T("%d min %02d s", seconds/60, seconds%60)
	case minutes < 48*60:
		return p.T("%d h %02d min", minutes/60, minutes%60)
	}
	days := minutes / (24 * 60)
	return p.TN(days, "%d day", "%d days", days)
}

func (p *Panel) serveCountdowns(ctx context.Context) {
	for {
		p.mu.Lock()
		due := p.countdowns.due
		p.mu.Unlock()
		var timer *time.Timer
		var fire <-chan time.Time
		if !due.IsZero() {
			timer = time.NewTimer(time.Until(due))
			fire = timer.C
		}
		select {
		case <-ctx.Done():
		case <-p.countdowns.wake:
		case <-fire:
			p.updateSoon(func() { p.countdowns.due = time.Time{} })
		}
		if timer != nil {
			timer.Stop()
		}
		if ctx.Err() != nil {
			return
		}
	}
}
