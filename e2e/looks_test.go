package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// TestLooks goes through every view at three widths, light and dark, after a session that left something in each. Nothing
// may stick out of the page. With HUBPANEL_PICTURES it keeps the pictures: the README's in docs/pictures, the embed's poster in
// web, and all of them in the folder that HUBPANEL_PICTURES names if it names one.
func TestLooks(t *testing.T) {
	server := serveHere(t)
	pn := visit(t, server.URL, "/")
	mission(pn)
	pn.connects()
	pn.shows("telemetry")
	pn.clicks("telemetry-send")
	pn.sees("device-log", "acknowledged in")
	pn.shows("diagnose")
	pn.examination("diagnose-run")

	pn.holdsStill()
	folder := os.Getenv("HUBPANEL_PICTURES")
	for _, width := range []int64{1280, 768, 380} {
		pn.do(chromedp.EmulateViewport(width, 900))
		for _, theme := range []string{"light", "dark"} {
			pn.themes(theme)
			for _, topic := range []string{"telemetry", "messages", "twin", "methods", "provisioning", "wire", "diagnose"} {
				pn.shows(topic)
				pn.until(fmt.Sprintf(`document.querySelector('[data-testid="tab-%s"]').ariaPressed === "true"`, topic), "the tab did not change")
				require.LessOrEqual(t, script[int64](pn, `document.documentElement.scrollWidth`), width, "%s at %d is wider than the page", topic, width)
				if folder != "" && folder != "1" {
					pn.picture(filepath.Join(folder, fmt.Sprintf("%s-%d-%s.png", topic, width, theme)))
				}
			}
		}
	}
	if folder != "" {
		readmePicture(t)
		posterPicture(t)
	}
}

// posterPicture is what stands in a docs site until a reader starts the device: web/poster.png, which goes into the static site.
func posterPicture(t *testing.T) {
	origin := serveStatic(t, "")
	pn := visit(t, origin, "/embed.html?view=twin&theme=light&embed=1")
	pn.holdsStill()
	pn.do(chromedp.EmulateViewport(960, 600))
	pn.connects()
	pn.sees("twin-reported-version", "$version")
	script[bool](pn, `(document.activeElement.blur(), scrollTo(0, 0), true)`)
	raw, err := chromedp.Run(pn.page.Context(), chromedp.CaptureScreenshot())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("../web/poster.png", raw, 0o644))
}

// readmePicture is what a newcomer sees after the first minute.
func readmePicture(t *testing.T) {
	pn := visit(t, serveHere(t).URL, "/?theme=light")
	pn.holdsStill()
	pn.do(chromedp.EmulateViewport(1280, 940))
	pn.connects()
	for _, body := range []string{"{\n  \"temperature\": 21.4,\n  \"humidity\": 61\n}", "{\n  \"temperature\": 21.5,\n  \"humidity\": 60\n}"} {
		events := script[int](pn, `document.querySelectorAll('[data-testid="event"]').length`)
		pn.types("telemetry-body", body)
		pn.clicks("telemetry-send")
		pn.until(fmt.Sprintf(`document.querySelectorAll('[data-testid="event"]').length > %d`, events), "the telemetry did not arrive")
	}
	script[bool](pn, `(document.activeElement.blur(), scrollTo(0, 0), true)`)
	raw, err := chromedp.Run(pn.page.Context(), chromedp.CaptureScreenshot())
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll("../docs/pictures", 0o755))
	require.NoError(t, os.WriteFile("../docs/pictures/panel.png", raw, 0o644))
}

// TestTheKeyboardReachesEverything walks through the page with the Tab key alone, and sends with Ctrl-Enter.
func TestTheKeyboardReachesEverything(t *testing.T) {
	server := serveHere(t)
	pn := visit(t, server.URL, "/")
	pn.connects()
	wanted := script[[]string](pn, `[...document.querySelectorAll("#app :is(button, input, select, textarea)")].filter((e) => !e.disabled && e.checkVisibility() && e.dataset.testid && e.type !== "radio").map((e) => e.dataset.testid)`)
	require.NotEmpty(t, wanted)
	script[bool](pn, `(document.activeElement.blur(), document.body.focus(), true)`)
	reached := map[string]bool{}
	for range 3 * len(wanted) {
		pn.strikes("\t")
		reached[script[string](pn, `document.activeElement.dataset.testid ?? ""`)] = true
	}
	for _, id := range wanted {
		require.True(t, reached[id], "the Tab key does not reach %s", id)
	}
	pn.types("telemetry-body", `{"by": "keyboard"}`)
	pn.strikes("\r", 2) // Ctrl
	pn.sees("event", "keyboard")
}
