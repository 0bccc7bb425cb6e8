package panel

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

func TestAStreamSendsItsCountInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=telemetry")
		pg.connect()
		pg.fire("stream-0-template", "toggle", ui.Event{Checked: true})
		require.Contains(t, pg.read("stream-0-preview"), `"temperature": 20,`)
		pg.typeIn("stream-0-body", `{"n": $.Count}`)
		pg.typeIn("stream-0-interval", "500")
		pg.typeIn("stream-0-burst", "2")
		pg.typeIn("stream-0-count", "5")
		pg.click("stream-0-start")
		require.Contains(t, pg.read("stream-0-state"), "Running. 2 sent, 2 acknowledged")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Contains(t, pg.read("stream-0-state"), "Done: 5 messages. 5 sent, 5 acknowledged, 0 failed, 0 on their way.")
		require.Contains(t, pg.read("recent-messages"), "stream-1 #5 acknowledged in")
		require.Equal(t, "5", pg.read("rate-total"))
		pg.click("telemetry-send")
		require.Equal(t, "6", pg.read("rate-total"))
		require.Contains(t, pg.read("recent-messages"), "By hand acknowledged in")
		var got []string
		for _, e := range pg.stored() {
			got = append(got, e.Body)
		}
		require.Equal(t, []string{`{"n": 1}`, `{"n": 2}`, `{"n": 3}`, `{"n": 4}`, `{"n": 5}`}, got[:5])
		uitest.Valid(t, pg.View())
	})
}

func TestAStreamAtQoS0IsWrittenAndNotAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=telemetry")
		pg.connect()
		pg.fire("stream-0-qos", "change", ui.Event{Value: "0"})
		pg.typeIn("stream-0-interval", "100")
		pg.typeIn("stream-0-count", "5")
		pg.click("stream-0-start")
		time.Sleep(time.Second)
		synctest.Wait()
		require.Contains(t, pg.read("stream-0-state"), "Done: 5 messages. 5 sent, 5 written, 0 failed")
		require.Contains(t, pg.read("recent-messages"), "written (QoS 0 has no acknowledgement)")
		require.NotContains(t, pg.read("recent-messages"), "acknowledged in")
		require.NotContains(t, pg.read("device-log"), "acknowledged in")
		require.Equal(t, "—", pg.read("rate-latency"), "there is nothing to measure")
		require.Len(t, pg.stored(), 5)
	})
}

// A message's way: it waits for the connection, then it is on the wire, then the hub has it.
func TestAMessageIsQueuedThenSentThenAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=telemetry")
		pg.connect()
		require.NoError(t, pg.hub().SetFaults(emulator.Faults{Refuse: mqttcodec.ServerUnavailable}))
		require.True(t, pg.hub().Disconnect("MyDevice01"))
		synctest.Wait()
		pg.click("telemetry-send")
		require.Contains(t, pg.read("recent-messages"), "By hand queued", "there is no connection")
		require.NoError(t, pg.hub().SetFaults(emulator.Faults{Delay: time.Second}))
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Contains(t, pg.read("recent-messages"), "By hand acknowledged in")

		pg.click("telemetry-send")
		require.Contains(t, pg.read("recent-messages"), "By hand sent", "the acknowledgement takes a second")
		var note string
		pg.Read(func() { note = pg.Words(pg.DeviceLog.Entries[len(pg.DeviceLog.Entries)-1].Note) })
		require.Equal(t, "sent", note)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Contains(t, pg.read("recent-messages"), "By hand acknowledged in 1000 ms")
	})
}

func TestPropertiesOfAStreamHaveTheMessagesValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=telemetry")
		pg.connect()
		pg.fire("stream-0-template", "toggle", ui.Event{Checked: true})
		pg.typeIn("stream-0-body", `$.Count;$.Guid`)
		require.Contains(t, pg.read("stream-0-body-problem"), "not JSON")
		pg.typeIn("stream-0-content-type", "text/csv")
		require.Empty(t, pg.read("stream-0-body-problem"))
		pg.click("stream-0-property-add")
		pg.typeIn("stream-0-property-name-0", "n")
		pg.typeIn("stream-0-property-value-0", "no $.Count of $.Guid")
		pg.typeIn("stream-0-count", "2")
		pg.click("stream-0-start")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Len(t, pg.stored(), 2)
		for _, e := range pg.stored() {
			count, id, _ := strings.Cut(e.Body, ";")
			require.Len(t, e.Properties, 1)
			require.Equal(t, "n", e.Properties[0].Name)
			require.Equal(t, "no "+count+" of "+id, e.Properties[0].Text(), "one value a message, wherever it stands")
			require.Equal(t, "text/csv", e.System["content-type"])
		}
	})
}

func TestAThousandMessagesASecondFromTwoStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=telemetry")
		pg.connect()
		pg.click("stream-add")
		for _, id := range []string{"stream-0", "stream-1"} {
			pg.typeIn(id+"-interval", "10")
			pg.typeIn(id+"-burst", "5")
			pg.click(id + "-start")
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		pg.click("stream-0-stop")
		require.Contains(t, pg.read("stream-0-state"), "Stopped after 500")
		require.Regexp(t, `^(9\d\d|10\d\d)\.`, pg.read("rate-messages"))
		require.Less(t, strings.Count(pg.read("device-log"), "Telemetry ·"), 30, "a line a second for each stream, not one a message")

		pg.click("disconnect")
		require.Contains(t, pg.read("stream-1-state"), "the device was disconnected")
	})
}

func TestAStreamThatCannotStartShowsWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=telemetry")
		pg.connect()
		pg.fire("stream-0-template", "toggle", ui.Event{Checked: true})
		for _, c := range []struct{ id, text, good, want string }{
			{"stream-0-interval", "0", "1000", "The interval must be"},
			{"stream-0-burst", "1001", "1", "from 1 to 1000"},
			{"stream-0-count", "-1", "0", "The count must be"},
			{"stream-0-seed", "x", "", "The seed must be"},
			{"stream-0-body", `{"a": }`, `{}`, "line 1, column 7"},
			{"stream-0-variable-args-0", "1", "1, 1, 0, 2", "Temperature needs numbers"},
		} {
			pg.typeIn(c.id, c.text)
			pg.click("stream-0-start")
			require.Contains(t, pg.read("notice"), c.want)
			pg.typeIn(c.id, c.good)
		}
		pg.click("stream-0-start")
		require.Empty(t, pg.read("notice"))
	})
}
