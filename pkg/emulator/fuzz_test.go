package emulator_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// FuzzDevice lets a device, or one that registers at DPS, send whatever it likes: the hub answers or closes, and its Close waits for
// nothing in vain.
func FuzzDevice(f *testing.F) {
	for _, packets := range [][]mqttcodec.Packet{
		{&mqttcodec.Subscribe{PacketID: 1, Subscriptions: []mqttcodec.Subscription{{TopicFilter: []byte(hubproto.TwinResponseFilter)}, {TopicFilter: []byte(devicebound), QoS: 1}}},
			&mqttcodec.Publish{TopicName: []byte(twinReported), Payload: []byte(`{"a":{"b":null}}`), QoS: 1, PacketID: 2},
			&mqttcodec.Publish{TopicName: []byte(twinGet)}, &mqttcodec.Puback{PacketID: 1}},
		{&mqttcodec.Publish{TopicName: []byte("devices/dev-1/messages/events/%24.mid=1&a=%C3%A9"), Payload: []byte("x")},
			&mqttcodec.Publish{TopicName: []byte("$iothub/methods/res/200/?$rid=1"), Payload: []byte("{}")}, &mqttcodec.Pingreq{}},
		{&mqttcodec.Unsubscribe{PacketID: 1, TopicFilters: [][]byte{[]byte(devicebound)}}, &mqttcodec.Disconnect{}},
		{&mqttcodec.Subscribe{PacketID: 1, Subscriptions: []mqttcodec.Subscription{{TopicFilter: []byte(hubproto.DPSResponseFilter)}}},
			&mqttcodec.Publish{TopicName: []byte(register), Payload: []byte(`{"registrationId":"reg-1","payload":{}}`)},
			&mqttcodec.Publish{TopicName: []byte("$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=4.x")}},
	} {
		var raw []byte
		for _, p := range packets {
			var err error
			raw, err = mqttcodec.Append(raw, p)
			require.NoError(f, err)
		}
		f.Add(raw, false)
		f.Add(raw, true)
	}
	f.Fuzz(func(t *testing.T, sent []byte, dps bool) {
		hub := &emulator.Hub{AssigningTime: -1}
		device, err := hub.PutDevice(t.Context(), emulator.Device{DeviceID: "dev-1"})
		require.NoError(t, err)
		require.NoError(t, hub.SendToDevice(t.Context(), "dev-1", message("waits")))
		enrollment, err := hub.Enroll(t.Context(), emulator.Enrollment{RegistrationID: "reg-1"})
		require.NoError(t, err)
		connect := connectPacket(t, credentials{Device: device})
		if dps {
			connect = dpsConnect("reg-1", mustKey(t, enrollment.Attestation.SymmetricKey.PrimaryKey))
		}
		raw, err := mqttcodec.Append(nil, connect)
		require.NoError(t, err)
		conn, theirs := net.Pipe()
		served := make(chan error, 1)
		go func() { served <- hub.ServeConn(t.Context(), theirs, host) }()
		drained := make(chan struct{})
		go func() {
			defer close(drained)
			io.Copy(io.Discard, conn)
		}()
		conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
		conn.Write(append(raw, sent...)) // fails where the hub closes before it has read all
		conn.Close()
		<-served
		<-drained
		require.NoError(t, hub.Close())
	})
}
