package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// TestConnecting goes through the ways to connect, keeps a profile over a reload, and forgets everything.
func TestConnecting(t *testing.T) {
	server := serveHere(t)
	pn := visit(t, server.URL, "/")
	pn.sees("hub-kind", "emulator ")
	whom := pn.readsOnce("connect-whom", "Device MyDevice01 at ")
	secret := pn.value("connection-string")
	key := script[string](pn, fmt.Sprintf(`%s.split("SharedAccessKey=")[1]`, quoted(secret)))
	host := script[string](pn, fmt.Sprintf(`/HostName=([^;]*)/.exec(%s)[1]`, quoted(secret)))

	pn.clicks("way-fields")
	pn.types("connect-host", host)
	pn.types("connect-device-id", "MyDevice01")
	pn.clicks("profiles")
	pn.types("profile-name", "bench device")
	pn.clicks("profile-save")
	pn.sees("profile", "bench device")
	pn.sees("stored-local", "hubpanel.profiles")
	pn.types("connect-key", key)
	require.Equal(t, whom, pn.readsOnce("connect-whom", "MyDevice01"))
	pn.clicks("advanced")
	pn.types("connect-keep-alive", "60")
	pn.clicks("connect-will")
	pn.looks("connect-fields")
	pn.clicks("connect")
	pn.sees("state", "Connected since")
	pn.sees("token-left", "59 min")
	pn.looks("connect-session")

	require.NotContains(t, script[string](pn, `JSON.stringify([{...localStorage}, {...sessionStorage}])`), key)
	pn.do(chromedp.Reload())
	pn.sees("hub-kind", "emulator ")
	pn.clicks("profiles")
	pn.clicks("profile-use-0")
	require.Equal(t, "MyDevice01", pn.value("connect-device-id"))
	require.Empty(t, pn.value("connect-key"))

	pn.clicks("way-token")
	pn.types("connect-token", "SharedAccessSignature sr=h.azure-devices.net%2Fdevices%2Fd&sig=a2V5MTIzNDU%3D&se=4000000000")
	pn.sees("token-resource", "h.azure-devices.net/devices/d")
	pn.looks("connect-token")
	pn.clicks("keep-secret")
	pn.sees("stored-session", "hubpanel.tab")
	require.Contains(t, script[string](pn, `JSON.stringify({...sessionStorage})`), "a2V5MTIzNDU")
	pn.clicks("forget-everything")
	pn.seesNo("stored-session", "hubpanel.tab")
	require.Equal(t, "[0,0]", script[string](pn, `JSON.stringify([localStorage.length, sessionStorage.length])`))
	require.Empty(t, pn.value("connect-token"))
}

// looks keeps a picture, wide and narrow, if HUBPANEL_PICTURES names a folder; nothing may stick out of the page.
func (pn *person) looks(name string) {
	pn.t.Helper()
	for _, width := range []int64{1280, 320} {
		pn.do(chromedp.EmulateViewport(width, 900))
		require.LessOrEqual(pn.t, script[int64](pn, `document.documentElement.scrollWidth`), width, "%s at %d is wider than the page", name, width)
		if folder := os.Getenv("HUBPANEL_PICTURES"); folder != "" && folder != "1" {
			pn.picture(filepath.Join(folder, fmt.Sprintf("%s-%d.png", name, width)))
		}
	}
	pn.do(chromedp.EmulateViewport(1280, 900))
}

// TestARegistrationIsDrawn looks at a group enrollment while it waits, and connects what it made with one click.
func TestARegistrationIsDrawn(t *testing.T) {
	server := serveHere(t)
	pn := visit(t, server.URL, "/?view=provisioning")
	pn.sees("hub-kind", "emulator ")
	pn.clicks("dps-group")
	pn.sees("dps-derived-key", "••••")
	pn.clicks("dps-only")
	pn.sees("dps-countdown", "Asking again in")
	pn.sees("dps-assigned", "Assigned to")
	pn.looks("provisioning")
	pn.clicks("dps-connect")
	pn.sees("state", "Connected since")
}

// TestARegistrationWithAToken registers with a token made elsewhere, as a device's maker would give it, and then connects with
// the device's key.
func TestARegistrationWithAToken(t *testing.T) {
	pn := visit(t, serveHere(t).URL, "/?view=provisioning")
	pn.sees("hub-kind", "emulator ")
	encoded, idScope, registrationID := pn.value("dps-key"), pn.value("dps-id-scope"), pn.value("dps-registration-id")
	key, err := hubproto.ParseKey(encoded)
	require.NoError(t, err)
	resource := hubproto.RegistrationResource(idScope, registrationID)
	pn.clicks("dps-token")
	pn.types("dps-sas", hubproto.SignSAS(key, resource, "", time.Now().Add(time.Hour)))
	pn.sees("dps-sas-problem", `DPS wants "registration"`)
	pn.types("dps-sas", hubproto.SignSAS(key, resource, hubproto.DPSPolicy, time.Now().Add(time.Hour)))
	pn.sees("token-resource", resource)
	pn.looks("provisioning-token")
	pn.clicks("dps-register")
	pn.sees("dps-assigned", registrationID)
	pn.clicks("dps-fill")
	pn.until(`document.activeElement?.dataset.testid === "connect-key"`, "the key is not asked for")
	pn.types("connect-key", encoded)
	pn.clicks("connect")
	pn.sees("state", "Connected since")
}
