//go:build !js

package wsconn

import (
	"bufio"
	"net"
	"net/http"
	"strings"

	"github.com/coder/websocket"
)

// Accept upgrades a request to a WebSocket connection. It takes requests
// from any origin, as IoT Hub does, and echoes the subprotocol as the client wrote
// it, since some SDKs offer it as MQTT. A request that it cannot upgrade it answers
// itself, with status 400 when [Subprotocol] was not offered, and returns a
// [*SubprotocolError] or [*HandshakeError].
//
// The connection outlives the request's handler and its context. The caller has to
// close it.
func Accept(w http.ResponseWriter, r *http.Request) (net.Conn, error) {
	offered := r.Header.Values("Sec-WebSocket-Protocol")
	token := mqttToken(offered)
	if token == "" && r.Header.Get("Upgrade") != "" {
		err := &SubprotocolError{Host: r.Host, Got: strings.Join(offered, ", ")}
		http.Error(w, err.Error(), http.StatusBadRequest)
		return nil, err
	}
	seen := &observer{ResponseWriter: w}
	ws, err := websocket.Accept(seen, r, &websocket.AcceptOptions{
		Subprotocols:       []string{token},
		InsecureSkipVerify: true, // the service lets any origin in: SAS is its lock
	})
	if err != nil {
		return nil, &HandshakeError{Host: r.Host, StatusCode: seen.status, Reason: err.Error(), Err: err}
	}
	c := newConn(ws, seen.conn)
	c.masked = true
	return c, nil
}

// mqttToken returns the offered token that means Subprotocol, as it is written there,
// or "". RFC 6455 compares tokens with case; clients in the field do not.
func mqttToken(offered []string) string {
	for _, list := range offered {
		for token := range strings.SplitSeq(list, ",") {
			if token = strings.TrimSpace(token); strings.EqualFold(token, Subprotocol) {
				return token
			}
		}
	}
	return ""
}

// observer notes what the upgrade did to the response: its status or its connection.
type observer struct {
	http.ResponseWriter
	status int
	conn   net.Conn
}

func (o *observer) WriteHeader(status int) {
	o.status = status
	o.ResponseWriter.WriteHeader(status)
}

func (o *observer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(o.ResponseWriter).Hijack()
	o.conn = conn
	return conn, rw, err
}
