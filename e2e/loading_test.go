package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// TestLoadingShowsHowFarItIs opens the page on a slow line: text at once, then the bytes that have arrived and a bar that
// moves, and at last the panel.
func TestLoadingShowsHowFarItIs(t *testing.T) {
	server := serveHere(t)
	pn := visitUnasked(t, "about:blank", "")
	slow := func(bytesPerSecond float64) {
		_, err := chromedp.Call(pn.page.Context(), network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{DownloadThroughput: bytesPerSecond, UploadThroughput: bytesPerSecond}},
		})
		require.NoError(t, err)
	}
	slow(300_000) // two megabytes take seven seconds
	script[bool](pn, fmt.Sprintf(`(location.href = %s, true)`, quoted(server.URL+"/")))
	pn.until(`document.getElementById("loading-status")?.textContent.includes("Loading the device")`, "no text while it loads")
	pn.until(`/^Loading the device: [0-9.]+ of [0-9.]+ MB$/.test(document.getElementById("loading-status").textContent)`, "no bytes while it loads")
	pn.until(`document.getElementById("progress").position > 0.1 && document.getElementById("progress").position < 0.9`, "the bar does not move")
	slow(-1)
	pn.connects()
	require.NoError(t, pn.page.Problems(server.URL))
}
