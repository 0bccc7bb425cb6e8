package mqttcodec

import "slices"

// Publish carries an application message, either way (section 3.3).
type Publish struct {
	Dup       bool   // this may be sent again; false with QoS 0 [MQTT-3.3.1-2]
	QoS       QoS    // 0, 1 or 2 [MQTT-3.3.1-4]
	Retain    bool   // to a server: keep it for later subscribers; to a client: it was kept
	TopicName []byte // 1 to 65,535 bytes of UTF-8 without wildcards [MQTT-3.3.2-1] [MQTT-3.3.2-2]
	PacketID  uint16 // 0 with QoS 0 [MQTT-2.3.1-5], and never 0 above it [MQTT-2.3.1-1]
	Payload   []byte // any bytes, possibly none
}

// The flags of a PUBLISH (section 3.3.1, figure 3.10).
const (
	publishRetain = 1 << 0
	publishQoS    = 3 << 1
	publishDup    = 1 << 3
)

// Type returns PUBLISH.
func (*Publish) Type() Type { return PUBLISH }
func (*Publish) sealed()    {}

// publishError returns why [Buffer.pull], which decodes the PUBLISH, does not accept this body.
func publishError(body []byte) error {
	f := fields{t: PUBLISH, rest: body}
	f.topicName("topic name", "MQTT-3.3.2-2")
	f.packetID() // nothing else is wrong with a packet of QoS 0
	return f.err
}

// check validates p for encoding and returns its remaining length.
func (p *Publish) check() (remaining int, err error) {
	switch {
	case p.QoS > QoS2:
		return 0, &Error{PUBLISH, "MQTT-3.3.1-4", "QoS is above 2"}
	case p.QoS == QoS0 && p.Dup:
		return 0, &Error{PUBLISH, "MQTT-3.3.1-2", "DUP is set on a message of QoS 0"}
	case p.QoS == QoS0 && p.PacketID != 0:
		return 0, &Error{PUBLISH, "MQTT-2.3.1-5", "packet identifier is set on a message of QoS 0"}
	case p.QoS > QoS0 && p.PacketID == 0:
		return 0, &Error{PUBLISH, "MQTT-2.3.1-1", "packet identifier is 0"}
	}
	if err := checkTopicName(PUBLISH, "topic name", "MQTT-3.3.2-2", p.TopicName); err != nil {
		return 0, err
	}
	remaining = 2 + len(p.TopicName) + len(p.Payload)
	if p.QoS > QoS0 {
		remaining += 2
	}
	return remaining, checkRemaining(PUBLISH, remaining)
}

func (p *Publish) append(dst []byte) ([]byte, error) {
	remaining, err := p.check()
	if err != nil {
		return dst, err
	}
	dst = slices.Grow(dst, 1+lengthSize(remaining)+remaining)
	return append(p.appendHeader(dst, remaining), p.Payload...), nil
}

// AppendPublishHeader adds everything of p but its payload to dst: what is sent before a large payload that is written
// on its own, without a copy. The remaining length counts the payload, which must follow as it is. On an error, which
// is an [*Error], dst is returned unchanged.
func AppendPublishHeader(dst []byte, p *Publish) ([]byte, error) {
	remaining, err := p.check()
	if err != nil {
		return dst, err
	}
	dst = slices.Grow(dst, 1+lengthSize(remaining)+remaining-len(p.Payload))
	return p.appendHeader(dst, remaining), nil
}

func (p *Publish) appendHeader(dst []byte, remaining int) []byte {
	first := byte(PUBLISH)<<4 | byte(p.QoS)<<1
	if p.Dup {
		first |= publishDup
	}
	if p.Retain {
		first |= publishRetain
	}
	dst = appendLength(append(dst, first), remaining)
	dst = appendString(dst, p.TopicName)
	if p.QoS > QoS0 {
		dst = append(dst, byte(p.PacketID>>8), byte(p.PacketID))
	}
	return dst
}
