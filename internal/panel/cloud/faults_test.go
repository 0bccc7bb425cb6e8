package cloud

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
)

func checked(r *testRoom, id string) bool {
	_, on := uitest.All(r.View(), id)[0].Attr("checked")
	return on
}

// The second session ends with its switch, with Forget, and with the page.
func TestTheSecondSessionEnds(t *testing.T) {
	for name, end := range map[string]func(r *testRoom){
		"switch": func(r *testRoom) { r.Fire("fault-second", "change", ui.Event{}) },
		"all":    func(r *testRoom) { r.Click("faults-end") },
		"forget": func(r *testRoom) { r.Update(r.Forget) },
		"close":  func(r *testRoom) { r.Page.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := openInPage(t, page.TopicTelemetry)
				r.Fire("fault-second", "change", ui.Event{Checked: true})
				require.True(t, checked(r, "fault-second"))
				require.True(t, r.Has("faults-on"))
				d, err := r.emulator.Hub.Device(readyMade)
				require.NoError(t, err)
				require.EqualValues(t, "Connected", d.ConnectionState)
				end(r)
				synctest.Wait()
				require.False(t, r.Faults.rival.running())
				d, err = r.emulator.Hub.Device(readyMade)
				require.NoError(t, err)
				require.EqualValues(t, "Disconnected", d.ConnectionState)
			})
		})
	}
}

func TestASecondSessionOfADeviceThatDoesNotExist(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := openInPage(t, page.TopicTelemetry)
		r.Update(func() { r.setTarget("nobody", "") })
		r.Fire("fault-second", "change", ui.Event{Checked: true})
		require.False(t, checked(r, "fault-second"))
		require.Contains(t, r.Text("faults-result"), "DeviceNotFound")
	})
}

func TestTheNumbersOfTheFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := openInPage(t, page.TopicTelemetry)
		r.Type("fault-delay-ms", "no")
		r.Fire("fault-delay", "change", ui.Event{Checked: true})
		require.Contains(t, r.Text("faults-result"), "milliseconds")
		r.Type("fault-delay-ms", "750")
		r.Fire("fault-delay", "change", ui.Event{Checked: true})
		require.Equal(t, 750*time.Millisecond, r.emulator.Hub.CurrentFaults().Delay)
		r.Type("fault-drop-percent", "101")
		r.Fire("fault-drop", "change", ui.Event{Checked: true})
		require.Contains(t, r.Text("faults-result"), "at most 100")
		r.Fire("fault-throttle", "change", ui.Event{Checked: true})
		r.Select("fault-refuse-code", "5")
		r.Fire("fault-refuse", "change", ui.Event{Checked: true})
		require.True(t, checked(r, "fault-throttle") && checked(r, "fault-refuse") && checked(r, "fault-delay"), "each leaves the others")
		r.Click("faults-end")
		require.False(t, r.Has("faults-on"))
	})
}

func TestTheTargetIsConnectedOrNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := openInPage(t, page.TopicTelemetry)
		r.Fire("registry", "toggle", ui.Event{Checked: true})
		r.connect(t)
		time.Sleep(registryPause)
		synctest.Wait()
		require.Equal(t, "connected", r.Text("registry-0-state"), "the list follows the operations log")
		r.Click("registry-0-disable")
		require.Contains(t, r.Text("registry-result"), "is disabled")
		r.Click("registry-0-use")
		require.Contains(t, r.connectionString, "DeviceId="+readyMade)
	})
}
