package telemetry

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

const (
	// streamWindow is the number of messages of a stream that may wait for the hub's acknowledgement. With more the stream waits, too.
	streamWindow = 1000
	// streamCatchUp is how far a stream makes up for time in which it could not run: browsers wake a hidden page once a second.
	streamCatchUp = 2 * time.Second
	// streamSlice is the number of messages of a stream that are made at a time. Then it yields to the rest of the page.
	streamSlice = 64
	// streamRedraw is how often the page is drawn while a stream runs.
	streamRedraw = 250 * time.Millisecond
)

// run is a stream from one start to its end. Its plan does not change. The page's lock guards the rest.
type run struct {
	plan
	stream                     *stream            // its form may change while it runs
	stop                       context.CancelFunc // may be called with or without the lock
	answered                   chan struct{}      // one token: the hub has answered since the run looked last
	end                        l10n.Text          // why the run ended; nil while it runs
	held                       bool               // it waits for the hub's acknowledgements
	line                       *runLine           // the newest in the journal; nil: there is none
	made                       int                // messages that were made
	delivered, failed, skipped int                // of them; skipped were not made because they were due while the stream could not run
}

// runLine is a line of the journal: the messages of one second of a run.
type runLine struct {
	entry                  *page.Entry
	began                  time.Time
	sent, answered, failed int
	slowest                time.Duration
}

// waiting returns the number of messages that are not delivered yet.
func (r *run) waiting() int { return r.made - r.delivered - r.failed }

// startStream starts a run of the stream, unless one is in progress. An error is shown in the page as well.
func (room *Room) startStream(s *stream) error {
	_, err := room.Links.Client()
	if err == nil {
		room.Update(func() { err = room.startStreamLocked(s) })
	}
	if err != nil {
		room.Fail("stream", err)
	}
	return err
}

func (room *Room) startStreamLocked(s *stream) error {
	if s.running() {
		return nil
	}
	client := room.Links.LiveClient()
	if client == nil { // the connection ended a moment ago
		return hubclient.ErrClosed
	}
	p, err := s.plan(room.Links.Credentials().DeviceID, room.Now())
	if err != nil {
		return err
	}
	room.ClearNotice("stream")
	ctx, stop := context.WithCancel(room.Context())
	r := &run{plan: p, stream: s, stop: stop, answered: make(chan struct{}, 1)}
	s.run, s.randomSeed = r, rand.Uint64()
	ended := room.Links.Ended()
	room.Go("a stream", func(context.Context) {
		defer stop()
		room.serveRun(ctx, client, ended, r)
	})
	room.Go("the drawing of a stream", func(context.Context) {
		tick := time.NewTicker(streamRedraw)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				room.UpdateSoon(func() {})
			}
		}
	})
	return nil
}

// stopStream ends the stream's run. Messages that were sent are still acknowledged.
func (room *Room) stopStream(s *stream) {
	room.Lock()
	defer room.Unlock()
	if s.run != nil {
		s.run.stop()
	}
}

// serveRun sends the messages of a run when they are due, until all are acknowledged, ctx ends or the connection has ended.
func (room *Room) serveRun(ctx context.Context, client *hubclient.Client, ended <-chan struct{}, r *run) {
	began := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	scheduled := 0 // messages that were due until now, made or skipped
	for {
		select {
		case <-ctx.Done():
			room.endRun(r, func() l10n.Text { return l10n.New("Stopped after %d messages.", r.made) })
			return
		case <-ended:
			room.endRun(r, func() l10n.Text { return l10n.New("Stopped after %d messages: the device was disconnected.", r.made) })
			return
		case <-timer.C:
		case <-r.answered:
		}
		due := (int(time.Since(began)/r.interval)+1)*r.burst - scheduled
		late := max(due-r.burst*max(1, int(streamCatchUp/r.interval)), 0)
		due, scheduled = due-late, scheduled+late
		n := room.sendDue(client, r, due, late)
		scheduled += n
		room.Lock()
		allMade := r.count > 0 && r.made >= r.count
		answered := r.waiting() == 0
		room.Unlock()
		switch {
		case allMade && answered:
			room.endRun(r, func() l10n.Text { return l10n.New("Done: %d messages.", r.made) })
			return
		case n == streamSlice && n < due:
			room.Env.Yield()
		case allMade || n < due: // the next acknowledgement continues the loop
			continue
		}
		next := began.Add(time.Duration(scheduled/r.burst) * r.interval)
		timer.Reset(max(time.Until(next), time.Millisecond))
	}
}

func (room *Room) endRun(r *run, why func() l10n.Text) {
	room.Update(func() { r.held, r.end = false, why() })
}

// sendDue makes and sends as many of the due messages as may wait for the hub, and returns how many. late messages are skipped.
func (room *Room) sendDue(client *hubclient.Client, r *run, due, late int) int {
	room.Lock()
	defer room.Unlock()
	free := streamWindow - r.waiting()
	n := max(min(due, free, streamSlice), 0)
	if r.count > 0 {
		n = min(n, r.count-r.made)
	}
	r.skipped += late
	r.held = n == free && n < due && (r.count == 0 || r.made+n < r.count)
	if n == 0 {
		return 0
	}
	messages, bytes, now := make([]hubclient.Message, n), 0, room.Now()
	for i := range messages {
		body := r.template.Next(now)
		bytes += len(body)
		room.state.chart.add(now, body)
		messages[i] = hubclient.Message{Body: body, Properties: r.template.Bag(), SystemProperties: r.system}
	}
	b := &batch{stream: l10n.Verbatim(r.stream.name.Text), first: r.made + 1, count: n, qos0: r.qos0, outcome: page.Pending}
	r.made += n
	line := room.recordRun(r, &messages[n-1], n)
	room.state.meter.add(client, b, now, bytes)
	room.Go("send telemetry", func(ctx context.Context) {
		began := time.Now()
		err := send(ctx, client, messages, r.qos0, func() {
			room.Lock()
			b.sent = true
			room.Unlock()
		})
		room.Lock()
		defer room.Unlock()
		b.latency = time.Since(began)
		room.recordDelivery(r, b, line, err)
	})
	return n
}

// recordRun adds n messages to the journal: a line of its own for a single message, one line for all messages of a second. The lock is
// held.
func (room *Room) recordRun(r *run, last *hubclient.Message, n int) *runLine {
	now := room.Now()
	if r.line == nil || now.Sub(r.line.began) >= time.Second {
		e := room.DeviceLog.Add(now, page.Sent, l10n.New("%v · %v", l10n.New("Telemetry"), l10n.Verbatim(r.stream.name.Text)), nil, describe(last))
		r.line = &runLine{entry: e, began: now}
	}
	r.line.sent += n
	e := r.line.entry
	e.Outcome, e.Note = page.Pending, l10n.New("queued")
	e.Summary = l10n.Verbatim(jsontext.OneLine(string(last.Body), 90))
	if r.line.sent > 1 {
		e.Summary = l10n.New("%d messages, the last of them: %s", r.line.sent, jsontext.OneLine(string(last.Body), 60))
		e.Detail = describe(last)
	}
	return r.line
}

// recordDelivery records the delivery status of a batch. The lock is held.
func (room *Room) recordDelivery(r *run, b *batch, line *runLine, err error) {
	if err != nil {
		b.outcome = page.Failed
		r.failed += b.count
		line.failed += b.count
		if !errors.Is(err, hubclient.ErrClosed) && !errors.Is(err, context.Canceled) {
			room.FailLocked("stream", err)
		}
	} else {
		b.outcome = page.Done
		r.delivered += b.count
		room.Traffic.Sent += b.count
		room.state.meter.acknowledged(b)
	}
	line.answered += b.count
	line.slowest = max(line.slowest, b.latency)
	if line.failed > 0 {
		line.entry.Outcome, line.entry.Note = page.Failed, l10n.NewN(line.failed, "%d message failed", "%d messages failed", line.failed)
	} else if line.answered == line.sent {
		line.entry.Outcome, line.entry.Note = page.Done, deliveryNote(b.qos0, line.slowest)
	}
	select {
	case r.answered <- struct{}{}:
	default:
	}
}
