package hubclient

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// A silentPeer is a connection whose closing handshake times out.
type silentPeer struct {
	net.Conn
	closed chan time.Time // size 1: when Close was done
}

const handshakeTimeout = 2 * time.Second

func (p *silentPeer) Close() error {
	time.Sleep(handshakeTimeout)
	p.closed <- time.Now()
	return p.Conn.Close()
}

// startSilent starts a device whose connections all have silent peers.
func startSilent(t *testing.T, o *Options) (d *device, peers *collected[*silentPeer]) {
	peers = new(collected[*silentPeer])
	n := newNetwork(t)
	o.Dial = func(ctx context.Context, url string) (net.Conn, error) {
		conn, err := n.dial(ctx, url)
		if err != nil {
			return nil, err
		}
		peer := &silentPeer{Conn: conn, closed: make(chan time.Time, 1)}
		peers.add(peer)
		return peer, nil
	}
	d = start(t, o)
	d.net = n
	return d, peers
}

func TestClosingDoesNotDelayTheDevice(t *testing.T) {
	bubble(t, "a connection that breaks is replaced while it closes", func(t *testing.T) {
		d, peers := startSilent(t, &Options{Backoff: func(int) time.Duration { return 100 * time.Millisecond }})
		hub := d.net.accept()
		hub.welcome()
		d.wantStates(Dialing, Connecting, Connected)
		hub.cut()
		d.wantStates(Reconnecting) // and not two seconds later
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		require.Error(t, d.Send(ctx, Message{}))
		time.Sleep(50 * time.Millisecond)
		hub = d.net.accept()
		hub.welcome()
		sending := d.sendLater("1")
		hub.send(&mqttcodec.Puback{PacketID: hub.wantPublish(events, "1").PacketID})
		require.NoError(t, sending.result())
		first := peers.drain()[0]
		require.Empty(t, first.closed, "the first connection is still closing")
		d.wantStates(Dialing, Connecting, Connected)
		time.Sleep(handshakeTimeout)
		require.Len(t, first.closed, 1)
	})

	bubble(t, "a planned reconnect does not wait for it either", func(t *testing.T) {
		d, _ := startSilent(t, &Options{TokenTTL: time.Minute})
		hub := d.net.accept()
		hub.welcome()
		time.Sleep(48 * time.Second)
		want[*mqttcodec.Disconnect](hub)
		d.net.accept().welcome()
		require.Equal(t, Connected, d.State().Phase)
	})

	bubble(t, "the end of Run waits for every connection, and its callers do not", func(t *testing.T) {
		d, peers := startSilent(t, &Options{Backoff: func(int) time.Duration { return time.Second }})
		hub := d.net.accept()
		hub.welcome()
		hub.cut()
		time.Sleep(time.Second)
		hub = d.net.accept()
		hub.welcome()
		sending := d.sendLater("never acknowledged")
		hub.wantPublish(events, "never acknowledged")
		stopped := time.Now()
		d.stop()
		require.ErrorIs(t, sending.result(), ErrUnacknowledged)
		require.Zero(t, time.Since(stopped))
		require.Empty(t, d.result, "Run waits")
		time.Sleep(handshakeTimeout)
		require.NoError(t, d.wantResult())
		both := peers.drain()
		require.Equal(t, stopped.Add(handshakeTimeout), <-both[1].closed)
		require.Len(t, both[0].closed, 1)
	})

	bubble(t, "a dial that succeeds after the end of Run is closed before Run returns", func(t *testing.T) {
		n := newNetwork(t)
		var peer *silentPeer
		d := start(t, &Options{Dial: func(ctx context.Context, url string) (net.Conn, error) {
			<-ctx.Done()
			conn, err := n.dial(context.WithoutCancel(ctx), url)
			peer = &silentPeer{Conn: conn, closed: make(chan time.Time, 1)}
			return peer, err
		}})
		synctest.Wait()
		d.stop()
		time.Sleep(handshakeTimeout)
		require.NoError(t, d.wantResult())
		require.Len(t, peer.closed, 1)
	})
}
