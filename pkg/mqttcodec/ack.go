package mqttcodec

import "slices"

// Puback answers a Publish of QoS 1 (section 3.4).
type Puback struct{ PacketID uint16 } // the PUBLISH's, never 0 [MQTT-2.3.1-6]

// Pubrec is the first answer to a Publish of QoS 2 (section 3.5).
type Pubrec struct{ PacketID uint16 } // the PUBLISH's, never 0 [MQTT-2.3.1-6]

// Pubrel answers Pubrec (section 3.6).
type Pubrel struct{ PacketID uint16 } // the PUBLISH's, never 0 [MQTT-2.3.1-6]

// Pubcomp answers Pubrel and ends the exchange of QoS 2 (section 3.7).
type Pubcomp struct{ PacketID uint16 } // the PUBLISH's, never 0

// Unsuback answers Unsubscribe (section 3.11).
type Unsuback struct{ PacketID uint16 } // the UNSUBSCRIBE's, never 0 [MQTT-2.3.1-7]

// Pingreq asks a server for a sign of life (section 3.12).
type Pingreq struct{}

// Pingresp answers Pingreq (section 3.13).
type Pingresp struct{}

// Disconnect is the last packet of a client that leaves in order (section 3.14).
type Disconnect struct{}

// Type returns PUBACK.
func (*Puback) Type() Type { return PUBACK }

// Type returns PUBREC.
func (*Pubrec) Type() Type { return PUBREC }

// Type returns PUBREL.
func (*Pubrel) Type() Type { return PUBREL }

// Type returns PUBCOMP.
func (*Pubcomp) Type() Type { return PUBCOMP }

// Type returns UNSUBACK.
func (*Unsuback) Type() Type { return UNSUBACK }

// Type returns PINGREQ.
func (*Pingreq) Type() Type { return PINGREQ }

// Type returns PINGRESP.
func (*Pingresp) Type() Type { return PINGRESP }

// Type returns DISCONNECT.
func (*Disconnect) Type() Type { return DISCONNECT }

func (*Puback) sealed()     {}
func (*Pubrec) sealed()     {}
func (*Pubrel) sealed()     {}
func (*Pubcomp) sealed()    {}
func (*Unsuback) sealed()   {}
func (*Pingreq) sealed()    {}
func (*Pingresp) sealed()   {}
func (*Disconnect) sealed() {}

// checkAckID refuses an acknowledgement that can belong to no packet: what it answers never has the identifier 0
// [MQTT-2.3.1-1].
func checkAckID(t Type, id uint16) error {
	if id != 0 {
		return nil
	}
	if t == SUBACK || t == UNSUBACK {
		return &Error{t, "MQTT-2.3.1-7", "packet identifier is 0"}
	}
	return &Error{t, "MQTT-2.3.1-6", "packet identifier is 0"}
}

func decodeAck(t Type, body []byte) (id uint16, err error) {
	id = uint16(body[0])<<8 | uint16(body[1])
	return id, checkAckID(t, id)
}

func appendAck(dst []byte, t Type, id uint16) ([]byte, error) {
	if err := checkAckID(t, id); err != nil {
		return dst, err
	}
	first := byte(t) << 4
	if t == PUBREL {
		first |= 0b0010 // [MQTT-3.6.1-1]
	}
	return append(slices.Grow(dst, 4), first, 2, byte(id>>8), byte(id)), nil
}
