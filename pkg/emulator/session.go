package emulator

import (
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// maxSubscriptions is how many filters a device may have at a time ("Use MQTT to communicate with IoT Hub").
const maxSubscriptions = 5

// subscriptions are filters with the QoS that was granted.
type subscriptions map[string]mqttcodec.QoS

// A session is what MQTT keeps for a client, over connections when its CONNECT says CleanSession 0 [MQTT-3.1.2-4]. The
// cloud-to-device queue is not in it: a message stays the identity's until the device acknowledges it. Guarded by Hub.mu.
type session struct {
	clean    bool
	subs     subscriptions
	inflight map[uint16]*queued // by packet id, QoS 1 messages that wait for PUBACK; nil for those that are not sent again
	lastID   uint16
}

func newSession(clean bool) *session {
	return &session{clean: clean, subs: make(subscriptions), inflight: make(map[uint16]*queued)}
}

// takeID gives a QoS 1 message a packet id that is not in use, from 1 to 65535 [MQTT-2.3.1-1]; 0 when none is free.
func (s *session) takeID(m *queued) uint16 {
	for range 1 << 16 {
		s.lastID++
		if _, used := s.inflight[s.lastID]; !used && s.lastID != 0 {
			s.inflight[s.lastID] = m
			return s.lastID
		}
	}
	return 0
}

// resumeSession gives an identity the session that its CONNECT asks for, and reports whether it is an old one. h.mu is held.
func (h *Hub) resumeSession(who *identity, clean bool) (present bool) {
	if !clean && who.session != nil {
		return true // [MQTT-3.2.2-2]
	}
	h.dropSession(who)
	who.session = newSession(clean)
	if clean {
		// Queued messages belong to the session that ends here ("Azure IoT MQTT state machine": a clean session drops them).
		if n := len(who.queue); n > 0 {
			h.note(Operation{Category: CategoryC2D, Name: "messageDropped", DeviceID: who.DeviceID, ModuleID: who.ModuleID,
				Level: LevelWarning, StatusCode: 200,
				Description: "a CONNECT with CleanSession 1 drops queued messages: " + plural(n, "message") + " lost; use CleanSession 0 to keep them"})
			h.dropQueue(who)
		}
		return false
	}
	h.saveSession(who)
	return false
}

// suspendSession keeps what CleanSession 0 keeps when a connection ends. h.mu is held.
func (h *Hub) suspendSession(who *identity) {
	s := who.session
	if s == nil {
		return
	}
	if s.clean {
		h.dropSession(who)
		return
	}
	for packetID, m := range s.inflight {
		if m == nil { // a twin's answer or a method call: of no use to the next connection
			delete(s.inflight, packetID)
		}
	}
	for _, m := range who.queue {
		m.lockedUntil = time.Time{}
	}
}

// dropSession forgets a session. Messages that wait for its acknowledgement are queued again. h.mu is held.
func (h *Hub) dropSession(who *identity) {
	if who.session == nil {
		return
	}
	for _, m := range who.queue {
		if m.PacketID != 0 {
			m.release()
			h.saveQueued(who, m)
		}
	}
	who.session = nil
	h.deleteSession(who)
}

// subscribed returns the QoS with which a connection gets a kind of message, and whether it gets it at all. h.mu is held.
func (c *conn) subscribed(kind filterKind) (mqttcodec.QoS, bool) {
	for filter, qos := range c.session.subs {
		if k, _ := c.filterKind(filter); k == kind {
			return qos, true
		}
	}
	return 0, false
}

// A filterKind says what a documented filter selects.
type filterKind byte

const (
	filterNone filterKind = iota
	filterDevicebound
	filterInputs
	filterMethods
	filterTwinResponse
	filterTwinDesired
	filterDPS
)

// filterKind tells what a filter is for, and why when it is for nothing that this connection may have. Ids are literal.
func (c *conn) filterKind(filter string) (kind filterKind, why string) {
	if c.id == nil {
		if filter == hubproto.DPSResponseFilter {
			return filterDPS, ""
		}
		return filterNone, "DPS allows " + hubproto.DPSResponseFilter + " only"
	}
	switch filter {
	case hubproto.MethodsFilter:
		return filterMethods, ""
	case hubproto.TwinResponseFilter:
		return filterTwinResponse, ""
	case hubproto.TwinDesiredFilter:
		return filterTwinDesired, ""
	}
	own := hubproto.DeviceboundFilter(c.id.DeviceID)
	if c.id.ModuleID != "" {
		own = hubproto.ModuleInputsFilter(c.id.DeviceID, c.id.ModuleID)
		if filter == own || filter == strings.TrimSuffix(own, "inputs/#")+"#" {
			return filterInputs, ""
		}
	} else if filter == own {
		return filterDevicebound, ""
	}
	return filterNone, "a device may subscribe to " + strings.Join([]string{own, hubproto.MethodsFilter, hubproto.TwinResponseFilter,
		hubproto.TwinDesiredFilter}, ", ") + " only"
}

// subscribe handles SUBSCRIBE: one return code for each filter, in order [MQTT-3.8.4-5], one SUBACK when the session is durable.
func (c *conn) subscribe(p *mqttcodec.Subscribe) *cause {
	h := c.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if !c.attached {
		return nil
	}
	subs := c.session.subs
	codes := make([]byte, len(p.Subscriptions))
	for i, s := range p.Subscriptions {
		filter := string(s.TopicFilter)
		kind, why := c.filterKind(filter)
		_, again := subs[filter]
		if kind != filterNone && !again && len(subs) >= maxSubscriptions {
			kind, why = filterNone, "a device may have five subscriptions at a time"
		}
		if kind == filterNone {
			refused := violation("SUBSCRIBE to %q: %s", filter, why)
			if !h.settings.Load().Lenient {
				// SUBACK 0x80 would be more polite, but SDKs take it for success, and the service closes.
				return &refused
			}
			h.note(c.operation("subscribe", refused.code, refused.text))
			codes[i] = mqttcodec.SubackFailure
			continue
		}
		qos := min(s.QoS, mqttcodec.QoS1) // QoS 2 is granted 1 ("Use MQTT to communicate with IoT Hub")
		subs[filter] = qos
		codes[i] = byte(qos)
	}
	if c.id != nil {
		h.saveSession(c.id)
	}
	packetID := p.PacketID
	h.settle(func(err error) {
		if err != nil {
			c.fail(causeStore(err))
			return
		}
		c.send(&mqttcodec.Suback{PacketID: packetID, ReturnCodes: codes})
		h.deliver(c)
		c.announceCallable()
	})
	return nil
}

// unsubscribe handles UNSUBSCRIBE; filters are compared character by character [MQTT-3.10.4-1].
func (c *conn) unsubscribe(p *mqttcodec.Unsubscribe) {
	h := c.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if !c.attached {
		return
	}
	subs := c.session.subs
	for _, filter := range p.TopicFilters {
		delete(subs, string(filter))
	}
	if c.id != nil {
		h.saveSession(c.id)
	}
	packetID := p.PacketID
	h.settle(func(err error) {
		if err != nil {
			c.fail(causeStore(err))
			return
		}
		c.send(&mqttcodec.Unsuback{PacketID: packetID})
	})
}

// operation begins a line of the log that is about this connection. h.mu is held, or the connection is being handled.
func (c *conn) operation(name string, code int, description string) Operation {
	o := Operation{Category: CategoryConnections, Name: name, StatusCode: code, Description: description}
	switch {
	case c.id != nil:
		o.DeviceID, o.ModuleID = c.id.DeviceID, c.id.ModuleID
	case c.dps != nil:
		o.Category, o.DeviceID = CategoryProvisioning, c.dps.registrationID
	}
	return o
}

func causeStore(err error) cause {
	return cause{code: 500001, text: "what the device sent could not be stored: " + err.Error(), err: err}
}
