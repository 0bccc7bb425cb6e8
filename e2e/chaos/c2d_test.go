package chaos

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// queueRoom is how many messages the service lets wait for the device at a time; the hub takes no more than 50.
const queueRoom = 20

// messages goes from the service to the device, in order. The handler fails now and then.
type messages struct {
	hub   *emulator.Hub
	count int
	room  chan struct{}
	calm  atomic.Bool // no more failures

	// Owned by the device's dispatcher.
	times   []int // how many times each was handled
	latest  int   // the largest number so far
	refused int
	behind  int // came for the first time after a later one
	wrong   problems
}

func newMessages(count int) *messages {
	return &messages{count: count, room: make(chan struct{}, queueRoom), times: make([]int, count), latest: -1}
}

var errHandler = errors.New("the handler does not want this message yet")

func (m *messages) send(ctx context.Context, over time.Duration) error {
	start := time.Now()
	for n := range m.count {
		if err := until(ctx, start.Add(over*time.Duration(n)/time.Duration(m.count))); err != nil {
			return err
		}
		select {
		case m.room <- struct{}{}:
		case <-ctx.Done():
			return fmt.Errorf("the device does not take message %d: %w", n, ctx.Err())
		}
		if err := m.hub.SendToDevice(ctx, deviceID, toDevice(message(n))); err != nil {
			return fmt.Errorf("message %d to the device: %w", n, err)
		}
	}
	return nil
}

// toDevice is a message as a service sends it.
func toDevice(m hubclient.Message) emulator.Message {
	sent := emulator.Message{MessageID: m.MessageID, ContentType: m.ContentType, ContentEncoding: m.ContentEncoding, Body: m.Body}
	for _, p := range m.Properties {
		sent.Properties = append(sent.Properties, emulator.Property(p))
	}
	return sent
}

func (m *messages) handle(_ context.Context, d hubclient.Delivery) error {
	n, err := strconv.Atoi(d.MessageID)
	if err != nil || n < 0 || n >= m.count || string(d.Body) != string(message(n).Body) {
		m.wrong.add("the device got message %q as %q", d.MessageID, d.Body)
		return nil
	}
	m.times[n]++
	switch first := m.times[n] == 1; {
	case !first && !d.Duplicate:
		m.wrong.add("the device got message %d for the second time, without DUP", n)
	case first && n < m.latest:
		m.behind++
		m.wrong.add("the device got message %d for the first time after %d", n, m.latest)
	case first:
		m.latest = n
		if n%40 == 7 && !m.calm.Load() {
			m.refused++
			return errHandler
		}
	}
	select {
	case <-m.room:
	default: // seen twice
	}
	return nil
}

// A messagesReport is what was counted.
type messagesReport struct {
	arrived    int // different ones
	refused    int // by the handler
	duplicates int // beside those that came again because they were refused
	disordered int // first ones behind a later one
}

func (m *messages) compare(p *problems) (r messagesReport) {
	p.merge(&m.wrong)
	for n, times := range m.times {
		if times == 0 {
			p.add("message %d has not reached the device", n)
			continue
		}
		r.arrived++
		r.duplicates += times - 1
	}
	r.refused, r.disordered = m.refused, m.behind
	r.duplicates -= m.refused
	return r
}
