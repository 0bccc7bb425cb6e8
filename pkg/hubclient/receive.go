package hubclient

import (
	"bytes"
	"context"
	"log/slog"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// incoming handles a PUBLISH. What came at QoS 1 ends in an ack by way of the dispatcher, whatever it is, so that PUBACKs
// go out in the order in which the PUBLISHes came [MQTT-4.6.0-2].
func (l *loop) incoming(p *mqttcodec.Publish) {
	if p.QoS == mqttcodec.QoS2 {
		l.violated(l10n.New("the hub sent %s of QoS 2, which was not asked for", p.Type()))
		return
	}
	topic, err := l.topicOf(p)
	if err != nil {
		l.log.Warn("message on a topic that is none of the hub's is dropped", "topic", hubproto.Redact(string(p.TopicName)), "reason", err)
		l.acknowledge(p)
		return
	}
	switch topic.Kind {
	case hubproto.Devicebound:
		if topic.DeviceID == l.c.cr.DeviceID {
			l.deliver(p, topic, l.c.o.OnMessage)
			return
		}
	case hubproto.ModuleInput:
		if topic.DeviceID == l.c.cr.DeviceID && topic.ModuleID == l.c.cr.ModuleID {
			l.deliver(p, topic, l.c.o.OnInput)
			return
		}
	case hubproto.MethodRequest:
		l.invoke(topic, p.Payload)
		l.acknowledge(p)
		return
	case hubproto.TwinResponse:
		l.twinResponse(topic, p.Payload)
		l.acknowledge(p)
		return
	case hubproto.TwinDesired:
		if l.c.o.OnDesired != nil {
			l.desiredNotice(topic.Version, p.Payload)
		}
		l.acknowledge(p)
		return
	}
	l.log.Warn("message that is not for this device is dropped", "topic", topic.Kind.String())
	l.acknowledge(p)
}

// topicOf takes a topic apart. A cloud-to-device message, which may come a thousand times a second, leaves no garbage but its bag.
func (l *loop) topicOf(p *mqttcodec.Publish) (hubproto.Topic, error) {
	if bag, ok := bytes.CutPrefix(p.TopicName, l.devicebound); ok {
		return hubproto.Topic{Kind: hubproto.Devicebound, DeviceID: l.c.cr.DeviceID, Bag: string(bag)}, nil
	}
	return hubproto.ParseTopic(string(p.TopicName))
}

// acknowledge lets PUBACK follow behind those that are due before it.
func (l *loop) acknowledge(p *mqttcodec.Publish) {
	if p.QoS == mqttcodec.QoS1 && l.link != nil {
		l.deliveries++
		l.enqueue(event{ack: ack{link: l.link, id: p.PacketID}}, 0)
	}
}

// deliver passes a message to its handler. It may have none, if an earlier Client of the device subscribed and the hub has kept that.
// Then the message stays unacknowledged, for a later Client that has a handler.
func (l *loop) deliver(p *mqttcodec.Publish, topic hubproto.Topic, handler func(context.Context, Delivery) error) {
	if handler == nil {
		l.log.Warn("message without a handler is left to the hub", "kind", topic.Kind.String())
		return
	}
	m := l.newInbound()
	l.lastDelivery++
	m.handler, m.log, m.ID, m.QoS, m.Duplicate, m.Input = handler, l.log, l.lastDelivery, p.QoS, p.Dup, topic.Name
	var err error
	if m.SystemProperties, m.Properties, err = hubproto.ParseBag(topic.Bag); err != nil {
		// The hub will not send it better: acknowledging is the only way to get the next one.
		l.log.Warn("message with a broken property bag is dropped", "reason", err)
		l.acknowledge(p)
		return
	}
	m.Body = bytes.Clone(p.Payload)
	e := event{call: m}
	if p.QoS == mqttcodec.QoS1 {
		l.deliveries++
		e.ack = ack{link: l.link, id: p.PacketID, delivery: m.ID}
	}
	l.enqueue(e, len(m.Body)+len(topic.Bag))
}

// An inbound is a message on its way to its handler.
type inbound struct {
	Delivery
	handler func(context.Context, Delivery) error
	log     *slog.Logger
}

func (m *inbound) run(ctx context.Context) bool {
	if err := m.handler(ctx, m.Delivery); err != nil {
		m.log.Warn("message is not acknowledged, its handler failed", "messageId", m.MessageID, "error", hubproto.Redact(err.Error()))
		return false
	}
	return true
}

// maxInbounds is how many inbounds are kept, as many as a full Read has of small messages.
const maxInbounds = 512

func (l *loop) newInbound() *inbound {
	last := len(l.inbounds) - 1
	if last < 0 {
		return new(inbound)
	}
	m := l.inbounds[last]
	l.inbounds = l.inbounds[:last]
	return m
}

// recycle takes back a batch that the dispatcher is done with. Its handlers have got copies.
func (l *loop) recycle(batch []event) {
	for i := range batch {
		if m, ok := batch[i].call.(*inbound); ok && len(l.inbounds) < maxInbounds {
			*m = inbound{}
			l.inbounds = append(l.inbounds, m)
		}
	}
	clear(batch)
	l.spare = batch[:0]
}

// handled acknowledges messages of QoS 1 whose handlers have returned.
func (l *loop) handled(acks []ack) {
	for _, a := range acks {
		if a.link != l.link {
			continue // the hub delivers it again on this connection
		}
		l.deliveries--
		if !a.bad && l.send(&mqttcodec.Puback{PacketID: a.id}) && l.disconnectBy.IsZero() {
			l.pubacks.add(a)
		}
	}
}

// Pubacks are the deliveries whose PUBACK is on its way to the connection. They stay empty unless OnAcknowledged is set.
type pubacks struct {
	wanted    bool
	unwritten []uint64 // ready but not with the writer
	written   []uint64 // with the writer
}

func (p *pubacks) add(a ack) {
	if p.wanted && a.delivery != 0 {
		p.unwritten = append(p.unwritten, a.delivery)
	}
}

// flushed follows what is ready to the writer.
func (p *pubacks) flushed() { p.unwritten, p.written = nil, p.unwritten }

// reportAcknowledged reports the deliveries whose PUBACK the writer has written.
func (l *loop) reportAcknowledged() {
	ids, onAcknowledged := l.pubacks.written, l.c.o.OnAcknowledged
	if len(ids) == 0 {
		return
	}
	l.pubacks.written = nil
	l.events = append(l.events, event{always: true, call: callFunc(func(context.Context) bool {
		for _, id := range ids {
			onAcknowledged(id)
		}
		return true
	})})
}
