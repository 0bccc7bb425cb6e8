package mqttcodec

// Decode reads the packet that src begins with and returns it with the number of bytes it took. The packet is the
// caller's: it shares nothing with src. io.ErrUnexpectedEOF means that src is the beginning of a packet and more bytes
// are needed; any other error is an [*Error], which further bytes cannot change.
func Decode(src []byte) (p Packet, n int, err error) {
	var d Decoder // stays on the stack: view is not returned
	view, n, err := d.Decode(src)
	if err != nil {
		return nil, 0, err
	}
	return Clone(view), n, nil
}

// Decoder decodes without allocating: it has one packet of each type and fills it again and again. The zero value is
// ready. A Decoder must not be copied after its first use.
type Decoder struct{ buf Buffer }

// Decode is like the function [Decode], except that the packet is d's own and its byte slices are views of src: both
// are valid until the next call of Decode, and the views while src is unchanged. [Clone] makes a copy to keep.
func (d *Decoder) Decode(src []byte) (p Packet, n int, err error) {
	b := &d.buf
	b.Limit, b.data, b.next, b.err = MaxRemainingLength+5, src, 0, nil
	p, err = b.pull(nil)
	n, b.data = b.next, nil
	return p, n, err
}

// packets is one packet of each type.
type packets struct {
	connect     Connect
	connack     Connack
	publish     Publish
	puback      Puback
	pubrec      Pubrec
	pubrel      Pubrel
	pubcomp     Pubcomp
	subscribe   Subscribe
	suback      Suback
	unsubscribe Unsubscribe
	unsuback    Unsuback
	pingreq     Pingreq
	pingresp    Pingresp
	disconnect  Disconnect
}

// decode reads what follows a legal fixed header, of any packet but PUBLISH, which [Buffer.pull] decodes.
func (d *packets) decode(first byte, body []byte) (p Packet, err error) {
	switch Type(first >> 4) {
	case CONNECT:
		return &d.connect, d.connect.decode(body)
	case CONNACK:
		return &d.connack, d.connack.decode(body)
	case PUBACK:
		d.puback.PacketID, err = decodeAck(PUBACK, body)
		return &d.puback, err
	case PUBREC:
		d.pubrec.PacketID, err = decodeAck(PUBREC, body)
		return &d.pubrec, err
	case PUBREL:
		d.pubrel.PacketID, err = decodeAck(PUBREL, body)
		return &d.pubrel, err
	case PUBCOMP:
		d.pubcomp.PacketID, err = decodeAck(PUBCOMP, body)
		return &d.pubcomp, err
	case SUBSCRIBE:
		return &d.subscribe, d.subscribe.decode(body)
	case SUBACK:
		return &d.suback, d.suback.decode(body)
	case UNSUBSCRIBE:
		return &d.unsubscribe, d.unsubscribe.decode(body)
	case UNSUBACK:
		d.unsuback.PacketID, err = decodeAck(UNSUBACK, body)
		return &d.unsuback, err
	case PINGREQ:
		return &d.pingreq, nil
	case PINGRESP:
		return &d.pingresp, nil
	default: // legalHeader has refused 0 and 15
		return &d.disconnect, nil
	}
}
