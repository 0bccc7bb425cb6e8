package panel

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

func TestSystemPropertiesByTheirNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=telemetry")
		pg.connect()
		require.Contains(t, pg.read("telemetry-system"), "content-type = application/json, content-encoding = utf-8", "set from the start")
		require.Contains(t, pg.read("telemetry-system-row"), "$body in a routing query", "and why")

		for len(pg.telemetry.system.missing()) > 0 {
			require.NotEmpty(t, pg.read("telemetry-system-meaning"))
			pg.click("telemetry-system-add")
		}
		require.False(t, pg.has("telemetry-system-choice"), "there are no others")
		require.Len(t, pg.all("telemetry-system-row"), len(systemKeys))
		meanings := map[string]bool{}
		for _, key := range systemKeys {
			meanings[pg.systemMeaning(key)] = true
			require.True(t, pg.has(systemID(key)), key)
		}
		require.Len(t, meanings, len(systemKeys), "each has its own sentence")

		pg.click("telemetry-creation-time-fill")
		pg.click("telemetry-expiry-fill")
		pg.click("telemetry-message-id-fill")
		pg.click("telemetry-output-remove")
		pg.typeIn("telemetry-component", "thermostat1")
		pg.typeIn("telemetry-user-id", "shift 2")
		pg.click("telemetry-send")
		require.Empty(t, pg.read("notice"))
		stored := pg.cloud.events[0].read().SystemProperties
		require.Equal(t, "thermostat1", stored["dt-subject"])
		require.Equal(t, "shift 2", stored["user-id"])
		require.Equal(t, "2000-01-01T00:00:00.000Z", stored["iothub-creation-time-utc"])
		require.Equal(t, "2000-01-01T01:00:00.000Z", stored["absolute-expiry-time"])
		require.Len(t, stored["message-id"], 8)
		valid(t, pg.View())
	})
}

func TestSystemPropertiesThatTheHubWouldNotTake(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"$.mid", strings.Repeat("m", 129), "message-id has 129 characters: at most 128"},
		{"$.mid", "a b", `message-id holds ' '`},
		{"$.mid", "ż", `message-id holds 'ż'`},
		{"$.exp", "tomorrow", "is no time as ISO 8601 has it, for example 2026-01-31T12:00:00Z"},
		{"$.ctime", "2026-01-31 12:00", "is no time"},
		{"$.on", "out1", "only modules have outputs"},
		{"$.ct", "json", "is no media type, for example application/json"},
		{"$.uid", "a\x00b", "user-id holds a control character"},
	} {
		var r systemRows
		r.set(c.key, c.value)
		require.ErrorContains(t, r.check(false), c.want)
	}
	r := newSystemRows()
	r.set("$.mid", strings.Repeat("m", 128))
	r.set("$.cid", "A-Z:.+%_#*?!(),=@;$'")
	r.set("$.mid", "A-Z:.+%_#*?!(),=@;$'")
	r.set("$.on", "out1")
	r.set("$.exp", "2026-01-31T12:00:00+01:00")
	require.NoError(t, r.check(true))
	require.Equal(t, hubproto.SystemProperties{ContentType: "application/json", ContentEncoding: "utf-8", MessageID: "A-Z:.+%_#*?!(),=@;$'",
		CorrelationID: "A-Z:.+%_#*?!(),=@;$'", OutputName: "out1", Expiry: "2026-01-31T12:00:00+01:00"}, r.properties())
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
		require.Equal(t, "no JSON", string(pg.cloud.events[0].read().Body))
		pg.click("telemetry-content-type-fill")
		require.Equal(t, "application/json", pg.find("telemetry-content-type").Value)
	})
}
