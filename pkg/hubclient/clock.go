package hubclient

import (
	"context"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// clockTimeout bounds ServerTime. A refusal that is reported soon and without the clock is better than one that is late.
const clockTimeout = 5 * time.Second

// mayBeClock reports whether a clock that is wrong can be the reason of the refusal: a hub answers every kind of refusal with
// the same code, and a certificate is judged by the hub's own clock.
func (e *ConnectError) mayBeClock() bool {
	return e.Code == mqttcodec.NotAuthorized && !e.X509
}

// checkClock asks serverTime how far this machine's clock is off, and notes the answer in e. It waits for clockTimeout at most.
func (e *ConnectError) checkClock(ctx context.Context, serverTime func(context.Context) (time.Time, error)) {
	ctx, cancel := context.WithTimeout(ctx, clockTimeout)
	defer cancel()
	asked := time.Now()
	there, err := serverTime(ctx)
	if err != nil || there.IsZero() {
		return // then nothing is known about the clock; the refusal stays as it is
	}
	// The answer was true somewhere between question and now.
	here := asked.Add(time.Since(asked) / 2)
	e.Now, e.ServerTime, e.Skew = here, there, here.Sub(there)
}

// checkClock finds out, beside the loop, whether the clock explains a refusal. The loop then continues with the refusal.
func (l *loop) checkClock(refusal *ConnectError) {
	ctx, cancel := context.WithCancel(l.ctx)
	l.cancelCheck = cancel
	result := make(chan error, 1)
	l.checking = result
	go func() {
		refusal.checkClock(ctx, l.c.o.ServerTime)
		if refusal.Skew.Abs() > hubproto.MaxClockSkew {
			l.log.Warn("this machine's clock is wrong", "skew", refusal.Skew)
		}
		result <- refusal
	}()
}
