package telemetry

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/ui"
)

func TestASessionFileRestoresTheForms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openRoom(t)
		v.connect()
		v.typeIn("telemetry-body", `{"t": 1}`)
		v.typeIn("telemetry-property-value-0", "warn")
		v.typeIn("telemetry-message-id", "m-1")
		v.fire("telemetry-qos0", "change", ui.Event{Checked: true})
		v.click("stream-add")
		v.typeIn("stream-1-name", "second")
		v.typeIn("stream-1-interval", "soon")
		v.fire("stream-1-qos", "change", ui.Event{Value: "0"})
		v.fire("stream-1-template", "toggle", ui.Event{Checked: true})
		v.click("stream-1-property-add")
		v.typeIn("stream-1-property-name-0", "n")
		v.fire("stream-1-variable-kind-0", "change", ui.Event{Value: "choice"})
		v.typeIn("stream-1-seed", "7")
		saved := savefile.Document{Version: savefile.Version}
		v.Read(func() { v.Save(&saved) })
		require.Equal(t, "soon", saved.Streams[1].Interval, "texts, also where they should be numbers")

		other := openRoom(t)
		other.connect()
		other.click("stream-0-start")
		other.Update(func() { other.Restore(&saved) })
		require.Len(t, other.state.streams.list, 3, "a stream that runs stays")
		other.click("stream-0-stop")
		other.click("stream-0-remove")
		again := savefile.Document{Version: savefile.Version}
		other.Read(func() { other.Save(&again) })
		require.Equal(t, saved, again)
	})
}

func TestASessionFileOfVersion1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openRoom(t)
		v.typeIn("stream-0-name", "mine")
		value := "c"
		v.Update(func() {
			v.Restore(&savefile.Document{Version: 1, Settings: savefile.Forms{Telemetry: "old", ContentType: "text/plain", QoS0: true,
				Properties: []savefile.Property{{Name: "a"}, {Name: "b", Value: &value}}}})
		})
		m := v.Message()
		require.Equal(t, "old", string(m.Body))
		require.Equal(t, hubproto.SystemProperties{ContentType: "text/plain"}, m.SystemProperties)
		require.Equal(t, hubproto.Properties{{Name: "a", Null: true}, {Name: "b", Value: "c"}}, m.Properties)
		require.True(t, v.state.composer.qos0)
		require.Equal(t, "mine", v.state.streams.list[0].name.Text, "a file without streams removes none")
	})
}

// A file may name any property, and the hub accepts only some.
func TestAnUnknownSystemPropertyIsNotRestored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openRoom(t)
		value := "x"
		v.Update(func() {
			v.Restore(&savefile.Document{Version: 2, Settings: savefile.Forms{System: []savefile.Property{{Name: "$.cid", Value: &value}, {Name: "$.evil", Value: &value}}}})
		})
		require.Equal(t, hubproto.SystemProperties{CorrelationID: "x"}, v.Message().SystemProperties)
	})
}
