package mqttcodec

import "slices"

// Subscribe asks for the messages that its filters select (section 3.8).
type Subscribe struct {
	PacketID      uint16         // not 0 [MQTT-2.3.1-1]
	Subscriptions []Subscription // at least one [MQTT-3.8.3-3]
}

// Subscription is one topic filter and the highest QoS at which the client wants its messages.
type Subscription struct {
	TopicFilter []byte // 1 to 65,535 bytes of UTF-8 [MQTT-3.8.3-1]
	QoS         QoS    // 0, 1 or 2 [MQTT-3-8.3-4]
}

// Suback answers Subscribe (section 3.9).
type Suback struct {
	PacketID    uint16 // the SUBSCRIBE's [MQTT-2.3.1-7]
	ReturnCodes []byte // per subscription, in its order: the QoS granted, or SubackFailure [MQTT-3.9.3-1] [MQTT-3.9.3-2]
}

// Unsubscribe ends subscriptions (section 3.10).
type Unsubscribe struct {
	PacketID     uint16   // not 0 [MQTT-2.3.1-1]
	TopicFilters [][]byte // at least one [MQTT-3.10.3-2], each as in a Subscription [MQTT-3.10.3-1]
}

// Type returns SUBSCRIBE.
func (*Subscribe) Type() Type { return SUBSCRIBE }

// Type returns SUBACK.
func (*Suback) Type() Type { return SUBACK }

// Type returns UNSUBSCRIBE.
func (*Unsubscribe) Type() Type { return UNSUBSCRIBE }

func (*Subscribe) sealed()   {}
func (*Suback) sealed()      {}
func (*Unsubscribe) sealed() {}

// maxKept is how many filters the arrays of a reused Subscribe or Unsubscribe hold on to between packets.
const maxKept = 256

// decode reads p, with the array that it holds as room for the subscriptions.
func (p *Subscribe) decode(body []byte) error {
	f := fields{t: SUBSCRIBE, rest: body}
	p.PacketID = f.packetID()
	p.Subscriptions = room(p.Subscriptions, f.countFilters(1))
	for f.err == nil && len(f.rest) > 0 {
		s := Subscription{TopicFilter: f.topicFilter(), QoS: QoS(f.byte("requested QoS"))}
		if f.err == nil && s.QoS > QoS2 { // the upper six bits are reserved
			return &Error{SUBSCRIBE, "MQTT-3-8.3-4", "requested QoS is not 0, 1 or 2"}
		}
		p.Subscriptions = append(p.Subscriptions, s)
	}
	if f.err == nil && len(p.Subscriptions) == 0 {
		return &Error{SUBSCRIBE, "MQTT-3.8.3-3", "there is no topic filter"}
	}
	return f.err
}

func (p *Unsubscribe) decode(body []byte) error {
	f := fields{t: UNSUBSCRIBE, rest: body}
	p.PacketID = f.packetID()
	p.TopicFilters = room(p.TopicFilters, f.countFilters(0))
	for f.err == nil && len(f.rest) > 0 {
		p.TopicFilters = append(p.TopicFilters, f.topicFilter())
	}
	if f.err == nil && len(p.TopicFilters) == 0 {
		return &Error{UNSUBSCRIBE, "MQTT-3.10.3-2", "there is no topic filter"}
	}
	return f.err
}

func (p *Suback) decode(body []byte) error {
	f := fields{t: SUBACK, rest: body}
	p.PacketID = f.uint16("packet identifier")
	if f.err != nil {
		return f.err
	}
	p.ReturnCodes = f.rest
	return p.check()
}

// room returns an empty slice for n elements: the old array if it fits and is no burden, or one of exactly n, so that
// a hostile packet of many tiny filters costs no more than they need.
func room[T any](old []T, n int) []T {
	if n <= cap(old) && cap(old) <= maxKept {
		return old[:0]
	}
	return make([]T, 0, n)
}

// check validates p for encoding and returns its remaining length.
func (p *Subscribe) check() (remaining int, err error) {
	if p.PacketID == 0 {
		return 0, &Error{SUBSCRIBE, "MQTT-2.3.1-1", "packet identifier is 0"}
	}
	if len(p.Subscriptions) == 0 {
		return 0, &Error{SUBSCRIBE, "MQTT-3.8.3-3", "there is no topic filter"}
	}
	remaining = 2
	for i := range p.Subscriptions {
		s := &p.Subscriptions[i]
		if err := checkTopicFilter(SUBSCRIBE, s.TopicFilter); err != nil {
			return 0, err
		}
		if s.QoS > QoS2 {
			return 0, &Error{SUBSCRIBE, "MQTT-3-8.3-4", "requested QoS is not 0, 1 or 2"}
		}
		remaining += 2 + len(s.TopicFilter) + 1
	}
	return remaining, checkRemaining(SUBSCRIBE, remaining)
}

func (p *Subscribe) append(dst []byte) ([]byte, error) {
	remaining, err := p.check()
	if err != nil {
		return dst, err
	}
	dst = slices.Grow(dst, 1+lengthSize(remaining)+remaining)
	dst = appendLength(append(dst, byte(SUBSCRIBE)<<4|0b0010), remaining) // [MQTT-3.8.1-1]
	dst = append(dst, byte(p.PacketID>>8), byte(p.PacketID))
	for i := range p.Subscriptions {
		s := &p.Subscriptions[i]
		dst = append(appendString(dst, s.TopicFilter), byte(s.QoS))
	}
	return dst, nil
}

// check validates p for encoding and returns its remaining length.
func (p *Unsubscribe) check() (remaining int, err error) {
	if p.PacketID == 0 {
		return 0, &Error{UNSUBSCRIBE, "MQTT-2.3.1-1", "packet identifier is 0"}
	}
	if len(p.TopicFilters) == 0 {
		return 0, &Error{UNSUBSCRIBE, "MQTT-3.10.3-2", "there is no topic filter"}
	}
	remaining = 2
	for _, filter := range p.TopicFilters {
		if err := checkTopicFilter(UNSUBSCRIBE, filter); err != nil {
			return 0, err
		}
		remaining += 2 + len(filter)
	}
	return remaining, checkRemaining(UNSUBSCRIBE, remaining)
}

func (p *Unsubscribe) append(dst []byte) ([]byte, error) {
	remaining, err := p.check()
	if err != nil {
		return dst, err
	}
	dst = slices.Grow(dst, 1+lengthSize(remaining)+remaining)
	dst = appendLength(append(dst, byte(UNSUBSCRIBE)<<4|0b0010), remaining) // [MQTT-3.10.1-1]
	dst = append(dst, byte(p.PacketID>>8), byte(p.PacketID))
	for _, filter := range p.TopicFilters {
		dst = appendString(dst, filter)
	}
	return dst, nil
}

// check validates p, for both directions.
func (p *Suback) check() error {
	if err := checkAckID(SUBACK, p.PacketID); err != nil {
		return err
	}
	if len(p.ReturnCodes) == 0 { // a SUBSCRIBE has at least one filter, and each has its code
		return &Error{SUBACK, "MQTT-3.8.4-5", "there is no return code"}
	}
	if err := checkRemaining(SUBACK, 2+len(p.ReturnCodes)); err != nil {
		return err
	}
	for _, code := range p.ReturnCodes {
		if code > byte(QoS2) && code != SubackFailure {
			return &Error{SUBACK, "MQTT-3.9.3-2", "return code is not 0x00, 0x01, 0x02 or 0x80"}
		}
	}
	return nil
}

func (p *Suback) append(dst []byte) ([]byte, error) {
	if err := p.check(); err != nil {
		return dst, err
	}
	remaining := 2 + len(p.ReturnCodes)
	dst = slices.Grow(dst, 1+lengthSize(remaining)+remaining)
	dst = appendLength(append(dst, byte(SUBACK)<<4), remaining)
	dst = append(dst, byte(p.PacketID>>8), byte(p.PacketID))
	return append(dst, p.ReturnCodes...), nil
}
