package panel

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// Two quick clicks on "Connect to it" of a registered device, while another connection runs, leave one client: the hub never has to
// close one because of the other, and Disconnect ends what the hub sees.
func TestTwoQuickClicksOnConnectToItLeaveOneClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=provisioning")
		registrationID := pg.value("dps-registration-id")
		pg.click("dps-only")
		time.Sleep(20 * time.Second)
		pg.settle()
		require.Contains(t, pg.read("dps-assigned"), registrationID)
		pg.connect()
		require.Equal(t, "MyDevice01", pg.read("device-name"))
		before, _ := pg.connects(registrationID) // those of the provisioning service

		click := pg.find("dps-connect").Events[0].Do // of one drawing: the second click comes before the page is drawn again
		pg.Handle(click, ui.Event{})
		pg.Handle(click, ui.Event{})
		time.Sleep(time.Minute)
		pg.settle()
		require.Contains(t, pg.read("state"), "Connected since")
		require.Equal(t, registrationID, pg.read("device-name"))
		connects, replaced := pg.connects(registrationID)
		require.Equal(t, []int{before + 1, 0}, []int{connects, replaced}, "%v", pg.operations(registrationID))
		require.Equal(t, emulator.StateConnected, pg.hubSees(registrationID))
		require.Equal(t, emulator.StateDisconnected, pg.hubSees("MyDevice01"))

		pg.click("disconnect")
		time.Sleep(time.Minute)
		pg.settle()
		require.Equal(t, "Not connected", pg.read("state"))
		require.Equal(t, emulator.StateDisconnected, pg.hubSees(registrationID), "no second client is there")
		connects, replaced = pg.connects(registrationID)
		require.Equal(t, []int{before + 1, 0}, []int{connects, replaced}, "%v", pg.operations(registrationID))
	})
}
