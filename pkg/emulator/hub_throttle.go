package emulator

import (
	"sync"
	"time"
)

// A meter names a kind of operation that the service limits.
type meter byte

const (
	unmetered meter = iota
	meterConnect
	meterTelemetry
	meterC2D
	meterMethod // bytes
	meterTwinRead
	meterTwinUpdate
	meterRegistry
	meterQuery
	meterRegister
	meters // how many there are
)

// patience is how long the hub delays a request that comes too fast, before it refuses it ("Understand quotas and throttling", traffic
// shaping; how long the service does is not public).
const patience = 2 * time.Second

// newPollMeter limits how often a device may ask DPS about its registration: five times in ten seconds ("Azure DPS limits").
func newPollMeter() bucket { return bucket{rate: 0.5, burst: 5} }

// methodMeter is the size to which direct method payloads are rounded up.
const methodMeter = 4 << 10

// throttle applies the limits of a tier. It has a lock of its own, which is never held while anything waits.
type throttle struct {
	mu      sync.Mutex
	buckets [meters]bucket
}

// newThrottle gives the limits of S1 for a number of scale units ("Understand quotas and throttling", operation throttles).
func newThrottle(units int) *throttle {
	n := float64(units)
	perMinute := func(rate float64) bucket { return bucket{rate: rate / 60, burst: rate} }
	perSecond := func(rate float64) bucket { return bucket{rate: rate, burst: rate} }
	return &throttle{buckets: [meters]bucket{
		meterConnect:    perSecond(max(100, 12*n)),
		meterTelemetry:  perSecond(max(100, 12*n)),
		meterC2D:        perMinute(100 * n),
		meterMethod:     perSecond(160 << 10 * n),
		meterTwinRead:   perSecond(100),
		meterTwinUpdate: perSecond(50),
		meterRegistry:   perMinute(100 * n),
		meterQuery:      perMinute(20 * n),
		meterRegister:   perMinute(1000), // of DPS, which has no units ("Azure DPS limits")
	}}
}

// bucket lets through rate tokens a second in the long run, and burst at once.
type bucket struct {
	rate, burst float64
	used        float64 // of burst, at time at; above burst it is a debt
	at          time.Time
}

// spend uses n tokens and returns how long to delay the request; or uses none if that is longer than limit.
func (t *throttle) spend(m meter, n float64, limit time.Duration) (wait time.Duration, ok bool) {
	if t == nil || m == unmetered {
		return 0, true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buckets[m].spend(n, limit, time.Now())
}

// spend is throttle.spend for one bucket.
func (b *bucket) spend(n float64, limit time.Duration, now time.Time) (wait time.Duration, ok bool) {
	b.used = max(0, b.used-b.rate*now.Sub(b.at).Seconds())
	b.at = now
	wait = time.Duration(max(0, b.used+n-b.burst) / b.rate * float64(time.Second))
	if wait > limit {
		return wait, false
	}
	b.used += n
	return wait, true
}

func errThrottledFor(wait time.Duration) *Error {
	e := errThrottled()
	e.RetryAfter = wait.Truncate(time.Second) + time.Second
	return e
}

// admit delays an operation that comes too fast, at most until done is closed, or refuses it.
func (h *Hub) admit(m meter, n float64, done <-chan struct{}) *Error {
	wait, ok := h.settings.Load().throttle.spend(m, n, patience)
	if !ok {
		return errThrottledFor(wait)
	}
	if wait == 0 {
		return nil
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-done:
	}
	return nil
}
