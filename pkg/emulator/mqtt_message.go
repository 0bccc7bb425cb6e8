package emulator

import (
	"fmt"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// This is the part of attachment that sends PUBLISH packets to the device.

// messageKind is the subscription by which the device gets queued messages.
func (c *conn) messageKind() filterKind {
	if c.id.ModuleID != "" {
		return filterInputs
	}
	return filterDevicebound
}

// receives implements attachment.
func (c *conn) receives() bool {
	if !c.ready {
		return false
	}
	_, ok := c.session.subscribed(c.messageKind())
	return ok
}

// deliver implements attachment. With again it sends the message with DUP and under its old packet id, which is in use until PUBACK
// [MQTT-4.4.0-1] [MQTT-3.3.1-1].
func (c *conn) deliver(m *queued, again bool) (receipt, string) {
	qos, packetID := mqttcodec.QoS1, uint16(0)
	if again {
		packetID = c.session.packetID(m.Token)
	} else {
		qos, _ = c.session.subscribed(c.messageKind())
	}
	if qos != mqttcodec.QoS0 && packetID == 0 {
		if packetID = c.session.reserve(m.Token); packetID == 0 {
			return receiptNone, ""
		}
		c.hub.saveSession(c.id, c.session)
	}
	system := m.System
	topic := hubproto.Topic{Kind: hubproto.Devicebound, DeviceID: c.id.DeviceID}
	if m.Input != "" {
		topic = hubproto.Topic{Kind: hubproto.ModuleInput, DeviceID: c.id.DeviceID, ModuleID: c.id.ModuleID, Name: m.Input}
		system.ConnectionDeviceID, system.ConnectionModuleID = c.id.DeviceID, c.id.ModuleID
	}
	topic.Bag = string(hubproto.AppendBag(nil, &system, m.Properties))
	c.send(&mqttcodec.Publish{TopicName: topic.Append(nil), Payload: m.Body, QoS: qos, PacketID: packetID, Dup: again})
	detail := fmt.Sprintf("sent to the device, QoS %d, DUP %d", qos, bit(again))
	if qos == mqttcodec.QoS0 {
		return receiptFinal, detail
	}
	return receiptLocked, detail
}

// desired implements attachment.
func (c *conn) desired(version int64, patch []byte) {
	if qos, ok := c.session.subscribed(filterTwinDesired); ok && c.ready {
		c.sendOnce(qos, hubproto.Topic{Kind: hubproto.TwinDesired, Version: version, HasVersion: true}, patch)
	}
}

// unavailable implements attachment.
func (c *conn) unavailable() string {
	if !c.ready {
		return "it is not connected"
	}
	_, ok := c.session.subscribed(filterMethods)
	switch {
	case !ok:
		return "it has not subscribed to " + hubproto.MethodsFilter
	case c.apiVersion == "":
		// As reported of the service for user names without an api-version.
		return "its user name has no api-version"
	}
	return ""
}

// call implements attachment.
func (c *conn) call(requestID, method string, payload []byte) {
	qos, _ := c.session.subscribed(filterMethods)
	c.sendOnce(qos, hubproto.Topic{Kind: hubproto.MethodRequest, Name: method, RID: requestID}, payload)
}

// sendOnce sends a message of the hub's own (a twin's answer, a method call) with the QoS of the subscription. It is not sent
// again over another connection. h.mu is held.
func (c *conn) sendOnce(qos mqttcodec.QoS, topic hubproto.Topic, payload []byte) {
	if !c.attached {
		return
	}
	p := mqttcodec.Publish{TopicName: topic.Append(nil), Payload: payload}
	if qos > mqttcodec.QoS0 {
		if p.PacketID = c.session.reserve(0); p.PacketID != 0 {
			p.QoS = mqttcodec.QoS1
		}
	}
	c.send(&p)
}
