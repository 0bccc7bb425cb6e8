package panel

import (
	"context"
	"net"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/panel/scenarios"
	"github.com/hubpanel/hubpanel/internal/scenario"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// realHost is the name of a hub that is not the page's emulator.
const realHost = "real.azure-devices.net"

// openBesideARealHub opens a page whose network has a second hub, as a real one. The second hub has a device of the same name as the
// emulator's ready-made one, and pump-7.
func openBesideARealHub(t *testing.T) (pg *person, hub *emulator.Hub, connectionString func(deviceID string) string) {
	t.Helper()
	hub = &emulator.Hub{HostName: realHost}
	require.NoError(t, hub.Open(t.Context()))
	t.Cleanup(func() { require.NoError(t, hub.Close()) })
	for _, id := range []string{"MyDevice01", "pump-7"} {
		_, err := hub.PutDevice(t.Context(), emulator.Device{DeviceID: id})
		require.NoError(t, err)
	}
	dial := func(ctx context.Context, to string) (net.Conn, error) {
		if u, err := url.Parse(to); err != nil || u.Host != realHost {
			return nil, &net.DNSError{Err: "no such host", Name: to, IsNotFound: true}
		}
		return hub.Dial(ctx, to)
	}
	pg = openWith(t, Env{Dial: dial, Params: page.ParseParams("hub=inpage&view=twin", "")})
	return pg, hub, func(deviceID string) string {
		device, err := hub.Device(deviceID)
		require.NoError(t, err)
		return "HostName=" + realHost + ";DeviceId=" + deviceID + ";SharedAccessKey=" + device.Authentication.SymmetricKey.PrimaryKey
	}
}

// A device of a real hub may be connected while the cloud side shows the emulator: the cloud side stays with the emulator's device, nothing
// of the real one's is taken for the emulator's, and no scenario runs.
func TestADeviceOfARealHubBesideTheEmulator(t *testing.T) {
	for _, id := range []string{"pump-7", "MyDevice01"} { // the second one also names a device of the emulator
		t.Run(id, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pg, hub, connectionString := openBesideARealHub(t)
				require.Equal(t, "MyDevice01", pg.target())
				pg.typeIn("desired-patch", `{"of": "the emulator"}`)
				pg.click("desired-update")

				pg.typeIn("connection-string", connectionString(id))
				pg.connect()
				require.Equal(t, id, pg.read("device-name"))
				require.Equal(t, realHost, pg.read("hub-name"))
				device, err := hub.Device(id)
				require.NoError(t, err)
				require.Equal(t, emulator.StateConnected, device.ConnectionState)
				require.Equal(t, emulator.StateDisconnected, pg.hubSees("MyDevice01"))
				require.Equal(t, "MyDevice01", pg.target(), "the cloud side is about the emulator's device")
				require.NotContains(t, pg.read("twin-desired"), "the emulator")
				require.Empty(t, pg.read("notice"))

				pg.typeIn("twin-patch", `{"of": "the real hub"}`)
				pg.click("twin-report")
				require.Contains(t, pg.read("twin-reported"), "the real hub")
				twin, err := pg.emulator.Client.Twin(t.Context(), "MyDevice01")
				require.NoError(t, err)
				require.NotContains(t, string(twin.Reported), "the real hub")
				pg.press("Ctrl+Enter")
				require.Empty(t, pg.stored(), "it went to the real hub")

				result := pg.play(steps(`{"connect": {}}`), scenarios.Options{})
				require.Equal(t, scenario.Failed, result.Outcome)
				require.Contains(t, result.Text, "the device talks to a real hub")
				require.Equal(t, scenario.NotRun, result.Steps[0].Outcome)
				require.Contains(t, pg.read("state"), "Connected since", "the person's device stays connected")
				require.Equal(t, realHost, pg.read("hub-name"))

				// Disconnected, the page is the emulator's again.
				pg.click("disconnect")
				time.Sleep(time.Second)
				device, err = hub.Device(id)
				require.NoError(t, err)
				require.Equal(t, emulator.StateDisconnected, device.ConnectionState)
				result = pg.play(steps(`{"connect": {}}`), scenarios.Options{})
				require.Equal(t, scenario.Passed, result.Outcome, "%s", report(result))
				require.Equal(t, "mine-1", pg.target())
			})
		})
	}
}
