package emulator_test

import (
	"encoding/json"
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

func TestFaults(t *testing.T) {
	t.Run("delay", func(t *testing.T) {
		bubble(t, &emulator.Hub{Faults: emulator.Faults{Delay: 200 * time.Millisecond}}, func(t *testing.T, w *world) {
			began := time.Now()
			d := w.connect(w.put("dev-1"))
			require.Equal(t, 200*time.Millisecond, time.Since(began))
			began = time.Now()
			for id := range uint16(3) {
				d.publish("devices/dev-1/messages/events/", "", id+1)
				time.Sleep(10 * time.Millisecond)
			}
			for id := range uint16(3) {
				d.wantPuback("in order", id+1)
				require.Equal(t, 200*time.Millisecond+time.Duration(id)*10*time.Millisecond, time.Since(began), "each by as much: a line, not a queue")
			}
			d.publish("devices/dev-1/messages/events/", "", 4)
			synctest.Wait()
			require.NoError(t, w.SetFaults(emulator.Faults{}))
			d.send(&mqttcodec.Pingreq{})
			d.wantPuback("what was delayed stays in front", 4)
			d.want("then the rest", &mqttcodec.Pingresp{})
		})
	})
	t.Run("drop", func(t *testing.T) {
		bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
			d := w.connect(w.put("dev-1"))
			require.NoError(t, w.SetFaults(emulator.Faults{Drop: 1}))
			d.send(&mqttcodec.Pingreq{})
			d.wantClosed("every packet breaks the link")
			w.dial().send(connectPacket(t, credentials{Device: mustDevice(t, w.Hub, "dev-1")}))
			w.wantLogged("said", "asked for broke the link", "drop 100 %")
		})
	})
	t.Run("refuse", func(t *testing.T) {
		bubble(t, &emulator.Hub{Faults: emulator.Faults{Refuse: mqttcodec.ServerUnavailable}}, func(t *testing.T, w *world) {
			w.refused("overloaded", connectPacket(t, credentials{Device: w.put("dev-1")}), mqttcodec.ServerUnavailable, "asked for refuses")
		})
	})
	t.Run("a hook decides", func(t *testing.T) {
		hub := &emulator.Hub{Faults: emulator.Faults{OnPacket: func(who string, p mqttcodec.Packet) emulator.Verdict {
			if m, ok := p.(*mqttcodec.Publish); ok && m.PacketID == 1 {
				return emulator.Discard
			}
			if p.Type() == mqttcodec.UNSUBSCRIBE {
				return emulator.Break
			}
			return emulator.Pass
		}}}
		bubble(t, hub, func(t *testing.T, w *world) {
			d := w.connect(w.put("dev-1"))
			d.publish("devices/dev-1/messages/events/", "", 1)
			d.publish("devices/dev-1/messages/events/", "", 2)
			d.wantPuback("the first one was lost", 2)
			d.send(&mqttcodec.Unsubscribe{PacketID: 3, TopicFilters: [][]byte{[]byte("x")}})
			d.wantClosed("broken")
		})
	})
	t.Run("over REST", func(t *testing.T) {
		bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
			w.wantJSON("set", 200, w.rest("PUT", "/emulator/faults", `{"delayNs":5000000,"throttle":true}`, nil))
			require.Equal(t, emulator.Faults{Delay: 5 * time.Millisecond, Throttle: true}, w.CurrentFaults())
			res := w.rest("GET", "/devices", "", nil)
			w.wantError("throttled", 429, "ThrottlingException", res)
			require.Equal(t, "3", res.Header["Retry-After"])
			w.wantError("no probability", 400, "ArgumentInvalid", w.rest("PUT", "/emulator/faults", `{"drop":2}`, nil))
			require.Equal(t, 200, w.rest("PUT", "/emulator/faults", `{}`, nil).Status, "and back, although it throttles")
			w.connect(w.put("dev-1"))
			require.Equal(t, 204, w.rest("DELETE", "/emulator/connections/dev-1", "", nil).Status)
			require.Equal(t, 404, w.rest("DELETE", "/emulator/connections/dev-1", "", nil).Status)
		})
	})
}

func TestDeviceThatDoesNotReadIsCutOff(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		device, other := w.put("dev-1"), w.put("dev-2")
		large := make(map[string]any)
		for i := range 8 {
			large[fmt.Sprint(i)] = strings.Repeat("x", 4000)
		}
		_, err := w.PatchDesired(t.Context(), "dev-1", encode(t, large))
		require.NoError(t, err)
		conn, err := w.Dial(t.Context(), "wss://"+host)
		require.NoError(t, err)
		defer conn.Close()
		write := func(p mqttcodec.Packet) error {
			raw, err := mqttcodec.Append(nil, p)
			require.NoError(t, err)
			_, err = conn.Write(raw)
			return err
		}
		require.NoError(t, write(connectPacket(t, credentials{Device: device})))
		require.NoError(t, write(&mqttcodec.Subscribe{PacketID: 1, Subscriptions: []mqttcodec.Subscription{{TopicFilter: []byte(hubproto.TwinResponseFilter)}}}))
		healthy := w.connect(other)
		asked := 0
		for write(&mqttcodec.Publish{TopicName: []byte(twinGet)}) == nil { // asks and asks, and never reads an answer
			asked++
		}
		require.InDelta(t, 8<<20/32_000, asked, 200, "8 MiB of answers may wait; what the hub had read ahead counts too")
		w.wantLogged("with the reason", "the device does not read")
		healthy.send(&mqttcodec.Pingreq{})
		healthy.want("the others do not notice", &mqttcodec.Pingresp{})
	})
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return raw
}
