//go:build !js

// A browser has no listener.

package hubclient

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// TestWebSocket runs a device over the default Dial: a real WebSocket, on the path that the hub has.
func TestWebSocket(t *testing.T) {
	paths := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths <- r.URL.String()
		conn, err := wsconn.Accept(w, r)
		if err != nil {
			return
		}
		acknowledge(conn)
	}))
	defer server.Close()
	for name, tt := range map[string]struct{ host, endpoint, path string }{
		"by the host's name": {strings.TrimPrefix(server.URL, "http://"), "", hubproto.WebSocketPath + "?" + hubproto.NoClientCertQuery},
		"by an endpoint":     {testHost, "ws" + strings.TrimPrefix(server.URL, "http") + "/mqtt", "/mqtt"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := New(Credentials{Host: tt.host, DeviceID: testID, Key: testKey}, &Options{Endpoint: tt.endpoint})
			require.NoError(t, err)
			ctx, stop := context.WithCancel(t.Context())
			result := make(chan error, 1)
			go func() { result <- c.Run(ctx) }()
			require.NoError(t, c.SendBatch(ctx, make([]Message, 20000)))
			require.NoError(t, c.SendQoS0(ctx, Message{}))
			stop()
			require.NoError(t, <-result)
			require.Equal(t, tt.path, <-paths)
			require.Empty(t, paths, "one connection was enough")
		})
	}
}

func TestWebSocketRefused(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	states := make(chan State, 10)
	c, err := New(Credentials{Host: host, DeviceID: testID, Key: testKey}, &Options{
		OnState: func(s State) { states <- s },
		Backoff: func(int) time.Duration { return time.Hour },
	})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- c.Run(ctx) }()
	require.Equal(t, Dialing, (<-states).Phase)
	failed := <-states
	require.Equal(t, Reconnecting, failed.Phase)
	var handshake *wsconn.HandshakeError
	require.ErrorAs(t, failed.Err, &handshake)
	require.Equal(t, http.StatusNotFound, handshake.StatusCode)
	require.ErrorContains(t, failed.Err, "cannot reach "+host)
	stop()
	require.NoError(t, <-result)
}
