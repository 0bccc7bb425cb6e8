package emulator_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

func TestThrottlingLimitsOfS1(t *testing.T) {
	t.Run("telemetry is held back, then refused", func(t *testing.T) {
		bubble(t, &emulator.Hub{ScaleUnits: 1}, func(t *testing.T, w *world) {
			d := w.connect(w.put("dev-1"))
			began := time.Now()
			for id := range uint16(300) {
				d.publish("devices/dev-1/messages/events/", "", id+1)
				d.wantPuback("a hundred at once, then a hundred a second", id+1)
			}
			require.InDelta(t, 2, time.Since(began).Seconds(), 0.05)
		})
	})
	t.Run("many devices at once", func(t *testing.T) {
		bubble(t, &emulator.Hub{ScaleUnits: 1}, func(t *testing.T, w *world) {
			var all []*peer
			for _, id := range []string{"dev-1", "dev-2", "dev-3", "dev-4"} {
				all = append(all, w.connect(w.put(id)))
			}
			for i, d := range all {
				go func() {
					for {
						raw, _ := mqttcodec.Append(nil, &mqttcodec.Publish{TopicName: []byte("devices/dev-" + string(rune('1'+i)) + "/messages/events/")})
						if _, err := d.conn.Write(raw); err != nil {
							return
						}
					}
				}()
			}
			time.Sleep(time.Minute) // each device waits for its turn: none comes so fast that it is refused
			began := time.Now()
			for _, d := range all {
				d.conn.Close()
			}
			require.Zero(t, time.Since(began))
			require.InDelta(t, 100+60*100, float64(lastSequence(t, w)), 10, "the hub as a whole")
		})
	})
	t.Run("twins get 429", func(t *testing.T) {
		bubble(t, &emulator.Hub{ScaleUnits: 1}, func(t *testing.T, w *world) {
			d := w.connect(w.put("dev-1"))
			d.subscribe(mqttcodec.QoS0, hubproto.TwinResponseFilter)
			for range 50 {
				d.publish(twinReported, `{"a":1}`, 0)
				require.Regexp(t, "res/204", string(d.next("within the limit").(*mqttcodec.Publish).TopicName))
			}
			began := time.Now()
			d.publish(twinReported, `{"a":1}`, 0)
			require.Regexp(t, "res/204", string(d.next("held back").(*mqttcodec.Publish).TopicName))
			require.Equal(t, 20*time.Millisecond, time.Since(began))
		})
	})
	t.Run("the registry says when to come back", func(t *testing.T) {
		bubble(t, &emulator.Hub{ScaleUnits: 1}, func(t *testing.T, w *world) {
			for range 100 {
				require.Equal(t, 200, w.rest("GET", "/devices", "", nil).Status)
			}
			for range 3 {
				require.Equal(t, 200, w.rest("GET", "/devices", "", nil).Status, "held back for 0.6 s")
			}
			var refused *emulator.Response
			began := time.Now()
			for refused == nil {
				if res := w.rest("POST", "/devices/query", `{"query":"SELECT * FROM devices"}`, nil); res.Status != 200 {
					refused = res
				}
			}
			require.Zero(t, time.Since(began), "20 queries at once")
			w.wantError("then no more", 429, "ThrottlingException", refused)
			require.Equal(t, "4", refused.Header["Retry-After"], "20 a minute are one in 3 s")
			time.Sleep(4 * time.Second)
			require.Equal(t, 200, w.rest("POST", "/devices/query", `{"query":"SELECT * FROM devices"}`, nil).Status)
		})
	})
}

func TestThrottlingLimitsOfDPS(t *testing.T) {
	bubble(t, &emulator.Hub{ScaleUnits: 1, AssigningTime: time.Hour}, func(t *testing.T, w *world) {
		e := w.enroll(emulator.Enrollment{RegistrationID: "reg-1"})
		d := w.dpsConnect("reg-1", mustKey(t, e.Attestation.SymmetricKey.PrimaryKey))
		var operation string
		for range 1000 {
			d.publish(register, "", 0)
			operation = d.answer("a thousand registrations a minute", "$dps/registrations/res/202/?$rid=1&retry-after=3").OperationID
		}
		poll := func() {
			d.publish("$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId="+operation, "", 0)
		}
		for range 5 {
			poll()
			d.answer("five at once", "$dps/registrations/res/202/?$rid=2&retry-after=3")
		}
		poll()
		refused := d.answer("then no more, and when", "$dps/registrations/res/429/?$rid=2&retry-after=3")
		require.Equal(t, 429001, refused.ErrorCode)
		time.Sleep(3 * time.Second)
		poll()
		d.answer("as it was told", "$dps/registrations/res/202/?$rid=2&retry-after=3")
	})
}

// lastSequence is how many events there have been.
func lastSequence(t *testing.T, w *world) int64 {
	t.Helper()
	next := w.events()
	d := w.connect(w.put("counter"))
	d.publish("devices/counter/messages/events/", "", 0)
	return next().SequenceNumber - 1
}
