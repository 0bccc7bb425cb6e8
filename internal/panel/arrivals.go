package panel

import (
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// arrivals is the announcement of what the device received, for people who listen to the page and do not see it.
type arrivals struct {
	announced int // of DeviceLog.Received
	text      l10n.Text
	since     time.Time // when text was announced
}

// announceEvery is how often the page speaks at most: a screen reader must come to the end of a sentence.
const announceEvery = time.Second

// prepareArrivals announces what arrived since the last announcement. The write lock is held.
func (p *Panel) prepareArrivals() {
	a := &p.arrivals
	n := p.DeviceLog.Received - a.announced
	if n <= 0 {
		return
	}
	if next := a.since.Add(announceEvery); next.After(time.Now()) {
		p.RedrawAt(next) // what came too soon is announced then, in one sentence
		return
	}
	a.text, a.since, a.announced = p.arrived(n), time.Now(), p.DeviceLog.Received
}

// viewArrivals is the one live region for what arrives. It is always in the page, so that assistive technology observes it.
func (p *Panel) viewArrivals() *ui.Node {
	return ui.H("p.unseen", ui.Attr("role", "status"), ui.Attr("aria-live", "polite"), ui.TestID("arrivals"), ui.Text(p.Words(p.arrivals.text)))
}

// arrived names in few words what came last, or how much.
func (p *Panel) arrived(n int) l10n.Text {
	if n == 1 {
		for i := len(p.DeviceLog.Entries) - 1; i >= 0; i-- {
			if e := p.DeviceLog.Entries[i]; e.Kind == page.Received {
				return l10n.New("Arrived: %s", e.What)
			}
		}
	}
	return l10n.NewN(n, "%d arrival", "%d arrivals", n)
}
