package emulator

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/iothub"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// Message is a message to a device. Ack and Expiry are among its system properties; To is the hub's to set.
type Message struct {
	iothub.SystemProperties
	Properties iothub.Properties // application properties
	Body       []byte            // at most 64 KiB
}

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
	DeliveryCount int    // times it went out and was not acknowledged in time
	PacketID      uint16 // of the PUBLISH that waits for its PUBACK; 0 while the message is enqueued
	Input         string // modules: the input it goes to
	System        hubproto.SystemProperties
	Properties    hubproto.Properties
	Body          []byte

	lockedUntil time.Time // of a live connection
}

// release makes a message enqueued again. h.mu is held.
func (m *queued) release() { m.PacketID, m.lockedUntil = 0, time.Time{} }

// SendToDevice queues a message for a device, and returns when the queue is durable; the device need not be connected. The
// message stays in the queue until the device acknowledges it or it expires (m.Expiry, ISO 8601, at most two days away; one
// hour when empty). Errors: 404001 for an unknown device, 403004 when 50 messages wait, 413001 for a body over 64 KiB.
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
	if err := h.lockOpen(); err != nil {
		return err
	}
	if err := h.enqueue(id, q, now); err != nil {
		h.mu.Unlock()
		return err
	}
	h.mu.Unlock()
	if err := h.settled(ctx); err != nil {
		return errStore(err)
	}
	return nil
}

// newQueued checks a message and copies it.
func newQueued(m Message, input string, now time.Time) (*queued, error) {
	if len(m.Body) > hubproto.MaxDeviceboundBody {
		return nil, errorf(413001, "MessageTooLarge", "the body has %d bytes: at most %d are allowed", len(m.Body), hubproto.MaxDeviceboundBody)
	}
	q := &queued{Enqueued: now, Expires: now.Add(defaultTTL), Input: input, System: m.SystemProperties,
		Properties: slices.Clone(m.Properties), Body: append([]byte(nil), m.Body...)}
	if n := len(m.MessageID); n > hubproto.MaxMessageIDLength {
		return nil, errorf(400004, "ArgumentInvalid", "the message id has %d characters: at most %d are allowed", n, hubproto.MaxMessageIDLength)
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
	case "", "none", "positive", "negative", "full":
	default:
		return nil, errorf(400004, "ArgumentInvalid", "ack is %q: use none, positive, negative or full", m.Ack)
	}
	// MQTT's topic names end at 65535 bytes [MQTT-1.5.3-3], and no device could be told of more.
	if n := len(hubproto.AppendBag(nil, &q.System, q.Properties)); n > 32<<10 {
		return nil, errorf(413001, "MessageTooLarge", "the properties have %d bytes when they are encoded: at most 32768 are allowed", n)
	}
	return q, nil
}

// enqueue puts a message into a device's queue. h.mu is held.
func (h *Hub) enqueue(id string, q *queued, now time.Time) error {
	who, err := h.find(id)
	if err != nil {
		return err
	}
	if (who.ModuleID != "") != (q.Input != "") {
		return errorf(400004, "ArgumentInvalid", "a module has inputs, a device has not: there are no other messages to a module")
	}
	h.expireQueue(who, now)
	if len(who.queue) >= maxQueue {
		return errorf(403004, "DeviceMaximumQueueDepthExceeded", "%d messages wait for the device: it has to acknowledge them, or purge them", maxQueue)
	}
	q.System.To = "/devices/" + who.DeviceID + "/messages/deviceBound"
	if q.Input != "" {
		q.System.To = "" // as on IoT Edge
	}
	h.c2dSequence++
	q.Sequence = h.c2dSequence
	who.queue = append(who.queue, q)
	h.saveQueued(who, q)
	h.note(c2dOperation(who, "messageEnqueued", 201, q, "queued: "+plural(len(who.queue), "message")+" for the device now"))
	h.settle(func(err error) {
		if err == nil && who.conn != nil {
			h.deliver(who.conn)
		}
	})
	return nil
}

func c2dOperation(who *identity, name string, code int, m *queued, text string) Operation {
	if m.System.MessageID != "" {
		text = fmt.Sprintf("message %q: %s", m.System.MessageID, text)
	}
	return Operation{Category: CategoryC2D, Name: name, DeviceID: who.DeviceID, ModuleID: who.ModuleID, StatusCode: code, Description: text}
}

// deliver sends what is enqueued to a connection that has subscribed. h.mu is held.
func (h *Hub) deliver(c *conn) {
	if !c.ready || c.id == nil || len(c.id.queue) == 0 {
		return
	}
	kind := filterDevicebound
	if c.id.ModuleID != "" {
		kind = filterInputs
	}
	qos, ok := c.subscribed(kind)
	if !ok {
		return
	}
	now := time.Now()
	h.expireQueue(c.id, now)
	for _, m := range slices.Clone(c.id.queue) { // QoS 0 completes at once
		if m.PacketID != 0 {
			continue
		}
		if qos == mqttcodec.QoS0 {
			c.sendQueued(m, qos, false)
			h.complete(c.id, m, "QoS 0 takes no acknowledgement")
			continue
		}
		if m.PacketID = c.session.takeID(m); m.PacketID == 0 {
			return // the next PUBACK goes on from here
		}
		h.lock(c, m, now)
		h.saveQueued(c.id, m) // so that a restart sends it with the same packet id
		c.sendQueued(m, qos, false)
	}
}

// redeliver sends again, on a new connection of the session, what the device did not acknowledge on the last one: with DUP and
// the old packet ids, in the old order [MQTT-4.4.0-1] [MQTT-4.6.0-1]. h.mu is held.
func (h *Hub) redeliver(c *conn) {
	now := time.Now()
	h.expireQueue(c.id, now)
	for _, m := range c.id.queue {
		if m.PacketID != 0 {
			h.lock(c, m, now)
			c.sendQueued(m, mqttcodec.QoS1, true)
		}
	}
}

// lock gives the device a minute to acknowledge. h.mu is held.
func (h *Hub) lock(c *conn, m *queued, now time.Time) {
	m.lockedUntil = now.Add(lockTime)
	if c.locks == nil {
		c.locks = time.AfterFunc(lockTime, func() { h.unlockExpired(c) })
	}
}

// unlockExpired sends again what was not acknowledged in time. It keeps its packet id, which is in use until PUBACK, so DUP is
// set [MQTT-3.3.1-1]. A message that went out maxDeliveryCount times is dead-lettered. (The documents changed their mind in
// 2026: only abandoning counts, which MQTT cannot do. Without a count a message would go out for two days.)
func (h *Hub) unlockExpired(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !c.attached {
		return
	}
	now := time.Now()
	next := now.Add(lockTime)
	for _, m := range slices.Clone(c.id.queue) {
		if m.PacketID == 0 {
			continue
		}
		if m.lockedUntil.After(now) {
			if m.lockedUntil.Before(next) {
				next = m.lockedUntil
			}
			continue
		}
		m.DeliveryCount++
		if m.DeliveryCount >= maxDeliveryCount {
			h.note(c2dOperation(c.id, "messageDeadLettered", 403004, m,
				fmt.Sprintf("sent %d times and not acknowledged within 60 s each: dead-lettered", m.DeliveryCount)))
			h.discard(c.id, m)
			continue
		}
		if !m.Expires.After(now) {
			h.note(c2dOperation(c.id, "messageExpired", 408001, m, "expired while the device did not acknowledge it"))
			h.discard(c.id, m)
			continue
		}
		m.lockedUntil = now.Add(lockTime)
		h.saveQueued(c.id, m)
		h.note(Operation{Category: CategoryC2D, Name: "messageLockExpired", DeviceID: c.id.DeviceID, ModuleID: c.id.ModuleID, Level: LevelWarning,
			StatusCode: 412002, Description: "the device did not acknowledge a message within 60 s: sent again"})
		c.sendQueued(m, mqttcodec.QoS1, true)
	}
	c.locks.Reset(next.Sub(now))
	if !slices.ContainsFunc(c.id.queue, func(m *queued) bool { return m.PacketID != 0 }) {
		c.locks.Stop()
		c.locks = nil
	}
}

// sendQueued puts a message on the wire. h.mu is held.
func (c *conn) sendQueued(m *queued, qos mqttcodec.QoS, dup bool) {
	system := m.System
	topic := hubproto.Topic{Kind: hubproto.Devicebound, DeviceID: c.id.DeviceID}
	if m.Input != "" {
		topic = hubproto.Topic{Kind: hubproto.ModuleInput, DeviceID: c.id.DeviceID, ModuleID: c.id.ModuleID, Name: m.Input}
		system.ConnectionDeviceID, system.ConnectionModuleID = c.id.DeviceID, c.id.ModuleID
	}
	topic.Bag = string(hubproto.AppendBag(nil, &system, m.Properties))
	p := mqttcodec.Publish{TopicName: topic.Append(nil), Payload: m.Body, QoS: qos, Dup: dup}
	if qos != mqttcodec.QoS0 {
		p.PacketID = m.PacketID
	}
	c.send(&p)
	c.hub.note(c2dOperation(c.id, "messageDelivered", 200, m, fmt.Sprintf("sent to the device, QoS %d, DUP %d", qos, bit(dup))))
}

// complete takes a message that the device has, or should have, out of the queue. h.mu is held.
func (h *Hub) complete(who *identity, m *queued, why string) {
	h.discard(who, m)
	h.note(c2dOperation(who, "messageCompleted", 204, m, why))
}

// discard takes a message out of the queue. h.mu is held.
func (h *Hub) discard(who *identity, m *queued) {
	if i := slices.Index(who.queue, m); i >= 0 {
		who.queue = slices.Delete(who.queue, i, i+1)
	}
	if s := who.session; s != nil && s.inflight[m.PacketID] == m {
		delete(s.inflight, m.PacketID)
		if who.conn != nil {
			s.inflight[m.PacketID] = nil // the id is in use until the device acknowledges it, or the connection ends
		}
	}
	h.deleteQueued(who, m)
}

// expireQueue takes out what is too old, unless it is with the device. h.mu is held.
func (h *Hub) expireQueue(who *identity, now time.Time) {
	for _, m := range slices.Clone(who.queue) {
		if m.Expires.After(now) || m.lockedUntil.After(now) {
			continue
		}
		h.note(c2dOperation(who, "messageExpired", 408001, m, "expired before the device took it"))
		h.discard(who, m)
	}
}

// dropQueue empties a queue, and returns how many messages were in it. h.mu is held.
func (h *Hub) dropQueue(who *identity) int {
	n := len(who.queue)
	for len(who.queue) > 0 {
		h.discard(who, who.queue[0])
	}
	return n
}

// Purge removes every message that waits for a device, and returns how many there were.
func (h *Hub) Purge(ctx context.Context, deviceID string) (int, error) {
	if err := h.lockOpen(); err != nil {
		return 0, err
	}
	who, err := h.find(deviceID)
	if err != nil {
		h.mu.Unlock()
		return 0, err
	}
	n := h.dropQueue(who)
	h.note(Operation{Category: CategoryC2D, Name: "purgeMessages", DeviceID: who.DeviceID, ModuleID: who.ModuleID, StatusCode: 200,
		Description: plural(n, "message") + " purged"})
	h.mu.Unlock()
	if err := h.settled(ctx); err != nil {
		return 0, errStore(err)
	}
	return n, nil
}
