package wsconn

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
)

// Causes that a [HandshakeError] may have.
var (
	// ErrAddress is the cause if a URL is not a WebSocket's.
	ErrAddress = errors.New("the address is not of the form wss://host/path")

	// ErrPolicy is the cause if the page's own Content Security Policy forbids the connection. It is permanent.
	ErrPolicy = errors.New("the page's own Content-Security-Policy (connect-src) does not allow it: whoever serves the page has to add the host")

	// ErrUnexplained is the cause if a handshake failed in a browser, which hides the reason from pages.
	ErrUnexplained = errors.New("the browser does not say why: the host may be unknown or unreachable, its certificate not trusted, " +
		"the upgrade refused, or subprotocol " + Subprotocol + " not accepted; its console may tell")
)

// A HandshakeError reports that the opening handshake of a WebSocket failed.
type HandshakeError struct {
	Host       string // host and port of the URL; "" when the URL has none
	StatusCode int    // HTTP status that refused the upgrade; 0: none was received, or the browser hides it
	Reason     string // in words, what happened or what to check
	Err        error  // the cause, such as context.Canceled, a *net.OpError, ErrPolicy or ErrUnexplained; may be nil
}

func (e *HandshakeError) Error() string {
	s := "wsconn: WebSocket handshake"
	if e.Host != "" {
		s += " with " + e.Host
	}
	return s + ": " + e.Reason
}

// Unwrap returns the cause, if one is known.
func (e *HandshakeError) Unwrap() error { return e.Err }

// A SubprotocolError reports that the other side does not support [Subprotocol]
// [MQTT-6.0.0-3] [MQTT-6.0.0-4].
type SubprotocolError struct {
	Host string // host and port of the server
	Got  string // what a server chose, or a client offered; "" for nothing
}

func (e *SubprotocolError) Error() string {
	got := "no WebSocket subprotocol"
	if e.Got != "" {
		got = "WebSocket subprotocol " + strconv.Quote(e.Got)
	}
	return fmt.Sprintf("wsconn: %s: %s where %q is needed", e.Host, got, Subprotocol)
}

// A CloseError reports how an open connection ended, other than by this side's Close.
type CloseError struct {
	// Code is a status code of RFC 6455 section 7.4, or of the IANA registry that
	// it sets up. 1005 means a close without a code, 1006 a connection that
	// ended without a close, and 1003 with Remote false for a peer that sent text.
	Code int
	// Reason is the peer's text, at most 123 bytes, and often empty. With code 1006 or
	// Remote false it is this side's, and longer if need be.
	Reason string
	// Remote is true if the peer or the network ended the connection, and false if
	// this side did because the peer broke a rule.
	Remote bool
}

func (e *CloseError) Error() string {
	who := "closed by the peer"
	switch {
	case !e.Remote:
		who = "closed by this side"
	case e.Code == statusAbnormalClosure:
		who = "lost"
	}
	s := fmt.Sprintf("wsconn: connection %s (code %d)", who, e.Code)
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	return s
}

// Unwrap returns io.EOF after a clean close by the peer (code 1000, or 1001: it
// is going away), else net.ErrClosed.
func (e *CloseError) Unwrap() error {
	if e.Remote && (e.Code == statusNormalClosure || e.Code == statusGoingAway) {
		return io.EOF
	}
	return net.ErrClosed
}
