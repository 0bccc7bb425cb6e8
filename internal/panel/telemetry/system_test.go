package telemetry

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
)

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

func TestSystemPropertiesByTheirNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openRoom(t)
		v.connect()
		require.Contains(t, v.read("telemetry-system"), "content-type = application/json, content-encoding = utf-8", "set from the start")
		require.Contains(t, v.read("telemetry-system-row"), "$body in a routing query", "and why")

		for len(v.state.composer.system.missing()) > 0 {
			require.NotEmpty(t, v.read("telemetry-system-meaning"))
			v.click("telemetry-system-add")
		}
		require.Empty(t, uitest.All(v.view(), "telemetry-system-choice"), "there are no others")
		require.Len(t, uitest.All(v.view(), "telemetry-system-row"), len(systemKeys))
		meanings := map[string]bool{}
		for _, key := range systemKeys {
			v.Read(func() { meanings[v.systemMeaning(key)] = true })
			require.NotEmpty(t, uitest.All(v.view(), systemID(key)), key)
		}
		require.Len(t, meanings, len(systemKeys), "each has its own sentence")

		v.click("telemetry-creation-time-fill")
		v.click("telemetry-expiry-fill")
		v.click("telemetry-message-id-fill")
		v.click("telemetry-output-remove")
		v.typeIn("telemetry-component", "thermostat1")
		v.typeIn("telemetry-user-id", "shift 2")
		stored := v.nextStored(v.send).SystemProperties
		require.Nil(t, v.Notice.Text)
		require.Equal(t, "thermostat1", stored["dt-subject"])
		require.Equal(t, "shift 2", stored["user-id"])
		require.Equal(t, "2000-01-01T00:00:00.000Z", stored["iothub-creation-time-utc"])
		require.Equal(t, "2000-01-01T01:00:00.000Z", stored["absolute-expiry-time"])
		require.Len(t, stored["message-id"], 8)
		uitest.Valid(t, v.view())
	})
}
