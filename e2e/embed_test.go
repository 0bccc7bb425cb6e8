package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// docsSite is somebody's page, as any generator of docs makes it from Markdown: the element stands in it as plain HTML. The page
// listens to the element, and to every message there is; another frame of it can post messages of its own.
const docsSite = `<!doctype html><title>docs</title><link rel="icon" href="data:,">
<script type="module" src="HOST/embed.js"></script>
<hub-panel view="twin" theme="light" scenario="twin-sync"><a id="fallback" href="HOST/"><img src="HOST/poster.png" alt="hubpanel, a virtual IoT Hub device" width="640"></a></hub-panel>
<iframe id="other" srcdoc="<script>window.poke = (to, message) => to.postMessage(message, '*')</script>"></iframe>
<script>
  window.heard = [];
  window.messages = [];
  const element = document.querySelector("hub-panel");
  const frame = () => element.shadowRoot.querySelector("iframe").contentWindow;
  for (const name of ["ready", "state", "log", "error"]) element.addEventListener(name, (e) => heard.push({ name, ...e.detail }));
  addEventListener("message", (e) => messages.push({ origin: e.origin, ours: e.source === frame(), data: e.data }));
</script>`

// probe runs in the frame, under its policy and in its sandbox, and tells what it can do there: nothing.
const probe = `
const tried = {};
const attempt = (name, what) => { try { what(); tried[name] = "done"; } catch (e) { tried[name] = e.name; } };
attempt("localStorage", () => localStorage.setItem("a", "b"));
attempt("sessionStorage", () => sessionStorage.setItem("a", "b"));
attempt("cookie", () => { document.cookie = "a=b"; });
attempt("parent", () => parent.document.title);
const stopped = (what) => new Promise((resolve) => {
  document.addEventListener("securitypolicyviolation", (e) => resolve(e.effectiveDirective), { once: true });
  try { what(); } catch {} // Firefox throws as well
});
tried.hub = await stopped(() => new WebSocket("wss://a-hub.azure-devices.net/x"));
tried.loopback = await stopped(() => new WebSocket("ws://127.0.0.1:9/x"));
tried.anyone = await stopped(() => fetch("https://anyone-else.example/x", { mode: "no-cors" }).catch(() => {}));
tried.worker = await (async () => navigator.serviceWorker.register(import.meta.url))().then(() => "registered", () => "refused");
tried.own = await fetch(import.meta.url).then((r) => r.status, (e) => e.name);
// What does not fit is not told on by the element: a field too many, a field of another type, a kind that is not there.
parent.postMessage({ hubpanel: "state", state: "connected", text: "x", connectionString: "HostName=h;SharedAccessKey=c2VjcmV0" }, "*");
parent.postMessage({ hubpanel: "error", code: 1, message: "misfit" }, "*");
parent.postMessage({ hubpanel: "constructor" }, "*");
parent.postMessage(null, "*");
parent.postMessage({ tried }, "*");
`

// probed is the static site with the probe in its embed.html, on a plain host that allows the frame's opaque origin to read it.
func probed(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../web/embed.html")
	require.NoError(t, err)
	changed := strings.Replace(string(page), "</head>", `<script type="module" src="probe.js"></script></head>`, 1)
	return serveForFrames(t, build(t, map[string][]byte{"embed.html": []byte(changed), "probe.js": []byte(probe)}))
}

// serveForFrames serves a static site as GitHub Pages does.
func serveForFrames(t *testing.T, dir string) string {
	t.Helper()
	files := http.FileServer(http.Dir(dir))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func serveDocs(t *testing.T, host string) string {
	t.Helper()
	docs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(strings.ReplaceAll(docsSite, "HOST", host)))
	}))
	t.Cleanup(docs.Close)
	return docs.URL
}

// reader is a person in one of the browsers.
type reader interface {
	waits(expression string)            // until it is true
	asks(expression string) any         // a value that JSON can carry
	requests() []string                 // so far
	complaints(allowed ...string) error // of the browser
}

func (pn *person) waits(expression string) {
	pn.t.Helper()
	pn.until(expression, "never true: "+expression)
}
func (pn *person) asks(expression string) any         { pn.t.Helper(); return script[any](pn, expression) }
func (pn *person) requests() []string                 { return pn.page.Requests() }
func (pn *person) complaints(allowed ...string) error { return pn.page.Problems(allowed...) }

func (pn *firefoxPerson) waits(expression string) { pn.t.Helper(); pn.until(expression) }
func (pn *firefoxPerson) asks(expression string) any {
	pn.t.Helper()
	return evaluated[any](pn, expression)
}
func (pn *firefoxPerson) requests() []string                 { return pn.page.Requests() }
func (pn *firefoxPerson) complaints(allowed ...string) error { return pn.page.Problems(allowed...) }

const pressStart = `(document.querySelector("hub-panel").shadowRoot.querySelector("button").click(), true)`

// readsTheDocs is what the element promises, in either browser: nothing is loaded before the click, and then the frame tells how
// it is and takes what the page may ask.
func readsTheDocs(t *testing.T, r reader, docs, host string) {
	t.Helper()
	r.waits(`document.querySelector("hub-panel").shadowRoot?.querySelector("button")`)
	require.Equal(t, true, r.asks(`document.getElementById("fallback").checkVisibility()`), "the poster holds the page's own fallback")
	r.waits(`document.querySelector("#fallback img").naturalWidth > 0`)
	for _, url := range r.requests() {
		require.Regexp(t, `^(`+docs+`/|`+host+`/(embed(\.[0-9a-f]{12})?\.js|poster\.png)|about:srcdoc)$`, url, "before the click")
	}

	r.asks(pressStart)
	r.waits(`heard.some((m) => m.name === "ready") && heard.some((m) => m.name === "state" && m.text !== "")`)
	require.Equal(t, "allow-scripts", r.asks(`element.shadowRoot.querySelector("iframe").getAttribute("sandbox")`))
	require.Equal(t, "", r.asks(`messages.filter((m) => m.origin !== "null" || !m.ours).map((m) => m.origin).join()`), "who else spoke?")

	// The scenario of the attribute runs, and tells each step; another takes its place, and is stopped.
	r.waits(`heard.some((m) => m.name === "log" && m.text.startsWith("2 passed: "))`)
	r.asks(`(heard.length = 0, element.run("methods"), true)`)
	r.waits(`heard.some((m) => m.name === "log" && m.text === "twin-sync stopped")`)
	r.waits(`heard.some((m) => m.name === "log" && m.text === "1 passed: The pump connects")`)
	r.asks(`(element.stop(), true)`)
	r.waits(`heard.some((m) => m.name === "log" && m.text === "methods stopped")`)
	r.asks(`(element.run({ format: "hubpanel-scenario", version: 1, name: "mine", steps: [{ wait: 0.01 }] }), true)`)
	r.waits(`heard.some((m) => m.name === "log" && m.text === "mine passed")`)

	// What cannot be done is said.
	r.asks(`(element.run("no such"), true)`)
	r.waits(`heard.some((m) => m.name === "error" && m.code === "scenario")`)

	// What does not fit is not taken at all, nor what comes from somebody else. Each of these would be answered by an error if it
	// were taken, and the last one is.
	r.asks(`(() => {
		const post = (message) => frame().postMessage(message, "*");
		post({ hubpanel: "set", name: "view", value: "nowhere", connectionString: "HostName=h;SharedAccessKey=c2VjcmV0" });
		post({ hubpanel: "set", name: "view" });
		post({ hubpanel: "set", name: "view", value: 7 });
		post({ hubpanel: "connect", connectionString: "HostName=h;DeviceId=d;SharedAccessKey=c2VjcmV0" });
		post({ hubpanel: "toString" });
		post("set");
		post(null);
		document.getElementById("other").contentWindow.poke(frame(), { hubpanel: "set", name: "view", value: "nowhere" });
		document.getElementById("other").contentWindow.poke(window, { hubpanel: "log", text: "from somebody else" });
		return true;
	})()`)
	r.waits(`messages.some((m) => m.data?.text === "from somebody else")`)
	r.asks(`(element.setAttribute("view", "nowhere"), true)`)
	r.waits(`heard.some((m) => m.name === "error" && m.code === "argument")`)
	require.EqualValues(t, 1, r.asks(`heard.filter((m) => m.name === "error" && m.code === "argument").length`))
	told := r.asks(`JSON.stringify(heard)`)
	require.NotContains(t, told, "SharedAccessKey")
	require.NotContains(t, told, "from somebody else")
	require.NoError(t, r.complaints(docs, host))
}

// TestTheEmbedInADocsSite embeds the static site in a page of another origin.
func TestTheEmbedInADocsSite(t *testing.T) {
	host := serveForFrames(t, build(t, nil))
	docs := serveDocs(t, host)
	readsTheDocs(t, visitUnasked(t, docs, "/"), docs, host)
}

func TestTheEmbedInADocsSiteInFirefox(t *testing.T) {
	host := serveForFrames(t, build(t, nil))
	docs := serveDocs(t, host)
	readsTheDocs(t, opensInFirefox(t, docs+"/"), docs, host)
}

// staysInside is what the frame's sandbox and policy promise, tried from within.
func staysInside(t *testing.T, r reader) {
	t.Helper()
	r.waits(`document.querySelector("hub-panel").shadowRoot?.querySelector("button")`)
	r.asks(pressStart)
	r.waits(`messages.some((m) => m.data?.tried) && heard.some((m) => m.name === "ready")`)
	require.Equal(t, map[string]any{
		"localStorage": "SecurityError", "sessionStorage": "SecurityError", "cookie": "SecurityError", "parent": "SecurityError", "worker": "refused",
		"hub": "connect-src", "loopback": "connect-src", "anyone": "connect-src", "own": 200.0,
	}, r.asks(`messages.find((m) => m.data?.tried).data.tried`))
	told := r.asks(`JSON.stringify(heard)`)
	require.NotContains(t, told, "SharedAccessKey")
	require.NotContains(t, told, "misfit")
}

func TestTheFrameReachesNothing(t *testing.T) {
	staysInside(t, visitUnasked(t, serveDocs(t, probed(t)), "/"))
}

func TestTheFrameReachesNothingInFirefox(t *testing.T) {
	staysInside(t, opensInFirefox(t, serveDocs(t, probed(t))+"/"))
}

// TestTheEmbedWithoutJavaScript is all that is left then: a picture and a link.
func TestTheEmbedWithoutJavaScript(t *testing.T) {
	host := serveForFrames(t, build(t, nil))
	docs := serveDocs(t, host)
	pn := visitUnasked(t, "about:blank", "")
	_, err := chromedp.Call(pn.page.Context(), emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	require.NoError(t, err)
	pn.page.Open(t, docs+"/")
	require.True(t, script[bool](pn, `document.querySelector("#fallback img").naturalWidth > 0 && document.querySelector("#fallback").checkVisibility()`))
	require.Equal(t, host+"/", script[string](pn, `document.querySelector("#fallback").href`))
	require.False(t, script[bool](pn, `!!document.querySelector("hub-panel").shadowRoot`))
	require.NoError(t, pn.page.Problems(docs, host))
}
