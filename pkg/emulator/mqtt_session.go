package emulator

import (
	"encoding/json"
	"slices"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// A session is the state that MQTT keeps for a client, over connections when its CONNECT has CleanSession 0 [MQTT-3.1.2-4]: its subscriptions, and
// the packet ids of messages that wait for PUBACK. The messages themselves are the identity's until the device acknowledges them. It is
// its identity's protocolState. Guarded by Hub.mu.
type session struct {
	clean bool
	subs  []subscription

	// inflight has the packet ids in use: for a queued message the token of its delivery, 0 for a message that is not sent again, such as a
	// method call. An id stays in use until PUBACK or the end of the connection, even if its message leaves the queue before.
	inflight map[uint16]uint64
	lastID   uint16
}

// subscription is a filter with the QoS that was granted.
type subscription struct {
	filter string
	kind   filterKind
	qos    mqttcodec.QoS
}

// storedSession is a session with CleanSession 0 in the store.
type storedSession struct {
	Filters  map[string]mqttcodec.QoS
	InFlight map[uint16]uint64 `json:",omitempty"` // delivery tokens by packet id; an entry without a message in the queue means nothing
}

// reserve gives a QoS 1 message a packet id that is not in use, from 1 to 65535 [MQTT-2.3.1-1]; 0 when none is free.
func (s *session) reserve(token uint64) uint16 {
	if s.inflight == nil {
		s.inflight = make(map[uint16]uint64)
	}
	for range 1 << 16 {
		s.lastID++
		if _, used := s.inflight[s.lastID]; !used && s.lastID != 0 {
			s.inflight[s.lastID] = token
			return s.lastID
		}
	}
	return 0
}

// packetID returns the packet id under which a delivery was sent, or 0.
func (s *session) packetID(token uint64) uint16 {
	for id, t := range s.inflight {
		if t == token {
			return id
		}
	}
	return 0
}

// prune frees the packet ids of messages that will not be sent again.
func (s *session) prune(device *identity) {
	for id, token := range s.inflight {
		if device.outstanding(token) == nil {
			delete(s.inflight, id)
		}
	}
	if len(s.inflight) == 0 {
		s.inflight = nil
	}
}

// sessionOf returns the session that is kept for an identity, or nil. h.mu is held.
func sessionOf(device *identity) *session {
	s, _ := device.state.(*session)
	return s
}

// resumeSession gives the connection the session that its CONNECT asks for, and reports whether it is an old one. h.mu is held.
func (c *conn) resumeSession(clean bool) (present bool) {
	h, device := c.hub, c.id
	if s := sessionOf(device); s != nil && !clean {
		c.session = s
		return true // [MQTT-3.2.2-2]
	}
	if s := sessionOf(device); s != nil {
		s.discard(h, device)
	}
	c.session = &session{clean: clean}
	device.state = c.session
	if !clean {
		h.saveSession(device, c.session)
		return false
	}
	// Queued messages belong to the session that ends here ("Azure IoT MQTT state machine": a clean session drops them).
	if n := h.clearQueue(device, MessageDropped, "a CONNECT with CleanSession 1 dropped the queue"); n > 0 {
		h.note(Operation{Category: CategoryC2D, Name: "queueDropped", DeviceID: device.DeviceID, ModuleID: device.ModuleID,
			Level: LevelWarning, StatusCode: 200,
			Description: "a CONNECT with CleanSession 1 drops queued messages: " + plural(n, "message") + " lost; use CleanSession 0 to keep them"})
	}
	return false
}

// suspendSession keeps the part of the session that CleanSession 0 keeps when the connection ends. h.mu is held.
func (c *conn) suspendSession() {
	if c.session.clean {
		c.session.discard(c.hub, c.id)
		return
	}
	c.session.prune(c.id)
}

// discard implements protocolState. Messages that wait for the session's acknowledgement are enqueued again.
func (s *session) discard(h *Hub, device *identity) {
	h.release(device)
	device.state = nil
	if !s.clean {
		h.deleteSession(device)
	}
}

// saveSession stores a session that outlives its connection. h.mu is held.
func (h *Hub) saveSession(device *identity, s *session) {
	if s.clean || h.journal.store == nil {
		return
	}
	stored := storedSession{Filters: make(map[string]mqttcodec.QoS, len(s.subs))}
	for _, sub := range s.subs {
		stored.Filters[sub.filter] = sub.qos
	}
	for id, token := range s.inflight {
		if token != 0 {
			if stored.InFlight == nil {
				stored.InFlight = make(map[uint16]uint64)
			}
			stored.InFlight[id] = token
		}
	}
	h.put(keySession+device.ID(), stored)
}

func (h *Hub) deleteSession(device *identity) { h.put(keySession+device.ID(), nil) }

// loadSession reads a stored session. Its identity and the queue are there.
func (h *Hub) loadSession(id string, value []byte) error {
	device, err := h.find(id)
	if err != nil {
		return err
	}
	var stored storedSession
	if err := json.Unmarshal(value, &stored); err != nil {
		return err
	}
	s := &session{inflight: stored.InFlight}
	for filter, qos := range stored.Filters {
		kind, _ := filterKindOf(device, filter)
		s.subs = append(s.subs, subscription{filter, kind, qos})
	}
	s.prune(device)
	for _, m := range device.queue {
		if m.Token != 0 && s.packetID(m.Token) == 0 {
			m.Token = 0 // sent over an earlier session: it is enqueued
		}
	}
	device.state = s
	return nil
}

// subscribed returns the QoS with which the device gets a kind of message, and whether it gets it at all. h.mu is held.
func (s *session) subscribed(kind filterKind) (mqttcodec.QoS, bool) {
	for i := range s.subs {
		if s.subs[i].kind == kind {
			return s.subs[i].qos, true
		}
	}
	return 0, false
}

func (s *session) index(filter string) int {
	return slices.IndexFunc(s.subs, func(sub subscription) bool { return sub.filter == filter })
}
