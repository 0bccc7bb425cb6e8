package emulator

import (
	"context"
	"iter"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// An Event is a device-to-cloud message in the hub's event stream. The JSON names are those of GET /messages/events.
type Event struct {
	SequenceNumber   int64             `json:"sequenceNumber"` // grows by one from event to event, and is larger after a restart
	EnqueuedTime     time.Time         `json:"enqueuedTimeUtc"`
	DeviceID         string            `json:"deviceId"`
	ModuleID         string            `json:"moduleId,omitempty"`
	Body             []byte            `json:"body"` // base64 in JSON
	Properties       map[string]string `json:"properties"`
	SystemProperties map[string]string `json:"systemProperties"` // such as "message-id" and "iothub-connection-device-id"
	Lost             int64             `json:"lost,omitempty"`   // events before this one that this reader missed because it was too slow
}

// telemetry is an event in the form in which it costs least to keep: few are ever read, and the garbage collector, which has the
// page's only thread, goes over all of them. Immutable once it is in the stream.
type telemetry struct {
	sequence int64
	enqueued time.Time
	from     *sender
	bag      string // the property bag as it came, which is known to be well-formed; messages with the same topic share it
	body     string
	retain   bool // the device asked for it
	will     bool
}

// sender identifies the sender of a connection's telemetry, which shares it.
type sender struct {
	deviceID, moduleID string
	generationID       string
	authMethod         string
	modelID            string
}

func (t *telemetry) size() int { return 160 + len(t.bag) + len(t.body) } // with the rest of the topic

// propertiesSize is what properties add to the size that the limit applies to: the application properties' names and values, and the
// system properties' values ("Create and read IoT Hub messages").
func propertiesSize(system *hubproto.SystemProperties, properties hubproto.Properties) int {
	n := 0
	for _, p := range properties {
		n += len(p.Name) + len(p.Value)
	}
	for i := range hubproto.SystemPropertyTable {
		value, _ := system.Get(hubproto.SystemPropertyTable[i].Key)
		n += len(value)
	}
	return n
}

func (t *telemetry) event() Event {
	system, properties, _ := hubproto.ParseBag(t.bag)
	if t.retain { // not retained ("Use MQTT to communicate with IoT Hub")
		properties = append(properties, hubproto.Property{Name: "mqtt-retain", Value: "true"})
	}
	e := Event{
		SequenceNumber: t.sequence, EnqueuedTime: t.enqueued, DeviceID: t.from.deviceID, ModuleID: t.from.moduleID, Body: []byte(t.body),
		Properties:       make(map[string]string, len(properties)),
		SystemProperties: make(map[string]string, 8),
	}
	for _, p := range properties {
		e.Properties[p.Name] = p.Value
	}
	for i := range hubproto.SystemPropertyTable {
		p := &hubproto.SystemPropertyTable[i]
		if value, ok := system.Get(p.Key); ok {
			e.SystemProperties[p.Name] = value
		}
	}
	messageType := ""
	if t.will {
		messageType = "Will"
	}
	// What the hub adds ("Create and read IoT Hub messages", system properties of device-to-cloud messages).
	for name, value := range map[string]string{
		"iothub-connection-device-id":          t.from.deviceID,
		"iothub-connection-module-id":          t.from.moduleID,
		"iothub-connection-auth-generation-id": t.from.generationID,
		"iothub-connection-auth-method":        t.from.authMethod,
		"iothub-enqueuedtime":                  t.enqueued.Format(time.RFC3339Nano),
		"iothub-message-source":                "Telemetry",
		"iothub-MessageType":                   messageType,
		"dt-dataschema":                        t.from.modelID,
	} {
		if value != "" {
			e.SystemProperties[name] = value
		}
	}
	return e
}

// checkBag checks the property bag of a message from a device, and returns how many bytes of the message's limit its properties use.
func checkBag(bag string) (size int, err *Error) {
	system, properties, bad := hubproto.ParseBag(bag)
	if bad != nil {
		return 0, errorf(400004, "ArgumentInvalid", "telemetry: %v", bad)
	}
	if n := len(system.MessageID); n > hubproto.MaxMessageIDLength {
		return 0, errorf(400004, "ArgumentInvalid", "telemetry: the message id has %d bytes: at most %d are allowed", n, hubproto.MaxMessageIDLength)
	}
	return propertiesSize(&system, properties), nil
}

// newTelemetry makes a message from a device, whose property bag checkBag has checked. payload is copied, bag is kept.
func newTelemetry(bag string, bagSize int, payload []byte, retain bool) (*telemetry, *Error) {
	if n := bagSize + len(payload); n > hubproto.MaxTelemetrySize {
		return nil, errorf(413001, "MessageTooLarge", "MessageTooLarge: telemetry of %s (body and properties): at most 262144 are allowed", plural(n, "byte"))
	}
	return &telemetry{bag: bag, body: string(payload), retain: retain}, nil
}

// eventBlock is how many event numbers are reserved in the store at a time, so that they grow over restarts without a write for
// each event.
const eventBlock = 1 << 20

// publish puts a message into the event stream. h.mu is held, so that the order is that of arrival.
func (h *Hub) publish(from *sender, t *telemetry) {
	t.from = from
	t.enqueued = time.Now().UTC()
	h.events.Append(func(sequence int64) *telemetry {
		t.sequence = sequence
		return t
	})
	if t.sequence >= h.eventsUntil {
		h.eventsUntil = t.sequence + eventBlock
		h.saveCounters()
	}
}

// Events yields the telemetry of all devices from now on, until ctx or the hub ends. A reader that is slower than the devices by more
// than the hub keeps (10,000 events or 32 MiB) sees Lost in its next event.
func (h *Hub) Events(ctx context.Context) iter.Seq[Event] {
	if h.Open(ctx) != nil {
		return func(func(Event) bool) {}
	}
	return h.eventsFrom(ctx, h.events.Next())
}

// EventsFrom is Events beginning with the event of that number, or with the oldest event that the hub still has. Numbers belong to one
// instance of the hub (Instance): one that is beyond the end of the stream begins with the next event.
func (h *Hub) EventsFrom(ctx context.Context, sequenceNumber int64) iter.Seq[Event] {
	if h.Open(ctx) != nil {
		return func(func(Event) bool) {}
	}
	return h.eventsFrom(ctx, sequenceNumber)
}

func (h *Hub) eventsFrom(ctx context.Context, sequence int64) iter.Seq[Event] {
	items := h.events.From(ctx, sequence)
	return func(yield func(Event) bool) {
		for t, missed := range items {
			e := t.event()
			e.Lost = missed
			if !yield(e) {
				return
			}
		}
	}
}
