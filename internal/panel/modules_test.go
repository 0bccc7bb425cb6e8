package panel

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
)

// TestAModuleGetsMessagesOnItsInputs registers a module, connects as it, and talks to it from the cloud side.
func TestAModuleGetsMessagesOnItsInputs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=messages")
		require.Contains(t, pg.read("inbox-completion"), "cannot reject or abandon")
		pg.fire("registry", "toggle", ui.Event{Checked: true})
		pg.typeIn("registry-new-id", "MyDevice01/bad id")
		pg.click("registry-create")
		require.Contains(t, pg.read("registry-result"), "holds")
		pg.typeIn("registry-new-id", "MyDevice01/filter")
		pg.click("registry-create")
		require.Contains(t, pg.read("registry-result"), "MyDevice01/filter is registered")
		pg.fire("cloud-module", "change", ui.Event{Value: "filter"})
		pg.click("cloud-module-use")
		require.Contains(t, pg.find("connection-string").Value, "ModuleId=filter")
		pg.connect()
		require.Equal(t, "MyDevice01/filter", pg.read("device-name"))
		require.Equal(t, "MyDevice01/filter", pg.target())
		require.Contains(t, pg.read("inbox-completion"), "A module gets no cloud-to-device messages")

		pg.typeIn("c2d-body", `{"open": true}`)
		pg.typeIn("c2d-input", "a/b")
		pg.click("c2d-send")
		require.Contains(t, pg.read("c2d-result"), "holds /, + or #")
		pg.typeIn("c2d-input", "valves")
		pg.click("c2d-send")
		require.Contains(t, pg.read("c2d-result"), "as soon as MyDevice01/filter is connected")
		require.Equal(t, "input valves", pg.read("message-input"))
		message := pg.read("message")
		for _, want := range []string{`"open": true`, "iothub-connection-device-id = MyDevice01", "iothub-connection-module-id = filter", "priority = high", "completed"} {
			require.Contains(t, message, want)
		}
		require.Contains(t, pg.read("device-log"), "Message to the input valves")

		// What else the cloud side does, it does to the module too.
		pg.Show(page.TopicTwin)
		pg.typeIn("desired-patch", `{"rate": 3}`)
		pg.click("desired-update")
		require.Contains(t, pg.read("twin-row"), "rate")
		pg.Show(page.TopicMethods)
		pg.click("invoke")
		require.Contains(t, pg.read("invoke-result"), "The device answered 200")

		// A module's telemetry may leave by an output.
		pg.Show(page.TopicTelemetry)
		pg.addSystemProperty("$.on")
		pg.typeIn("telemetry-output", "alerts")
		pg.click("telemetry-send")
		require.Empty(t, pg.read("notice"))
		require.Len(t, pg.stored(), 1)
		require.Equal(t, "alerts", pg.stored()[0].System["iothub-outputname"])
		require.Equal(t, "filter", pg.stored()[0].System["iothub-connection-module-id"])
		uitest.Valid(t, pg.View())
	})
}
