package panel

import (
	"context"
	"errors"
	"time"

	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// sendStream makes and sends as many of the due messages as may wait for the hub, and returns how many.
func (p *Panel) sendStream(client *hubclient.Client, s *telemetryStream, pl plan, due, late int) int {
	p.mu.Lock()
	room := streamWindow - s.waiting()
	n := max(min(due, room, streamSlice), 0)
	if pl.count > 0 {
		n = min(n, pl.count-s.made)
	}
	s.skipped += late
	s.held = n == room && n < due && (pl.count == 0 || s.made+n < pl.count)
	if n == 0 {
		p.mu.Unlock()
		return 0
	}
	messages, bytes, now := make([]hubclient.Message, n), 0, p.now()
	for i := range messages {
		body := pl.template.next(now)
		bytes += len(body)
		p.telemetry.chart.add(now, body)
		messages[i] = hubclient.Message{Body: body, Properties: pl.template.bag(), SystemProperties: pl.system}
	}
	way := &sent{stream: s.name.text, first: s.made + 1, count: n, run: s.run, state: pending, unanswered: pl.qos0}
	s.made, s.bytes = s.made+n, s.bytes+bytes
	line := p.logStream(s, messages[n-1], n)
	p.telemetry.streams.note(client, way, now, bytes)
	p.mu.Unlock()
	p.start("send telemetry", func(ctx context.Context) {
		sentAt := time.Now()
		onSent := hubclient.OnSent(func() {
			p.mu.Lock()
			way.sent = true
			p.mu.Unlock()
		})
		send := client.SendBatch
		if pl.qos0 {
			send = client.SendBatchQoS0
		}
		err := send(ctx, messages, onSent)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.answeredStream(s, way, line, time.Since(sentAt), err)
	})
	return n
}

// note notes what goes out, for the meter and the list of the last.
func (s *streams) note(client *hubclient.Client, way *sent, now time.Time, bytes int) {
	if s.session != client {
		s.session, s.rate = client, rateMeter{}
	}
	s.rate.add(now, way.count, bytes)
	s.recent = append(s.recent, way)
	if extra := len(s.recent) - recentLimit; extra > 0 {
		s.recent = append([]*sent(nil), s.recent[extra:]...)
	}
}

// answeredStream notes what became of messages that went out together. The lock is held.
func (p *Panel) answeredStream(s *telemetryStream, way *sent, line *streamLine, took time.Duration, err error) {
	way.state, way.latency = done, took
	if err != nil {
		way.state = failed
		if way.run == s.run { // the totals are of the last start
			s.failed += way.count
		}
		line.failed += way.count
		if !errors.Is(err, hubclient.ErrClosed) && !errors.Is(err, context.Canceled) {
			p.failLocked("stream", err)
		}
	} else {
		if way.run == s.run {
			s.acknowledged += way.count
		}
		p.device.sent += way.count
		if !way.unanswered {
			p.telemetry.streams.rate.acknowledged(took)
		}
	}
	line.answered += way.count
	line.slowest = max(line.slowest, took)
	if line.failed > 0 {
		line.entry.outcome, line.entry.note = failed, p.TN(line.failed, "%d message failed", "%d messages failed", line.failed)
	} else if line.answered == line.sent {
		line.entry.outcome, line.entry.note = done, p.T("acknowledged in %s", milliseconds(line.slowest))
		if way.unanswered {
			line.entry.note = p.T("written (QoS 0 has no acknowledgement)")
		}
	}
	select {
	case s.room <- struct{}{}:
	default:
	}
}

// logStream adds to the journal: a line of its own for a message, one for all messages of a second. The lock is held.
func (p *Panel) logStream(s *telemetryStream, last hubclient.Message, n int) *streamLine {
	now := p.now()
	if s.line == nil || now.Sub(s.line.began) >= time.Second {
		e := p.deviceLog.add(now, entrySent, p.T("Telemetry")+" · "+s.name.text, "", describeMessage(last))
		s.line = &streamLine{entry: e, began: now}
	}
	s.line.sent += n
	e := s.line.entry
	e.outcome, e.note = pending, p.T("queued")
	e.summary = oneLine(string(last.Body), 90)
	if s.line.sent > 1 {
		e.summary = p.T("%d messages, the last of them: %s", s.line.sent, oneLine(string(last.Body), 60))
		e.detail = describeMessage(last)
	}
	return s.line
}

func (p *Panel) endStream(s *telemetryStream, why func() string) {
	p.update(func() { s.stop, s.held, s.over = nil, false, why() })
}
