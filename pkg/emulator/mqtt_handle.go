package emulator

import (
	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// handle handles a packet. A cause ends the connection.
func (c *conn) handle(p mqttcodec.Packet) *cause {
	switch p := p.(type) {
	case *mqttcodec.Publish:
		return c.publish(p)
	case *mqttcodec.Puback:
		c.puback(p.PacketID)
	case *mqttcodec.Subscribe:
		return c.subscribe(p)
	case *mqttcodec.Unsubscribe:
		c.unsubscribe(p)
	case *mqttcodec.Pingreq:
		c.send(&mqttcodec.Pingresp{}) // [MQTT-3.12.4-1]
	case *mqttcodec.Disconnect:
		return &causeDisconnect
	case *mqttcodec.Connect:
		bad := violation("a second CONNECT on the connection [MQTT-3.1.0-2]")
		return &bad
	case *mqttcodec.Pubrec, *mqttcodec.Pubrel, *mqttcodec.Pubcomp:
		bad := violation("%v belongs to QoS 2, which the hub does not support", p.Type())
		return &bad
	default:
		bad := violation("%v is a packet that only servers send", p.Type())
		return &bad
	}
	return nil
}

// publish handles PUBLISH: telemetry, twin, method answers, or DPS. Every QoS 1 message is acknowledged in the order of
// arrival [MQTT-4.6.0-2], and once its effect is durable.
func (c *conn) publish(p *mqttcodec.Publish) *cause {
	if p.QoS == mqttcodec.QoS2 {
		bad := violation("PUBLISH with QoS 2: the hub supports QoS 0 and 1, and closes the connection")
		return &bad
	}
	if c.topic != nil && string(p.TopicName) == c.topic.name {
		return c.publishTelemetry(p)
	}
	name := string(p.TopicName)
	topic, err := hubproto.ParseTopic(name)
	if err != nil {
		return c.unknownTopic(p, err.Error())
	}
	if c.id == nil {
		return c.publishDPS(p, topic)
	}
	if topic.Kind == hubproto.Telemetry {
		if topic.DeviceID != c.id.DeviceID || topic.ModuleID != c.id.ModuleID {
			return c.unknownTopic(p, "it is another device's telemetry")
		}
		size, refused := checkBag(topic.Bag)
		if refused != nil {
			return &cause{code: refused.Code, text: refused.Message}
		}
		c.topic = &telemetryTopic{name, topic.Bag, size}
		return c.publishTelemetry(p)
	}
	c.flush() // the others may wait
	switch topic.Kind {
	case hubproto.TwinGet, hubproto.TwinPatchReported:
		return c.publishTwin(p, topic)
	case hubproto.MethodResponse:
		c.acknowledge(p)
		h := c.hub
		h.mu.Lock()
		defer h.mu.Unlock()
		h.answerCall(c.id, topic.RID, topic.Status, p.Payload)
		return nil
	}
	return c.unknownTopic(p, "a "+topic.Kind.String()+" does not go from a device to the hub")
}

// unknownTopic refuses a PUBLISH that has no meaning here. MQTT 3.1.1 has no packet that reports it [MQTT-3.3.5-2].
func (c *conn) unknownTopic(p *mqttcodec.Publish, why string) *cause {
	bad := violation("PUBLISH to %q: %s", p.TopicName, why)
	if !c.hub.settings.Load().Lenient {
		return &bad
	}
	o := c.operation("publish", bad.code, bad.text+"; it was dropped")
	c.hub.note(o)
	c.acknowledge(p)
	return nil
}

// acknowledge sends the PUBACK of a QoS 1 message.
func (c *conn) acknowledge(p *mqttcodec.Publish) {
	if p.QoS == mqttcodec.QoS1 {
		c.send(&mqttcodec.Puback{PacketID: p.PacketID})
	}
}

// telemetryTopic is a topic of telemetry that was checked. Most devices use one topic again and again.
type telemetryTopic struct {
	name, bag string
	size      int // see checkBag
}

// publishTelemetry handles a message to c.topic.
func (c *conn) publishTelemetry(p *mqttcodec.Publish) *cause {
	if c.hub.throttles() {
		return &cause{code: 429001, text: "the hub is throttling and closes connections that send telemetry"}
	}
	t, refused := newTelemetry(c.topic.bag, c.topic.size, p.Payload, p.Retain)
	if refused != nil {
		return &cause{code: refused.Code, text: refused.Message}
	}
	h := c.hub
	if h.settings.Load().throttle != nil {
		c.flush() // admit may wait
	}
	if err := h.admit(meterTelemetry, 1, c.done); err != nil {
		return &cause{code: err.Code, text: "too many messages a second: the hub closes connections that send more"}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !c.attached {
		return nil
	}
	h.publish(c.sender, t)
	h.active(c.id, t.enqueued)
	if p.QoS == mqttcodec.QoS1 {
		c.sendSoon(&mqttcodec.Puback{PacketID: p.PacketID})
	}
	return nil
}

// puback handles the acknowledgement of a QoS 1 message from the hub. An unknown packet id is one that was acknowledged before.
func (c *conn) puback(packetID uint16) {
	h := c.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if !c.attached {
		return
	}
	token, known := c.session.inflight[packetID]
	if !known {
		return
	}
	delete(c.session.inflight, packetID)
	if len(c.session.inflight) == 0 {
		c.session.inflight = nil
	}
	if c.id != nil {
		h.acknowledge(c.id, token)
		h.deliver(c.id) // one more packet id is free
	}
}
