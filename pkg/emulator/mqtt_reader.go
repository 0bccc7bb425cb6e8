package emulator

import (
	"io"
	"net"
	"sync"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

const (
	// idleRead is the size of the read that waits for the next packet. Most packets are smaller, and each idle connection keeps that
	// many bytes.
	idleRead = 256

	// readSize is the size of a read in the middle of a packet, when more bytes are about to come.
	readSize = 16 << 10

	// keepBuffered is how many bytes a packet buffer may have had when it goes back to its pool; more have made it large.
	keepBuffered = 64 << 10

	// maxEmptyReads is how often in a row a connection may return neither bytes nor an error.
	maxEmptyReads = 100
)

// The buffers of packets under way are the hub's and not the connections', because few connections have one at any moment.
var (
	packetBuffers = sync.Pool{New: func() any { return &mqttcodec.Buffer{Limit: maxPacket} }}
	readChunks    = sync.Pool{New: func() any { return new([readSize]byte) }}
)

// incoming cuts the bytes of a connection into packets, as mqttcodec.Reader does. Between packets it has no buffers.
type incoming struct {
	buffer *mqttcodec.Buffer // the bytes that no packet was made of yet; nil when there are none
	had    int               // bytes that buffer has had
	idle   [idleRead]byte
}

// next returns the next packet, which is valid until the next call. The error is io.EOF where the stream ends between packets,
// io.ErrUnexpectedEOF where it ends inside one, or that of the codec or the connection.
func (c *conn) next() (mqttcodec.Packet, error) {
	in := &c.in
	for empty := 0; ; {
		if in.buffer != nil {
			p, err := in.buffer.Next()
			if err != io.ErrUnexpectedEOF {
				return p, err
			}
			if in.buffer.Buffered() == 0 {
				in.release()
			}
		}
		c.flush()
		n, err := in.read(c.nc)
		switch {
		case n > 0:
			empty = 0 // an error that comes with bytes comes again with the next read
		case err == io.EOF && in.buffer != nil:
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		default:
			if empty++; empty == maxEmptyReads {
				return nil, io.ErrNoProgress
			}
		}
	}
}

// read reads some bytes into the buffer.
func (in *incoming) read(nc net.Conn) (int, error) {
	chunk := in.idle[:]
	if in.buffer != nil {
		large := readChunks.Get().(*[readSize]byte)
		defer readChunks.Put(large)
		chunk = large[:]
	}
	n, err := nc.Read(chunk)
	if n > 0 {
		if in.buffer == nil {
			in.buffer, in.had = packetBuffers.Get().(*mqttcodec.Buffer), 0
		}
		in.had += n
		if _, err := in.buffer.Write(chunk[:n]); err != nil {
			return 0, err
		}
	}
	return n, err
}

// release gives an empty buffer back.
func (in *incoming) release() {
	if in.had <= keepBuffered {
		packetBuffers.Put(in.buffer)
	}
	in.buffer = nil
}
