package wire

import (
	"bufio"
	"encoding/binary"
	"io"
	"time"
)

// pcapng (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html), with link type RAW: each packet begins with its IPv4
// header. The addresses are of TEST-NET-1 (RFC 5737), so that they are not mistaken for real ones.
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 6 // enhanced
	byteOrder      = 0x1a2b3c4d
	linkTypeRaw    = 101

	optionEnd     = 0
	optionComment = 1
	optionTsresol = 9
	nanoseconds   = 9 // of optionTsresol: 10^-9 s

	mqttPort   = 1883
	devicePort = 49152 // the first connection's; the next has the next
)

var (
	deviceAddress = [4]byte{192, 0, 2, 1}
	hubAddress    = [4]byte{192, 0, 2, 2}
)

// maxSegment is how much one IPv4 packet carries here: its total length has 16 bits.
const maxSegment = 32 << 10

// WritePcapng writes the records as a capture that Wireshark opens and dissects as MQTT. What carried the packets is made up:
// TCP to port 1883 without loss, each connection with its own port, opened before its first packet; the times and the MQTT
// bytes are real, but for what was redacted. Each packet's meaning is its comment.
func WritePcapng(w io.Writer, records []Record) error {
	c := &capture{w: bufio.NewWriter(w)}
	c.block(blockSection, func(b []byte) []byte {
		b = binary.LittleEndian.AppendUint32(b, byteOrder)
		b = binary.LittleEndian.AppendUint16(b, 1)          // major version
		b = binary.LittleEndian.AppendUint16(b, 0)          // minor version
		b = binary.LittleEndian.AppendUint64(b, ^uint64(0)) // length of the section: not given
		return appendOption(b, 4, []byte("hubpanel"))       // shb_userappl
	})
	c.block(blockInterface, func(b []byte) []byte {
		b = binary.LittleEndian.AppendUint16(b, linkTypeRaw)
		b = binary.LittleEndian.AppendUint16(b, 0)
		b = binary.LittleEndian.AppendUint32(b, 0) // no snapshot length
		return appendOption(b, optionTsresol, []byte{nanoseconds})
	})
	for i := range records {
		c.record(&records[i])
	}
	if c.err != nil {
		return c.err
	}
	return c.w.Flush()
}

// A capture writes TCP connections that carry records.
type capture struct {
	w           *bufio.Writer
	err         error
	connections map[int]*stream
}

// stream is a TCP connection's next sequence numbers.
type stream struct {
	port           uint16
	device, server uint32
}

func (c *capture) record(r *Record) {
	s := c.connections[r.Connection]
	if s == nil {
		s = c.open(r)
	}
	for rest := r.Bytes; len(rest) > 0; {
		part := rest[:min(len(rest), maxSegment)]
		rest = rest[len(part):]
		comment := ""
		if len(rest) == 0 { // where Wireshark shows the packet
			comment = r.Meaning.String()
		}
		c.segment(r.At, s, r.Direction, flagPush|flagAck, part, comment)
	}
}

// open shakes hands just before the connection's first packet.
func (c *capture) open(r *Record) *stream {
	if c.connections == nil {
		c.connections = make(map[int]*stream)
	}
	s := &stream{port: uint16(devicePort + r.Connection%(1<<16-devicePort))}
	c.connections[r.Connection] = s
	c.segment(r.At, s, Sent, flagSyn, nil, "")
	s.device++
	c.segment(r.At, s, Received, flagSyn|flagAck, nil, "")
	s.server++
	c.segment(r.At, s, Sent, flagAck, nil, "")
	return s
}

const (
	flagSyn  = 0x02
	flagPush = 0x08
	flagAck  = 0x10

	ipHeader  = 20
	tcpHeader = 20
	protoTCP  = 6
	ttl       = 64
	window    = 0xffff
)

func (c *capture) segment(at time.Time, s *stream, d Direction, flags byte, payload []byte, comment string) {
	source, target := deviceAddress, hubAddress
	sourcePort, targetPort := s.port, uint16(mqttPort)
	seq, ack := &s.device, s.server
	if d == Received {
		source, target = target, source
		sourcePort, targetPort = targetPort, sourcePort
		seq, ack = &s.server, s.device
	}
	if flags&flagAck == 0 {
		ack = 0
	}
	be := binary.BigEndian
	p := make([]byte, 0, ipHeader+tcpHeader+len(payload))
	p = append(p, 0x45, 0) // version 4, header of five words
	p = be.AppendUint16(p, uint16(ipHeader+tcpHeader+len(payload)))
	p = append(p, 0, 0, 0x40, 0, ttl, protoTCP, 0, 0) // identification, don't fragment, checksum below
	p = append(append(p, source[:]...), target[:]...)
	be.PutUint16(p[10:], checksum(0, p))

	tcp := len(p)
	p = be.AppendUint16(be.AppendUint16(p, sourcePort), targetPort)
	p = be.AppendUint32(be.AppendUint32(p, *seq), ack)
	p = append(p, tcpHeader/4<<4, flags)
	p = be.AppendUint16(p, window)
	p = append(p, 0, 0, 0, 0) // checksum below, no urgent data
	p = append(p, payload...)
	// The checksum also covers the addresses, the protocol and the length (RFC 9293 section 3.1).
	pseudo := append(append(append([]byte{}, source[:]...), target[:]...), 0, protoTCP, byte((len(p)-tcp)>>8), byte(len(p)-tcp))
	be.PutUint16(p[tcp+16:], checksum(sum16(0, pseudo), p[tcp:]))
	*seq += uint32(len(payload))

	c.block(blockPacket, func(b []byte) []byte {
		le := binary.LittleEndian
		ns := uint64(at.UnixNano())
		b = le.AppendUint32(b, 0) // the interface
		b = le.AppendUint32(le.AppendUint32(b, uint32(ns>>32)), uint32(ns))
		b = le.AppendUint32(le.AppendUint32(b, uint32(len(p))), uint32(len(p)))
		b = pad(append(b, p...))
		if comment != "" {
			b = appendOption(b, optionComment, []byte(comment))
		}
		return b
	})
}

// block writes a block around its body.
func (c *capture) block(kind uint32, body func([]byte) []byte) {
	if c.err != nil {
		return
	}
	le := binary.LittleEndian
	b := le.AppendUint32(nil, kind)
	b = body(le.AppendUint32(b, 0))
	size := uint32(len(b) + 4)
	le.PutUint32(b[4:], size)
	_, c.err = c.w.Write(le.AppendUint32(b, size))
}

// appendOption adds one option and the end of the options.
func appendOption(b []byte, code uint16, value []byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	b = pad(append(b, value...))
	return append(b, optionEnd, 0, 0, 0)
}

// pad fills up to 32 bits.
func pad(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// checksum is the internet's (RFC 1071), on top of a partial sum.
func checksum(sum uint32, b []byte) uint16 {
	sum = sum16(sum, b)
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

func sum16(sum uint32, b []byte) uint32 {
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
		sum = sum&0xffff + sum>>16
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	return sum
}
