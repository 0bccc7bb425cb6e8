package emulator_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// history are the names of the operations about each message, in their order, read as a client of REST does.
func (w *world) history() map[string][]string {
	w.t.Helper()
	synctest.Wait()
	all := map[string][]string{}
	for _, o := range w.log {
		raw, err := json.Marshal(o)
		require.NoError(w.t, err)
		var entry struct {
			Category      string `json:"category"`
			OperationName string `json:"operationName"`
			MessageID     string `json:"messageId"`
			Sequence      int64  `json:"messageSequenceNumber"`
			DeviceID      string `json:"deviceId"`
		}
		require.NoError(w.t, json.Unmarshal(raw, &entry))
		if entry.MessageID == "" {
			continue
		}
		require.Equal(w.t, "C2DCommands", entry.Category)
		require.NotZero(w.t, entry.Sequence)
		require.NotEmpty(w.t, entry.DeviceID)
		all[entry.MessageID] = append(all[entry.MessageID], entry.OperationName)
	}
	return all
}

func withID(id string) emulator.Message { return emulator.Message{MessageID: id, Body: []byte(id)} }

func TestEveryEventOfAMessageIsOneOperation(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		device := w.put("dev-1")
		send := func(ids ...string) {
			for _, id := range ids {
				require.NoError(t, w.SendToDevice(t.Context(), "dev-1", withID(id)))
			}
		}
		d := w.connect(device)
		d.subscribe(mqttcodec.QoS1, devicebound)
		send("completed", "slow")
		d.send(&mqttcodec.Puback{PacketID: d.next("completed").(*mqttcodec.Publish).PacketID})
		d.next("slow")
		time.Sleep(time.Minute + time.Second) // its lock ends
		require.True(t, d.next("slow again").(*mqttcodec.Publish).Dup)
		d.conn.Close()
		synctest.Wait()
		d = w.connectAs(credentials{Device: device}, true)
		d.send(&mqttcodec.Puback{PacketID: d.next("slow over a new connection").(*mqttcodec.Publish).PacketID})
		d.subscribe(mqttcodec.QoS0, devicebound)
		send("at-qos-0")
		d.next("at QoS 0")
		d.conn.Close()
		synctest.Wait()

		m := withID("expired")
		m.Expiry = time.Now().Add(time.Minute).Format(time.RFC3339)
		require.NoError(t, w.SendToDevice(t.Context(), "dev-1", m))
		time.Sleep(2 * time.Minute)
		send("purged-1", "purged-2")
		_, err := w.Purge(t.Context(), "dev-1")
		require.NoError(t, err)
		send("dropped-1", "dropped-2")
		d = w.connectAs(credentials{Device: device, clean: true}, false)
		d.subscribe(mqttcodec.QoS1, devicebound)
		send("with-the-device")
		d.next("it is with the device")
		_, err = w.Purge(t.Context(), "dev-1")
		require.NoError(t, err)
		send("dead-lettered")
		for range 10 {
			d.next("again and again")
			time.Sleep(time.Minute)
		}
		synctest.Wait() // the tenth lock ends now
		send("of-a-deleted-device")
		require.NoError(t, w.DeleteDevice(t.Context(), "dev-1"))

		again := []string{"messageEnqueued", "messageDelivered"}
		for range 9 {
			again = append(again, "messageLockExpired", "messageDelivered")
		}
		require.Equal(t, map[string][]string{
			"completed":           {"messageEnqueued", "messageDelivered", "messageCompleted"},
			"slow":                {"messageEnqueued", "messageDelivered", "messageLockExpired", "messageDelivered", "messageDelivered", "messageCompleted"},
			"at-qos-0":            {"messageEnqueued", "messageDelivered", "messageCompleted"},
			"expired":             {"messageEnqueued", "messageExpired"},
			"purged-1":            {"messageEnqueued", "messagePurged"},
			"purged-2":            {"messageEnqueued", "messagePurged"},
			"dropped-1":           {"messageEnqueued", "messageDropped"},
			"dropped-2":           {"messageEnqueued", "messageDropped"},
			"with-the-device":     {"messageEnqueued", "messageDelivered", "messagePurged"},
			"dead-lettered":       append(again, "messageDeadLettered"),
			"of-a-deleted-device": {"messageEnqueued", "messageDelivered", "messageDropped"},
		}, w.history())
	})
}

// The number tells two messages apart that have one id, or none.
func TestMessagesHaveNumbers(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		w.put("dev-1")
		w.put("dev-1/mod-1")
		require.NoError(t, w.SendToDevice(t.Context(), "dev-1", withID("same")))
		require.NoError(t, w.SendToInput(t.Context(), "dev-1/mod-1", "in", withID("same")))
		require.NoError(t, w.SendToDevice(t.Context(), "dev-1", message("no id")))
		synctest.Wait()
		var got [][3]any
		for _, o := range w.log {
			if o.Name == emulator.MessageEnqueued {
				got = append(got, [3]any{o.MessageSequenceNumber, o.MessageID, hubproto.ClientID(o.DeviceID, o.ModuleID)})
			}
		}
		require.Equal(t, [][3]any{{int64(1), "same", "dev-1"}, {int64(2), "same", "dev-1/mod-1"}, {int64(3), "", "dev-1"}}, got)
	})
}
