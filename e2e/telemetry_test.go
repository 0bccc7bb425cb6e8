package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// TestAStreamRunsInThePage: a stream of a template goes out by itself, and the page says how fast and what became of it.
func TestAStreamRunsInThePage(t *testing.T) {
	pn := visit(t, serveHere(t).URL, "/?view=telemetry")
	pn.holdsStill()
	pn.connects()
	pn.types("stream-0-interval", "1")
	pn.types("stream-0-count", "2000")
	pn.clicks("stream-0-start")
	pn.sees("stream-0-state", "Done: 2000 messages. 2000 sent, 2000 acknowledged, 0 failed")
	pn.sees("recent-messages", "acknowledged in")
	t.Log(pn.reads("stream-0-state"))
	pn.do(chromedp.Click(testID("stream-0-template") + " > summary"))
	pn.sees("stream-0-preview", `"temperature": 20,`)
	pn.types("stream-0-body", "{\n  \"a\": $.Nothing\n}")
	pn.sees("stream-0-body-problem", "line 2")
	for _, width := range []int64{1280, 380, 320} {
		pn.do(chromedp.EmulateViewport(width, 900))
		require.LessOrEqual(t, script[int64](pn, `document.documentElement.scrollWidth`), width, "wider than the page")
		if folder := os.Getenv("HUBPANEL_PICTURES"); folder != "" && folder != "1" {
			pn.picture(filepath.Join(folder, "streams-"+map[int64]string{1280: "1280", 380: "380", 320: "320"}[width]+".png"))
		}
	}
}
