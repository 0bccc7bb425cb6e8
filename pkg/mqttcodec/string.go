package mqttcodec

import "strconv"

// The String methods are for logs: they show sizes where a value may be secret or long. A topic is shown, quoted.

// String describes p without its user name, password and will.
func (p *Connect) String() string {
	s := "CONNECT client id " + quote(p.ClientID) + " clean session " + strconv.FormatBool(p.CleanSession) +
		" keep alive " + strconv.Itoa(int(p.KeepAlive)) + " s"
	if p.WillFlag {
		s += " will " + quote(p.WillTopic) + " QoS " + strconv.Itoa(int(p.WillQoS))
	}
	if p.UserNameFlag {
		s += " with user name"
	}
	if p.PasswordFlag {
		s += " with password"
	}
	return s
}

// String describes p.
func (p *Connack) String() string {
	s := "CONNACK " + p.ReturnCode.String()
	if p.SessionPresent {
		s += ", session present"
	}
	return s
}

// String describes p without its payload.
func (p *Publish) String() string {
	s := "PUBLISH " + quote(p.TopicName) + " QoS " + strconv.Itoa(int(p.QoS))
	if p.QoS > QoS0 {
		s += " id " + strconv.Itoa(int(p.PacketID))
	}
	if p.Dup {
		s += " DUP"
	}
	if p.Retain {
		s += " RETAIN"
	}
	return s + " " + strconv.Itoa(len(p.Payload)) + " bytes"
}

// String describes p.
func (p *Puback) String() string { return withID(PUBACK, p.PacketID) }

// String describes p.
func (p *Pubrec) String() string { return withID(PUBREC, p.PacketID) }

// String describes p.
func (p *Pubrel) String() string { return withID(PUBREL, p.PacketID) }

// String describes p.
func (p *Pubcomp) String() string { return withID(PUBCOMP, p.PacketID) }

// String describes p.
func (p *Subscribe) String() string {
	s := withID(SUBSCRIBE, p.PacketID)
	for _, sub := range p.Subscriptions {
		s += " " + quote(sub.TopicFilter) + " QoS " + strconv.Itoa(int(sub.QoS))
	}
	return s
}

// String describes p.
func (p *Suback) String() string {
	s := withID(SUBACK, p.PacketID)
	for _, code := range p.ReturnCodes {
		if code == SubackFailure {
			s += " failure"
		} else {
			s += " QoS " + strconv.Itoa(int(code))
		}
	}
	return s
}

// String describes p.
func (p *Unsubscribe) String() string {
	s := withID(UNSUBSCRIBE, p.PacketID)
	for _, filter := range p.TopicFilters {
		s += " " + quote(filter)
	}
	return s
}

// String describes p.
func (p *Unsuback) String() string { return withID(UNSUBACK, p.PacketID) }

// String returns "PINGREQ".
func (p *Pingreq) String() string { return PINGREQ.String() }

// String returns "PINGRESP".
func (p *Pingresp) String() string { return PINGRESP.String() }

// String returns "DISCONNECT".
func (p *Disconnect) String() string { return DISCONNECT.String() }

func withID(t Type, id uint16) string { return t.String() + " id " + strconv.Itoa(int(id)) }

func quote(s []byte) string { return strconv.Quote(string(s)) }
