package emulator_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

func TestTelemetry(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		device := w.put("dev-1")
		events := w.events()
		d := w.connect(device)
		// As azure-iot-device 1.18.4 writes it.
		d.publish("devices/dev-1/messages/events/%24.mid=m%201%2F%C3%A9&%24.ct=application%2Fjson&%24.ce=utf-8&%24.cdid=liar&a=b%20c&nul=&plus=1%2B1", `{"t":21.5}`, 1)
		d.wantPuback("acknowledged", 1)
		e := events()
		require.Equal(t, emulator.Event{
			SequenceNumber: 1, EnqueuedTime: time.Now().UTC(), DeviceID: "dev-1", Body: []byte(`{"t":21.5}`),
			Properties: map[string]string{"a": "b c", "nul": "", "plus": "1+1"},
			SystemProperties: map[string]string{
				"message-id": "m 1/é", "content-type": "application/json", "content-encoding": "utf-8",
				"iothub-connection-device-id":          "dev-1",
				"iothub-connection-auth-generation-id": device.GenerationID,
				"iothub-connection-auth-method":        `{"scope":"device","type":"sas","issuer":"iothub","acceptingIpFilterRule":null}`,
				"iothub-enqueuedtime":                  "2000-01-01T00:00:00Z",
				"iothub-message-source":                "Telemetry",
			},
		}, e)
		for _, topic := range []string{"devices/dev-1/messages/events/?a=1", "devices/dev-1/messages/events/a=1/", "devices/dev-1/messages/events/a=1"} {
			d.publish(topic, "", 0)
			require.Equal(t, map[string]string{"a": "1"}, events().Properties, topic)
		}
		d.wantIdle("QoS 0 is not acknowledged")
		d.send(&mqttcodec.Publish{TopicName: []byte("devices/dev-1/messages/events/"), Retain: true})
		require.Equal(t, map[string]string{"mqtt-retain": "true"}, events().Properties, "not retained, but marked")
		d.send(&mqttcodec.Publish{TopicName: []byte("devices/dev-1/messages/events/"), QoS: 1, PacketID: 9, Dup: true})
		d.wantPuback("DUP has no effect", 9)
		require.Equal(t, int64(6), events().SequenceNumber)
	})
}

func TestWill(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		events := w.events()
		device := w.put("dev-1")
		will := &mqttcodec.Publish{TopicName: []byte("devices/dev-1/messages/events/reason=lost"), Payload: []byte("bye"), Retain: true}
		d := w.connectAs(credentials{Device: device, will: will}, false)
		d.send(&mqttcodec.Disconnect{})
		d.wantClosed("goodbye")
		d = w.connectAs(credentials{Device: device, will: will, modelID: "dtmi:com:example:Thermostat;1"}, true)
		d.conn.Close()
		e := events()
		require.Equal(t, int64(1), e.SequenceNumber, "no Will after DISCONNECT [MQTT-3.14.4-3]")
		require.Equal(t, "bye", string(e.Body))
		require.Equal(t, "Will", e.SystemProperties["iothub-MessageType"])
		require.Equal(t, "dtmi:com:example:Thermostat;1", e.SystemProperties["dt-dataschema"])
		require.Equal(t, map[string]string{"reason": "lost", "mqtt-retain": "true"}, e.Properties)
	})
}

func TestPublishViolations(t *testing.T) {
	for why, c := range map[string]struct {
		packet mqttcodec.Packet
		logged string
	}{
		"QoS 2":                    {&mqttcodec.Publish{TopicName: []byte("devices/dev-1/messages/events/"), QoS: 2, PacketID: 1}, "QoS 2"},
		"another device's topic":   {&mqttcodec.Publish{TopicName: []byte("devices/dev-2/messages/events/")}, "another device's telemetry"},
		"a module's topic":         {&mqttcodec.Publish{TopicName: []byte("devices/dev-1/modules/m/messages/events/")}, "another device's telemetry"},
		"a topic of its own":       {&mqttcodec.Publish{TopicName: []byte("tele/sonoff/STATE")}, "none of IoT Hub's"},
		"what the hub sends":       {&mqttcodec.Publish{TopicName: []byte("devices/dev-1/messages/devicebound/")}, "does not go from a device"},
		"DPS's topics":             {&mqttcodec.Publish{TopicName: []byte("$dps/registrations/PUT/iotdps-register/?$rid=1")}, "does not go from a device"},
		"a broken escape":          {&mqttcodec.Publish{TopicName: []byte("devices/dev-1/messages/events/a=%zz")}, "broken % escape"},
		"a long message id":        {&mqttcodec.Publish{TopicName: []byte("devices/dev-1/messages/events/%24.mid=" + strings.Repeat("x", 129))}, "message id"},
		"a byte too many":          {&mqttcodec.Publish{TopicName: []byte("devices/dev-1/messages/events/a=b"), Payload: make([]byte, 256<<10-1)}, "MessageTooLarge"},
		"PUBREL":                   {&mqttcodec.Pubrel{PacketID: 1}, "QoS 2"},
		"what only servers send":   {&mqttcodec.Connack{}, "only servers send"},
		"a packet over all limits": {&mqttcodec.Publish{TopicName: []byte("devices/dev-1/messages/events/"), Payload: make([]byte, 400<<10)}, "MessageTooLarge"},
	} {
		t.Run(why, func(t *testing.T) {
			bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
				d := w.connect(w.put("dev-1"))
				raw, err := mqttcodec.Append(nil, c.packet)
				require.NoError(t, err)
				go d.conn.Write(raw) // the hub may close before it has read all
				d.wantClosed(why)
				w.wantLogged(why, c.logged)
			})
		})
	}
	bubble(t, &emulator.Hub{Lenient: true}, func(t *testing.T, w *world) {
		d := w.connect(w.put("dev-1"))
		d.publish("tele/sonoff/STATE", "x", 3)
		d.wantPuback("lenient: acknowledged and dropped", 3)
		w.wantLogged("still said", "none of IoT Hub's")
	})
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		d := w.connect(w.put("dev-1"))
		d.publish("devices/dev-1/messages/events/a=b", strings.Repeat("x", 256<<10-2), 1)
		d.wantPuback("256 KiB is the limit, and inside", 1)
	})
}

func TestMalformedPacketClosesTheConnection(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		d := w.connect(w.put("dev-1"))
		_, err := d.conn.Write([]byte{0x36, 0x02, 0x00, 0x00})
		require.NoError(t, err)
		d.wantClosed("QoS 3 [MQTT-3.3.1-4]")
		w.wantLogged("with the clause", "MQTT-3.3.1-4")
	})
}

func TestEventsAreKeptForSlowReaders(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		d := w.connect(w.put("dev-1"))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		all := w.Events(ctx) // now, although nobody reads yet
		for i := range 10_005 {
			d.publish("devices/dev-1/messages/events/", fmt.Sprint(i), 0)
		}
		synctest.Wait()
		n := 0
		for e := range all {
			if n == 0 {
				require.Equal(t, int64(5), e.Lost, "said, not silent")
				require.Equal(t, int64(6), e.SequenceNumber)
			} else {
				require.Zero(t, e.Lost)
			}
			if n++; n == 10_000 {
				require.Equal(t, "10004", string(e.Body))
				cancel()
			}
		}
		require.Equal(t, 10_000, n)
	})
}

// A topic is checked once, and its properties belong to every message with it.
func TestTelemetryTopicsTakeTurns(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		events := w.events()
		w.put("dev-2")
		d := w.connect(w.put("dev-1"))
		for i, c := range []struct{ bag, want string }{{"a=1", "1"}, {"a=1", "1"}, {"a=2", "2"}, {"a=1&%24.mid=m", "1"}, {"a=1", "1"}, {"", ""}} {
			body := strings.Repeat("x", i)
			d.publish("devices/dev-1/messages/events/"+c.bag, body, uint16(i+1))
			d.wantPuback(c.bag, uint16(i+1))
			e := events()
			require.Equal(t, c.want, e.Properties["a"])
			require.Equal(t, body, string(e.Body))
			require.Equal(t, strings.Contains(c.bag, "mid"), e.SystemProperties["message-id"] == "m")
			require.Equal(t, "dev-1", e.DeviceID)
		}
		d.publish("devices/dev-1/messages/events/", strings.Repeat("x", hubproto.MaxTelemetrySize), 7)
		d.wantPuback("as much as is allowed", 7)
		d.publish("devices/dev-1/messages/events/", strings.Repeat("x", hubproto.MaxTelemetrySize+1), 8)
		d.wantClosed("more, to the same topic")
		w.wantLogged("refused", "MessageTooLarge")
	})
}
