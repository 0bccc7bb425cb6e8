package cloud

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// eventLimit is how many events the cloud side keeps.
const eventLimit = 1000

// Telemetry is the telemetry as the hub stored it.
type Telemetry struct {
	room     *Room
	live     bool     // the stream is open
	events   []stored // newest last
	dropped  int      // how many are kept no longer, or did not come
	restarts int      // how often the emulator was restarted

	device string // events of this device only are shown; empty: of all
	form   page.BodyForm
	window int // how many events are drawn, the newest
	busy   page.BusyList
}

// stored is an event of one life of the emulator: numbers may begin again after a restart.
type stored struct {
	*hubservice.StoredEvent
	restarts int // Telemetry.restarts when it came
}

// key returns the event's key among its siblings.
func (s *stored) key() string { return fmt.Sprint(s.restarts, ".", s.Number) }

func newTelemetry(room *Room) *Telemetry {
	return &Telemetry{room: room, form: page.FormJSON, window: eventsPage}
}

func (t *Telemetry) setLive(live bool) { t.room.Update(func() { t.live = live }) }

// got handles an entry of the stream.
func (t *Telemetry) got(e hubservice.Entry) {
	event, err := e.StoredEvent()
	if err != nil {
		t.room.Fail("hub", err)
		return
	}
	t.room.UpdateSoon(func() {
		if e.Restarted {
			t.restarts++
		}
		t.add(event)
	})
}

// followHub follows the telemetry of the hub inside the page until ctx ends. Nothing is encoded for it.
func (t *Telemetry) followHub(ctx context.Context, hub *emulator.Hub) {
	t.setLive(true)
	defer t.setLive(false)
	for e := range hub.Events(ctx) {
		event := hubservice.NewStoredEvent(&e)
		t.room.UpdateSoon(func() { t.add(event) })
	}
}

// add keeps an event, and drops the oldest beyond the limit. The lock is held.
func (t *Telemetry) add(e *hubservice.StoredEvent) {
	t.events = append(t.events, stored{e, t.restarts})
	t.dropped += int(e.Lost)
	t.room.Links.Stored(e)
	// Some at a time: at a thousand a second, moving them all for each one costs more than anything else here.
	if extra := len(t.events) - eventLimit; extra > eventLimit/10 {
		t.events = slices.Delete(t.events, 0, extra)
		t.dropped += extra
	}
}

// saved returns the events as a session file has them. The lock is held.
func (t *Telemetry) saved() []savefile.Body {
	list := make([]savefile.Body, 0, len(t.events))
	for _, s := range t.events {
		e := s.Event()
		b := savefile.Body{At: e.EnqueuedTime, DeviceID: e.DeviceID, Sequence: e.SequenceNumber, System: map[string]any{}}
		for name, value := range e.SystemProperties {
			b.System[name] = value
		}
		b.SetBody(e.Body)
		for _, name := range slices.Sorted(maps.Keys(e.Properties)) {
			value := e.Properties[name]
			b.Properties = append(b.Properties, savefile.Property{Name: name, Value: &value})
		}
		list = append(list, b)
	}
	return list
}
