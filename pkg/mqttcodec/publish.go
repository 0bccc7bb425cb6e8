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

// decode reads a PUBLISH whose first byte checkFirstByte has passed. It is written out, without fields, because this
// is the packet that a receiver spends its time on.
func (p *Publish) decode(first byte, body []byte) error {
	if len(body) < 2 {
		return &Error{PUBLISH, "2.2.3", "packet ends inside the topic name's length"}
	}
	n := int(body[0])<<8 | int(body[1])
	if len(body) < 2+n {
		return &Error{PUBLISH, "1.5.3", "topic name reaches beyond the packet"}
	}
	name, rest := body[2:2+n:2+n], body[2+n:]
	if n == 0 || !plainTopic(name) {
		if err := checkTopicName(PUBLISH, "topic name", "MQTT-3.3.2-2", name); err != nil {
			return err
		}
	}
	qos := QoS(first & publishQoS >> 1)
	// No branch asks for the QoS: half of them would be mispredicted, and each costs as much as all the rest.
	has := uint(qos+1) >> 1 // 1 if there is a packet identifier, 0 for QoS 0; legalHeader has refused QoS 3
	idSize := int(2 * has)
	if len(rest) < idSize {
		return &Error{PUBLISH, "2.2.3", "packet ends before its packet identifier"}
	}
	payload := rest[idSize:]
	id := uint16(body[n+idSize])<<8 | uint16(body[n+idSize+1]) // with QoS 0 something else, which the next line drops
	id &= -uint16(has)
	if id|(uint16(has)-1) == 0 {
		return &Error{PUBLISH, "MQTT-2.3.1-1", "packet identifier is 0"}
	}
	p.Dup = first&publishDup != 0
	p.QoS = qos
	p.Retain = first&publishRetain != 0
	p.TopicName = name
	p.PacketID = id
	p.Payload = payload
	return nil
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
