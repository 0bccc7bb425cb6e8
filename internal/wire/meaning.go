package wire

import (
	"bytes"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// conversation is what one connection has asked and not been answered yet.
type conversation struct {
	requests map[request]sent
}

// request names what an answer answers. Packet identifiers of the two directions are different things [MQTT-2.3.1-4].
type request struct {
	kind mqttcodec.Type // the request's
	by   Direction
	id   uint16
	rid  string
	what hubproto.TopicKind
}

type sent struct {
	number int
	at     time.Time
}

func means(format string, values ...any) Text { return Text{Format: format, Values: values} }

// explain gives a record its meaning and its partner.
func (c *conversation) explain(r *Record, p mqttcodec.Packet) {
	switch p := p.(type) {
	case *mqttcodec.Connect:
		c.ask(r, request{kind: mqttcodec.CONNECT})
		r.Meaning = connectMeaning(p)
	case *mqttcodec.Connack:
		c.answer(r, request{kind: mqttcodec.CONNECT})
		switch {
		case p.ReturnCode != mqttcodec.ConnectionAccepted:
			r.Meaning = means("the hub refuses the connection: %s", p.ReturnCode)
		case p.SessionPresent:
			r.Meaning = means("connected; the hub has kept the session, so stored messages follow")
		default:
			r.Meaning = means("connected, with a new session")
		}
	case *mqttcodec.Publish:
		c.publish(r, p)
	case *mqttcodec.Puback:
		c.answer(r, request{kind: mqttcodec.PUBLISH, by: other(r.Direction), id: p.PacketID})
		if r.Direction == Sent {
			r.Meaning = means("message %d taken: the hub may forget it", p.PacketID)
		} else {
			r.Meaning = means("message %d acknowledged: the hub has it", p.PacketID)
		}
	case *mqttcodec.Subscribe:
		c.ask(r, request{kind: mqttcodec.SUBSCRIBE, id: p.PacketID})
		r.Meaning = means("subscribes to %s", filters(p))
	case *mqttcodec.Suback:
		c.answer(r, request{kind: mqttcodec.SUBSCRIBE, id: p.PacketID})
		if bytes.IndexByte(p.ReturnCodes, mqttcodec.SubackFailure) >= 0 {
			r.Meaning = means("a subscription was refused")
		} else {
			r.Meaning = means("subscribed")
		}
	case *mqttcodec.Unsubscribe:
		c.ask(r, request{kind: mqttcodec.UNSUBSCRIBE, id: p.PacketID})
		r.Meaning = means("ends subscriptions")
	case *mqttcodec.Unsuback:
		c.answer(r, request{kind: mqttcodec.UNSUBSCRIBE, id: p.PacketID})
		r.Meaning = means("subscriptions ended")
	case *mqttcodec.Pingreq:
		c.ask(r, request{kind: mqttcodec.PINGREQ})
		r.Meaning = means("keep-alive: are you there?")
	case *mqttcodec.Pingresp:
		c.answer(r, request{kind: mqttcodec.PINGREQ})
		r.Meaning = means("keep-alive: the hub is there")
	case *mqttcodec.Disconnect:
		r.Meaning = means("the device leaves in order: the Will is not sent")
	default:
		r.Meaning = means("part of QoS 2, which IoT Hub does not have")
	}
}

func connectMeaning(p *mqttcodec.Connect) Text {
	user, err := hubproto.ParseUsername(string(p.UserName))
	switch {
	case err != nil:
		return means("connects as %s, with a user name that is none of IoT Hub's", string(p.ClientID))
	case user.IsDPS():
		return means("connects to DPS as registration id %s", string(p.ClientID))
	case p.CleanSession:
		return means("connects as %s; clean session: messages that wait for it are lost to it", string(p.ClientID))
	default:
		return means("connects as %s", string(p.ClientID))
	}
}

// answers names, for a topic that answers, what kinds of topics may have asked.
var answers = map[hubproto.TopicKind][]hubproto.TopicKind{
	hubproto.TwinResponse:   {hubproto.TwinGet, hubproto.TwinPatchReported},
	hubproto.MethodResponse: {hubproto.MethodRequest},
	hubproto.DPSResponse:    {hubproto.DPSRegister, hubproto.DPSPoll},
}

func (c *conversation) publish(r *Record, p *mqttcodec.Publish) {
	if p.QoS > mqttcodec.QoS0 {
		c.ask(r, request{kind: mqttcodec.PUBLISH, by: r.Direction, id: p.PacketID})
	}
	t, err := hubproto.ParseTopic(string(p.TopicName))
	if err != nil {
		r.Meaning = means("a message to a topic that is none of IoT Hub's")
		return
	}
	if t.RID != "" {
		c.ask(r, request{kind: mqttcodec.PUBLISH, rid: t.RID, what: t.Kind})
	}
	asked := hubproto.Unknown
	for _, kind := range answers[t.Kind] {
		if c.answer(r, request{kind: mqttcodec.PUBLISH, rid: t.RID, what: kind}) {
			asked = kind
			break
		}
	}
	ms := r.Took.Milliseconds()
	switch t.Kind {
	case hubproto.Telemetry:
		r.Meaning = means("telemetry, %d bytes", len(p.Payload))
		if p.Dup {
			r.Meaning = means("telemetry sent again, %d bytes: the first was not acknowledged", len(p.Payload))
		}
	case hubproto.Devicebound:
		r.Meaning = means("cloud-to-device message, %d bytes", len(p.Payload))
		if p.Dup {
			r.Meaning = means("cloud-to-device message delivered again, %d bytes", len(p.Payload))
		}
	case hubproto.ModuleInput:
		r.Meaning = means("message to input %s, %d bytes", t.Name, len(p.Payload))
	case hubproto.MethodRequest:
		r.Meaning = means("direct method %s is called, rid %s", t.Name, t.RID)
	case hubproto.MethodResponse:
		r.Meaning = means("direct method answered %d after %d ms, rid %s", t.Status, ms, t.RID)
	case hubproto.TwinGet:
		r.Meaning = means("twin GET, rid %s", t.RID)
	case hubproto.TwinPatchReported:
		r.Meaning = means("reported properties patch, rid %s", t.RID)
	case hubproto.TwinResponse:
		switch asked {
		case hubproto.TwinGet:
			r.Meaning = means("twin GET, rid %s, answered %d in %d ms", t.RID, t.Status, ms)
		case hubproto.TwinPatchReported:
			r.Meaning = means("reported properties patch, rid %s, answered %d in %d ms", t.RID, t.Status, ms)
		default:
			r.Meaning = means("twin answer %d to rid %s, which nobody asked", t.Status, t.RID)
		}
	case hubproto.TwinDesired:
		r.Meaning = means("desired properties changed, version %d", t.Version)
	case hubproto.DPSRegister:
		r.Meaning = means("DPS register, rid %s", t.RID)
	case hubproto.DPSPoll:
		r.Meaning = means("DPS asks how the registration is, rid %s", t.RID)
	case hubproto.DPSResponse:
		r.Meaning = means("DPS answered %d, rid %s", t.Status, t.RID)
		if t.HasRetryAfter {
			r.Meaning = means("DPS answered %d, rid %s: ask again after %d s", t.Status, t.RID, int(t.RetryAfter/time.Second))
		}
	}
}

// maxOpen is how many requests may wait for answers that may never come.
const maxOpen = 1 << 16

func (c *conversation) ask(r *Record, q request) {
	if c.requests == nil {
		c.requests = make(map[request]sent)
	}
	if len(c.requests) < maxOpen {
		c.requests[q] = sent{r.Number, r.At}
	}
}

// answer joins r to its request and reports whether there was one.
func (c *conversation) answer(r *Record, q request) bool {
	s, ok := c.requests[q]
	if ok {
		delete(c.requests, q)
		r.Partner, r.Took = s.number, r.At.Sub(s.at)
	}
	return ok
}

func other(d Direction) Direction {
	if d == Sent {
		return Received
	}
	return Sent
}

func filters(p *mqttcodec.Subscribe) string {
	var b []byte
	for i, s := range p.Subscriptions {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, s.TopicFilter...)
	}
	return string(b)
}
