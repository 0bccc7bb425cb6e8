package wsconn

import (
	"net/url"
	"os"
	"time"
)

// Subprotocol is the WebSocket subprotocol of MQTT 3.1.1, offered by clients and
// required of them [MQTT-6.0.0-3].
const Subprotocol = "mqtt"

// The status codes that this package itself sends or reports (RFC 6455 section 7.4.1).
const (
	statusNormalClosure   = 1000
	statusGoingAway       = 1001
	statusUnsupportedData = 1003
	statusAbnormalClosure = 1006
)

// closeTimeout bounds the closing handshake. A peer that is alive answers within a
// round trip; one that is not must not hold up a reconnect.
const closeTimeout = 2 * time.Second

// textMessage is the reason in the CloseError for a peer that sends text.
const textMessage = "the peer sent a text message, and MQTT travels in binary ones [MQTT-6.0.0-1]"

// hostOf returns the host and port of a WebSocket URL: the only part of it that
// errors show, since nothing secret belongs there.
func hostOf(rawURL string) (string, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" || u.Fragment != "" || (u.Scheme != "ws" && u.Scheme != "wss") {
		return "", &HandshakeError{Reason: ErrAddress.Error(), Err: ErrAddress}
	}
	return u.Host, nil
}

// noDeadlines is the deadline methods of a net.Conn that has none: neither a
// browser's WebSocket nor coder/websocket can give up an operation and stay usable.
type noDeadlines struct{}

func (noDeadlines) SetDeadline(time.Time) error      { return os.ErrNoDeadline }
func (noDeadlines) SetReadDeadline(time.Time) error  { return os.ErrNoDeadline }
func (noDeadlines) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }
