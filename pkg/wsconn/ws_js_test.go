package wsconn

import (
	"context"
	"net"
	"os"
	"syscall/js"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func dialConn(t *testing.T, script string) *conn {
	t.Helper()
	c, err := Dial(t.Context(), os.Getenv("HUBPANEL_WSTEST")+script)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c.(*conn)
}

// wantReleased calls the connection's js.Func, which must be dead: that is the one thing
// by which Go tells. It says so with console.error.
func wantReleased(t *testing.T, c *conn) {
	t.Helper()
	console, said := js.Global().Get("console"), js.Global().Get("Array").New()
	original := console.Get("error")
	console.Set("error", said.Get("push").Call("bind", said))
	defer console.Set("error", original)
	c.handler.Invoke(map[string]any{"type": "none"})
	require.Equal(t, 1, said.Length(), "the js.Func is alive")
	require.Equal(t, "call to released function", said.Index(0).String())
}

func TestNoFuncIsLeft(t *testing.T) {
	t.Run("after Close", func(t *testing.T) {
		c := dialConn(t, "echo")
		c.Close()
		wantReleased(t, c)
	})
	t.Run("after Close of a peer that does not answer", func(t *testing.T) {
		c := dialConn(t, "deaf")
		c.Close()
		wantReleased(t, c)
	})
	t.Run("after the peer's close, with nobody in Read", func(t *testing.T) {
		c := dialConn(t, "numbers?n=1&then=close")
		<-c.ended
		wantReleased(t, c)
		n, err := c.Read(make([]byte, 10))
		require.NoError(t, err)
		require.Equal(t, 4, n, "what arrived is kept")
	})
	t.Run("after a failed handshake", func(t *testing.T) {
		ws, err := newWebSocket(os.Getenv("HUBPANEL_WSTEST") + "refuse")
		require.NoError(t, err)
		c := newConn(ws, "")
		<-c.ended
		wantReleased(t, c)
	})
}

func TestAnAbandonedSocketCloses(t *testing.T) {
	for name, when := range map[string]func(c *conn){
		"during the handshake": func(*conn) {},
		"just after it":        func(c *conn) { <-c.opened },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			for range 20 { // when both have happened, either may win
				ws, err := newWebSocket(os.Getenv("HUBPANEL_WSTEST") + "sink")
				require.NoError(t, err)
				c := newConn(ws, "")
				when(c)
				if conn, err := c.opening(ctx, MonitorPolicy()); err == nil {
					conn.Close()
				} else {
					wantReleased(t, c)
				}
				const closed = 3 // WebSocket.CLOSED
				for deadline := time.Now().Add(20 * time.Second); ws.Get("readyState").Int() != closed; {
					require.True(t, time.Now().Before(deadline), "readyState %d", ws.Get("readyState").Int())
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
}

// TestMemoryStaysBounded writes to a peer that does not read until Write waits.
func TestMemoryStaysBounded(t *testing.T) {
	const chunk = 64 << 10
	c := dialConn(t, "stuck?until=never")
	done := make(chan error, 1)
	go func() {
		p := make([]byte, chunk)
		for {
			if _, err := c.Write(p); err != nil {
				done <- err
				return
			}
		}
	}()
	buffered := func() int { return c.ws.Get("bufferedAmount").Int() }
	for deadline := time.Now().Add(20 * time.Second); buffered() <= maxBuffered; time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(deadline), "Write never had to wait")
	}
	for range 50 { // what is too much comes at once, if it comes
		require.LessOrEqual(t, buffered(), maxBuffered+chunk)
		time.Sleep(time.Millisecond)
	}
	c.Close()
	require.ErrorIs(t, <-done, net.ErrClosed)
}

func TestWhatTheConstructorThrowsIsAnError(t *testing.T) {
	_, err := newWebSocket("ftp://example.test/")
	require.ErrorContains(t, err, "SyntaxError: ")
}

func TestADialThatEndsLeavesNoHandler(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	ws, err := newWebSocket(os.Getenv("HUBPANEL_WSTEST") + "hang")
	require.NoError(t, err)
	c := newConn(ws, "")
	_, err = c.opening(ctx, MonitorPolicy())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	wantReleased(t, c)
}
