package hubclient

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// FuzzHub lets a hub send anything at all behind its CONNACK. Whatever that is, the device neither panics nor hangs, and ends when
// it is told to.
func FuzzHub(f *testing.F) {
	for _, p := range []mqttcodec.Packet{
		message("$iothub/twin/res/200/?$rid=1", `{"desired":{"$version":2},"reported":{"$version":1}}`),
		message("$iothub/twin/PATCH/properties/desired/?$version=9", `{"a":1}`),
		message("$iothub/methods/POST/m/?$rid=1", `{}`),
		&mqttcodec.Publish{QoS: 1, PacketID: 1, TopicName: box("%24.mid=1&a=b"), Payload: []byte("x")},
		&mqttcodec.Suback{PacketID: 1, ReturnCodes: []byte{1, 0, 0, 0}},
		&mqttcodec.Puback{PacketID: 2},
		&mqttcodec.Pingresp{},
	} {
		b, err := mqttcodec.Append(nil, p)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		synctest.Test(t, func(t *testing.T) {
			d := start(t, &Options{
				OnMessage: func(context.Context, Delivery) error { return nil },
				OnDesired: func(context.Context, Desired) {},
				OnMethod:  func(context.Context, Method) (Response, error) { return Response{}, nil },
			})
			hub := d.net.accept()
			want[*mqttcodec.Connect](hub)
			hub.send(&mqttcodec.Connack{})
			hub.conn.Write(sent) // the device may have had enough before the end
			synctest.Wait()
			sending := d.sendLater("x")
			time.Sleep(time.Second)
			d.stop()
			select {
			case err := <-d.result:
				require.NoError(t, err)
			case <-time.After(10 * time.Second):
				require.FailNow(t, "the device hangs")
			}
			require.Error(t, sending.result())
		})
	})
}
