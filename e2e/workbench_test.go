package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestTheWorkbench answers messages, desired properties and methods as a person does who looks into each. With
// HUBPANEL_PICTURES it leaves pictures of the three.
func TestTheWorkbench(t *testing.T) {
	pn := visit(t, serveHere(t).URL, "/")
	pn.holdsStill()
	pn.connects()
	looks := func(name string) {
		if folder := os.Getenv("HUBPANEL_PICTURES"); folder != "" && folder != "1" {
			for width, size := range map[int64]string{1280: "wide", 360: "narrow"} {
				pn.do(chromedp.EmulateViewport(width, 900))
				pn.picture(filepath.Join(folder, "workbench-"+name+"-"+size+".png"))
			}
			pn.do(chromedp.EmulateViewport(1280, 900))
		}
	}

	pn.shows("messages")
	pn.types("c2d-body", `{"valve": "open"}`)
	for i, name := range []string{"urgent", "room"} { // one without a value, one with an empty one
		pn.clicks("c2d-property-add")
		pn.types(fmt.Sprint("c2d-property-name-", i+1), name)
	}
	pn.clicks("c2d-property-null-1")
	pn.clicks("c2d-send")
	pn.sees("message-body", `"valve": "open"`)
	pn.sees("message", "urgent (null)")
	pn.sees("message", `room = ""`)
	pn.sees("message", "priority = high")
	pn.sees("message", "completed")
	pn.types("c2d-body", "second")
	pn.clicks("c2d-send")
	pn.sees("message-body", "second")
	pn.types("inbox-search", "VALVE")
	pn.sees("inbox-count", "1 of 2")
	pn.chooses("message-form", "hex")
	pn.sees("message-body", "00000000  7b 22 76")
	looks("messages")

	pn.shows("twin")
	pn.types("desired-patch", `{"interval": 5, "net": {"mtu": 1500}, "thermostat": {"__t": "c", "target": 21.5}}`)
	pn.clicks("desired-update")
	pn.sees("twin-row", "interval")
	pn.types("twin-patch", `{"net": {"mtu": 900}, "battery": 60, "old": "x"}`)
	pn.sees("twin-change", "adds battery = 60")
	pn.clicks("twin-report")
	pn.sees("twin-row", "differs")
	pn.types("twin-patch", `{"battery": 61, "old": null}`)
	pn.sees("twin-change", `deletes old, which is "x"`)
	pn.clicks("twin-ack-interval")
	pn.sees("twin-ack-state", "ac 200, av 2")
	looks("twin")
	pn.clicks("twin-ack-all")
	pn.sees("twin-ack-all", "(0)")

	pn.shows("methods")
	pn.until(`document.querySelector('[data-testid="method-mode"]')`, "the methods are not shown")
	pn.chooses("method-mode", "hand")
	pn.clicks("method-rule-add")
	pn.types("method-rule-0-name", "other")
	pn.clicks("invoke")
	pn.sees("method-countdown", "left")
	looks("methods")
	pn.types("method-hand-0-answer", `{"by": "hand"}`)
	pn.clicks("method-hand-0-send")
	pn.sees("invoke-result", `"by": "hand"`)
	pn.sees("method-duration", "ms")
}
