package hubclient

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/iothub"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

func TestSend(t *testing.T) {
	bubble(t, "a message waits for its PUBACK", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		m := Message{Body: []byte(`{"temperature":21.5}`), Properties: iothub.Properties{{Name: "alert", Value: "a b+c"}, {Name: "none", Null: true}, {Name: "empty"}}}
		m.MessageID, m.ContentType, m.ContentEncoding = "m 1/é", "application/json", "utf-8"
		sending := later(t, func() error { return d.Send(t.Context(), m) })
		p := hub.wantPublish(events+"%24.mid=m%201%2F%C3%A9&%24.ct=application%2Fjson&%24.ce=utf-8&alert=a%20b%2Bc&none&empty=", `{"temperature":21.5}`)
		require.Equal(t, mqttcodec.QoS1, p.QoS)
		require.False(t, p.Dup)
		sending.wantPending("the hub has not acknowledged")
		hub.send(&mqttcodec.Puback{PacketID: p.PacketID})
		require.NoError(t, sending.result())
		hub.wantIdle("that was all")
	})

	bubble(t, "acknowledgements that are unknown or come twice concern nobody", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		hub.send(&mqttcodec.Puback{PacketID: 4711}, &mqttcodec.Suback{PacketID: 4711, ReturnCodes: []byte{0}}, &mqttcodec.Pingresp{})
		one, two := d.sendLater("1"), d.sendLater("2")
		id1, id2 := hub.wantPublish(events, "1").PacketID, hub.wantPublish(events, "2").PacketID
		require.NotEqual(t, id1, id2)
		hub.send(&mqttcodec.Puback{PacketID: id2}, &mqttcodec.Puback{PacketID: id2}, &mqttcodec.Puback{PacketID: id2 + 1})
		require.NoError(t, two.result())
		one.wantPending("only the second was acknowledged")
		hub.send(&mqttcodec.Puback{PacketID: id1})
		require.NoError(t, one.result())
	})

	bubble(t, "what was in flight is sent again on the next connection, in order, with DUP and the same ids", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		var sendings []*async
		var ids []uint16
		for i := range 5 {
			sendings = append(sendings, d.sendLater(fmt.Sprint(i)))
			ids = append(ids, hub.wantPublish(events, fmt.Sprint(i)).PacketID)
		}
		hub.send(&mqttcodec.Puback{PacketID: ids[1]})
		require.NoError(t, sendings[1].result())
		hub.cut()
		synctest.Wait()
		offline := d.sendLater("offline")
		time.Sleep(time.Second)
		hub = d.net.accept()
		hub.welcome()
		for _, i := range []int{0, 2, 3, 4} {
			p := hub.wantPublish(events, fmt.Sprint(i))
			require.True(t, p.Dup, "[MQTT-3.3.1-1]")
			require.Equal(t, ids[i], p.PacketID, "[MQTT-4.4.0-1]")
			sendings[i].wantPending("not acknowledged yet")
			hub.send(&mqttcodec.Puback{PacketID: p.PacketID})
			require.NoError(t, sendings[i].result())
		}
		p := hub.wantPublish(events, "offline")
		require.False(t, p.Dup)
		hub.send(&mqttcodec.Puback{PacketID: p.PacketID})
		require.NoError(t, offline.result())
	})

	bubble(t, "after a clean session the same is a new message", func(t *testing.T) {
		d := start(t, &Options{CleanSession: true})
		hub := d.net.accept()
		hub.welcome()
		d.sendLater("1")
		hub.wantPublish(events, "1")
		hub.cut()
		synctest.Wait()
		time.Sleep(time.Second)
		hub = d.net.accept()
		hub.welcome()
		require.False(t, hub.wantPublish(events, "1").Dup)
	})

	bubble(t, "a hub that does not acknowledge for a minute is left for a new connection", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		sending := d.sendLater("1")
		want[*mqttcodec.Publish](hub)
		time.Sleep(ackTimeout)
		hub.wantEnd("no PUBACK")
		require.ErrorContains(t, d.State().Err, "PUBACK")
		time.Sleep(time.Second)
		hub = d.net.accept()
		hub.welcome()
		hub.send(&mqttcodec.Puback{PacketID: want[*mqttcodec.Publish](hub).PacketID})
		require.NoError(t, sending.result())
	})

	bubble(t, "the end of the caller's context tells whether the message was on its way", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		ctx, cancel := context.WithCancel(t.Context())
		early := later(t, func() error { return d.Send(ctx, Message{Body: []byte("early")}) })
		cancel()
		err := early.result()
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, ErrUnacknowledged)
		require.EqualError(t, err, "hubclient: message not sent, the device is connecting: context canceled")

		hub.welcome()
		hub.wantIdle("it was never taken")
		ctx, cancel = context.WithCancel(t.Context())
		late := later(t, func() error { return d.Send(ctx, Message{Body: []byte("late")}) })
		p := hub.wantPublish(events, "late")
		cancel()
		err = late.result()
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, ErrUnacknowledged)
		hub.cut()
		synctest.Wait()
		time.Sleep(time.Second)
		hub = d.net.accept()
		hub.welcome()
		require.Equal(t, p.PacketID, hub.wantPublish(events, "late").PacketID, "MQTT has to deliver what it began")
		hub.send(&mqttcodec.Puback{PacketID: p.PacketID})
		hub.wantIdle("nobody waits for it")
	})

	bubble(t, "QoS 0 returns when it is written", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		require.NoError(t, d.SendQoS0(t.Context(), Message{Body: []byte("1")}))
		require.Equal(t, mqttcodec.QoS0, hub.wantPublish(events, "1").QoS)
	})

	bubble(t, "QoS 0 that the connection took with it is an error, never silence", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		want[*mqttcodec.Connect](hub)
		hub.conn.Close() // so that the device's next Write fails
		synctest.Wait()
		time.Sleep(time.Second)
		conn := <-d.net.conns // read by hand from here, one packet at a time
		r := mqttcodec.NewReader(conn, 0)
		_, err := r.Next()
		require.NoError(t, err)
		_, err = conn.Write([]byte{0x20, 2, 0, 0})
		require.NoError(t, err)
		synctest.Wait()
		one := later(t, func() error { return d.SendQoS0(t.Context(), Message{Body: []byte("with the writer")}) })
		two := later(t, func() error { return d.SendQoS0(t.Context(), Message{Body: []byte("behind it")}) })
		one.wantPending("the hub does not read")
		conn.Close()
		require.ErrorIs(t, one.result(), ErrConnectionLost)
		require.ErrorIs(t, two.result(), ErrConnectionLost)
	})

	bubble(t, "a batch goes out in order without waiting, and returns after its last PUBACK", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		var batch []Message
		for i := range 1000 {
			batch = append(batch, Message{Body: []byte(fmt.Sprint(i))})
		}
		sending := later(t, func() error { return d.SendBatch(t.Context(), batch) })
		var acks []mqttcodec.Packet
		for i := range 1000 {
			acks = append(acks, &mqttcodec.Puback{PacketID: hub.wantPublish(events, fmt.Sprint(i)).PacketID})
		}
		hub.send(acks[:999]...)
		sending.wantPending("one is missing")
		hub.send(acks[999])
		require.NoError(t, sending.result())
		require.NoError(t, d.SendBatch(t.Context(), nil))
	})

	bubble(t, "ids never collide, and what does not fit waits", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		batch := make([]Message, maxInFlight+10)
		sending := later(t, func() error { return d.SendBatch(t.Context(), batch) })
		ids := make(map[uint16]bool)
		for range maxInFlight {
			id := want[*mqttcodec.Publish](hub).PacketID
			require.NotZero(t, id)
			require.False(t, ids[id], "id %d is in use", id)
			ids[id] = true
		}
		hub.wantIdle("there are no more ids")
		later(t, func() error { _, err := d.Twin(t.Context()); return err }).wantPending("the box is full")
		for id := uint16(100); id < 110; id++ {
			hub.send(&mqttcodec.Puback{PacketID: id})
			delete(ids, id)
			next := want[*mqttcodec.Publish](hub).PacketID
			require.False(t, ids[next], "id %d is in use", next)
			ids[next] = true
		}
		sending.wantPending("the rest is not acknowledged")
		all := make([]mqttcodec.Packet, 0, len(ids))
		for id := range ids {
			all = append(all, &mqttcodec.Puback{PacketID: id})
		}
		hub.send(all...) // in no order at all
		require.NoError(t, sending.result())
	})

	bubble(t, "messages that are ready together go out with one Write", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		var calls []*async
		for i := range 20 {
			calls = append(calls, d.sendLater(fmt.Sprint(i)))
		}
		hub.cut()
		synctest.Wait()
		time.Sleep(time.Second)
		raw := <-d.net.conns
		t.Cleanup(func() { raw.Close() })
		buf := make([]byte, 1<<16)
		_, err := raw.Read(buf)
		require.NoError(t, err)
		_, err = raw.Write([]byte{0x20, 2, 0, 0})
		require.NoError(t, err)
		n, err := raw.Read(buf)
		require.NoError(t, err)
		count := 0
		for rest := buf[:n]; len(rest) > 0; count++ {
			_, size, err := mqttcodec.Decode(rest)
			require.NoError(t, err)
			rest = rest[size:]
		}
		require.Equal(t, len(calls), count)
	})
}

func TestSendChecksMessages(t *testing.T) {
	long := strings.Repeat("x", hubproto.MaxTelemetrySize)
	for name, tt := range map[string]struct {
		m    Message
		text string
	}{
		"too long a body":       {Message{Body: []byte(long + "x")}, "262145 bytes"},
		"too long in all":       {Message{Body: []byte(long), Properties: iothub.Properties{{Name: "a", Value: "b"}}}, "262146 bytes"},
		"too long a message id": {Message{SystemProperties: iothub.SystemProperties{MessageID: strings.Repeat("m", 129)}}, "message id has 129 characters"},
		"a nameless property":   {Message{Properties: iothub.Properties{{Value: "b"}}}, "property without a name"},
		"a property of the hub": {Message{Properties: iothub.Properties{{Name: "$.mid", Value: "b"}}}, "set the system property instead"},
		"not UTF-8":             {Message{Properties: iothub.Properties{{Name: "a", Value: "\xff"}}}, "not UTF-8"},
		"not UTF-8 either":      {Message{SystemProperties: iothub.SystemProperties{UserID: "\xff"}}, "not UTF-8"},
		"too long a topic":      {Message{Properties: iothub.Properties{{Name: "a", Value: strings.Repeat("é", 20000)}}}, "65"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := New(Credentials{Host: testHost, DeviceID: testID, Key: testKey}, nil)
			require.NoError(t, err)
			require.ErrorContains(t, c.Send(t.Context(), tt.m), tt.text)
			err = c.SendBatch(t.Context(), []Message{{}, tt.m})
			require.ErrorContains(t, err, tt.text)
			require.ErrorContains(t, err, "message 2 of 2")
		})
	}
}

// TestCutPoints cuts a whole session at every byte of what the hub sends, and at every byte of what the device sends. After
// each, the session ends with everything acknowledged that was reported so, in order, and nothing reported lost.
func TestCutPoints(t *testing.T) {
	session := func(t *testing.T, fromHub, fromDevice int) (sent, received int) {
		synctest.Test(t, func(t *testing.T) {
			var got []string
			d := start(t, &Options{MaxTakeovers: -1,
				OnMessage: func(_ context.Context, m Delivery) error {
					got = append(got, string(m.Body))
					return nil
				},
				OnMethod: func(_ context.Context, m Method) (Response, error) { return Response{Payload: m.Payload}, nil },
			})
			hub := newMiniHub(t, d.net, fromHub, fromDevice)
			for i := range 3 {
				require.NoError(t, d.Send(t.Context(), Message{Body: []byte(fmt.Sprint(i))}))
			}
			version, err := d.Report(t.Context(), []byte(`{"a":1}`))
			require.NoError(t, err)
			require.Positive(t, version)
			twin, err := d.Twin(t.Context())
			require.NoError(t, err)
			require.Equal(t, int64(3), twin.DesiredVersion)
			time.Sleep(time.Minute)
			d.stop()
			require.NoError(t, d.wantResult())
			hub.close()
			sent, received = hub.sent, hub.received
			require.Equal(t, []string{"0", "1", "2"}, slices.Compact(hub.telemetry), "all arrived, in order")
			require.Equal(t, []string{"c2d"}, slices.Compact(got))
			require.True(t, hub.c2dDone, "the message from the cloud was acknowledged")
			require.Contains(t, hub.answers, "$iothub/methods/res/200/?$rid=m")
		})
		return sent, received
	}
	sent, received := session(t, -1, -1)
	require.Greater(t, sent, 100)
	require.Greater(t, received, 400)
	for cut := range sent {
		session(t, cut, -1)
	}
	for cut := 0; cut < received; cut++ {
		session(t, -1, cut)
	}
}
