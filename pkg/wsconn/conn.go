//go:build !js

package wsconn

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// conn is a WebSocket of coder/websocket as a byte stream.
type conn struct {
	noDeadlines
	ws     *websocket.Conn
	raw    net.Conn // what ws runs on, to cut it off when the peer does not answer
	masked bool     // what the peer sends is (RFC 6455 section 5.1): it is the client

	marks

	closeOnce sync.Once
	closed    chan struct{} // closed when Close is called

	readMu sync.Mutex
	msg    io.Reader // the message being read, or nil; guarded by readMu

	endMu sync.Mutex
	end   error // what ended the connection, once Read knows; guarded by endMu
}

func newConn(ws *websocket.Conn, raw net.Conn) *conn {
	// Reads are streamed, so that a large message costs no memory.
	ws.SetReadLimit(-1)
	if t, ok := raw.(interface{ NetConn() net.Conn }); ok {
		raw = t.NetConn() // closing TLS properly would wait for the peer
	}
	return &conn{ws: ws, raw: raw, closed: make(chan struct{})}
}

func (c *conn) LocalAddr() net.Addr  { return c.raw.LocalAddr() }
func (c *conn) RemoteAddr() net.Addr { return c.raw.RemoteAddr() }

// Read implements net.Conn. See the package's doc for what it returns at the end.
func (c *conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c.readMu.Lock()
	defer c.readMu.Unlock()
	c.clear()
	for {
		if err := c.ended(); err != nil {
			return 0, err
		}
		if c.msg == nil {
			kind, msg, err := c.ws.Reader(context.Background())
			if err != nil {
				return 0, c.fail(err)
			}
			if kind != websocket.MessageBinary {
				err := c.fail(&CloseError{Code: statusUnsupportedData, Reason: textMessage})
				c.shut(statusUnsupportedData)
				return 0, err
			}
			c.msg = msg
		}
		n, err := c.msg.Read(p)
		if err == io.EOF { // of the message only
			c.msg, err = nil, nil
			c.mark(n)
		}
		if err != nil {
			err = c.fail(err)
			if c.masked {
				n = 0 // coder/websocket unmasks what comes without an error only
			}
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// Write implements net.Conn: p becomes one binary message.
func (c *conn) Write(p []byte) (int, error) {
	if err := c.ended(); err != nil {
		return 0, err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if err := c.ws.Write(context.Background(), websocket.MessageBinary, p); err != nil {
		// Read knows how the connection ended, or will.
		if end := c.ended(); end != nil {
			return 0, end
		}
		return 0, &CloseError{Code: statusAbnormalClosure, Reason: err.Error(), Remote: true}
	}
	return len(p), nil
}

// Close implements net.Conn. It may be called again, and then returns when the
// first call does.
func (c *conn) Close() error {
	c.closeOnce.Do(func() {
		close(c.closed)
		c.shut(statusNormalClosure)
	})
	return nil
}

// shut runs the closing handshake for at most closeTimeout and frees the socket.
func (c *conn) shut(code websocket.StatusCode) {
	cut := time.AfterFunc(closeTimeout, func() { c.raw.Close() })
	defer cut.Stop()
	// The connection has ended whatever the error is.
	_ = c.ws.Close(code, "")
}

// ended returns the error of a connection that is over, or nil.
func (c *conn) ended() error {
	select {
	case <-c.closed:
		return net.ErrClosed
	default:
	}
	c.endMu.Lock()
	defer c.endMu.Unlock()
	return c.end
}

// fail notes why the connection ended, if it is the first to know, and returns
// what ended returns from now on.
func (c *conn) fail(err error) error {
	var ours *CloseError
	var theirs websocket.CloseError
	switch {
	case errors.As(err, &ours):
	case errors.As(err, &theirs):
		ours = &CloseError{Code: int(theirs.Code), Reason: theirs.Reason, Remote: true}
	default:
		ours = &CloseError{Code: statusAbnormalClosure, Reason: err.Error(), Remote: true}
	}
	c.endMu.Lock()
	if c.end == nil {
		c.end = ours
	}
	c.endMu.Unlock()
	return c.ended()
}
