package panel

import (
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// signIns counts the byte streams on which MQTT's CONNECT was sent and that are not closed yet.
type signIns struct {
	mu       sync.Mutex
	now, all int
	overlaps int // how often one began while another one was open
}

// dial counts what it dials.
func (s *signIns) dial(dial hubservice.Dialer) hubservice.Dialer {
	return func(ctx context.Context, to string) (net.Conn, error) {
		conn, err := dial(ctx, to)
		if err != nil {
			return nil, err
		}
		return &countedConn{Conn: conn, counts: s}, nil
	}
}

// countedConn is a byte stream of signIns.
type countedConn struct {
	net.Conn
	counts       *signIns
	signed, shut bool // guarded by counts.mu
}

func (c *countedConn) Write(data []byte) (int, error) {
	c.counts.mu.Lock()
	if !c.signed && !c.shut {
		if c.signed = true; c.counts.now > 0 {
			c.counts.overlaps++
		}
		c.counts.now++
		c.counts.all++
	}
	c.counts.mu.Unlock()
	return c.Conn.Write(data)
}

func (c *countedConn) Close() error {
	err := c.Conn.Close()
	c.counts.mu.Lock()
	defer c.counts.mu.Unlock()
	if c.signed && !c.shut {
		c.counts.now--
	}
	c.shut = true
	return err
}

// The doctor and the device's connection share one identity, which the hub lets have one connection. Whatever a person does meanwhile,
// one of the two has it: neither signs in before the other has closed its byte stream.
func TestTheDoctorAndTheConnectionTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := openPage(t, "hub=inpage").hub() // it plays the one behind the page
		count := new(signIns)
		pg := openWith(t, Env{
			Fetch: hubservice.FetchFrom(hub, hubservice.InPageHost), Dial: count.dial(hub.Dial),
			Params: page.ParseParams("view=diagnose", ""),
		})
		pg.connect()
		connected := func() bool { return pg.attr("state", "data-state") == "connected" }
		sees := func() emulator.ConnectionState {
			device, err := hub.Device("MyDevice01")
			require.NoError(t, err)
			return device.ConnectionState
		}
		later := func(d time.Duration) { time.Sleep(d); pg.settle() }
		begin := func() {
			t.Helper()
			pg.clickAtOnce("diagnose-agree")
			later(300 * time.Millisecond)
			require.Contains(t, pg.read("verdict-wait"), "Examining")
			require.False(t, connected(), "the doctor has the identity")
			require.Equal(t, 1, count.now, "the doctor has signed in")
		}
		ended := func() {
			t.Helper()
			require.True(t, pg.has("diagnose-run"), "the examination has ended")
			require.Zero(t, count.overlaps)
		}

		// It ends, and the connection comes back.
		cause, _ := pg.examined("diagnose-agree")
		require.Equal(t, "fine", cause)
		ended()
		require.True(t, connected())
		require.GreaterOrEqual(t, count.all, 3, "the first connection, the doctor's, and the one that came back")

		// The person connects while it examines.
		begin()
		pg.clickAtOnce("connect")
		later(5 * time.Second)
		ended()
		require.True(t, connected())

		// The person stops it.
		begin()
		pg.clickAtOnce("diagnose-stop")
		later(time.Second)
		ended()
		require.True(t, connected(), "the connection comes back")
		require.Equal(t, emulator.StateConnected, sees())

		// The device is disconnected while it examines.
		begin()
		pg.connection.Disconnect()
		later(5 * time.Second)
		ended()
		require.False(t, connected(), "the connection does not come back")
		require.Equal(t, emulator.StateDisconnected, sees())

		// Without a connection it examines at once, and starts none.
		cause, _ = pg.examined("diagnose-run")
		require.Equal(t, "fine", cause)
		ended()
		require.False(t, connected())
		require.Equal(t, emulator.StateDisconnected, sees())
		require.Zero(t, count.now)
	})
}
