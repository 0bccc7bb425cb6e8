package e2e

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Hosts that a page may or may not try to reach. The browser resolves no foreign name, so nothing leaves this machine.
const (
	aHub       = "wss://a-hub.azure-devices.net/x"
	aHubInGov  = "wss://a-hub.device.azure-devices.us/x"
	aDPS       = "wss://global.azure-devices-provisioning.cn/x"
	aHubAsked  = "https://a-hub.azure-devices.net/"
	anyoneElse = "https://anyone-else.example/x"
	loopback   = "ws://127.0.0.1:9/x" // the discard port, where nothing listens
)

func TestBrowserHoldsThePageToItsPolicy(t *testing.T) {
	served := serveHere(t).URL
	static := serveStatic(t, "/some/where") + "/some/where"
	for url, allowed := range map[string]map[string]bool{
		served + "/":           {aHub: true, aHubInGov: true, aDPS: true, aHubAsked: true, loopback: true},
		static + "/":           {aHub: true, aHubInGov: true, aDPS: true, aHubAsked: true},
		served + "/embed.html": {},
		static + "/embed.html": {},
	} {
		page := newPage(t)
		page.Open(t, url)
		for _, address := range []string{aHub, aHubInGov, aDPS, aHubAsked, loopback, anyoneElse} {
			stopped, err := chromedp.Run(page.Context(), chromedp.Evaluate[string](`new Promise((resolve) => {
				document.addEventListener("securitypolicyviolation", (e) => resolve(e.effectiveDirective), { once: true });
				const address = "`+address+`";
				if (address.startsWith("ws")) new WebSocket(address).onerror = () => setTimeout(() => resolve("nothing"));
				else fetch(address, { mode: "no-cors" }).catch(() => setTimeout(() => resolve("nothing")));
			})`, chromedp.EvalAwaitPromise))
			require.NoError(t, err)
			want := "connect-src"
			if allowed[address] {
				want = "nothing"
			}
			require.Equal(t, want, stopped, "what stops %s from reaching %s", url, address)
		}
		refused, err := chromedp.Run(page.Context(), chromedp.Evaluate[bool](
			`(() => { try { document.createElement("p").innerHTML = "<b>bold</b>"; return false } catch (e) { return e instanceof TypeError } })()`))
		require.NoError(t, err)
		require.True(t, refused, "Trusted Types are in force at %s", url)
		page.Close()
	}
}

// What a docs site can put into a frame is embed.html, and nothing else of ours. In the sandbox its origin is opaque, so that
// even its own files are cross-origin to it.
func TestOnlyEmbedCanBeFramed(t *testing.T) {
	served := serveHere(t).URL
	docs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(`<!doctype html><title>docs</title><link rel="icon" href="data:,">` + "\n" +
			`<iframe sandbox="allow-scripts" src="` + served + r.URL.Path + `"></iframe>`))
	}))
	defer docs.Close()

	page := newPage(t)
	page.Open(t, docs.URL+"/embed.html")
	require.NoError(t, page.Problems(docs.URL, served))
	page.Reset()
	page.Open(t, docs.URL+"/index.html")
	require.ErrorContains(t, page.Problems(docs.URL, served), "frame-ancestors")
}
