package wsconn_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// The tests of this package run natively and in the browser, against the same scripted servers.

// patience bounds what must happen, soon, on a busy machine.
const patience = 20 * time.Second

// A script is a client's view of the scripted servers.
type script struct {
	*testing.T
	server string
}

func newScript(t *testing.T) *script { return &script{t, server(t)} }

// url returns the URL of a script; the details are "name=value".
func (s *script) url(name string, details ...string) string {
	query := url.Values{}
	for _, d := range details {
		k, v, _ := strings.Cut(d, "=")
		query.Set(k, v)
	}
	return s.server + name + "?" + query.Encode()
}

// dial connects to a script.
func (s *script) dial(name string, details ...string) net.Conn {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	conn, err := wsconn.Dial(ctx, s.url(name, details...))
	require.NoError(s, err)
	s.Cleanup(func() { conn.Close() })
	return conn
}

// dialCut connects to numbers that end without a close. In Firefox they begin when they are asked for, since there
// an end right behind the handshake keeps a connection from opening at all.
func (s *script) dialCut(details ...string) net.Conn {
	s.Helper()
	if !firefox {
		return s.dial("numbers", details...)
	}
	conn := s.dial("numbers", append(details, "when=asked")...)
	_, err := conn.Write([]byte("now"))
	require.NoError(s, err)
	return conn
}

// await returns what a script signalled under a key.
func (s *script) await(key string) string {
	s.Helper()
	conn := s.dial("await", "key="+key)
	defer conn.Close()
	text, err := io.ReadAll(conn)
	require.ErrorIs(s, err, io.EOF)
	return string(text)
}

// wantNone waits until a script has no connection any more.
func (s *script) wantNone(name string) {
	s.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		conn := s.dial("count", "script="+name)
		text, err := io.ReadAll(conn)
		require.ErrorIs(s, err, io.EOF)
		conn.Close()
		if string(text) == "0" {
			return
		}
		require.True(s, time.Now().Before(deadline), "%s connections are left", text)
	}
}

// release lets a script go on that waits for a key.
func (s *script) release(key string) {
	s.Helper()
	conn := s.dial("release", "key="+key)
	_, err := conn.Read(make([]byte, 1))
	require.ErrorIs(s, err, io.EOF)
	conn.Close()
}

var keys atomic.Int64

// key returns a word that no other test uses.
func (s *script) key() string { return fmt.Sprintf("key%d", keys.Add(1)) }

// wantNumbers reads n numbered messages of size bytes.
func wantNumbers(t *testing.T, r io.Reader, n, size int) {
	t.Helper()
	message := make([]byte, size)
	for i := range n {
		_, err := io.ReadFull(r, message)
		require.NoError(t, err, "message %d of %d", i, n)
		if got := binary.BigEndian.Uint32(message); got != uint32(i) { // require would take most of the time
			require.Equal(t, uint32(i), got)
		}
	}
}

// wantClose reads the end of a connection.
func wantClose(t *testing.T, r io.Reader) *wsconn.CloseError {
	t.Helper()
	n, err := r.Read(make([]byte, 1))
	require.Zero(t, n)
	var end *wsconn.CloseError
	require.ErrorAs(t, err, &end)
	return end
}

// within runs f and requires it to return before d has passed.
func within(t *testing.T, d time.Duration, what string, f func()) {
	t.Helper()
	start := time.Now()
	f()
	require.Less(t, time.Since(start), d, what)
}

// stalled waits until a counter has begun to rise and has then not risen for a while.
func stalled(t *testing.T, n *atomic.Int64) {
	t.Helper()
	last, since := int64(0), time.Now()
	for last == 0 || time.Since(since) < 500*time.Millisecond {
		time.Sleep(10 * time.Millisecond)
		if now := n.Load(); now != last {
			last, since = now, time.Now()
		}
		require.Less(t, time.Since(since), patience)
	}
}
