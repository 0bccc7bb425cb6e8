package mqttcodec

import "io"

// DefaultLimit is the largest packet, in bytes with its fixed header, that a [Reader] or [Buffer] takes unless it is
// configured otherwise: 512 KiB. IoT Hub's largest message, 256 KiB, fits with the longest topic, and so does any CONNECT.
const DefaultLimit = 512 << 10

// minRead is the least room that is made for bytes to come. A Reader whose stream fills its room makes more, up to
// readAhead, so that a busy stream takes few reads and an idle one little memory.
const (
	minRead   = 4 << 10
	readAhead = 16 << 10
)

// Buffer cuts a byte stream that arrives in pieces of any size, such as the messages of a WebSocket, into packets
// [MQTT-6.0.0-2]: Write each piece, then call Next until it returns io.ErrUnexpectedEOF. The zero value is ready.
// A Buffer must not be copied after its first use.
type Buffer struct {
	// Limit is the largest packet in bytes, fixed header included; 0 or less means DefaultLimit. It is checked as
	// soon as a fixed header is complete. It must not change after the first use.
	Limit int

	data    []byte // data[next:] is not decoded yet
	next    int
	need    int // bytes that the packet at next takes in all, if decode missed some; 0 if its fixed header is not here
	packets packets
	err     error // what Next found; bytes behind it mean nothing
}

// Write takes the next bytes of the stream, a copy of all of them. It ends the life of the packet that Next returned
// last. Its error is that of Next, when there has been one: the stream is broken, and chunk is not taken.
func (b *Buffer) Write(chunk []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if len(b.data)+len(chunk) > cap(b.data) {
		b.grow(len(chunk))
	}
	b.data = append(b.data, chunk...)
	return len(chunk), nil
}

// Next returns the next packet. The packet and its byte slices are valid until the next call of Next or Write.
// io.ErrUnexpectedEOF means that it is not complete: Write more. An [*Error] or a [*LimitError] is final: no packet can
// be found behind it, and Next and Write keep returning it.
func (b *Buffer) Next() (Packet, error) {
	if b.next == len(b.data) && b.err == nil { // a caller that empties a chunk calls once more than needed
		return nil, io.ErrUnexpectedEOF
	}
	return b.pull(nil)
}

// Buffered returns the number of bytes that were written and are not part of a packet yet.
func (b *Buffer) Buffered() int { return len(b.data) - b.next }

func (b *Buffer) limit() int {
	if b.Limit <= 0 {
		return DefaultLimit
	}
	return b.Limit
}

// grow makes room for n more bytes behind those that are not decoded yet. Memory follows the bytes that have arrived,
// never what a header announces: at most twice as much, or minRead.
func (b *Buffer) grow(n int) {
	rest := b.data[b.next:]
	if len(rest)+n <= cap(b.data) && b.next >= len(rest) {
		b.slide() // no more bytes to move than have been decoded since the last time
		return
	}
	b.data = append(make([]byte, 0, max(len(rest)+n, 2*len(rest), minRead)), rest...)
	b.next = 0
}

// slide moves what is not decoded yet to the front of the array.
func (b *Buffer) slide() {
	b.data = append(b.data[:0], b.data[b.next:]...)
	b.next = 0
}

// space returns where a Reader puts the next bytes of the stream, at least one. It reaches to the end of the packet
// under way, or over readAhead bytes, and no further: so the beginning of a packet that has to be moved is never long.
func (b *Buffer) space() []byte {
	full := len(b.data) == cap(b.data)
	if full && cap(b.data) < readAhead { // the stream had as much as there was room for, so it may have more
		b.grow(max(2*cap(b.data), minRead) - b.Buffered())
	} else if b.next > 0 && (full || b.next == len(b.data) || b.next+b.need > cap(b.data)) {
		b.slide()
	}
	if len(b.data) == cap(b.data) {
		b.grow(len(b.data))
	}
	free := b.data[len(b.data):cap(b.data)]
	return free[:min(len(free), max(b.need-b.Buffered(), readAhead))]
}
