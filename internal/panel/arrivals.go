package panel

import "time"

// arrivals is what has been said of what the device received, for people who listen to the page and do not see it.
type arrivals struct {
	told int // of deviceLog.received
	text string
	at   time.Time // when text was said
}

// announceEvery is how often the page speaks at most: a screen reader must come to the end of a sentence.
const announceEvery = time.Second

// viewArrivals is the one live region for what arrives. It is always in the page, so that assistive technology watches it.
func (p *Panel) viewArrivals() *Node {
	a := &p.arrivals
	if n := p.deviceLog.received - a.told; n > 0 {
		if next := a.at.Add(announceEvery); next.After(time.Now()) {
			p.redrawAt(next) // what came too soon is said then, in one sentence
		} else {
			a.text, a.at, a.told = p.arrived(n), time.Now(), p.deviceLog.received
		}
	}
	return h("p.unseen", attr("role", "status"), attr("aria-live", "polite"), testid("arrivals"), text(a.text))
}

// arrived says in few words what came last, or how much.
func (p *Panel) arrived(n int) string {
	if n == 1 {
		for i := len(p.deviceLog.entries) - 1; i >= 0; i-- {
			if e := p.deviceLog.entries[i]; e.kind == entryReceived {
				return p.T("Arrived: %s", e.what)
			}
		}
	}
	return p.TN(n, "%d arrival", "%d arrivals", n)
}
