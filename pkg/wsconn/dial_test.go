package wsconn_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

func TestRefusedHandshakes(t *testing.T) {
	s := newScript(t)
	closed := s.server[:strings.LastIndex(s.server, ":")] + ":1/" // tcpmux, which nobody serves
	tests := []struct {
		name, url string
		status    int // natively
		native    string
	}{
		{"status 400", s.url("refuse", "status=400"), 400, "the server answered 400 Bad Request instead of upgrading to WebSocket"},
		{"status 503", s.url("refuse", "status=503"), 503, "the server answered 503 Service Unavailable"},
		{"status 200", s.url("refuse", "status=200"), 200, "the server answered 200 OK"},
		{"redirect", s.url("refuse", "status=302"), 302, "the server answered 302 Found"},
		{"nobody there", closed, 0, "connection refused"},
		{"not a URL", "wss://example.test:port/", 0, "the address is not of the form wss://host/path"},
		{"not a WebSocket", "https://example.test/", 0, "the address is not of the form wss://host/path"},
		{"fragment", "wss://example.test/#here", 0, "the address is not of the form wss://host/path"},
		{"no host", "wss:///path", 0, "the address is not of the form wss://host/path"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			conn, err := wsconn.Dial(t.Context(), test.url)
			require.Nil(t, conn)
			var refused *wsconn.HandshakeError
			require.ErrorAs(t, err, &refused)
			if strings.Contains(test.native, "address") {
				require.ErrorContains(t, err, test.native)
				return
			}
			require.Contains(t, test.url, "ws://"+refused.Host+"/")
			require.NotContains(t, err.Error(), "status=", "an error shows the query")
			if runtime.GOOS == "js" {
				require.Zero(t, refused.StatusCode)
				require.ErrorContains(t, err, "the browser does not say why")
			} else {
				require.Equal(t, test.status, refused.StatusCode)
				require.ErrorContains(t, err, test.native)
			}
		})
	}
}

func TestOtherSubprotocolsAreRefused(t *testing.T) { // [MQTT-6.0.0-4]
	s := newScript(t)
	for _, name := range []string{"", "mqttv3.1", "soap"} {
		key := s.key()
		conn, err := wsconn.Dial(t.Context(), s.url("protocol", "name="+name, "key="+key))
		require.Nil(t, conn)
		var refused *wsconn.SubprotocolError
		switch {
		case runtime.GOOS != "js":
			require.ErrorAs(t, err, &refused)
			require.Equal(t, name, refused.Got)
		case errors.As(err, &refused): // the browser left it to us, as it may for none
			require.Empty(t, name)
		default:
			var failed *wsconn.HandshakeError
			require.ErrorAs(t, err, &failed)
			require.ErrorContains(t, err, "subprotocol mqtt not accepted")
		}
		s.await(key) // the connection has ended
	}
}

func TestDialWithAContextThatIsOver(t *testing.T) {
	s := newScript(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	conn, err := wsconn.Dial(ctx, s.url("echo"))
	require.Nil(t, conn)
	require.ErrorIs(t, err, context.Canceled)
	var failed *wsconn.HandshakeError
	require.ErrorAs(t, err, &failed)
}

func TestDialCancelledDuringTheHandshake(t *testing.T) {
	s := newScript(t)
	for range 3 {
		key := s.key()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		within(t, 2*time.Second, "a cancelled Dial returns at once", func() {
			conn, err := wsconn.Dial(ctx, s.url("hang", "key="+key))
			require.Nil(t, conn)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		})
		cancel()
		within(t, 2*time.Second, "the next Dial to the host is not held up", func() { s.dial("echo").Close() })
		if !firefox { // it keeps the TCP connection until the server answers: TestASocketThatOpensLateIsClosed
			require.Equal(t, "gone", s.await(key), "the handshake is given up")
		}
	}
}

func TestASocketThatOpensLateIsClosed(t *testing.T) {
	s := newScript(t)
	key, until := s.key(), s.key()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	conn, err := wsconn.Dial(ctx, s.url("late", "key="+key, "until="+until))
	require.Nil(t, conn)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	s.release(until)
	require.Contains(t, s.await(key), "0/0/")
	s.wantNone("late")
}

func TestACancelThatRacesTheHandshakeLeavesNoSocket(t *testing.T) {
	s := newScript(t)
	for i := range 100 {
		key := s.key()
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*50*time.Microsecond)
		conn, err := wsconn.Dial(ctx, s.url("sink", "key="+key))
		cancel()
		if err == nil {
			require.NoError(t, conn.Close())
			require.Equal(t, "0/0/1000", s.await(key), "a context that ends after Dial ends nothing")
		}
	}
	s.wantNone("sink")
}

func TestTheContextOfDialIsNotTheConnections(t *testing.T) {
	s := newScript(t)
	ctx, cancel := context.WithCancel(t.Context())
	conn, err := wsconn.Dial(ctx, s.url("echo"))
	require.NoError(t, err)
	defer conn.Close()
	cancel()
	for range 100 {
		_, err = conn.Write([]byte("still here"))
		require.NoError(t, err)
		_, err = io.ReadFull(conn, make([]byte, len("still here")))
		require.NoError(t, err)
	}
}
