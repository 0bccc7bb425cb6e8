package mqttcodec

// Append adds p's wire form to dst and returns the extended slice, like the built-in append: dst grows at most once,
// and not at all when it has room. If p is not legal MQTT 3.1.1 it returns dst unchanged and an [*Error]; nothing is
// ever cut short or left out to make a packet fit. p does not escape, so a packet can live on the caller's stack.
func Append(dst []byte, p Packet) ([]byte, error) {
	switch p := p.(type) { // not a method of Packet: a call through the interface would move p to the heap
	case *Publish:
		return p.append(dst)
	case *Puback:
		return appendAck(dst, PUBACK, p.PacketID)
	case *Pubrec:
		return appendAck(dst, PUBREC, p.PacketID)
	case *Pubrel:
		return appendAck(dst, PUBREL, p.PacketID)
	case *Pubcomp:
		return appendAck(dst, PUBCOMP, p.PacketID)
	case *Unsuback:
		return appendAck(dst, UNSUBACK, p.PacketID)
	case *Pingreq:
		return append(dst, byte(PINGREQ)<<4, 0), nil
	case *Pingresp:
		return append(dst, byte(PINGRESP)<<4, 0), nil
	case *Disconnect:
		return append(dst, byte(DISCONNECT)<<4, 0), nil
	case *Connect:
		return p.append(dst)
	case *Connack:
		return p.append(dst)
	case *Subscribe:
		return p.append(dst)
	case *Suback:
		return p.append(dst)
	case *Unsubscribe:
		return p.append(dst)
	default:
		return dst, errNoPacket
	}
}

// Size returns how many bytes Append would add for p, or its error.
func Size(p Packet) (int, error) {
	var remaining int
	var err error
	switch p := p.(type) {
	case *Publish:
		remaining, err = p.check()
	case *Puback:
		remaining, err = 2, checkAckID(PUBACK, p.PacketID)
	case *Pubrec:
		remaining, err = 2, checkAckID(PUBREC, p.PacketID)
	case *Pubrel:
		remaining, err = 2, checkAckID(PUBREL, p.PacketID)
	case *Pubcomp:
		remaining, err = 2, checkAckID(PUBCOMP, p.PacketID)
	case *Unsuback:
		remaining, err = 2, checkAckID(UNSUBACK, p.PacketID)
	case *Pingreq, *Pingresp, *Disconnect:
	case *Connect:
		remaining, err = p.check()
	case *Connack:
		remaining, err = 2, p.check()
	case *Subscribe:
		remaining, err = p.check()
	case *Suback:
		remaining, err = 2+len(p.ReturnCodes), p.check()
	case *Unsubscribe:
		remaining, err = p.check()
	default:
		err = errNoPacket
	}
	if err != nil {
		return 0, err
	}
	return 1 + lengthSize(remaining) + remaining, nil
}

var errNoPacket = &Error{Reason: "there is no packet to encode: it is nil"}
