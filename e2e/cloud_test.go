package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestTheCloudSideMakesTroubleAndTheDeviceComesBack goes through the registry and the faults of the emulator behind the page.
func TestTheCloudSideMakesTroubleAndTheDeviceComesBack(t *testing.T) {
	pn := visit(t, serveHere(t).URL, "/?view=messages")
	opens := func(id string) {
		pn.sees(id, "")
		pn.unfolds(id)
	}
	pn.sees("hub-kind", "emulator ")
	opens("registry")
	pn.types("registry-new-id", "A-pump")
	pn.clicks("registry-create")
	pn.sees("registry-result", "A-pump is registered")
	pn.clicks("registry-0-use")
	pn.sees("registry-result", "press Connect")
	pn.clicks("connect")
	pn.sees("state", "Connected since")
	pn.sees("registry-0-state", "connected")

	pn.clicks("c2d-send")
	pn.until(fmt.Sprintf(`document.querySelector(%q)?.dataset.outcome === "done"`, testID("c2d-sent")), "the message was not completed")

	opens("faults")
	pn.clicks("fault-cut")
	pn.sees("cloud-log", "cut on demand")
	pn.sees("device-log", "Connection lost")
	pn.sees("state", "Connected since")
	pn.clicks("fault-delay")
	pn.sees("faults-on", "faults are on")
	opens("copyas")
	pn.sees("copyas-text", "az iot device send-d2c-message")
	opens("export")
	if folder := os.Getenv("HUBPANEL_PICTURES"); folder != "" && folder != "1" {
		pn.holdsStill()
		for _, width := range []int64{1280, 380} {
			pn.do(chromedp.EmulateViewport(width, 900))
			pn.picture(filepath.Join(folder, fmt.Sprintf("cloud-side-%d.png", width)))
		}
	}
	pn.clicks("faults-end")
	pn.seesNo("faults-on", "faults are on")
}
