package e2e

import (
	"bytes"
	"io/fs"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/browser"
	"github.com/hubpanel/hubpanel/internal/site"
)

// host is a web host below a path, whose files can be exchanged and which can be away.
type host struct {
	origin string
	mu     sync.Mutex
	dir    string         // guarded by mu; empty: the host is away
	broken string         // guarded by mu; the beginning of the name of a file that is sent otherwise than it was built
	spoil  spoil          // guarded by mu
	asked  map[string]int // guarded by mu; how often each file was asked for
}

// spoil is what happens to a file on its way.
type spoil func([]byte) []byte

func half(data []byte) []byte    { return data[:len(data)/2] }
func altered(data []byte) []byte { return append(data, '\n') }

const hostPath = "/docs/demo/"

func newHost(t *testing.T, dir string) *host {
	h := &host{dir: dir, asked: map[string]int{}}
	server := httptest.NewServer(h)
	h.origin = server.URL
	t.Cleanup(server.Close)
	return h
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	dir, name, spoil := h.dir, strings.TrimPrefix(r.URL.Path, hostPath), h.spoil
	spoilt := h.broken != "" && strings.HasPrefix(name, h.broken)
	h.asked[name]++
	h.mu.Unlock()
	switch {
	case dir == "":
		panic(http.ErrAbortHandler) // the connection breaks
	case spoilt:
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", mime.TypeByExtension(filepath.Ext(name)))
		w.Write(spoil(data))
	default:
		http.StripPrefix(hostPath, http.FileServer(http.Dir(dir))).ServeHTTP(w, r)
	}
}

// serves exchanges the files, and spoils those whose names begin with broken, if it is not empty.
func (h *host) serves(dir, broken string, how spoil) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dir, h.broken, h.spoil = dir, broken, how
}

// times is how often files whose names end so were asked for.
func (h *host) times(suffix string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for name, times := range h.asked {
		if strings.HasSuffix(name, suffix) {
			n += times
		}
	}
	return n
}

// build makes a static site from web/ as a release would, with other files in some places.
func build(t *testing.T, changed map[string][]byte) string {
	t.Helper()
	folder := fstest.MapFS{}
	web := os.DirFS("../web")
	require.NoError(t, fs.WalkDir(web, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(web, name)
		folder[name] = &fstest.MapFile{Data: data}
		return err
	}))
	for name, data := range changed {
		folder[name] = &fstest.MapFile{Data: data}
	}
	s, err := site.New(folder, site.Options{})
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, s.WriteDist(dir))
	// A plain file server tells files of one second apart by nothing: two releases are hours apart.
	released := time.Date(2026, 1, 1, int(releases.Add(1)), 0, 0, 0, time.UTC)
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	for _, name := range names {
		require.NoError(t, os.Chtimes(name, released, released))
	}
	return dir
}

// releases counts the sites that were built.
var releases atomic.Int64

// inVersion is index.html of a release that a test can tell from another.
func inVersion(t *testing.T, version string) map[string][]byte {
	t.Helper()
	index, err := os.ReadFile("../web/index.html")
	require.NoError(t, err)
	css, err := os.ReadFile("../web/style.css")
	require.NoError(t, err)
	return map[string][]byte{
		"index.html": bytes.Replace(index, []byte(`<html lang="en">`), []byte(`<html lang="en" data-version="`+version+`">`), 1),
		"style.css":  append(css, []byte("\n/* "+version+" */\n")...),
	}
}

const version = `document.documentElement?.dataset.version`

// firstSteps are the mission's first: the device connects, and what it sends arrives.
func firstSteps(pn *person) {
	pn.t.Helper()
	pn.connects()
	pn.sees("device-name", "MyDevice01")
	pn.clicks("telemetry-send")
	pn.sees("device-log", "acknowledged in")
	pn.sees("event", "temperature")
	pn.clicks("disconnect")
	pn.sees("state", "Not connected")
}

// TestTheStaticSiteWorksWithoutANetwork visits the site once; then its host is gone, and the page still works. So does one after
// an update, which is offered and not forced, and which a host that breaks off in the middle cannot break.
func TestTheStaticSiteWorksWithoutANetwork(t *testing.T) {
	first, second := build(t, inVersion(t, "first")), build(t, inVersion(t, "second"))
	h := newHost(t, first)
	pn := &person{t: t, page: newPage(t)}
	pn.page.Open(t, h.origin+hostPath)
	ready := `navigator.serviceWorker.controller?.state === "activated"`
	pn.until(ready, "the site is never kept")
	require.LessOrEqual(t, h.times(".wasm"), 2, "the page's, and the worker asks whether it is still the same")
	require.NoError(t, pn.page.Problems(h.origin))

	h.serves("", "", nil)
	pn.page.Open(t, h.origin+hostPath+"?theme=dark")
	require.Equal(t, "first", script[string](pn, version))
	firstSteps(pn)
	pn.clicks("profiles")
	pn.sees("stored-offline", "Version ")
	require.NoError(t, pn.page.Problems(h.origin), "an absent host is nothing to complain about")

	// A new version that breaks off in the middle changes nothing.
	h.serves(second, "style.", half)
	pn.page.Reset()
	pn.page.Open(t, h.origin+hostPath)
	require.Equal(t, "redundant", script[string](pn, `(async () => {
		const registration = await navigator.serviceWorker.ready;
		const found = new Promise((resolve) => registration.addEventListener("updatefound", () => resolve(registration.installing), { once: true }));
		registration.update().catch(() => {}); // again, to hear of it
		const worker = registration.installing ?? await found;
		while (worker.state === "installing") await new Promise((resolve) => worker.addEventListener("statechange", resolve, { once: true }));
		return worker.state;
	})()`), "half a version is no version")
	require.Len(t, script[[]string](pn, `caches.keys()`), 1, "nothing of it stays")
	h.serves("", "", nil)
	pn.page.Open(t, h.origin+hostPath)
	require.Equal(t, "first", script[string](pn, version))
	pn.connects()

	// A whole one is offered. Until the person asks, the old one goes on, also after a reload.
	h.serves(second, "", nil)
	pn.page.Open(t, h.origin+hostPath)
	pn.sees("update", "A new version of this page is ready")
	require.Equal(t, "first", script[string](pn, version))
	require.Len(t, script[[]string](pn, `caches.keys()`), 2)
	pn.page.Open(t, h.origin+hostPath)
	pn.sees("update", "A new version of this page is ready")
	require.Equal(t, "first", script[string](pn, version))
	h.serves("", "", nil)
	pn.clicks("update-reload")
	pn.until(version+` === "second"`, "the new version does not take over")
	pn.until(`document.querySelector('[data-testid="connect"]')`, "the new version does not start")
	require.Len(t, script[[]string](pn, `caches.keys()`), 1, "the old files are gone")
	firstSteps(pn)

	// A part that somebody removed is no part that is missing.
	h.serves(second, "", nil)
	script[bool](pn, `(async () => {
		const cache = await caches.open((await caches.keys())[0]);
		const wasm = (await cache.keys()).find((r) => r.url.endsWith(".wasm"));
		return cache.delete(wasm);
	})()`)
	pn.page.Open(t, h.origin+hostPath)
	firstSteps(pn)

	// "Forget everything" means this too.
	pn.clicks("profiles")
	pn.clicks("forget-everything")
	pn.sees("stored-offline", "Nothing.")
	require.Zero(t, script[int](pn, `Promise.all([caches.keys(), navigator.serviceWorker.getRegistrations()]).then(([c, r]) => c.length + r.length)`))

	// The policy's one policy of Trusted Types is spent, and lets no other script be a worker.
	require.Equal(t, "TypeError", script[string](pn, `(() => { try { trustedTypes.createPolicy("hubpanel-worker", { createScriptURL: (url) => url }); } catch (e) { return e.name; } })()`))
	require.Equal(t, "TypeError", script[string](pn, `navigator.serviceWorker.register("embed.js").catch((e) => e.name)`))
}

// TestTheStaticSiteWorksWithoutANetworkInFirefox is the shortest of it in the other browser.
func TestTheStaticSiteWorksWithoutANetworkInFirefox(t *testing.T) {
	h := newHost(t, build(t, nil))
	user := opensInFirefox(t, h.origin+hostPath)
	user.until(`navigator.serviceWorker.controller?.state === "activated"`)
	require.NoError(t, user.page.Problems(h.origin))
	h.serves("", "", nil)
	user.page.Open(t, h.origin+hostPath)
	user.sees("hub-kind", "emulator inside the page")
	user.clicks("connect")
	user.sees("state", "Connected since")
	user.clicks("telemetry-send")
	user.sees("event", "temperature")
}

// TestWithoutTLSThePageIsNotKept opens the static site over plain HTTP from another machine's name: browsers give such a page no
// worker and no hashes to compute, and it works all the same, and still runs nothing but what was built.
func TestWithoutTLSThePageIsNotKept(t *testing.T) {
	dir := build(t, nil)
	h := newHost(t, dir)
	origin := strings.Replace(h.origin, "127.0.0.1", "panel.example", 1)
	pn := &person{t: t, page: browser.New(t, &browser.Options{Hosts: []string{"panel.example"}})}
	pn.page.Open(t, origin+hostPath)
	require.False(t, script[bool](pn, `isSecureContext`))
	firstSteps(pn)
	require.NoError(t, pn.page.Problems(origin))
	require.Zero(t, h.times("sw.js"))

	h.serves(dir, only(t, dir, "*.wasm"), altered)
	pn.page.Open(t, origin+hostPath)
	pn.sees("crash", "is not the one that this page was built with")
}

// only is the name of the one file of a folder that a pattern matches.
func only(t *testing.T, dir, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	require.NoError(t, err)
	require.Len(t, found, 1, pattern)
	return filepath.Base(found[0])
}
