package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/site"
)

// docsSite is somebody's page, as any generator of docs makes it from Markdown: the element stands in it as plain HTML.
const docsSite = `<!doctype html><title>docs</title><link rel="icon" href="data:,">
<script type="module" src="HOST/embed.js"></script>
<hub-panel view="twin" theme="light" scenario="twin-sync"><a id="fallback" href="HOST/">Open hubpanel</a></hub-panel>
<script>
  window.heard = [];
  const element = document.querySelector("hub-panel");
  for (const name of ["ready", "state", "log", "error"]) element.addEventListener(name, (e) => heard.push({ name, ...e.detail }));
</script>`

// serveForFrames is a plain static host of the site that allows the frame's opaque origin to read it, as GitHub Pages does.
func serveForFrames(t *testing.T) string {
	t.Helper()
	s, err := site.New(os.DirFS("../web"), site.Options{})
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, s.WriteDist(dir))
	files := http.FileServer(http.Dir(dir))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestTheEmbedInADocsSite embeds the static site in a page of another origin: nothing is loaded before the click, and then
// the frame tells how it is and takes what the page may ask.
func TestTheEmbedInADocsSite(t *testing.T) {
	host := serveForFrames(t)
	docs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(strings.ReplaceAll(docsSite, "HOST", host)))
	}))
	defer docs.Close()
	pn := visitUnasked(t, docs.URL, "/")
	pn.until(`document.querySelector("hub-panel").shadowRoot?.querySelector("button")`, "no poster")
	require.True(t, script[bool](pn, `document.getElementById("fallback").checkVisibility()`), "the poster holds the page's own fallback")
	for _, url := range pn.page.Requests() {
		require.NotContains(t, url, "embed.html", "before the click")
		require.NotContains(t, url, ".wasm", "before the click")
	}

	script[bool](pn, `(document.querySelector("hub-panel").shadowRoot.querySelector("button").click(), true)`)
	pn.until(`heard.some((m) => m.name === "ready") && heard.some((m) => m.name === "state" && m.text !== "")`, "the frame is never ready")
	require.Equal(t, "allow-scripts", script[string](pn, `document.querySelector("hub-panel").shadowRoot.querySelector("iframe").getAttribute("sandbox")`))
	require.NotContains(t, script[string](pn, `JSON.stringify(heard)`), "SharedAccessKey")

	// The scenario of the attribute runs, and tells each step; another takes its place, and is stopped.
	pn.until(`heard.some((m) => m.name === "log" && m.text.startsWith("2 passed: "))`, "the scenario does not run")
	script[bool](pn, `(heard.length = 0, document.querySelector("hub-panel").run("methods"), true)`)
	pn.until(`heard.some((m) => m.name === "log" && m.text === "twin-sync stopped")`, "the first goes on")
	pn.until(`heard.some((m) => m.name === "log" && m.text === "1 passed: The pump connects")`, "the other does not run")
	script[bool](pn, `(document.querySelector("hub-panel").stop(), true)`)
	pn.until(`heard.some((m) => m.name === "log" && m.text === "methods stopped")`, "it does not stop")
	script[bool](pn, `(document.querySelector("hub-panel").run({ format: "hubpanel-scenario", version: 1, name: "mine", steps: [{ wait: 0.01 }] }), true)`)
	pn.until(`heard.some((m) => m.name === "log" && m.text === "mine passed")`, "a document does not run")

	// What cannot be done is said; what does not fit is not taken at all.
	script[bool](pn, `(document.querySelector("hub-panel").run("no such"), true)`)
	pn.until(`heard.some((m) => m.name === "error" && m.code === "scenario")`, "run is not answered")
	script[bool](pn, `(document.querySelector("hub-panel").setAttribute("view", "nowhere"), true)`)
	pn.until(`heard.some((m) => m.name === "error" && m.code === "argument")`, "a view that is not there is not refused")
	require.NoError(t, pn.page.Problems(docs.URL, host))
}
