package panel

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
)

func TestAConfigurationIsImportedInThePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=telemetry")
		pg.connect()
		pg.typeIn("simulator-text", "{")
		pg.click("simulator-import")
		require.Contains(t, pg.read("simulator-result"), "line 1")
		file := `{"Template": "{\"n\": $.N}", "Variables": [{"name": "N", "min": 7}], "MessageCount": 2, "Interval": 100, "DeviceCount": 5}`
		pg.fire("simulator-file", "change", ui.Event{Files: []ui.File{{Name: "c.json", Size: int64(len(file)), Data: []byte(file)}}})
		require.Contains(t, pg.read("simulator-result"), "1 stream was added")
		require.Contains(t, pg.read("simulator-note"), "several devices")
		require.Empty(t, pg.find("simulator-text").Value, "what was read is gone from the form")
		require.Equal(t, `{"n": 7}`, pg.read("stream-1-preview"))
		pg.click("stream-1-start")
		time.Sleep(time.Second)
		synctest.Wait()
		require.Contains(t, pg.read("stream-1-state"), "Done: 2 messages.")
		uitest.Valid(t, pg.View())
	})
}
