//go:build !js

package emulator

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"net"
	"net/http"
)

// A connection that net/http hands over comes with a buffered reader and writer of 4 KiB each, and coder/websocket keeps both for as long
// as the connection lasts: more than everything else that an idle device costs. Both expect the buffers that a handler gets, so
// lightUpgrade gives them tiny ones, and lightConn below does the buffering, with buffers that it borrows from a pool while bytes
// move. Neither costs more system calls than before.

const (
	// lightReader is the size of the reader: the smallest that bufio makes. Only headers of WebSocket frames pass through it.
	lightReader = 16

	// lightWriter is the size of the writer. A frame with a batch of acknowledgements fits.
	lightWriter = 128

	// gather is the largest rest of a frame that is copied behind the frame's beginning. A larger rest is written by itself.
	gather = 16 << 10
)

// lightUpgrade is a ResponseWriter for wsconn.Accept.
type lightUpgrade struct{ http.ResponseWriter }

// Hijack implements http.Hijacker.
func (u lightUpgrade) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(u.ResponseWriter).Hijack()
	if err != nil {
		return conn, rw, err
	}
	early, err := rw.Reader.Peek(rw.Reader.Buffered()) // the bytes that the device sent behind its request
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	light := newLightConn(conn, early)
	if light == nil {
		return conn, rw, nil
	}
	return light, bufio.NewReadWriter(bufio.NewReaderSize(light, lightReader), bufio.NewWriterSize(light, lightWriter)), nil
}

// lightConn is a connection that borrows its buffers. Like those of the buffers that it replaces, its Reads must not overlap, and
// neither must its Writes.
type lightConn struct {
	net.Conn
	raw *rawReader // reads without holding a buffer while it waits; nil for TLS, which has buffers of its own

	chunk *[readSize]byte // bytes from next to end were read and not taken yet; nil when there are none
	next  int
	end   int

	missing int            // bytes of the frame under way that were not written yet
	begun   *outgoingBytes // the bytes of it that were; nil when there are none
}

// newLightConn returns nil for a connection of a kind that it cannot improve.
func newLightConn(conn net.Conn, early []byte) *lightConn {
	c := &lightConn{Conn: conn}
	if _, secure := conn.(*tls.Conn); !secure {
		if c.raw = newRawReader(conn); c.raw == nil {
			return nil
		}
	}
	if len(early) > readSize {
		return nil // net/http reads 4 KiB ahead
	}
	if len(early) > 0 {
		c.chunk = readChunks.Get().(*[readSize]byte)
		c.end = copy(c.chunk[:], early)
	}
	return c
}

// NetConn returns the connection below TLS, or the connection itself, as that of tls.Conn does.
func (c *lightConn) NetConn() net.Conn {
	if secure, ok := c.Conn.(*tls.Conn); ok {
		return secure.NetConn()
	}
	return c.Conn
}

// Read implements net.Conn.
func (c *lightConn) Read(p []byte) (int, error) {
	if c.chunk == nil {
		if c.raw == nil {
			return c.Conn.Read(p)
		}
		chunk, n, err := c.raw.read()
		if err != nil {
			return 0, err
		}
		c.chunk, c.next, c.end = chunk, 0, n
	}
	n := copy(p, c.chunk[c.next:c.end])
	if c.next += n; c.next == c.end {
		readChunks.Put(c.chunk)
		c.chunk = nil
	}
	return n, nil
}

// Write implements net.Conn. It holds back the beginning of a frame until the rest comes, so that a frame is one system call and one
// packet of the network also when it is larger than the writer's buffer.
func (c *lightConn) Write(p []byte) (int, error) {
	if c.missing == 0 {
		c.missing = frameSize(p)
	}
	c.missing = max(0, c.missing-len(p))
	switch {
	case c.missing > 0 || c.begun != nil && len(p) <= gather:
		if c.begun == nil {
			c.begun = outgoingBuffers.Get().(*outgoingBytes)
		}
		c.begun.b = append(c.begun.b, p...)
		if c.missing > 0 && len(c.begun.b) <= gather {
			return len(p), nil
		}
		if err := c.flush(); err != nil {
			return 0, err
		}
		return len(p), nil
	case c.begun != nil:
		if err := c.flush(); err != nil {
			return 0, err
		}
	}
	return c.Conn.Write(p)
}

// flush writes the beginning of a frame.
func (c *lightConn) flush() error {
	_, err := c.Conn.Write(c.begun.b)
	if cap(c.begun.b) <= keepOutgoing {
		c.begun.b = c.begun.b[:0]
		outgoingBuffers.Put(c.begun)
	}
	c.begun = nil
	return err
}

// frameSize returns the size of the WebSocket frame that p begins with, as a server sends it: without a mask (RFC 6455 section 5.2).
// A frame's first write holds its whole header, because the writer's buffer is larger than a header.
func frameSize(p []byte) int {
	if len(p) < 2 {
		return len(p)
	}
	switch n := int(p[1] & 0x7f); {
	case n < 126:
		return 2 + n
	case n == 126 && len(p) >= 4:
		return 4 + int(binary.BigEndian.Uint16(p[2:]))
	case n == 127 && len(p) >= 10:
		return 10 + int(binary.BigEndian.Uint64(p[2:])&(1<<40-1))
	}
	return len(p)
}
