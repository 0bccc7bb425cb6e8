//go:build !js

package wsconn_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// acceptor is a server that accepts one connection or returns an error to the test.
type acceptor struct {
	*httptest.Server
	conns chan net.Conn
	errs  chan error
}

func newAcceptor(t *testing.T) *acceptor {
	a := &acceptor{conns: make(chan net.Conn, 1), errs: make(chan error, 1)}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := wsconn.Accept(w, r)
		if err != nil {
			a.errs <- err
			return
		}
		a.conns <- conn
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *acceptor) url() string {
	return strings.Replace(a.URL, "http", "ws", 1) + "/$iothub/websocket"
}

// request sends header lines as a client that opens a WebSocket would, and returns the answer.
func (a *acceptor) request(t *testing.T, header ...string) *http.Response {
	conn, err := net.Dial("tcp", a.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	lines := append([]string{"GET /$iothub/websocket?iothub-no-client-cert=true HTTP/1.1", "Host: hub.test"}, header...)
	_, err = io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n")
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	return resp
}

var upgrade = []string{
	"Connection: keep-alive, Upgrade", "Upgrade: websocket",
	"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
}

func TestAcceptEchoesTheTokenOffered(t *testing.T) {
	for offered, want := range map[string]string{
		"mqtt":             "mqtt",
		"MQTT":             "MQTT", // the C SDK's
		"mqttv3.1, Mqtt":   "Mqtt",
		"AMQPWSB10 , mqtt": "mqtt",
	} {
		a := newAcceptor(t)
		resp := a.request(t, append(upgrade, "Sec-WebSocket-Protocol: "+offered, "Origin: https://elsewhere.test",
			"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")...)
		require.Equal(t, http.StatusSwitchingProtocols, resp.StatusCode)
		require.Equal(t, want, resp.Header.Get("Sec-WebSocket-Protocol"))
		require.Equal(t, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", resp.Header.Get("Sec-WebSocket-Accept")) // RFC 6455 section 1.3
		require.Empty(t, resp.Header.Get("Sec-WebSocket-Extensions"))
		conn := <-a.conns
		require.NotEqual(t, conn.LocalAddr(), conn.RemoteAddr())
		resp.Body.Close()
	}
}

func TestAcceptRefuses(t *testing.T) {
	tests := []struct {
		name   string
		header []string
		status int
		offers string // of a SubprotocolError
		want   string
	}{
		{"no subprotocol", upgrade, 400, "", `hub.test: no WebSocket subprotocol where "mqtt" is needed`},
		{"another", append(upgrade[:4:4], "Sec-WebSocket-Protocol: AMQPWSB10"), 400, "AMQPWSB10", `WebSocket subprotocol "AMQPWSB10" where "mqtt" is needed`},
		{"no upgrade", nil, 426, "", "Connection header"},
		{"old version", []string{upgrade[0], upgrade[1], upgrade[3], "Sec-WebSocket-Version: 8", "Sec-WebSocket-Protocol: mqtt"}, 400, "", "version"},
		{"no key", []string{upgrade[0], upgrade[1], upgrade[2], "Sec-WebSocket-Protocol: mqtt"}, 400, "", "Sec-WebSocket-Key"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := newAcceptor(t)
			resp := a.request(t, test.header...)
			require.Equal(t, test.status, resp.StatusCode)
			err := <-a.errs
			require.ErrorContains(t, err, test.want)
			var protocol *wsconn.SubprotocolError
			if errors.As(err, &protocol) {
				require.Equal(t, test.offers, protocol.Got)
				body, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				require.Contains(t, string(body), test.want, "the client is told what is missing")
				return
			}
			var failed *wsconn.HandshakeError
			require.ErrorAs(t, err, &failed)
			require.Equal(t, test.status, failed.StatusCode)
			require.Equal(t, "hub.test", failed.Host)
		})
	}
}

func TestAcceptedConnectionsBehaveAsDialledOnes(t *testing.T) {
	a := newAcceptor(t)
	client, err := wsconn.Dial(t.Context(), a.url())
	require.NoError(t, err)
	defer client.Close()
	server := <-a.conns
	require.Equal(t, client.LocalAddr().String(), server.RemoteAddr().String())

	large := strings.Repeat("0123456789", 100_000) // far more than coder/websocket's default limit
	go func() {
		_, _ = io.WriteString(client, large)
		client.Close()
	}()
	got := make([]byte, len(large))
	_, err = io.ReadFull(server, got)
	require.NoError(t, err)
	require.True(t, large == string(got))
	_, err = server.Read(got)
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, server.Close())
}

// TestMessageThatIsBrokenOff ends a connection inside a message. What had come of it must not be taken for the stream's next bytes
// as it came: masked (RFC 6455 section 5.3).
func TestMessageThatIsBrokenOff(t *testing.T) {
	a := newAcceptor(t)
	client, err := net.Dial("tcp", a.Listener.Addr().String())
	require.NoError(t, err)
	defer client.Close()
	header := strings.Join(append(upgrade, "Host: hub.test", "Sec-WebSocket-Protocol: mqtt"), "\r\n")
	_, err = io.WriteString(client, "GET / HTTP/1.1\r\n"+header+"\r\n\r\n")
	require.NoError(t, err)
	server := <-a.conns
	defer server.Close()
	mask := func(text string) string {
		masked := []byte(text)
		for i := range masked {
			masked[i] ^= "KEY!"[i%4]
		}
		return "KEY!" + string(masked)
	}
	_, err = io.WriteString(client, "\x82\x85"+mask("whole")+"\x82\xa0"+mask("half of thirty-two"))
	require.NoError(t, err)
	require.NoError(t, client.Close())
	got, err := io.ReadAll(server)
	var end *wsconn.CloseError
	require.ErrorAs(t, err, &end)
	require.ErrorIs(t, err, net.ErrClosed)
	require.Equal(t, "whole", string(got))
}

func TestCloseByTheServer(t *testing.T) {
	a := newAcceptor(t)
	client, err := wsconn.Dial(t.Context(), a.url())
	require.NoError(t, err)
	defer client.Close()
	server := <-a.conns
	_, err = io.WriteString(server, "last words")
	require.NoError(t, err)
	closed := make(chan struct{})
	go func() {
		server.Close()
		close(closed)
	}()
	got, err := io.ReadAll(client)
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, "last words", string(got))
	<-closed
}

func TestCloseByTheServerOfAClientThatDoesNotAnswer(t *testing.T) {
	a := newAcceptor(t)
	client, err := wsconn.Dial(t.Context(), a.url())
	require.NoError(t, err)
	defer client.Close() // which nobody reads
	server := <-a.conns
	start := time.Now()
	require.NoError(t, server.Close())
	require.GreaterOrEqual(t, time.Since(start), 1900*time.Millisecond, "it waited for an answer")
	require.Less(t, time.Since(start), 4*time.Second)
}
