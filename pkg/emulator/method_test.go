package emulator_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// invoked is what came of a call that runs beside the test.
type invoked struct {
	status int
	body   string
	err    error
	after  time.Duration
}

func (w *world) invoke(ctx context.Context, id, method, payload string) <-chan invoked {
	done := make(chan invoked, 1)
	began := time.Now()
	go func() {
		status, body, err := w.Invoke(ctx, id, method, json.RawMessage(payload))
		done <- invoked{status, string(body), err, time.Since(began)}
	}()
	return done
}

func TestMethod(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		d := w.connect(w.put("dev-1"))
		d.subscribe(mqttcodec.QoS0, hubproto.MethodsFilter)
		first := w.invoke(t.Context(), "dev-1", "reboot", `{"delay":5}`)
		d.wantPublish("the request", "$iothub/methods/POST/reboot/?$rid=1", `{"delay":5}`)
		second := w.invoke(t.Context(), "dev-1", "thermostat*getMax", "")
		d.wantPublish("at the same time; no payload is null", "$iothub/methods/POST/thermostat*getMax/?$rid=2", "null")

		d.publish("$iothub/methods/res/404/?$rid=2", `{"why":"no such method"}`, 0)
		require.Equal(t, invoked{404, `{"why":"no such method"}`, nil, 0}, <-second)
		d.publish("$iothub/methods/res/200/?$rid=1", "", 7)
		d.wantPuback("a QoS 1 answer is acknowledged", 7)
		require.Equal(t, invoked{200, "null", nil, 0}, <-first)
		d.publish("$iothub/methods/res/200/?$rid=1", "{}", 0)
		d.wantIdle("an answer too many is dropped")
		w.wantLogged("and said", "which no call waits for")
	})
}

func TestMethodFailures(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		device := w.put("dev-1")
		call := func(id, method, payload string) error {
			_, _, err := w.Invoke(t.Context(), id, method, json.RawMessage(payload))
			return err
		}
		requireCode(t, 404001, call("nobody", "m", ""))
		requireCode(t, 404103, call("dev-1", "m", ""))
		requireCode(t, 400004, call("dev-1", "a b", ""))
		requireCode(t, 400004, call("dev-1", "", ""))
		requireCode(t, 400004, call("dev-1", "m", "{"))
		requireCode(t, 413001, call("dev-1", "m", `"`+strings.Repeat("x", 128<<10)+`"`))

		d := w.connect(device)
		requireCode(t, 404103, call("dev-1", "m", ""))
		d.subscribe(mqttcodec.QoS1, hubproto.MethodsFilter)

		done := w.invoke(t.Context(), "dev-1", "slow", "")
		d.next("the request")
		timeout := <-done
		requireCode(t, 504101, timeout.err)
		require.Equal(t, 30*time.Second*98/100, timeout.after, "a little before an SDK gives up its request")

		done = w.invoke(t.Context(), "dev-1", "odd", "")
		m := d.next("the request").(*mqttcodec.Publish)
		d.publish(strings.Replace(strings.Replace(string(m.TopicName), "POST/odd", "res/200", 1), "?", "?", 1), "not JSON", 0)
		requireCode(t, 502001, (<-done).err)

		ctx, cancel := context.WithCancel(t.Context())
		done = w.invoke(ctx, "dev-1", "cancelled", "")
		d.next("the request")
		cancel()
		require.ErrorIs(t, (<-done).err, context.Canceled)

		done = w.invoke(t.Context(), "dev-1", "cut", "")
		d.next("the request")
		d.conn.Close()
		requireCode(t, 404103, (<-done).err)
	})
}

func TestMethodWaitsForTheDevice(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		device := w.put("dev-1")
		began := time.Now()
		res := w.rest("POST", "/twins/dev-1/methods", `{"methodName":"m","connectTimeoutInSeconds":20}`, nil)
		require.Equal(t, 404, res.Status)
		require.Equal(t, 20*time.Second, time.Since(began))

		done := make(chan *emulator.Response, 1)
		go func() {
			done <- w.rest("POST", "/twins/dev-1/methods", `{"methodName":"m","payload":1,"responseTimeoutInSeconds":5,"connectTimeoutInSeconds":20}`, nil)
		}()
		time.Sleep(10 * time.Second)
		d := w.connect(device)
		synctest.Wait()
		d.subscribe(mqttcodec.QoS0, hubproto.MethodsFilter)
		d.wantPublish("as soon as it can be called", "$iothub/methods/POST/m/?$rid=1", "1")
		d.publish("$iothub/methods/res/200/?$rid=1", "2", 0)
		require.JSONEq(t, `{"status":200,"payload":2}`, string((<-done).Body))
	})
}
