package e2e

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/browser"
	"github.com/hubpanel/hubpanel/internal/serve"
)

// TestOverTLS: a page that came over https reaches its emulator over wss, on whatever port both are.
func TestOverTLS(t *testing.T) {
	server, err := serve.Start(t.Context(), serve.Options{HTTPS: "127.0.0.1:0", Certs: t.TempDir(), Web: os.DirFS("../web")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	// The development CA is not the browser's; whether its certificates are good is internal/devcert's test.
	pn := &person{t: t, page: browser.New(t, &browser.Options{Flags: []string{"ignore-certificate-errors"}})}
	pn.page.Open(t, server.HTTPSURL)
	pn.connects()
	pn.clicks("telemetry-send")
	pn.sees("event", "temperature")
	pn.shows("provisioning")
	pn.clicks("dps-register")
	pn.sees("dps-assigned", "Assigned to")
	require.NoError(t, pn.page.Problems(server.HTTPSURL))
}
