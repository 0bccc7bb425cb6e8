package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/browser"
)

// BenchmarkFirstControl measures how long after the navigation the Connect button can be pressed, in a page that has
// nothing cached, from the served emulator on loopback: by the page's own clock, from the navigation's start.
func BenchmarkFirstControl(b *testing.B) {
	server := serveHere(b)
	chrome, err := browser.Start(b.Context(), &browser.Options{Unrecorded: true})
	require.NoError(b, err)
	defer func() { require.NoError(b, chrome.Close()) }()
	total := 0.0
	for b.Loop() {
		page, err := chrome.NewPage() // a context of its own: no cache
		require.NoError(b, err)
		page.Open(b, server.URL)
		ms, err := chromedp.Run(page.Context(), chromedp.Evaluate[float64](`new Promise((resolve) => {
			const look = () => document.querySelector('[data-testid="connect"]') ? resolve(performance.now()) : requestAnimationFrame(look);
			look();
		})`, chromedp.EvalAwaitPromise))
		require.NoError(b, err)
		total += ms
		page.Close()
	}
	b.ReportMetric(total/float64(b.N), "ms/first-control")
	b.ReportMetric(0, "ns/op") // the wall time is Chrome's and the test's, not the page's
}
