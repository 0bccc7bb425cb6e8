package mqttcodec

import "io"

// This is the one way by which packets are decoded: Buffer.Next, Reader.Next and Decoder.Decode all call pull.
//
// pull is one function from the fixed header to the end of a PUBLISH, because that is what a receiver spends its time on.
// In Go's wasm a call goes through memory, and every jump over code that is not needed through one table at the head of the
// function. So what is rare leaves by a return, in functions of their own that must not be inlined, also where a profile
// says that they are hot; and what differs from packet to packet is computed without a branch.

// pull returns the next packet. It reads from r until that is complete; without r the error is io.ErrUnexpectedEOF.
//
//go:noinline
func (b *Buffer) pull(r io.Reader) (_ Packet, err error) {
	src := b.data[b.next:]
	var size, remaining int
	if len(src) < 3 {
		src, size, err = b.wait(r)
	} else if size, remaining = shortLength(src); size+remaining > len(src) || size+remaining > b.limit() || !legalHeader(src[0], remaining) {
		src, size, err = b.wait(r)
	} else {
		src = src[:size+remaining]
	}
	if err != nil {
		return nil, err
	}
	n := len(src)
	packet := src[:n:n]
	if Type(packet[0]>>4) != PUBLISH {
		return b.pullOther(packet, size)
	}

	// Section 3.3. publishError has the clauses.
	name := size + 2
	if len(packet) < name {
		return b.failPublish(packet, size)
	}
	first := uint(packet[0])
	qos := first & publishQoS >> 1
	hasID := (qos + 1) >> 1 // 1 if there is a packet identifier, 0 for QoS 0; legalHeader has refused QoS 3
	nameEnd := name + int(uint(packet[name-2])<<8|uint(packet[name-1]))
	payload := nameEnd + int(2*hasID)
	if len(packet) < payload {
		return b.failPublish(packet, size)
	}
	id := (uint(packet[payload-2])<<8 | uint(packet[payload-1])) & -hasID // with QoS 0 something else, which is dropped
	if id|(hasID-1) == 0 {
		return b.failPublish(packet, size)
	}
	p := &b.packets.publish
	p.Dup = first&publishDup != 0
	p.QoS = QoS(qos)
	p.Retain = first&publishRetain != 0
	p.PacketID = uint16(id)
	p.TopicName, p.Payload = packet[name:nameEnd:nameEnd], packet[payload:]
	if !plainTopic(p.TopicName) && checkTopicName(PUBLISH, "topic name", "MQTT-3.3.2-2", p.TopicName) != nil {
		return b.failPublish(packet, size)
	}
	b.next += n
	return p, nil
}

// pullOther is what pull does with other packets.
//
//go:noinline
func (b *Buffer) pullOther(packet []byte, size int) (Packet, error) {
	p, err := b.packets.decode(packet[0], packet[size:])
	if err != nil {
		return nil, b.fail(err)
	}
	b.next += len(packet)
	return p, nil
}

//go:noinline
func (b *Buffer) failPublish(packet []byte, size int) (Packet, error) {
	return nil, b.fail(publishError(packet[size:]))
}

// fail takes note of an error, which is final.
func (b *Buffer) fail(err error) error {
	b.data, b.next, b.err = nil, 0, err
	return err
}

// wait returns the bytes of the next packet, and the size of its fixed header, when it has found that legal and all of
// the packet is here. It reads from r until then, if there is an r.
//
//go:noinline
func (b *Buffer) wait(r io.Reader) (packet []byte, size int, err error) {
	for b.err == nil {
		packet, b.need = b.data[b.next:], 0
		size, remaining, err := parseFixedHeader(packet)
		n := size + remaining
		switch {
		case err == io.ErrUnexpectedEOF:
		case err != nil:
			return nil, 0, b.fail(err)
		case n > b.limit():
			return nil, 0, b.fail(&LimitError{Type: Type(packet[0] >> 4), Size: n, Limit: b.limit()})
		case n <= len(packet):
			return packet[:n], size, nil
		default:
			b.need = n
		}
		if r == nil {
			return nil, 0, io.ErrUnexpectedEOF
		}
		if err := b.fill(r); err != nil {
			if err == io.EOF && b.Buffered() > 0 {
				err = io.ErrUnexpectedEOF
			}
			return nil, 0, err
		}
	}
	return nil, 0, b.err
}
