package emulator

import (
	"slices"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// maxSubscriptions is how many filters a device may have at a time ("Use MQTT to communicate with IoT Hub").
const maxSubscriptions = 5

// A filterKind is the kind of messages that a documented filter selects.
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

// filterKindOf returns the kind of a filter, or why this identity may not have it. Ids are literal. A connection to DPS has no identity.
func filterKindOf(id *identity, filter string) (kind filterKind, why string) {
	if id == nil {
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
	own := hubproto.DeviceboundFilter(id.DeviceID)
	if id.ModuleID != "" {
		own = hubproto.ModuleInputsFilter(id.DeviceID, id.ModuleID)
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
	s := c.session
	codes := make([]byte, len(p.Subscriptions))
	for i, asked := range p.Subscriptions {
		filter := string(asked.TopicFilter)
		kind, why := filterKindOf(c.id, filter)
		old := s.index(filter)
		if kind != filterNone && old < 0 && len(s.subs) >= maxSubscriptions {
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
		qos := min(asked.QoS, mqttcodec.QoS1) // QoS 2 is granted 1 ("Use MQTT to communicate with IoT Hub")
		if old < 0 {
			s.subs = append(s.subs, subscription{filter, kind, qos})
		} else {
			s.subs[old].qos = qos
		}
		codes[i] = byte(qos)
	}
	if c.id != nil {
		h.saveSession(c.id, s)
	}
	packetID := p.PacketID
	h.settle(func(err error) {
		if err != nil {
			c.fail(causeStore(err))
			return
		}
		c.send(&mqttcodec.Suback{PacketID: packetID, ReturnCodes: codes})
		if c.attached && c.id != nil {
			h.attachmentReady(c.id)
		}
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
	s := c.session
	for _, filter := range p.TopicFilters {
		if i := s.index(string(filter)); i >= 0 {
			s.subs = slices.Delete(s.subs, i, i+1)
		}
	}
	if c.id != nil {
		h.saveSession(c.id, s)
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
