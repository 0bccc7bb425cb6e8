package emulator_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// Statements of the standard that no other test shows; docs/conformance.md has all of them.

// What a client sends behind a CONNECT, before it has seen that it was refused, has no effect [MQTT-3.1.4-5].
func TestNothingIsProcessedBehindARefusedConnect(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		device := w.put("dev-1")
		event := w.events()
		good := connectPacket(t, credentials{Device: device})
		bad := *good
		bad.Password = []byte("SharedAccessSignature sr=" + host + "%2Fdevices%2Fdev-1&sig=AAAA&se=1")

		var wire []byte
		for _, p := range []mqttcodec.Packet{
			&bad,
			&mqttcodec.Publish{TopicName: []byte("devices/dev-1/messages/events/"), Payload: []byte("behind"), QoS: mqttcodec.QoS1, PacketID: 1},
			&mqttcodec.Subscribe{PacketID: 2, Subscriptions: []mqttcodec.Subscription{{TopicFilter: []byte(devicebound), QoS: mqttcodec.QoS1}}},
			&mqttcodec.Pingreq{},
			good,
		} {
			var err error
			wire, err = mqttcodec.Append(wire, p)
			require.NoError(t, err)
		}
		d := w.dial()
		_, err := d.conn.Write(wire)
		require.NoError(t, err)
		d.want("refused", &mqttcodec.Connack{ReturnCode: mqttcodec.NotAuthorized})
		d.wantClosed("no PUBACK, SUBACK, PINGRESP or second CONNACK")

		d = w.connect(device) // wants that there is no session to resume
		require.NoError(t, w.SendToDevice(t.Context(), "dev-1", message("x")))
		d.wantIdle("the SUBSCRIBE was not processed")
		d.publish("devices/dev-1/messages/events/", "after", 3)
		d.wantPuback("telemetry", 3)
		require.Equal(t, "after", string(event().Body), "the PUBLISH was not processed")
	})
}

// Messages to an established subscription have RETAIN 0, also when RETAIN was set in what caused them [MQTT-3.3.1-9].
func TestRetainIsNeverSet(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		d := w.connect(w.put("dev-1"))
		d.subscribe(mqttcodec.QoS1, devicebound, hubproto.MethodsFilter, hubproto.TwinResponseFilter, hubproto.TwinDesiredFilter)
		wantUnretained := func(why, topic string) {
			t.Helper()
			m := d.wantPublish(why, topic, "*")
			require.False(t, m.Retain, why)
			if m.QoS > mqttcodec.QoS0 {
				d.send(&mqttcodec.Puback{PacketID: m.PacketID})
			}
		}

		require.NoError(t, w.SendToDevice(t.Context(), "dev-1", message("x")))
		wantUnretained("a cloud-to-device message", "devices/dev-1/messages/devicebound/%24.to=%2Fdevices%2Fdev-1%2Fmessages%2FdeviceBound")

		_, err := w.PatchDesired(t.Context(), "dev-1", []byte(`{"a":1}`))
		require.NoError(t, err)
		wantUnretained("a change of the desired properties", "$iothub/twin/PATCH/properties/desired/?$version=2")

		d.send(&mqttcodec.Publish{TopicName: []byte("$iothub/twin/GET/?$rid=1"), Retain: true})
		wantUnretained("the twin, asked for with RETAIN", "$iothub/twin/res/200/?$rid=1")

		answer := w.invoke(t.Context(), "dev-1", "reboot", "{}")
		wantUnretained("a direct method", "$iothub/methods/POST/reboot/?$rid=1")
		d.send(&mqttcodec.Publish{TopicName: []byte("$iothub/methods/res/200/?$rid=1"), Retain: true})
		require.Equal(t, 200, (<-answer).status)
	})
}

// A message of QoS 1 that is on its way when its subscription ends is completed all the same [MQTT-3.10.4-3].
func TestUnsubscribeCompletesWhatHasBegun(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		const topic = "devices/dev-1/messages/devicebound/%24.to=%2Fdevices%2Fdev-1%2Fmessages%2FdeviceBound"
		device := w.put("dev-1")
		d := w.connect(device)
		d.subscribe(mqttcodec.QoS1, devicebound)
		require.NoError(t, w.SendToDevice(t.Context(), "dev-1", message("completed")))
		require.NoError(t, w.SendToDevice(t.Context(), "dev-1", message("cut off")))
		completed, cutOff := d.wantPublish("begun", topic, "completed"), d.wantPublish("begun", topic, "cut off")

		d.send(&mqttcodec.Unsubscribe{PacketID: 5, TopicFilters: [][]byte{[]byte(devicebound)}})
		d.want("unsubscribed before the acknowledgement", &mqttcodec.Unsuback{PacketID: 5})
		d.send(&mqttcodec.Puback{PacketID: completed.PacketID})
		w.wantLogged("completed without a subscription", "messageCompleted")
		require.Equal(t, 1, mustDevice(t, w.Hub, "dev-1").CloudToDeviceMessageCount)

		d.conn.Close()
		synctest.Wait()
		d = w.connectAs(credentials{Device: device}, true)
		again := *cutOff
		again.Dup = true
		d.want("sent again, since what has begun is completed", &again)
		d.send(&mqttcodec.Puback{PacketID: again.PacketID})
		w.wantLogged("completed", "messageCompleted")
		require.Zero(t, mustDevice(t, w.Hub, "dev-1").CloudToDeviceMessageCount)
	})
}
