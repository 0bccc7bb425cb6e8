package panel

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
)

func TestTheDeviceRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		pg.fire("registry", "toggle", ui.Event{Checked: true})
		before := len(pg.all("registered"))

		pg.typeIn("registry-new-id", "no blanks allowed")
		pg.click("registry-create")
		require.Equal(t, "failed", attrOf(pg.find("registry-result"), "data-result"))

		pg.typeIn("registry-new-id", "A-pump") // the first one by its name
		pg.click("registry-create")
		require.Contains(t, pg.read("registry-result"), "A-pump is registered")
		require.Len(t, pg.all("registered"), before+1)

		pg.click("registry-0-use")
		require.Contains(t, pg.find("connection-string").Value, "DeviceId=A-pump;")
		pg.connect()
		time.Sleep(registryPause)
		synctest.Wait()
		require.Equal(t, "connected", pg.read("registry-0-state"), "the list follows the operations log")

		pg.click("registry-0-disable")
		require.Equal(t, "disabled", attrOf(pg.all("registered")[0], "data-status"))
		require.NotContains(t, pg.read("state"), "Connected", "the hub closes its connection")
		pg.click("registry-0-enable")
		require.Equal(t, "enabled", attrOf(pg.all("registered")[0], "data-status"))
		if pg.has("disconnect") {
			pg.click("disconnect")
		}

		pg.click("registry-0-delete")
		pg.click("registry-0-delete-no")
		require.Len(t, pg.all("registered"), before+1, "a second click decides")
		pg.click("registry-0-delete")
		pg.click("registry-0-delete-yes")
		require.Len(t, pg.all("registered"), before)
	})
}

func TestTheProgressOfAMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=messages")
		pg.fire("registry", "toggle", ui.Event{Checked: true})
		pg.typeIn("c2d-expiry", "0")
		pg.click("c2d-send")
		require.Contains(t, pg.read("c2d-result"), "172800")

		pg.typeIn("c2d-expiry", "60")
		pg.typeIn("c2d-correlation-id", "order-7")
		pg.click("c2d-send")
		require.Contains(t, pg.read("c2d-sent"), "queued")
		require.Equal(t, "pending", attrOf(pg.find("c2d-sent"), "data-outcome"))
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Contains(t, pg.read("registry-0-queue"), "1 message waits")

		pg.connect()
		require.Contains(t, pg.read("c2d-sent"), "sent to the device")
		require.Equal(t, "done", attrOf(pg.find("c2d-sent"), "data-outcome"))
		require.Contains(t, pg.read("message"), "order-7")

		pg.click("disconnect")
		pg.click("c2d-send")
		pg.click("c2d-send")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		pg.click("registry-0-purge")
		require.Contains(t, pg.read("registry-result"), "2 messages were dropped")
		require.Empty(t, queued(t, pg))
	})
}

func TestTagsAndTheHistoryOfCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=twin")
		pg.typeIn("tags-patch", `{"floor": 3}`)
		pg.click("tags-update")
		require.Contains(t, pg.read("tags-result"), "twin is at version")
		require.Contains(t, pg.read("cloud-twin"), `"floor": 3`)
		pg.typeIn("tags-patch", `7`)
		pg.click("tags-update")
		require.Contains(t, pg.read("tags-result"), "must be a JSON object")

		pg.Show(page.TopicMethods)
		pg.typeIn("invoke-connect-timeout", "301")
		pg.click("invoke")
		require.Contains(t, pg.read("invoke-result"), "from 0 to 300")
		pg.typeIn("invoke-connect-timeout", "20")
		pg.click("invoke")
		require.False(t, pg.has("invoke-call"), "it waits for the device to come")
		time.Sleep(5 * time.Second)
		pg.connect()
		require.Contains(t, pg.read("invoke-call"), "200, in 5000 ms")
	})
}

func TestFaults(t *testing.T) {
	faulty := func(t *testing.T, story func(t *testing.T, pg *person)) {
		synctest.Test(t, func(t *testing.T) {
			pg := openPage(t, "")
			pg.fire("faults", "toggle", ui.Event{Checked: true})
			pg.connect()
			story(t, pg)
		})
	}
	on, off := ui.Event{Checked: true}, ui.Event{}
	later := func(d time.Duration) { time.Sleep(d); synctest.Wait() }

	t.Run("cut", func(t *testing.T) {
		faulty(t, func(t *testing.T, pg *person) {
			pg.click("fault-cut")
			require.Contains(t, pg.read("faults-result"), "was cut")
			require.Contains(t, pg.read("cloud-log"), "cut on demand")
			later(time.Minute)
			require.Contains(t, pg.read("state"), "Connected since", "the device comes back")
		})
	})
	t.Run("delay", func(t *testing.T) {
		faulty(t, func(t *testing.T, pg *person) {
			pg.typeIn("fault-delay-ms", "no")
			pg.fire("fault-delay", "change", on)
			require.Contains(t, pg.read("faults-result"), "milliseconds")
			pg.typeIn("fault-delay-ms", "750")
			pg.fire("fault-delay", "change", on)
			require.True(t, pg.has("faults-on"))
			pg.click("telemetry-send")
			later(time.Second)
			require.Contains(t, pg.read("device-log"), "acknowledged in 750 ms")
			pg.fire("fault-delay", "change", off)
			require.False(t, pg.has("faults-on"))
		})
	})
	t.Run("drop", func(t *testing.T) {
		faulty(t, func(t *testing.T, pg *person) {
			pg.typeIn("fault-drop-percent", "100")
			pg.fire("fault-drop", "change", on)
			pg.click("telemetry-send")
			require.Contains(t, pg.read("cloud-log"), "drop 100 %")
			pg.click("faults-end")
			require.False(t, pg.has("faults-on"))
			later(2 * time.Minute)
			require.Contains(t, pg.read("device-log"), "acknowledged in ", "it was sent again")
		})
	})
	t.Run("throttle and refuse together", func(t *testing.T) {
		faulty(t, func(t *testing.T, pg *person) {
			pg.fire("fault-throttle", "change", on)
			pg.fire("fault-refuse-code", "change", ui.Event{Value: "5"})
			pg.fire("fault-refuse", "change", on)
			require.Equal(t, 2, len(checked(pg, "fault-throttle", "fault-refuse")), "the one leaves the other")
			pg.click("fault-cut")
			later(10 * time.Minute)
			require.Contains(t, pg.read("state"), "Refused")
			pg.click("faults-end")
			require.Empty(t, checked(pg, "fault-throttle", "fault-refuse"))
		})
	})
	t.Run("second session", func(t *testing.T) {
		faulty(t, func(t *testing.T, pg *person) {
			pg.fire("fault-second", "change", on)
			require.Contains(t, pg.read("cloud-log"), "ConnectionForcefullyClosedOnNewConnection")
			pg.fire("fault-second", "change", off)
			later(2 * time.Minute)
			require.Empty(t, checked(pg, "fault-second"))
			require.Contains(t, pg.read("state"), "Connected since", "the first has its place again")
		})
	})
	t.Run("expire", func(t *testing.T) {
		faulty(t, func(t *testing.T, pg *person) {
			pg.click("fault-expire")
			require.Contains(t, pg.read("faults-result"), "token that ends at")
			require.Contains(t, pg.read("state"), "Connected since")
			later(10 * time.Minute)
			require.Contains(t, pg.read("notice"), "expired")
			require.NotContains(t, pg.read("state"), "Connected since")
		})
	})
}

// checked are those of the check boxes that are on.
func checked(pg *person, ids ...string) (on []string) {
	for _, id := range ids {
		if _, ok := pg.find(id).Attr("checked"); ok {
			on = append(on, id)
		}
	}
	return on
}

func TestStoredTelemetryIsFiltered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		pg.connect()
		pg.typeIn("telemetry-body", `{"a": 1}`)
		for range eventsPage + 3 {
			pg.click("telemetry-send")
		}
		require.Len(t, pg.all("event"), eventsPage)
		pg.click("events-more")
		require.Len(t, pg.all("event"), eventsPage+3)
		pg.fire("events-form", "change", ui.Event{Value: string(page.FormHex)})
		require.Contains(t, pg.read("event"), "7b 22 61 22")
		pg.fire("events-device", "change", ui.Event{Value: "another"})
		require.False(t, pg.has("event"))
		pg.fire("events-device", "change", ui.Event{Value: "MyDevice01"})
		require.True(t, pg.has("event"))
	})
}
