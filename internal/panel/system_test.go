package panel

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/ui/uitest"
)

func TestSystemPropertiesByTheirNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=telemetry")
		pg.connect()
		require.Contains(t, pg.read("telemetry-system"), "content-type = application/json, content-encoding = utf-8", "set from the start")
		require.Contains(t, pg.read("telemetry-system-row"), "$body in a routing query", "and why")

		meanings := map[string]bool{}
		for pg.has("telemetry-system-choice") {
			require.NotEmpty(t, pg.read("telemetry-system-meaning"))
			meanings[pg.read("telemetry-system-meaning")] = true
			pg.click("telemetry-system-add")
		}
		require.Len(t, pg.all("telemetry-system-row"), 14, "there are no others")
		require.Len(t, meanings, 14-3, "each has its own sentence")
		for _, id := range []string{"content-type", "content-encoding", "message-id", "correlation-id", "user-id", "to", "expiry", "creation-time", "output",
			"component", "interface-id", "schema", "diagnostic-id", "correlation-context"} {
			require.True(t, pg.has("telemetry-"+id), id)
		}

		pg.click("telemetry-creation-time-fill")
		pg.click("telemetry-expiry-fill")
		pg.click("telemetry-message-id-fill")
		pg.click("telemetry-output-remove")
		pg.typeIn("telemetry-component", "thermostat1")
		pg.typeIn("telemetry-user-id", "shift 2")
		pg.click("telemetry-send")
		require.Empty(t, pg.read("notice"))
		stored := pg.stored()[0].System
		require.Equal(t, "thermostat1", stored["dt-subject"])
		require.Equal(t, "shift 2", stored["user-id"])
		require.Equal(t, "2000-01-01T00:00:00.000Z", stored["iothub-creation-time-utc"])
		require.Equal(t, "2000-01-01T01:00:00.000Z", stored["absolute-expiry-time"])
		require.Len(t, stored["message-id"], 8)
		uitest.Valid(t, pg.View())
	})
}

func TestAWrongSystemPropertyNeverLeavesThePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=telemetry")
		pg.connect()
		pg.typeIn("telemetry-message-id", "not allowed")
		require.Contains(t, pg.read("telemetry-message-id-problem"), "Message-id holds ' '")
		pg.click("telemetry-send")
		require.Contains(t, pg.read("notice"), "use ASCII letters, digits and")
		require.False(t, pg.has("event"))
		pg.typeIn("telemetry-message-id", "")

		pg.typeIn("telemetry-body", "no JSON")
		pg.click("telemetry-send")
		require.Contains(t, pg.read("notice"), "line 1")
		pg.typeIn("telemetry-content-type", "text/plain")
		require.Empty(t, pg.read("telemetry-body-problem"), "text is no JSON, and need not be")
		pg.click("telemetry-send")
		require.Empty(t, pg.read("notice"))
		require.Equal(t, "no JSON", pg.stored()[0].Body)
		pg.click("telemetry-content-type-fill")
		require.Equal(t, "application/json", pg.find("telemetry-content-type").Value)
	})
}
