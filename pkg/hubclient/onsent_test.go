package hubclient

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/iothub"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// TestOnSent follows messages from the queue to the wire.
func TestOnSent(t *testing.T) {
	bubble(t, "a message that waits for a connection is not sent yet, and is sent again after the next", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		times := 0
		onSent := OnSent(func() { times++ })
		sending := later(t, func() error { return d.Send(t.Context(), Message{Body: []byte("1")}, onSent) })
		synctest.Wait()
		require.Zero(t, times, "the hub has not accepted the device")
		hub.welcome()
		hub.wantPublish(events, "1")
		require.Equal(t, 1, times)
		hub.cut()
		time.Sleep(time.Second)
		hub = d.net.accept()
		hub.welcome()
		p := hub.wantPublish(events, "1")
		require.True(t, p.Dup)
		require.Equal(t, 2, times)
		hub.send(&mqttcodec.Puback{PacketID: p.PacketID})
		require.NoError(t, sending.result())
	})

	bubble(t, "a batch is sent when its last message is", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		times := 0
		onSent := OnSent(func() { times++ })
		batch := []Message{{Body: []byte("1")}, {Body: []byte("2")}, {Body: []byte("3")}}
		sending := later(t, func() error { return d.SendBatch(t.Context(), batch, onSent) })
		for i := range batch {
			p := hub.wantPublish(events, string(batch[i].Body))
			hub.send(&mqttcodec.Puback{PacketID: p.PacketID})
		}
		require.NoError(t, sending.result())
		require.Equal(t, 1, times)

		require.NoError(t, d.SendBatch(t.Context(), nil))
		unasked := d.sendLater("4") // the sending is used again, and nobody asks any more
		hub.send(&mqttcodec.Puback{PacketID: hub.wantPublish(events, "4").PacketID})
		require.NoError(t, unasked.result())
		require.Equal(t, 1, times)
	})

	bubble(t, "a batch at QoS 0 is over when it is written", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		times := 0
		onSent := OnSent(func() { times++ })
		sending := later(t, func() error {
			return d.SendBatchQoS0(t.Context(), []Message{{Body: []byte("1")}, {Body: []byte("2")}}, onSent)
		})
		for _, body := range []string{"1", "2"} {
			require.Equal(t, mqttcodec.QoS0, hub.wantPublish(events, body).QoS)
		}
		require.NoError(t, sending.result())
		require.Equal(t, 1, times)
		require.ErrorContains(t, d.SendBatchQoS0(t.Context(), []Message{{}, {Properties: iothub.Properties{{}}}}, onSent), "message 2 of 2: it has a property without a name")
		require.NoError(t, d.SendBatchQoS0(t.Context(), nil, onSent))
	})

	bubble(t, "a batch at QoS 0 waits for a connection", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		hub.cut()
		synctest.Wait()
		sending := later(t, func() error { return d.SendBatchQoS0(t.Context(), []Message{{Body: []byte("1")}}) })
		sending.wantPending("there is no connection")
		time.Sleep(time.Second)
		hub = d.net.accept()
		hub.welcome()
		hub.wantPublish(events, "1")
		require.NoError(t, sending.result())
	})
}
