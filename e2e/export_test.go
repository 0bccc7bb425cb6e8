package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// TestASessionIsSavedAndOpened saves a session and gives the file to another page.
func TestASessionIsSavedAndOpened(t *testing.T) {
	server := serveHere(t)
	pn := visit(t, server.URL, "/?view=telemetry")
	// Chrome's own download is not for a headless page to watch: what goes into it is kept as it is made.
	script[bool](pn, `(() => { const make = URL.createObjectURL; URL.createObjectURL = (blob) => { window.saved = blob; return make.call(URL, blob); }; return true; })()`)
	pn.connects()
	pn.types("telemetry-body", `{"humidity": 44.10}`)
	pn.clicks("telemetry-send")
	pn.sees("event", "44.10")
	pn.types("stream-0-name", "hall")
	pn.types("stream-0-interval", "777")
	pn.unfolds("export")
	pn.clicks("export-session")
	pn.sees("export-result", "saved")
	raw := script[string](pn, `window.saved.text()`)
	file := filepath.Join(t.TempDir(), "session.json")
	require.NoError(t, os.WriteFile(file, []byte(raw), 0o600))
	require.NotContains(t, raw, "SharedAccessKey=")

	other := visit(t, server.URL, "/?view=telemetry")
	other.sees("hub-kind", "emulator ")
	other.unfolds("export")
	other.do(chromedp.SetUploadFiles(testID("import-file"), []string{file}))
	other.sees("export-result", "The forms are as they were")
	other.sees("imported-telemetry", "44.10")
	require.Contains(t, other.value("telemetry-body"), "44.10")
	require.Equal(t, "hall 777", other.value("stream-0-name")+" "+other.value("stream-0-interval"))
}
