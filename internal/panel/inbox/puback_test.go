package inbox

import (
	"context"
	"net"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// slowConn holds back writes while its channel is set.
type slowConn struct {
	net.Conn
	hold chan struct{}
}

func (c *slowConn) Write(b []byte) (int, error) {
	if c.hold != nil {
		<-c.hold
	}
	return c.Conn.Write(b)
}

// With the real client and a hub: the log names the PUBACK when it was written, and not before.
func TestThePubackOfARealClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := &emulator.Hub{HostName: "hub.test"}
		defer hub.Close()
		info, err := hubservice.OpenInPage(t.Context(), hub)
		require.NoError(t, err)
		credentials, err := hubclient.ParseConnectionString(info.DeviceConnectionString)
		require.NoError(t, err)
		pg := open(t)
		var conn *slowConn
		client, err := hubclient.New(credentials, &hubclient.Options{OnMessage: pg.Received, OnAcknowledged: pg.Acknowledged,
			Dial: func(ctx context.Context, url string) (net.Conn, error) {
				c, err := hub.Dial(ctx, url)
				conn = &slowConn{Conn: c}
				return conn, err
			}})
		require.NoError(t, err)
		pg.Go("the connection", func(ctx context.Context) { _ = client.Run(ctx) })
		synctest.Wait()
		conn.hold = make(chan struct{})
		require.NoError(t, hub.SendToDevice(t.Context(), credentials.DeviceID, emulator.Message{Body: []byte("x")}))
		synctest.Wait()
		e := pg.DeviceLog.Entries[0]
		require.Equal(t, page.Pending, e.Outcome)
		require.NotContains(t, pg.Text("message"), "completed")
		close(conn.hold)
		synctest.Wait()
		require.Equal(t, page.Done, e.Outcome)
		require.EqualError(t, e.Note, "completed (PUBACK)")
		require.Contains(t, pg.Text("message"), "completed")
	})
}
