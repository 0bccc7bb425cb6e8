package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/browser"
	"github.com/hubpanel/hubpanel/internal/site"
)

// Chrome's throttling "Fast 3G": 1.6 Mbit/s and 150 ms, as its DevTools apply them to requests (0.9 and 3.75 times).
const (
	fast3GBytesPerSecond = 1.6 * 1024 * 1024 / 8 * 0.9
	fast3GLatency        = 562.5 // ms
)

// precompressed serves a static site as hosts do that send the compressed copies beside the files.
func precompressed(dir string) http.Handler {
	files := http.FileServer(http.Dir(dir))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.URL.Path
		if strings.HasSuffix(name, "/") {
			name += "index.html"
		}
		for _, c := range []struct{ coding, ext string }{{"br", ".br"}, {"gzip", ".gz"}} {
			data, err := os.ReadFile(filepath.Join(dir, name+c.ext))
			if err == nil && strings.Contains(r.Header.Get("Accept-Encoding"), c.coding) {
				w.Header().Set("Content-Encoding", c.coding)
				w.Header().Set("Content-Type", map[string]string{".html": "text/html", ".js": "text/javascript", ".css": "text/css",
					".svg": "image/svg+xml", ".wasm": "application/wasm"}[filepath.Ext(name)])
				w.Write(data)
				return
			}
		}
		files.ServeHTTP(w, r)
	})
}

// BenchmarkFirstLoadFast3G measures a first visit of the static site on a throttled line with nothing cached: until the
// first text, and until the Connect button can be pressed. HUBPANEL_DIST names a folder that `make dist` wrote, with its
// brotli; without it the site is made here, with gzip.
func BenchmarkFirstLoadFast3G(b *testing.B) {
	dir := os.Getenv("HUBPANEL_DIST")
	if dir == "" {
		s, err := site.New(os.DirFS("../web"), site.Options{})
		require.NoError(b, err)
		dir = b.TempDir()
		require.NoError(b, s.WriteDist(dir))
	}
	server := httptest.NewServer(precompressed(dir))
	defer server.Close()
	chrome, err := browser.Start(b.Context(), nil) // recorded: throttling is part of what records
	require.NoError(b, err)
	defer func() { require.NoError(b, chrome.Close()) }()
	text, control := 0.0, 0.0
	for b.Loop() {
		page, err := chrome.NewPage() // a context of its own: no cache
		require.NoError(b, err)
		_, err = chromedp.Call(page.Context(), network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{Latency: fast3GLatency, DownloadThroughput: fast3GBytesPerSecond, UploadThroughput: fast3GBytesPerSecond}},
		})
		require.NoError(b, err)
		_, err = chromedp.Run(page.Context(), chromedp.Evaluate[bool](fmt.Sprintf(`(location.href = %s, true)`, quoted(server.URL+"/"))))
		require.NoError(b, err)
		pn := &person{page: page}
		times := firstTimes(b, pn)
		text, control = text+times[0], control+times[1]
		page.Close()
	}
	b.ReportMetric(text/float64(b.N), "ms/first-text")
	b.ReportMetric(control/float64(b.N), "ms/first-control")
	b.ReportMetric(0, "ns/op") // the wall time is Chrome's and the test's, not the page's
}

// firstTimes are the page's first contentful paint and the moment of its Connect button, in ms from the navigation. The
// empty page before it is left while the first question waits, which ends that question with an error.
func firstTimes(b *testing.B, pn *person) []float64 {
	for {
		times, err := chromedp.Run(pn.page.Context(), chromedp.Evaluate[[]float64](`new Promise((resolve) => {
			const look = () => {
				const paint = performance.getEntriesByName("first-contentful-paint")[0];
				if (paint && document.querySelector('[data-testid="connect"]')) resolve([paint.startTime, performance.now()]);
				else requestAnimationFrame(look);
			};
			look();
		})`, chromedp.EvalAwaitPromise))
		if err == nil {
			return times
		}
		require.NoError(b, pn.page.Context().Err(), "the browser is gone")
	}
}
