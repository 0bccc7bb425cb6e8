package panel

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAStreamSendsItsCountInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=telemetry")
		pg.connect()
		pg.fire("stream-0-template", "toggle", Event{Checked: true})
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
		for _, e := range pg.Panel.cloud.events {
			got = append(got, string(e.read().Body))
		}
		require.Equal(t, []string{`{"n": 1}`, `{"n": 2}`, `{"n": 3}`, `{"n": 4}`, `{"n": 5}`}, got[:5])
		valid(t, pg.View())
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

func TestAStreamThatCannotStartSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=telemetry")
		pg.connect()
		pg.fire("stream-0-template", "toggle", Event{Checked: true})
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
