package emulator_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

const devicebound = "devices/dev-1/messages/devicebound/#"

func message(body string) emulator.Message { return emulator.Message{Body: []byte(body)} }

func TestSessionIsKept(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		device := w.put("dev-1")
		d := w.connect(device)
		d.subscribe(mqttcodec.QoS1, devicebound, hubproto.TwinDesiredFilter)
		d.send(&mqttcodec.Disconnect{})
		d.wantClosed("goodbye")
		require.NoError(t, w.SendToDevice(t.Context(), "dev-1", message("while away")))

		d = w.connectAs(credentials{Device: device}, true)
		d.wantPublish("stored messages come right behind CONNACK", "devices/dev-1/messages/devicebound/%24.to=%2Fdevices%2Fdev-1%2Fmessages%2FdeviceBound", "while away")
		_, err := w.PatchDesired(t.Context(), "dev-1", []byte(`{"a":1}`))
		require.NoError(t, err)
		d.wantPublish("the other subscription is kept too", "$iothub/twin/PATCH/properties/desired/?$version=2", `{"$version":2,"a":1}`)
	})
}

func TestCleanSessionForgets(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		device := w.put("dev-1")
		d := w.connect(device)
		d.subscribe(mqttcodec.QoS1, devicebound)
		d.conn.Close()
		synctest.Wait()
		require.NoError(t, w.SendToDevice(t.Context(), "dev-1", message("lost")))

		d = w.connectAs(credentials{Device: device, clean: true}, false)
		w.wantLogged("nothing is dropped in silence", "1 message lost")
		d.subscribe(mqttcodec.QoS1, devicebound)
		d.wantIdle("the queue went with the session")
		d.conn.Close()
		synctest.Wait()

		d = w.connectAs(credentials{Device: device}, false)
		require.NoError(t, w.SendToDevice(t.Context(), "dev-1", message("kept")))
		d.wantIdle("a clean session's subscriptions end with it")
		d.subscribe(mqttcodec.QoS1, devicebound)
		d.wantPublish("subscribed again", "devices/dev-1/messages/devicebound/%24.to=%2Fdevices%2Fdev-1%2Fmessages%2FdeviceBound", "kept")
	})
}

func TestSubscribe(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		d := w.connect(w.put("dev-1"))
		d.send(&mqttcodec.Subscribe{PacketID: 7, Subscriptions: []mqttcodec.Subscription{
			{TopicFilter: []byte(devicebound), QoS: mqttcodec.QoS2},
			{TopicFilter: []byte(hubproto.MethodsFilter), QoS: mqttcodec.QoS0},
		}})
		d.want("one code for each filter, QoS 2 is granted 1", &mqttcodec.Suback{PacketID: 7, ReturnCodes: []byte{1, 0}})
		d.subscribe(mqttcodec.QoS1, hubproto.TwinResponseFilter, hubproto.TwinDesiredFilter)
		d.subscribe(mqttcodec.QoS0, devicebound)
		d.send(&mqttcodec.Unsubscribe{PacketID: 8, TopicFilters: [][]byte{[]byte(devicebound), []byte("never/subscribed")}})
		d.want("even for what there was not [MQTT-3.10.4-5]", &mqttcodec.Unsuback{PacketID: 8})
		require.NoError(t, w.SendToDevice(t.Context(), "dev-1", message("x")))
		d.wantIdle("unsubscribed")
	})
}

func TestForeignFiltersCloseTheConnection(t *testing.T) {
	for _, filter := range []string{
		"#", "devices/#", "devices/dev-1/#", "devices/dev-2/messages/devicebound/#", "devices/dev-1/messages/devicebound/", "devices/+/messages/devicebound/#",
		"$iothub/#", "$iothub/methods/POST/reboot/#", "$dps/registrations/res/#", "devices/dev-1/modules/mod-1/#",
	} {
		bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
			d := w.connect(w.put("dev-1"))
			d.send(&mqttcodec.Subscribe{PacketID: 1, Subscriptions: []mqttcodec.Subscription{{TopicFilter: []byte(filter)}}})
			d.wantClosed(filter)
			w.wantLogged(filter, fmt.Sprintf("SUBSCRIBE to %q", filter))
		})
	}
	bubble(t, &emulator.Hub{Lenient: true}, func(t *testing.T, w *world) {
		d := w.connect(w.put("dev-1"))
		d.send(&mqttcodec.Subscribe{PacketID: 1, Subscriptions: []mqttcodec.Subscription{{TopicFilter: []byte("#")}, {TopicFilter: []byte(devicebound), QoS: 1}}})
		d.want("lenient", &mqttcodec.Suback{PacketID: 1, ReturnCodes: []byte{mqttcodec.SubackFailure, 1}})
		w.wantLogged("still said", `SUBSCRIBE to "#"`)
	})
}

func TestIDsAreLiteral(t *testing.T) {
	// An id that looks like a filter selects nothing but itself.
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		w.put("dev-1")
		d := w.connect(w.put("$'%2F(!)*,=@?"))
		d.publish("devices/$'%2F(!)*,=@?/messages/events/", "x", 1)
		d.wantPuback("telemetry", 1)
		d.subscribe(mqttcodec.QoS1, "devices/$'%2F(!)*,=@?/messages/devicebound/#")
		require.NoError(t, w.SendToDevice(t.Context(), "$'%2F(!)*,=@?", message("hello")))
		d.wantPublish("C2D", "devices/$'%2F(!)*,=@?/messages/devicebound/%24.to=%2Fdevices%2F%24%27%252F%28%21%29%2A%2C%3D%40%3F%2Fmessages%2FdeviceBound", "hello")
	})
}

func TestCloudToDeviceValues(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		d := w.connect(w.put("dev-1"))
		d.subscribe(mqttcodec.QoS1, devicebound)
		require.NoError(t, w.SendToDevice(t.Context(), "dev-1", emulator.Message{
			MessageID: "m 1/é", CorrelationID: "c", UserID: "u", Ack: "full", ContentType: "application/json",
			Properties: []emulator.Property{{Name: "prop1", Null: true}, {Name: "prop2"}, {Name: "prop3", Value: "a string"}, {Name: "slash", Value: "a/b+c&d=e"}},
			Body:       []byte(`{"a":1}`),
		}))
		m := d.wantPublish("null, empty and set values; every slash escaped", "devices/dev-1/messages/devicebound/"+
			"%24.mid=m%201%2F%C3%A9&%24.cid=c&%24.uid=u&%24.to=%2Fdevices%2Fdev-1%2Fmessages%2FdeviceBound&%24.ct=application%2Fjson&iothub-ack=full"+
			"&prop1&prop2=&prop3=a%20string&slash=a%2Fb%2Bc%26d%3De", `{"a":1}`)
		require.Equal(t, mqttcodec.QoS1, m.QoS)
		require.False(t, m.Dup)
		require.Equal(t, 1, mustDevice(t, w.Hub, "dev-1").CloudToDeviceMessageCount, "until it is acknowledged")
		d.send(&mqttcodec.Puback{PacketID: m.PacketID})
		w.wantLogged("completed", "messageCompleted", "m 1/é")
		require.Zero(t, mustDevice(t, w.Hub, "dev-1").CloudToDeviceMessageCount)
		d.send(&mqttcodec.Puback{PacketID: m.PacketID})
		d.wantIdle("a second PUBACK does no harm")
	})
}

func TestCloudToDeviceRedelivery(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		device := w.put("dev-1")
		d := w.connect(device)
		d.subscribe(mqttcodec.QoS1, devicebound)
		for i := range 3 {
			require.NoError(t, w.SendToDevice(t.Context(), "dev-1", message(fmt.Sprint(i))))
		}
		var sent []*mqttcodec.Publish
		for i := range 3 {
			sent = append(sent, d.wantPublish("in order", "devices/dev-1/messages/devicebound/%24.to=%2Fdevices%2Fdev-1%2Fmessages%2FdeviceBound", fmt.Sprint(i)))
		}
		d.send(&mqttcodec.Puback{PacketID: sent[1].PacketID})
		synctest.Wait()
		w.Disconnect("dev-1")
		d.wantClosed("cut")

		d = w.connectAs(credentials{Device: device}, true)
		for _, i := range []int{0, 2} {
			again := *sent[i]
			again.Dup = true
			d.want("what was not acknowledged, with DUP and the same packet id [MQTT-4.4.0-1]", &again)
		}
		require.NoError(t, w.SendToDevice(t.Context(), "dev-1", message("new")))
		m := d.wantPublish("a new one with another id", string(sent[0].TopicName), "new")
		require.False(t, m.Dup)
		require.NotContains(t, []uint16{sent[0].PacketID, sent[2].PacketID}, m.PacketID)
	})
}

func TestCloudToDeviceLock(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		d := w.connectAs(credentials{Device: w.put("dev-1"), keepAlive: 0, ttl: 24 * time.Hour}, false)
		d.subscribe(mqttcodec.QoS1, devicebound)
		require.NoError(t, w.SendToDevice(t.Context(), "dev-1", message("x")))
		began := time.Now()
		m := d.next("sent").(*mqttcodec.Publish)
		again := *m
		again.Dup = true
		for i := range 9 {
			d.want("sent again, as the device does not acknowledge it", &again)
			require.Equal(t, time.Duration(i+1)*time.Minute, time.Since(began))
		}
		time.Sleep(time.Minute)
		d.wantIdle("ten times is enough")
		w.wantLogged("dead-lettered", "messageDeadLettered", "sent 10 times")
		require.Zero(t, mustDevice(t, w.Hub, "dev-1").CloudToDeviceMessageCount)
		time.Sleep(10 * time.Minute)
		d.wantIdle("no more of it")
	})
}

func TestCloudToDeviceQueueLimits(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		device := w.put("dev-1")
		send := func(m emulator.Message) error { return w.SendToDevice(t.Context(), "dev-1", m) }
		requireCode(t, 404001, w.SendToDevice(t.Context(), "nobody", message("x")))
		requireCode(t, 413001, send(emulator.Message{Body: make([]byte, 64<<10+1)}))
		for range 50 {
			require.NoError(t, send(emulator.Message{Body: make([]byte, 64<<10)}))
		}
		requireCode(t, 403004, send(message("the 51st")))

		d := w.connect(device)
		d.subscribe(mqttcodec.QoS1, devicebound)
		for range 50 {
			require.Len(t, d.next("a full queue of the largest messages fits").(*mqttcodec.Publish).Payload, 64<<10)
		}
		n, err := w.Purge(t.Context(), "dev-1")
		require.NoError(t, err)
		require.Equal(t, 50, n)
		require.NoError(t, send(message("next")))
		require.Equal(t, uint16(51), d.next("packet ids of purged messages stay in use").(*mqttcodec.Publish).PacketID)
	})
}

func TestCloudToDeviceExpiry(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		device := w.put("dev-1")
		soon := message("soon over")
		soon.Expiry = time.Now().Add(time.Minute).Format(time.RFC3339)
		require.NoError(t, w.SendToDevice(t.Context(), "dev-1", soon))
		require.NoError(t, w.SendToDevice(t.Context(), "dev-1", message("an hour")))
		time.Sleep(time.Minute)
		for _, expiry := range []string{"tomorrow", time.Now().Format(time.RFC3339), time.Now().Add(49 * time.Hour).Format(time.RFC3339)} {
			m := message("x")
			m.Expiry = expiry
			requireCode(t, 400004, w.SendToDevice(t.Context(), "dev-1", m))
		}
		d := w.connect(device)
		d.subscribe(mqttcodec.QoS0, devicebound)
		m := d.wantPublish("the one that is still good", "devices/dev-1/messages/devicebound/%24.to=%2Fdevices%2Fdev-1%2Fmessages%2FdeviceBound", "an hour")
		require.Equal(t, mqttcodec.QoS0, m.QoS, "as subscribed")
		w.wantLogged("said", "messageExpired")
		require.Zero(t, mustDevice(t, w.Hub, "dev-1").CloudToDeviceMessageCount, "QoS 0 completes at once")

		d.conn.Close()
		require.NoError(t, w.SendToDevice(t.Context(), "dev-1", message("late")))
		time.Sleep(time.Hour)
		d = w.connectAs(credentials{Device: device}, true)
		d.wantIdle("an hour is the default")
	})
}

func TestModules(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		w.put("dev-1")
		events := w.events()
		for _, filter := range []string{"devices/dev-1/modules/mod-1/inputs/#", "devices/dev-1/modules/mod-1/#"} {
			m := w.connectAs(credentials{Device: w.put("dev-1/mod-1"), clean: true}, false)
			m.publish("devices/dev-1/modules/mod-1/messages/events/%24.on=out%201&a=b/", "from a module", 1)
			m.wantPuback("telemetry", 1)
			e := events()
			require.Equal(t, "mod-1", e.ModuleID)
			require.Equal(t, "out 1", e.SystemProperties["iothub-outputname"])
			require.Equal(t, map[string]string{"a": "b"}, e.Properties)
			m.subscribe(mqttcodec.QoS1, filter)
			require.NoError(t, w.SendToInput(t.Context(), "dev-1/mod-1", "input1", message("to an input")))
			m.wantPublish(filter, "devices/dev-1/modules/mod-1/inputs/input1/%24.cdid=dev-1&%24.cmid=mod-1", "to an input")
			requireCode(t, 400004, w.SendToDevice(t.Context(), "dev-1/mod-1", message("x")))
			m.publish("devices/dev-1/messages/events/", "as its device", 0)
			m.wantClosed("a module is not its device")
		}
	})
}

func requireCode(t *testing.T, code int, err error) {
	t.Helper()
	var e *emulator.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, code, e.Code, e)
}
