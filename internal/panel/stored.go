package panel

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// storedEvent is a device-to-cloud message in the hub's event stream (design.md, GET /messages/events). A thousand may come in a
// second, of which few are ever looked at, so that one that came as JSON is not read before somebody does.
type storedEvent struct {
	sequence int64
	json     []byte // nil: it is in event
	event    *emulator.Event
}

// read is the event. JSON that is none becomes the body of an event without properties, so that nothing is hidden.
func (s *storedEvent) read() *emulator.Event {
	if s.event == nil {
		s.event = new(emulator.Event)
		if json.Unmarshal(s.json, s.event) != nil {
			s.event = &emulator.Event{SequenceNumber: s.sequence, Body: s.json}
		}
		s.json = nil
	}
	return s.event
}

// eventLimit is how many events the cloud side keeps.
const eventLimit = 1000

// gotEvent takes an event from the stream. Its id is its sequence number.
func (p *Panel) gotEvent(id string, data []byte) {
	sequence, err := strconv.ParseInt(id, 10, 64)
	e := storedEvent{sequence: sequence, json: data}
	if err != nil || bytes.Contains(data, []byte(`"lost":`)) { // or a property of that name, which does no harm
		e.event = new(emulator.Event)
		if err := json.Unmarshal(data, e.event); err != nil {
			p.fail("hub", l10n.New("the hub's event stream sent something that is not an event: %v", err))
			return
		}
		e.sequence, e.json = e.event.SequenceNumber, nil
	}
	p.updateSoon(func() { p.store(e) })
}

// followInPage follows the telemetry of the hub inside the page, for as long as ctx lasts: nothing has to become text for it.
func (p *Panel) followInPage(ctx context.Context, hub *emulator.Hub) {
	p.update(func() { p.cloud.live = true })
	for e := range hub.Events(ctx) {
		p.updateSoon(func() { p.store(storedEvent{sequence: e.SequenceNumber, event: &e}) })
	}
	p.update(func() { p.cloud.live = false })
}

// store keeps an event, and drops the oldest beyond the limit. The lock is held.
func (p *Panel) store(e storedEvent) {
	c := &p.cloud
	if n := len(c.events); n > 0 && e.sequence <= c.events[n-1].sequence {
		return // seen before the stream was opened again
	}
	c.events = append(c.events, e)
	p.scenario.saw(e)
	if e.event != nil {
		c.dropped += int(e.event.Lost)
	}
	// Some at a time: at a thousand a second, moving them all for each one costs more than anything else here.
	if extra := len(c.events) - eventLimit; extra > eventLimit/10 {
		c.events = slices.Delete(c.events, 0, extra)
		c.dropped += extra
	}
}
