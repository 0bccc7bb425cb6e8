package mqttcodec

import "io"

// Decode reads the packet that src begins with and returns it with the number of bytes it took. The packet is the
// caller's: it shares nothing with src. io.ErrUnexpectedEOF means that src is the beginning of a packet and more bytes
// are needed; any other error is an [*Error], and no bytes that follow can mend it.
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
type Decoder struct {
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

// Decode is like the function [Decode], except that the packet is d's own and its byte slices are views of src: both
// are valid until the next call of Decode, and the views while src is unchanged. [Clone] makes a copy to keep.
func (d *Decoder) Decode(src []byte) (p Packet, n int, err error) {
	p, n, err = d.decode(src, MaxRemainingLength+5)
	if err != nil {
		return nil, 0, err
	}
	return p, n, nil
}

// decode reads the packet that src begins with, if it has at most limit bytes. n is the size of the packet as soon as
// its fixed header is here, also when the error is io.ErrUnexpectedEOF. p means nothing when there is an error.
func (d *Decoder) decode(src []byte, limit int) (p Packet, n int, err error) {
	size, remaining := shortLength(src)
	if size == 0 || !legalHeader(src[0], remaining) {
		if size, remaining, err = parseFixedHeader(src); err != nil {
			return nil, 0, err
		}
	}
	n = size + remaining
	if n > limit {
		return nil, 0, &LimitError{Type: Type(src[0] >> 4), Size: n, Limit: limit}
	}
	if len(src) < n {
		return nil, n, io.ErrUnexpectedEOF
	}
	first, body := src[0], src[size:n:n]
	if Type(first>>4) == PUBLISH { // before the switch, which finds a case in three comparisons or four
		return &d.publish, n, d.publish.decode(first, body)
	}
	switch Type(first >> 4) {
	case CONNECT:
		return &d.connect, n, d.connect.decode(body)
	case CONNACK:
		return &d.connack, n, d.connack.decode(body)
	case PUBACK:
		d.puback.PacketID, err = decodeAck(PUBACK, body)
		return &d.puback, n, err
	case PUBREC:
		d.pubrec.PacketID, err = decodeAck(PUBREC, body)
		return &d.pubrec, n, err
	case PUBREL:
		d.pubrel.PacketID, err = decodeAck(PUBREL, body)
		return &d.pubrel, n, err
	case PUBCOMP:
		d.pubcomp.PacketID, err = decodeAck(PUBCOMP, body)
		return &d.pubcomp, n, err
	case SUBSCRIBE:
		return &d.subscribe, n, d.subscribe.decode(body)
	case SUBACK:
		return &d.suback, n, d.suback.decode(body)
	case UNSUBSCRIBE:
		return &d.unsubscribe, n, d.unsubscribe.decode(body)
	case UNSUBACK:
		d.unsuback.PacketID, err = decodeAck(UNSUBACK, body)
		return &d.unsuback, n, err
	case PINGREQ:
		return &d.pingreq, n, nil
	case PINGRESP:
		return &d.pingresp, n, nil
	default: // legalHeader has refused 0 and 15
		return &d.disconnect, n, nil
	}
}
