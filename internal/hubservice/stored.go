package hubservice

import (
	"bytes"
	"encoding/json"
	"sync"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// StoredEvent is a device-to-cloud message in the hub's event stream. A thousand may come in a second, and few are ever read, so that one
// that came as JSON is decoded when somebody reads it. Safe for concurrent use.
type StoredEvent struct {
	Number int64
	Lost   int64 // events before it that the hub had no longer

	once  sync.Once
	data  []byte // JSON; nil when it is decoded
	event *emulator.Event
}

// NewStoredEvent returns an event of the hub inside the page, which is not encoded. It keeps e.
func NewStoredEvent(e *emulator.Event) *StoredEvent {
	return &StoredEvent{Number: e.SequenceNumber, Lost: e.Lost, event: e}
}

// StoredEvent returns the event of an entry of the stream Telemetry. It returns an error for an entry that has neither a number nor JSON.
func (e *Entry) StoredEvent() (*StoredEvent, error) {
	s := &StoredEvent{Number: e.Number, data: e.Data}
	if e.Number == 0 || bytes.Contains(e.Data, []byte(`"lost":`)) { // or a property of that name, which does no harm
		event := new(emulator.Event)
		if err := json.Unmarshal(e.Data, event); err != nil {
			return nil, l10n.New("the hub's event stream sent something that is not an event: %v", err)
		}
		s = NewStoredEvent(event)
	}
	if e.Restarted {
		s.Lost = 0
	}
	return s, nil
}

// Event returns the event. JSON that cannot be decoded becomes the body of an event without properties, so that nothing is hidden. The
// caller must not change the event.
func (s *StoredEvent) Event() *emulator.Event {
	s.once.Do(func() {
		if s.event != nil {
			return
		}
		s.event = new(emulator.Event)
		if json.Unmarshal(s.data, s.event) != nil {
			s.event = &emulator.Event{SequenceNumber: s.Number, Body: s.data}
		}
		s.data = nil
	})
	return s.event
}
