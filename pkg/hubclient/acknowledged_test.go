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

// Gates make connections whose writes wait while shut is an open channel.
type gates struct {
	*network
	shut chan struct{} // receives one value for each write that waits
}

type gate struct {
	net.Conn
	*gates
}

func (g *gates) dial(ctx context.Context, url string) (net.Conn, error) {
	conn, err := g.network.dial(ctx, url)
	if err != nil {
		return nil, err
	}
	return &gate{conn, g}, nil
}

func (g *gate) Write(b []byte) (int, error) {
	if g.shut != nil {
		<-g.shut
	}
	return g.Conn.Write(b)
}

func TestOnAcknowledged(t *testing.T) {
	bubble(t, "a delivery is reported when its PUBACK has been written, in order, and not at QoS 0", func(t *testing.T) {
		var acknowledged collected[uint64]
		var deliveries collected[Delivery]
		g := &gates{network: newNetwork(t)}
		d := start(t, &Options{
			OnAcknowledged: acknowledged.add,
			OnMessage: func(_ context.Context, m Delivery) error {
				deliveries.add(m)
				if string(m.Body) == "fails" {
					return errTest
				}
				return nil
			},
			Dial: g.dial,
		})
		hub := g.accept()
		hub.welcome(c2d)
		g.shut = make(chan struct{})
		hub.send(
			&mqttcodec.Publish{QoS: 1, PacketID: 1, TopicName: box(""), Payload: []byte("1")},
			&mqttcodec.Publish{TopicName: box(""), Payload: []byte("2")},
			&mqttcodec.Publish{QoS: 1, PacketID: 3, TopicName: box(""), Payload: []byte("fails")},
			&mqttcodec.Publish{QoS: 1, PacketID: 4, TopicName: box("%")},
			&mqttcodec.Publish{QoS: 1, PacketID: 5, TopicName: box(""), Payload: []byte("5")},
		)
		got := deliveries.drain()
		require.Len(t, got, 4)
		ids := map[uint64]string{}
		for _, m := range got {
			require.NotZero(t, m.ID)
			ids[m.ID] = string(m.Body)
			require.Equal(t, string(m.Body) != "2", m.QoS == mqttcodec.QoS1)
		}
		require.Len(t, ids, 4, "no two deliveries have the same ID")
		require.Empty(t, acknowledged.drain(), "the PUBACKs are not written")
		g.shut <- struct{}{}
		synctest.Wait()
		close(g.shut)
		var bodies []string
		for _, id := range acknowledged.drain() {
			bodies = append(bodies, ids[id])
		}
		require.Equal(t, []string{"1", "5"}, bodies)
		for _, id := range []uint16{1, 4, 5} {
			require.Equal(t, id, want[*mqttcodec.Puback](hub).PacketID)
		}
		d.wantStates(Dialing, Connecting, Connected)
	})

	bubble(t, "a PUBACK that the connection did not take is not reported, and the message comes again as another delivery", func(t *testing.T) {
		var acknowledged collected[uint64]
		var deliveries collected[Delivery]
		g := &gates{network: newNetwork(t)}
		start(t, &Options{
			OnAcknowledged: acknowledged.add,
			OnMessage:      func(_ context.Context, m Delivery) error { deliveries.add(m); return nil },
			Dial:           g.dial,
		})
		hub := g.accept()
		hub.welcome(c2d)
		g.shut = make(chan struct{})
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 1, TopicName: box("")})
		first := deliveries.drain()
		hub.cut()
		close(g.shut)
		time.Sleep(time.Second)
		require.Empty(t, acknowledged.drain())
		hub = g.accept()
		hub.welcome(c2d)
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 1, Dup: true, TopicName: box("")})
		want[*mqttcodec.Puback](hub)
		second := deliveries.drain()
		require.NotEqual(t, first[0].ID, second[0].ID)
		require.Equal(t, []uint64{second[0].ID}, acknowledged.drain())
	})

	bubble(t, "what the end of Run still writes is reported", func(t *testing.T) {
		var acknowledged collected[uint64]
		d := start(t, &Options{
			OnAcknowledged: acknowledged.add,
			OnMessage:      func(context.Context, Delivery) error { return nil },
		})
		hub := d.net.accept()
		hub.welcome(c2d)
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 1, TopicName: box("")})
		d.stop()
		require.NoError(t, d.wantResult())
		wrote := 0
		for _, p := range hub.packets {
			if p.Type() == mqttcodec.PUBACK {
				wrote++
			}
		}
		require.Len(t, acknowledged.drain(), wrote, "as many as the hub has")
	})
}
