package emulator

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// A Message is a cloud-to-device message. Names and values of its properties are encoded in at most 32 KiB together.
type Message struct {
	MessageID       string // at most 128 bytes
	CorrelationID   string // in an answer, the MessageID of the request
	UserID          string // the sender's identity
	Expiry          string // ISO 8601, at most two days away; an hour away when empty
	Ack             Ack    // the feedback that the sender asks for; AckNone when empty
	ContentType     string // such as "application/json"
	ContentEncoding string // such as "utf-8"
	CreationTime    string // ISO 8601
	MessageSchema   string // the schema of the body
	Properties      []Property
	Body            []byte // at most 64 KiB
}

// A Property is an application property of a message. A null value differs from an empty one.
type Property struct {
	Name, Value string
	Null        bool // Value is empty
}

// Ack is the feedback that the sender of a message asks for. The hub passes it to the device, and sends no feedback.
type Ack string

const (
	AckNone     Ack = "none"
	AckPositive Ack = "positive" // when the device completes the message
	AckNegative Ack = "negative" // when the message is dead-lettered
	AckFull     Ack = "full"     // both
)

// Limits of cloud-to-device messages ("Understand cloud-to-device messaging", configuration options: the defaults).
const (
	maxQueue         = 50
	defaultTTL       = time.Hour
	maxTTL           = 48 * time.Hour
	lockTime         = time.Minute
	maxDeliveryCount = 10
)

// queued is a cloud-to-device message until the device acknowledges it. Guarded by Hub.mu.
type queued struct {
	Sequence      int64
	Enqueued      time.Time
	Expires       time.Time
	DeliveryCount int    // times it was sent and not acknowledged in time
	Token         uint64 // of the delivery that waits for its acknowledgement; 0 while the message is enqueued
	Input         string // modules: the input that it goes to
	System        hubproto.SystemProperties
	Properties    hubproto.Properties
	Body          []byte

	lockedUntil time.Time // when the connection that has it must have acknowledged it; zero without a connection
}

// SendToDevice queues a message for a device, and returns when the queue is durable; the device need not be connected. The
// message stays in the queue until the device acknowledges it or it expires. Errors: 404001 for an unknown device, 403004 when
// 50 messages wait, 413001 for a body over 64 KiB or properties over 32 KiB, 400004 for another illegal field.
func (h *Hub) SendToDevice(ctx context.Context, deviceID string, m Message) error {
	return h.sendToDevice(ctx, deviceID, "", m)
}

// SendToInput is SendToDevice for an input of a module ("device/module"). The real service sends to inputs on IoT Edge only.
func (h *Hub) SendToInput(ctx context.Context, id, input string, m Message) error {
	if input == "" {
		return errorf(400004, "ArgumentInvalid", "the input has no name")
	}
	return h.sendToDevice(ctx, id, input, m)
}

func (h *Hub) sendToDevice(ctx context.Context, id, input string, m Message) error {
	now := time.Now().UTC()
	q, err := newQueued(m, input, now)
	if err != nil {
		return err
	}
	return h.change(ctx, func() error { return h.enqueue(id, q, now) })
}

// newQueued checks a message and copies it.
func newQueued(m Message, input string, now time.Time) (*queued, error) {
	if len(m.Body) > hubproto.MaxDeviceboundBody {
		return nil, errorf(413001, "MessageTooLarge", "the body has %d bytes: at most %d are allowed", len(m.Body), hubproto.MaxDeviceboundBody)
	}
	q := &queued{Enqueued: now, Expires: now.Add(defaultTTL), Input: input, Body: append([]byte(nil), m.Body...), System: hubproto.SystemProperties{
		MessageID: m.MessageID, CorrelationID: m.CorrelationID, UserID: m.UserID, Expiry: m.Expiry, Ack: string(m.Ack),
		ContentType: m.ContentType, ContentEncoding: m.ContentEncoding, CreationTime: m.CreationTime, MessageSchema: m.MessageSchema,
	}}
	for _, p := range m.Properties {
		q.Properties = append(q.Properties, hubproto.Property(p))
	}
	if n := len(m.MessageID); n > hubproto.MaxMessageIDLength {
		return nil, errorf(400004, "ArgumentInvalid", "the message id has %d bytes: at most %d are allowed", n, hubproto.MaxMessageIDLength)
	}
	if m.Expiry != "" {
		t, err := time.Parse(time.RFC3339, m.Expiry)
		switch {
		case err != nil:
			return nil, errorf(400004, "ArgumentInvalid", "the expiry is not ISO 8601, such as %s", now.Add(defaultTTL).Format(time.RFC3339))
		case !t.After(now):
			return nil, errorf(400004, "ArgumentInvalid", "the message expired before it was sent")
		case t.After(now.Add(maxTTL)):
			return nil, errorf(400004, "ArgumentInvalid", "the expiry is more than two days away")
		}
		q.Expires = t
	}
	switch m.Ack {
	case "", AckNone, AckPositive, AckNegative, AckFull:
	default:
		return nil, errorf(400004, "ArgumentInvalid", "ack is %q: use none, positive, negative or full", m.Ack)
	}
	// An MQTT topic name has at most 65535 bytes [MQTT-1.5.3-3], so that a device could not receive more.
	if n := len(hubproto.AppendBag(nil, &q.System, q.Properties)); n > 32<<10 {
		return nil, errorf(413001, "MessageTooLarge", "the properties have %d bytes when they are encoded: at most 32768 are allowed", n)
	}
	return q, nil
}

// enqueue puts a message into a device's queue. h.mu is held.
func (h *Hub) enqueue(id string, q *queued, now time.Time) error {
	device, err := h.find(id)
	if err != nil {
		return err
	}
	if (device.ModuleID != "") != (q.Input != "") {
		return errorf(400004, "ArgumentInvalid", "a module has inputs, a device has not: there are no other messages to a module")
	}
	h.expireQueue(device, now)
	if len(device.queue) >= maxQueue {
		return errorf(403004, "DeviceMaximumQueueDepthExceeded", "%d messages wait for the device: it has to acknowledge them, or purge them", maxQueue)
	}
	q.System.To = "/devices/" + device.DeviceID + "/messages/deviceBound"
	if q.Input != "" {
		q.System.To = "" // as on IoT Edge
	}
	h.c2dSequence++
	q.Sequence = h.c2dSequence
	device.queue = append(device.queue, q)
	h.saveQueued(device, q)
	h.noteMessage(device, q, MessageEnqueued, "queued: "+plural(len(device.queue), "message")+" for the device now")
	h.settle(func(err error) {
		if err == nil {
			h.deliver(device)
		}
	})
	return nil
}

// messageCodes are the status codes of the operations that are about a message.
var messageCodes = map[string]int{
	MessageEnqueued: 201, MessageDelivered: 200, MessageCompleted: 204, MessageLockExpired: 412002, MessageExpired: 408001,
	MessageDeadLettered: 403004, MessagePurged: 200, MessageDropped: 200,
}

// noteMessage adds the operation of an event of a message. h.mu is held.
func (h *Hub) noteMessage(device *identity, m *queued, event, text string) {
	if m.System.MessageID != "" {
		text = fmt.Sprintf("message %q: %s", m.System.MessageID, text)
	}
	o := Operation{Category: CategoryC2D, Name: event, DeviceID: device.DeviceID, ModuleID: device.ModuleID, StatusCode: messageCodes[event],
		MessageID: m.System.MessageID, MessageSequenceNumber: m.Sequence, Description: text}
	if event == MessageLockExpired || event == MessageDropped {
		o.Level = LevelWarning
	}
	h.note(o)
}

// deliver sends the enqueued messages to a device that receives messages. h.mu is held.
func (h *Hub) deliver(device *identity) {
	a := device.attached
	if a == nil || len(device.queue) == 0 || !a.receives() {
		return
	}
	now := time.Now()
	h.expireQueue(device, now)
	for _, m := range slices.Clone(device.queue) { // a final receipt removes a message
		if m.Token != 0 {
			continue
		}
		h.deliveryToken++
		m.Token = h.deliveryToken
		r, detail := a.deliver(m, false)
		if r == receiptNone {
			m.Token = 0
			return // the next acknowledgement continues from here
		}
		h.noteMessage(device, m, MessageDelivered, detail)
		if r == receiptFinal {
			h.complete(device, m, "QoS 0 has no acknowledgement")
			continue
		}
		h.lock(device, m, now)
		h.saveQueued(device, m) // so that a restart redelivers it under the same token
	}
}

// redeliver sends again, over a new connection, the messages that the device did not acknowledge over the last one: under the old
// tokens, in the old order. h.mu is held.
func (h *Hub) redeliver(device *identity) {
	now := time.Now()
	h.expireQueue(device, now)
	for _, m := range device.queue {
		if m.Token != 0 {
			h.lock(device, m, now)
			_, detail := device.attached.deliver(m, true)
			h.noteMessage(device, m, MessageDelivered, detail)
		}
	}
}

// lock gives the device a minute to acknowledge. h.mu is held.
func (h *Hub) lock(device *identity, m *queued, now time.Time) {
	m.lockedUntil = now.Add(lockTime)
	if device.locks == nil {
		a := device.attached
		device.locks = time.AfterFunc(lockTime, func() { h.unlockExpired(device, a) })
	}
}

// unlockExpired sends again the messages that were not acknowledged in time, under their old tokens. A message that was sent maxDeliveryCount times is
// dead-lettered. (Since 2026 "Understand cloud-to-device messaging" counts abandoned messages only, and MQTT cannot abandon one.
// Without a count a message would be sent for two days.)
func (h *Hub) unlockExpired(device *identity, a attachment) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if device.attached != a {
		return
	}
	now := time.Now()
	var next time.Time
	for _, m := range slices.Clone(device.queue) {
		if m.Token == 0 {
			continue
		}
		if !m.lockedUntil.After(now) {
			m.DeliveryCount++
			if m.DeliveryCount >= maxDeliveryCount {
				h.discard(device, m, MessageDeadLettered,
					fmt.Sprintf("sent %d times and not acknowledged within 60 s each: dead-lettered", m.DeliveryCount))
				continue
			}
			if !m.Expires.After(now) {
				h.discard(device, m, MessageExpired, "expired while the device did not acknowledge it")
				continue
			}
			m.lockedUntil = now.Add(lockTime)
			h.saveQueued(device, m)
			h.noteMessage(device, m, MessageLockExpired, "the device did not acknowledge it within 60 s: sent again")
			_, detail := a.deliver(m, true)
			h.noteMessage(device, m, MessageDelivered, detail)
		}
		if next.IsZero() || m.lockedUntil.Before(next) {
			next = m.lockedUntil
		}
	}
	if next.IsZero() {
		device.locks = nil
		return
	}
	device.locks.Reset(next.Sub(now))
}

// release makes every message that was delivered and not acknowledged enqueued again, because its tokens end. h.mu is held.
func (h *Hub) release(device *identity) {
	for _, m := range device.queue {
		if m.Token != 0 {
			m.Token, m.lockedUntil = 0, time.Time{}
			h.saveQueued(device, m)
		}
	}
}

// outstanding returns the message that was delivered under a token and waits for its acknowledgement, or nil. h.mu is held.
func (id *identity) outstanding(token uint64) *queued {
	for _, m := range id.queue {
		if m.Token == token && token != 0 {
			return m
		}
	}
	return nil
}

// acknowledge completes the message that was delivered under a token, unless it is no longer in the queue: it was acknowledged before,
// or a service purged it. h.mu is held.
func (h *Hub) acknowledge(device *identity, token uint64) {
	if m := device.outstanding(token); m != nil {
		h.complete(device, m, "the device acknowledged it")
	}
}

// complete removes a message that the device has. h.mu is held.
func (h *Hub) complete(device *identity, m *queued, why string) {
	h.discard(device, m, MessageCompleted, why)
}

// discard removes a message from the queue, with the operation that ends its history. h.mu is held.
func (h *Hub) discard(device *identity, m *queued, event, why string) {
	if i := slices.Index(device.queue, m); i >= 0 {
		device.queue = slices.Delete(device.queue, i, i+1)
	}
	if len(device.queue) == 0 {
		device.queue = nil
	}
	h.deleteQueued(device, m)
	h.noteMessage(device, m, event, why)
}

// expireQueue removes the messages that are too old, unless they are with the device. h.mu is held.
func (h *Hub) expireQueue(device *identity, now time.Time) {
	for _, m := range slices.Clone(device.queue) {
		if !m.Expires.After(now) && !m.lockedUntil.After(now) {
			h.discard(device, m, MessageExpired, "expired before the device received it")
		}
	}
}

// clearQueue empties a queue, with an operation for each message, and returns how many messages were in it. h.mu is held.
func (h *Hub) clearQueue(device *identity, event, why string) int {
	n := len(device.queue)
	for len(device.queue) > 0 {
		h.discard(device, device.queue[0], event, why)
	}
	return n
}

// Purge removes every message that waits for a device, and returns how many there were. The operations log has an operation
// MessagePurged for each of them.
func (h *Hub) Purge(ctx context.Context, deviceID string) (n int, err error) {
	err = h.change(ctx, func() error {
		device, err := h.find(deviceID)
		if err != nil {
			return err
		}
		n = h.clearQueue(device, MessagePurged, "a service purged the queue")
		h.note(Operation{Category: CategoryC2D, Name: "purgeMessages", DeviceID: device.DeviceID, ModuleID: device.ModuleID, StatusCode: 200,
			Description: plural(n, "message") + " purged"})
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
