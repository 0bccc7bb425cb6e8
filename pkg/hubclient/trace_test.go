package hubclient

import (
	"context"
	"fmt"
	"net"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

func TestTraceHasNoSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var trace []string
		d := start(t, &Options{Trace: func(p Traced) {
			s := fmt.Sprintf("%s %s", p.Direction, p.Packet.Type())
			require.Zero(t, p.Message, "the test's carrier has no messages")
			if connect, ok := p.Packet.(*mqttcodec.Connect); ok {
				require.Equal(t, "…", string(connect.Password))
				require.True(t, connect.PasswordFlag)
				s += fmt.Sprintf(" %+v", *connect)
			}
			wantNoSecret(t, s)
			trace = append(trace, p.Direction.String()+" "+p.Packet.Type().String())
		}})
		hub := d.net.accept()
		connect := hub.welcome()
		require.Contains(t, string(connect.Password), "SharedAccessSignature ", "the hub gets the real one")
		sending := d.sendLater("1")
		hub.send(&mqttcodec.Puback{PacketID: want[*mqttcodec.Publish](hub).PacketID})
		require.NoError(t, sending.result())
		d.stop()
		want[*mqttcodec.Disconnect](hub)
		require.NoError(t, d.wantResult())
		require.Equal(t, []string{"sent CONNECT", "received CONNACK", "sent PUBLISH", "received PUBACK", "sent DISCONNECT"}, trace)
	})
}

// marking is a carrier whose every Read is a message of its own, as the device sees it.
type marking struct {
	net.Conn
	ends []int
}

func (m *marking) MarkMessages()      {}
func (m *marking) MessageEnds() []int { return m.ends }

func (m *marking) Read(p []byte) (int, error) {
	n, err := m.Conn.Read(p)
	m.ends = append(m.ends[:0], n)
	return n, err
}

func TestTraceTellsTheMessagesOfTheCarrier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var trace []string
		carrier := newNetwork(t)
		d := start(t, &Options{
			Dial: func(ctx context.Context, url string) (net.Conn, error) {
				conn, err := carrier.dial(ctx, url)
				return &marking{Conn: conn}, err
			},
			Trace: func(p Traced) {
				trace = append(trace, fmt.Sprintf("%s %d %s", p.Direction, p.Message, p.Packet.Type()))
				if p.Packet.Type() == mqttcodec.PUBACK {
					require.Equal(t, 4, p.Size)
				}
			},
		})
		hub := carrier.accept()
		hub.welcome()
		first, second := d.sendLater("1"), d.sendLater("2")
		one, two := want[*mqttcodec.Publish](hub), want[*mqttcodec.Publish](hub)
		acks, err := mqttcodec.Append(nil, &mqttcodec.Puback{PacketID: one.PacketID})
		require.NoError(t, err)
		acks, err = mqttcodec.Append(acks, &mqttcodec.Puback{PacketID: two.PacketID})
		require.NoError(t, err)
		_, err = hub.conn.Write(acks) // two packets, one message
		require.NoError(t, err)
		require.NoError(t, first.result())
		require.NoError(t, second.result())
		d.stop()
		want[*mqttcodec.Disconnect](hub)
		require.NoError(t, d.wantResult())
		require.Contains(t, []string{"sent 2 PUBLISH", "sent 3 PUBLISH"}, trace[3], "both may wait for the writer together, or not")
		trace[3] = ""
		require.Equal(t, "sent 1 CONNECT", trace[0])
		require.Equal(t, []string{"received 1 CONNACK", "sent 2 PUBLISH", "", "received 2 PUBACK", "received 2 PUBACK"}, trace[1:6])
	})
}
