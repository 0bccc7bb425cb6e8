package emulator_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

const (
	twinGet      = "$iothub/twin/GET/?$rid=r1"
	twinReported = "$iothub/twin/PATCH/properties/reported/?$rid=r1"
)

func TestTwin(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		d := w.connect(w.put("dev-1"))
		d.subscribe(mqttcodec.QoS0, hubproto.TwinResponseFilter, hubproto.TwinDesiredFilter)
		d.publish("$iothub/twin/GET/?$rid=3f2b-uuid", " ", 0) // azure-iot-device sends a space
		d.wantPublish("a new twin, unwrapped", "$iothub/twin/res/200/?$rid=3f2b-uuid", `{"desired":{"$version":1},"reported":{"$version":1}}`)

		d.publish(twinReported, `{"battery":60,"big":4503599627370495,"f":1.50,"place":{"x":1,"y":2},"list":[1,{"a":"<b>"}]}`, 5)
		d.wantPuback("QoS 1", 5)
		d.wantPublish("204 with the version, no body", "$iothub/twin/res/204/?$rid=r1&$version=2", "")
		d.publish("$iothub/twin/PATCH/properties/reported/?$rid=2", `{"battery":null,"place":{"x":null,"z":{"gone":null,"stays":true}},"list":[2]}`, 0)
		d.wantPublish("merged", "$iothub/twin/res/204/?$rid=2&$version=3", "")

		version, err := w.PatchDesired(t.Context(), "dev-1", json.RawMessage(`{"interval":10,"$version":77,"old":null}`))
		require.NoError(t, err)
		require.Equal(t, int64(2), version)
		d.wantPublish("the patch as it was, with $version", "$iothub/twin/PATCH/properties/desired/?$version=2", `{"$version":2,"interval":10,"old":null}`)
		_, err = w.PatchDesired(t.Context(), "dev-1", json.RawMessage(`{"interval":10}`))
		require.NoError(t, err)
		d.wantPublish("the same values still notify", "$iothub/twin/PATCH/properties/desired/?$version=3", `{"$version":3,"interval":10}`)

		d.publish(twinGet, "", 0)
		d.wantPublish("objects merged, null deleted, arrays replaced, numbers as they were written", "$iothub/twin/res/200/?$rid=r1",
			`{"desired":{"$version":3,"interval":10},"reported":{"$version":3,"big":4503599627370495,"f":1.50,"list":[2],"place":{"y":2,"z":{"stays":true}}}}`)
	})
}

func TestTwinAnswersFollowTheSubscription(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		d := w.connect(w.put("dev-1"))
		d.publish(twinGet, "", 1)
		d.wantPuback("acknowledged", 1)
		d.wantIdle("without a subscription there is nowhere to answer")
		w.wantLogged("which is said", "nowhere to go")
		_, err := w.PatchDesired(t.Context(), "dev-1", json.RawMessage(`{"a":1}`))
		require.NoError(t, err)
		d.wantIdle("not subscribed, not told, not queued")
		d.subscribe(mqttcodec.QoS1, hubproto.TwinResponseFilter, hubproto.TwinDesiredFilter)
		d.publish(twinGet, "", 0)
		m := d.wantPublish("at QoS 1", "$iothub/twin/res/200/?$rid=r1", `{"desired":{"$version":2,"a":1},"reported":{"$version":1}}`)
		require.Equal(t, mqttcodec.QoS1, m.QoS)
		d.conn.Close()
		synctest.Wait()
		d = w.connectAs(credentials{Device: mustDevice(t, w.Hub, "dev-1")}, true)
		d.wantIdle("an answer is not sent again")
	})
}

func TestTwinRefusals(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 11) + "1" + strings.Repeat("}", 11)
	for why, c := range map[string]struct {
		patch  string
		status int
		says   string
	}{
		"not JSON":             {`{"a":`, 400, "is not JSON"},
		"empty":                {``, 400, "is empty"},
		"no object":            {`[1]`, 400, "is not an object"},
		"eleven levels":        {deep, 400, "nested too deeply"},
		"a dot in a key":       {`{"a.b":1}`, 400, "has a key"},
		"a dollar":             {`{"$a":1}`, 400, "has a key"},
		"a space":              {`{"a b":1}`, 400, "has a key"},
		"a control character":  {`{"a\u0085":1}`, 400, "has a key"},
		"too large an integer": {`{"a":4503599627370496}`, 400, "out of range"},
		"too small an integer": {`{"a":-4503599627370497}`, 400, "out of range"},
		"a long string":        {`{"a":"` + strings.Repeat("x", 4097) + `"}`, 400, "at most 4096"},
		"the whole too large":  {`{"more":"` + strings.Repeat("x", 3000) + `"}`, 413, "at most 32768"},
	} {
		t.Run(why, func(t *testing.T) {
			bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
				d := w.connect(w.put("dev-1"))
				d.subscribe(mqttcodec.QoS0, hubproto.TwinResponseFilter)
				full := map[string]any{}
				for i := range 8 {
					full[fmt.Sprint(i)] = strings.Repeat("y", 3900)
				}
				raw, err := json.Marshal(full)
				require.NoError(t, err)
				d.publish(twinReported, string(raw), 0)
				d.wantPublish("nearly full", "$iothub/twin/res/204/?$rid=r1&$version=2", "")
				d.publish(twinReported, c.patch, 0)
				m := d.wantPublish("without $version", fmt.Sprintf("$iothub/twin/res/%d/?$rid=r1", c.status), "*")
				var body struct {
					ErrorCode                         int
					TrackingID, Message, TimestampUTC string
				}
				require.NoError(t, json.Unmarshal(m.Payload, &body))
				require.Equal(t, c.status, body.ErrorCode/1000, "SDKs go by the errorCode in the body")
				require.Contains(t, body.Message, c.says)
				require.NotEmpty(t, body.TrackingID)
				d.publish(twinGet, "", 0)
				m = d.wantPublish("nothing changed", "$iothub/twin/res/200/?$rid=r1", "*")
				require.Contains(t, string(m.Payload), `"reported":{"$version":2`)
			})
		})
	}
}

func TestTwinNeedsAnAPIVersion(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		p := connectPacket(t, credentials{Device: w.put("dev-1")})
		p.UserName = []byte("hub.test/dev-1")
		d := w.dial()
		d.send(p)
		d.want("the oldest form connects", &mqttcodec.Connack{})
		d.subscribe(mqttcodec.QoS0, hubproto.TwinResponseFilter, hubproto.MethodsFilter)
		d.publish(twinReported, `{"a":1}`, 0)
		m := d.wantPublish("but has no twin", "$iothub/twin/res/400/?$rid=r1", "*")
		require.Contains(t, string(m.Payload), "api-version")
		_, _, err := w.Invoke(t.Context(), "dev-1", "reboot", nil)
		requireCode(t, 404103, err)
	})
}

func TestThrottledTwin(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		d := w.connect(w.put("dev-1"))
		d.subscribe(mqttcodec.QoS0, hubproto.TwinResponseFilter)
		require.NoError(t, w.SetFaults(emulator.Faults{Throttle: true}))
		d.publish(twinGet, "", 0)
		m := d.wantPublish("429, never with an empty body", "$iothub/twin/res/429/?$rid=r1", "*")
		require.Contains(t, string(m.Payload), `"errorCode":429001`)
		d.publish("devices/dev-1/messages/events/", "", 1)
		d.wantClosed("throttled telemetry")
	})
}
