package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/browser"
)

// frames is what a page under load did on the way, by its own clock, in milliseconds.
type frames struct {
	Seconds   float64
	Sent      int
	Frames    int
	Median    float64 // between two frames
	P95       float64
	Over50    int     // frames that came more than 50 ms after the one before
	LongTasks int     // of the page's thread, 50 ms or more each
	Longest   float64 // of them
	Rows      int     // of the device log in the document at the end
}

// TestAThousandMessagesASecond runs a stream of 1,000 messages a second for five seconds and counts what a person would feel:
// frames that come late and long tasks. It prints the figures (go test -v). The goal, every frame under 50 ms, is missed so far
// (docs/performance.md); what is held is that the load is carried and that the page goes on drawing.
func TestAThousandMessagesASecond(t *testing.T) {
	for _, hub := range []string{"inpage", "served"} {
		t.Run(hub, func(t *testing.T) {
			pn := &person{t: t, page: browser.New(t, &browser.Options{Unrecorded: true})}
			pn.page.Open(t, serveHere(t).URL+"/?hub="+hub)
			pn.connects()
			pn.types("stream-0-interval", "10")
			pn.types("stream-0-burst", "10")
			pn.clicks("stream-0-start")
			pn.sees("device-log", "acknowledged in")
			got, err := chromedp.Run(pn.page.Context(), chromedp.Evaluate[frames](`new Promise((resolve) => {
				const length = 5000;
				const total = () => Number(document.querySelector('[data-testid="rate-total"]').textContent.replace(/\D/g, ""));
				const gaps = [], tasks = [];
				const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((e) => e.duration)));
				observer.observe({ type: "longtask" });
				const began = performance.now(), before = total();
				let last = began;
				const frame = () => {
					const now = performance.now();
					gaps.push(now - last);
					last = now;
					if (now - began < length) {
						requestAnimationFrame(frame);
						return;
					}
					observer.disconnect();
					gaps.sort((a, b) => a - b);
					resolve({ Seconds: (now - began) / 1000, Sent: total() - before, Frames: gaps.length,
						Median: gaps[gaps.length >> 1], P95: gaps[Math.floor(gaps.length * 0.95)], Over50: gaps.filter((g) => g > 50).length,
						LongTasks: tasks.length, Longest: Math.max(0, ...tasks),
						Rows: document.querySelectorAll('[data-testid="device-log"] li').length });
				};
				requestAnimationFrame(frame);
			})`, chromedp.EvalAwaitPromise))
			require.NoError(t, err)
			t.Logf("%+v", got)
			require.Greater(t, got.Sent, 1000, "there was no load")
			require.Less(t, got.Rows, 60, "only the log's window is in the document")
			require.Less(t, got.Median, 1000.0, "the page stands still")
			pn.clicks("stream-0-stop")
			pn.shows("twin")
			pn.until(`document.querySelector('[data-testid="tab-twin"]').ariaPressed === "true"`, "the page does not answer after the load")
		})
	}
}
