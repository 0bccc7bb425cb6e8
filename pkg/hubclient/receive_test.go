package hubclient

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/iothub"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// box is the topic of a cloud-to-device message with that property bag.
func box(bag string) []byte { return []byte("devices/dev-1/messages/devicebound/" + bag) }

func TestCloudToDevice(t *testing.T) {
	bubble(t, "a message arrives with its properties and is acknowledged when its handler returns", func(t *testing.T) {
		var got []Delivery
		release := make(chan error)
		d := start(t, &Options{OnMessage: func(_ context.Context, m Delivery) error {
			got = append(got, m)
			return <-release
		}})
		hub := d.net.accept()
		hub.welcome(c2d)
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 5, TopicName: box("%24.mid=m1&%24.to=%2Fdevices%2Fdev-1%2Fmessages%2FdeviceBound&iothub-ack=full&null&empty=&set=a%20b"), Payload: []byte("hello")})
		hub.wantIdle("the handler is at work")
		m := got[0]
		require.Equal(t, "hello", string(m.Body))
		require.Equal(t, "m1", m.MessageID)
		require.Equal(t, "/devices/dev-1/messages/deviceBound", m.To)
		require.Equal(t, "full", m.Ack)
		require.Equal(t, iothub.Properties{{Name: "null", Null: true}, {Name: "empty"}, {Name: "set", Value: "a b"}}, m.Properties)
		require.False(t, m.Duplicate)
		release <- nil
		require.Equal(t, uint16(5), want[*mqttcodec.Puback](hub).PacketID)
	})

	bubble(t, "handlers run one at a time, and PUBACKs go out in the order of the messages [MQTT-4.6.0-2]", func(t *testing.T) {
		release := make(chan error)
		d := start(t, &Options{OnMessage: func(context.Context, Delivery) error { return <-release }})
		hub := d.net.accept()
		hub.welcome(c2d)
		for id := uint16(1); id <= 4; id++ {
			hub.send(&mqttcodec.Publish{QoS: 1, PacketID: id, TopicName: box("")})
		}
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 5, TopicName: []byte("of/somebody/else")})
		hub.wantIdle("the first handler is at work")
		release <- nil
		require.Equal(t, uint16(1), want[*mqttcodec.Puback](hub).PacketID)
		release <- errTest
		release <- nil
		require.Equal(t, uint16(3), want[*mqttcodec.Puback](hub).PacketID, "the second failed: the hub has to deliver it again")
		release <- nil
		require.Equal(t, uint16(4), want[*mqttcodec.Puback](hub).PacketID)
		require.Equal(t, uint16(5), want[*mqttcodec.Puback](hub).PacketID, "a foreign topic is acknowledged, in its turn")
		hub.wantIdle("that was all")
	})

	bubble(t, "stored messages come right behind CONNACK, and a redelivery says so", func(t *testing.T) {
		var got []Delivery
		d := start(t, &Options{OnMessage: func(_ context.Context, m Delivery) error {
			got = append(got, m)
			return nil
		}})
		hub := d.net.accept()
		want[*mqttcodec.Connect](hub)
		hub.send(&mqttcodec.Connack{SessionPresent: true}, &mqttcodec.Publish{QoS: 1, Dup: true, PacketID: 8, TopicName: box("?a=b/")})
		subscribe := want[*mqttcodec.Subscribe](hub)
		require.Equal(t, uint16(8), want[*mqttcodec.Puback](hub).PacketID)
		require.True(t, got[0].Duplicate)
		require.Equal(t, iothub.Properties{{Name: "a", Value: "b"}}, got[0].Properties, "one leading ? and one trailing / are dropped")
		hub.send(&mqttcodec.Suback{PacketID: subscribe.PacketID, ReturnCodes: []byte{1}})
		d.wantStates(Dialing, Connecting, Connected)
	})

	bubble(t, "an acknowledgement does not cross to the next connection", func(t *testing.T) {
		release := make(chan error)
		d := start(t, &Options{OnMessage: func(context.Context, Delivery) error { return <-release }})
		hub := d.net.accept()
		hub.welcome(c2d)
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 1, TopicName: box("")})
		synctest.Wait()
		hub.cut()
		synctest.Wait()
		time.Sleep(time.Second)
		hub = d.net.accept()
		hub.welcome(c2d)
		release <- nil
		hub.wantIdle("id 1 means nothing on this connection")
		hub.send(&mqttcodec.Publish{QoS: 1, Dup: true, PacketID: 1, TopicName: box("")})
		release <- nil
		require.Equal(t, uint16(1), want[*mqttcodec.Puback](hub).PacketID)
	})

	bubble(t, "a message without a handler, or for another device, is not for us", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 1, TopicName: box("")})
		hub.wantIdle("a later life of the device may have a handler")
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 2, TopicName: []byte("devices/dev-2/messages/devicebound/")})
		require.Equal(t, uint16(2), want[*mqttcodec.Puback](hub).PacketID)
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 3, TopicName: []byte("$iothub/twin/res/200/?$rid=unknown")})
		require.Equal(t, uint16(3), want[*mqttcodec.Puback](hub).PacketID)
	})

	bubble(t, "a broken property bag does not stop those behind it", func(t *testing.T) {
		d := start(t, &Options{OnMessage: func(context.Context, Delivery) error { return nil }})
		hub := d.net.accept()
		hub.welcome(c2d)
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 1, TopicName: box("a=%zz")}, &mqttcodec.Publish{QoS: 1, PacketID: 2, TopicName: box("")})
		require.Equal(t, uint16(1), want[*mqttcodec.Puback](hub).PacketID)
		require.Equal(t, uint16(2), want[*mqttcodec.Puback](hub).PacketID)
	})

	bubble(t, "a module gets the messages to its inputs", func(t *testing.T) {
		var got []Delivery
		d := startWith(t, Credentials{Host: testHost, DeviceID: testID, ModuleID: "m", Key: testKey}, &Options{
			OnInput: func(_ context.Context, m Delivery) error { got = append(got, m); return nil },
		})
		hub := d.net.accept()
		hub.welcome("devices/dev-1/modules/m/inputs/#")
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 1, TopicName: []byte("devices/dev-1/modules/m/inputs/in1/%24.cdid=dev-1&%24.cmid=other"), Payload: []byte("x")})
		want[*mqttcodec.Puback](hub)
		require.Equal(t, "in1", got[0].Input)
		require.Equal(t, "other", got[0].ConnectionModuleID)
	})

	bubble(t, "more than memory is meant for, while a handler sleeps, ends the connection, and acknowledges nothing", func(t *testing.T) {
		release := make(chan error)
		d := start(t, &Options{OnMessage: func(context.Context, Delivery) error { return <-release }})
		hub := d.net.accept()
		hub.welcome(c2d)
		body := make([]byte, 256<<10)
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 1, TopicName: box(""), Payload: body})
		hub.wantIdle("one is with the handler")
		for id := uint16(2); id <= maxQueued/(256<<10)+1; id++ {
			hub.send(&mqttcodec.Publish{QoS: 1, PacketID: id, TopicName: box(""), Payload: body})
		}
		hub.wantIdle("the others just fit")
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 9999, TopicName: box(""), Payload: body})
		hub.wantEnd("that was one too many")
		require.ErrorIs(t, d.State().Err, ErrFlooded)
		close(release)
		time.Sleep(time.Second)
		d.net.accept().welcome(c2d)
	})

	bubble(t, "a handler may send, while more comes in", func(t *testing.T) {
		var d *device
		d = start(t, &Options{OnMessage: func(ctx context.Context, m Delivery) error {
			return d.Send(ctx, Message{Body: m.Body})
		}})
		hub := d.net.accept()
		hub.welcome(c2d)
		for id := uint16(1); id <= 3; id++ {
			hub.send(&mqttcodec.Publish{QoS: 1, PacketID: id, TopicName: box(""), Payload: []byte{byte('0' + id)}})
		}
		for id := uint16(1); id <= 3; id++ {
			echo := hub.wantPublish(events, string([]byte{byte('0' + id)}))
			hub.send(&mqttcodec.Puback{PacketID: echo.PacketID})
			require.Equal(t, id, want[*mqttcodec.Puback](hub).PacketID)
		}
	})
}

// A packet may arrive in pieces, and many at once.
func TestAwkwardBytes(t *testing.T) {
	bubble(t, "one byte per read", func(t *testing.T) {
		d := start(t, &Options{OnMessage: func(context.Context, Delivery) error { return nil }})
		hub := d.net.accept()
		want[*mqttcodec.Connect](hub)
		b, err := mqttcodec.Append([]byte{0x20, 2, 0, 0}, &mqttcodec.Publish{QoS: 1, PacketID: 1, TopicName: box("a=b"), Payload: []byte("x")})
		require.NoError(t, err)
		for _, c := range b {
			hub.write([]byte{c})
		}
		want[*mqttcodec.Subscribe](hub)
		want[*mqttcodec.Puback](hub)
	})
	bubble(t, "many packets in one read", func(t *testing.T) {
		d := start(t, &Options{OnMessage: func(context.Context, Delivery) error { return nil }})
		hub := d.net.accept()
		want[*mqttcodec.Connect](hub)
		b := []byte{0x20, 2, 0, 0}
		for id := uint16(1); id <= 2000; id++ {
			var err error
			b, err = mqttcodec.Append(b, &mqttcodec.Publish{QoS: 1, PacketID: id, TopicName: box("a=b"), Payload: []byte("x")})
			require.NoError(t, err)
		}
		hub.write(b)
		want[*mqttcodec.Subscribe](hub)
		for id := uint16(1); id <= 2000; id++ {
			require.Equal(t, id, want[*mqttcodec.Puback](hub).PacketID)
		}
	})
}
