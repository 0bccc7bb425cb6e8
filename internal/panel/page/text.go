package page

import (
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n"
)

// T translates a text into the page's language. english is always a literal. The caller holds the lock, as every view does.
//
//go:noinline
func (p *Page) T(english string, values ...any) string { return p.Language.T(english, values...) }

// TN is T for a text that depends on a number; many is the key in the catalogs. The caller holds the lock.
//
//go:noinline
func (p *Page) TN(n int, one, many string, values ...any) string {
	return p.Language.TN(n, one, many, values...)
}

// Words translates a text that was kept until now. Nil is the empty text. The caller holds the lock.
//
//go:noinline
func (p *Page) Words(t l10n.Text) string { return p.Language.Words(t) }

// Sentence returns an error as a sentence, without secrets. The caller holds the lock.
//
//go:noinline
func (p *Page) Sentence(err error) string { return p.Language.Sentence(err) }

// Until returns how long it is to t, and has the page drawn again when that changes. The caller holds the lock.
func (p *Page) Until(t time.Time) string {
	now := time.Now()
	left := t.Sub(now)
	if left <= 0 {
		return p.Duration(0)
	}
	step := time.Second
	if left > time.Hour {
		step = time.Minute
	}
	p.RedrawAt(now.Add((left-1)%step + 1))
	return p.Duration(left)
}

// Duration returns a time span in words, its last part rounded up. The caller holds the lock.
func (p *Page) Duration(d time.Duration) string {
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

// Clock formats a time of day with milliseconds.
func Clock(t time.Time) string { return t.Format("15:04:05.000") }
