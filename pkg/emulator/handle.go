package emulator

import (
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// handle does what a packet asks for. A cause ends the connection.
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
// arrival [MQTT-4.6.0-2], and once what it asks for is durable.
func (c *conn) publish(p *mqttcodec.Publish) *cause {
	if p.QoS == mqttcodec.QoS2 {
		bad := violation("PUBLISH with QoS 2: the hub supports QoS 0 and 1, and closes the connection")
		return &bad
	}
	topic, err := hubproto.ParseTopic(string(p.TopicName))
	if err != nil {
		return c.unknownTopic(p, err.Error())
	}
	if c.id == nil {
		return c.publishDPS(p, topic)
	}
	switch topic.Kind {
	case hubproto.Telemetry:
		if topic.DeviceID != c.id.DeviceID || topic.ModuleID != c.id.ModuleID {
			return c.unknownTopic(p, "it is another device's telemetry")
		}
		return c.publishTelemetry(p, topic)
	case hubproto.TwinGet, hubproto.TwinPatchReported:
		return c.publishTwin(p, topic)
	case hubproto.MethodResponse:
		c.acknowledge(p)
		c.answerMethod(topic, p.Payload)
		return nil
	}
	return c.unknownTopic(p, "a "+topic.Kind.String()+" does not go from a device to the hub")
}

// unknownTopic refuses a PUBLISH that has no meaning here. MQTT 3.1.1 has no answer that says so [MQTT-3.3.5-2].
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

func (c *conn) publishTelemetry(p *mqttcodec.Publish, topic hubproto.Topic) *cause {
	if c.hub.faults.Load().Throttle {
		return &cause{code: 429001, text: "the hub is throttling and closes connections that send telemetry"}
	}
	t, bad := newTelemetry(topic.Bag, p.Payload, p.Retain)
	if bad != nil {
		return bad
	}
	h := c.hub
	if err := h.admit(meterTelemetry, 1, c.done); err != nil {
		return &cause{code: err.Code, text: "too many messages a second: the hub closes connections that send more"}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !c.attached {
		return nil
	}
	h.enqueueTelemetry(c, t)
	c.id.LastActivityTime = t.enqueued
	c.acknowledge(p)
	return nil
}

// puback handles the acknowledgement of a QoS 1 message from the hub. An unknown packet id is one that was acknowledged
// before, or whose message a service has purged.
func (c *conn) puback(packetID uint16) {
	h := c.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if !c.attached {
		return
	}
	m, known := c.session.inflight[packetID]
	if !known {
		return
	}
	delete(c.session.inflight, packetID)
	if m != nil {
		h.complete(c.id, m, "the device acknowledged it")
	}
	h.deliver(c) // one more packet id is free
}

// toDevice sends a message of the hub's own (a twin's answer, a method call) with the QoS of the subscription. It is not sent
// again on another connection. h.mu is held.
func (c *conn) toDevice(qos mqttcodec.QoS, topic hubproto.Topic, payload []byte) {
	if !c.attached {
		return
	}
	p := mqttcodec.Publish{TopicName: topic.Append(nil), Payload: payload}
	if qos > mqttcodec.QoS0 {
		if p.PacketID = c.session.takeID(nil); p.PacketID != 0 {
			p.QoS = mqttcodec.QoS1
		}
	}
	c.send(&p)
}

// timestamp has the form and the precision of the services' own.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }
