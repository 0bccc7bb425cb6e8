package site

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// folder is a page with a file of each kind; the wasm is long enough to be worth compressing.
func folder() fstest.MapFS {
	page := "<!doctype html>\n<html><head>\n<!-- csp -->\n<title>hubpanel</title></head><body></body></html>\n"
	return fstest.MapFS{
		"index.html":        {Data: []byte(page)},
		"embed.html":        {Data: []byte(page)},
		"boot.js":           {Data: []byte("console.log('hello')\n")},
		"panel.css":         {Data: []byte("body { margin: 0 }\n")},
		"lang/pl.json":      {Data: []byte(`{"connect":"Połącz"}`)},
		"icon.png":          {Data: []byte("\x89PNG")},
		"hubpanel.wasm":     {Data: bytes.Repeat([]byte("\x00asm"), 1000)},
		"wasm_exec.js":      {Data: []byte("globalThis.Go = class {}\n")},
		".DS_Store":         {Data: []byte("not part of the page")},
		"_drafts/page.html": {Data: []byte("not part of the page")},
		"web.go":            {Data: []byte("package web")},
	}
}

func newSite(t *testing.T, o Options) *Site {
	t.Helper()
	s, err := New(folder(), o)
	require.NoError(t, err)
	return s
}

// get asks the site for a path as a browser at the host would, with more headers in pairs.
func get(t *testing.T, s *Site, host, path string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = host
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	data, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return string(data)
}

// directives splits a policy into its directives by name.
func directives(t *testing.T, policy string) map[string]string {
	t.Helper()
	d := map[string]string{}
	for directive := range strings.SplitSeq(policy, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), " ")
		require.NotContains(t, d, name, "a second %s would be ignored", name)
		d[name] = value
	}
	return d
}

func TestEachFileHasItsType(t *testing.T) {
	s := newSite(t, Options{})
	for path, want := range map[string]string{
		"/":              "text/html; charset=utf-8",
		"/index.html":    "text/html; charset=utf-8",
		"/boot.js":       "text/javascript; charset=utf-8",
		"/panel.css":     "text/css; charset=utf-8",
		"/lang/pl.json":  "application/json",
		"/icon.png":      "image/png",
		"/hubpanel.wasm": "application/wasm",
	} {
		r := get(t, s, "localhost:8080", path)
		require.Equal(t, http.StatusOK, r.StatusCode, path)
		require.Equal(t, want, r.Header.Get("Content-Type"), path)
		require.Equal(t, "nosniff", r.Header.Get("X-Content-Type-Options"), path)
		require.True(t, s.Has(path), path)
	}
}

func TestOnlyThePagesFilesAreServed(t *testing.T) {
	s := newSite(t, Options{})
	for _, path := range []string{"/.DS_Store", "/_drafts/page.html", "/web.go", "/lang", "/lang/", "/devices", "/../go.mod", "//index.html"} {
		require.False(t, s.Has(path), path)
		r := get(t, s, "localhost:8080", path)
		require.Equal(t, http.StatusNotFound, r.StatusCode, path)
		require.NotEmpty(t, r.Header.Get("Content-Security-Policy"), path)
	}
	r := httptest.NewRequest(http.MethodPost, "/index.html", nil)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
}

func TestPolicyOfTheServedPage(t *testing.T) {
	s := newSite(t, Options{ConnectSrc: []string{"wss://gateway.example"}})
	r := get(t, s, "localhost:8080", "/")
	policy := directives(t, r.Header.Get("Content-Security-Policy"))
	require.Equal(t, "'none'", policy["default-src"])
	require.Equal(t, "'self' 'wasm-unsafe-eval'", policy["script-src"])
	require.Equal(t, "'self'", policy["style-src"])
	require.Equal(t, "'none'", policy["base-uri"])
	require.Equal(t, "'none'", policy["form-action"])
	require.Equal(t, "'none'", policy["frame-ancestors"])
	require.Equal(t, "'script'", policy["require-trusted-types-for"])
	require.Equal(t, "'none'", policy["trusted-types"])
	connect := strings.Fields(policy["connect-src"])
	require.Subset(t, connect, []string{
		"'self'", "wss://*.azure-devices.net:443", "wss://*.azure-devices.cn:443", "wss://*.azure-devices.us:443",
		"wss://*.azure-devices-provisioning.net:443", "https://*.azure-devices.net:443", "https://*.azure-devices.cn:443", "https://*.azure-devices.us:443",
		"https://*.azure-devices-provisioning.net:443", "wss://gateway.example", "ws://127.0.0.1:*", "ws://localhost:*",
	})

	require.Equal(t, "no-referrer", r.Header.Get("Referrer-Policy"))
	require.Equal(t, "same-origin", r.Header.Get("Cross-Origin-Opener-Policy"))
	require.Contains(t, r.Header.Get("Permissions-Policy"), "camera=()")
	require.NotContains(t, r.Header.Get("Permissions-Policy"), "clipboard-write", "the copy buttons need it")
	require.Empty(t, r.Header.Get("Access-Control-Allow-Origin"), "a page is nobody else's to read")
}

func TestPageElsewhereDoesNotReachLoopback(t *testing.T) {
	s := newSite(t, Options{})
	for _, host := range []string{"panel.example", "192.0.2.7:8080", "localhost.example"} {
		r := get(t, s, host, "/")
		require.NotContains(t, r.Header.Get("Content-Security-Policy"), "127.0.0.1", host)
		require.Empty(t, r.Header.Get("Cross-Origin-Opener-Policy"), "over plain HTTP a browser complains about it")
	}
}

func TestEmbedReachesItsOwnOriginOnlyAndMayBeFramed(t *testing.T) {
	s := newSite(t, Options{ConnectSrc: []string{"wss://gateway.example"}})
	r := get(t, s, "localhost:8080", "/embed.html")
	policy := directives(t, r.Header.Get("Content-Security-Policy"))
	require.Equal(t, "'self'", policy["connect-src"])
	require.NotContains(t, policy, "frame-ancestors")
	require.Equal(t, "'none'", policy["trusted-types"])

	// Its files are cross-origin to a sandboxed frame.
	for _, path := range []string{"/hubpanel.wasm", "/boot.js", "/lang/pl.json"} {
		r := get(t, s, "localhost:8080", path)
		require.Equal(t, "*", r.Header.Get("Access-Control-Allow-Origin"), path)
		require.Equal(t, "cross-origin", r.Header.Get("Cross-Origin-Resource-Policy"), path)
	}
}

func TestPageKnowsTheWasmsLengthAndItsHub(t *testing.T) {
	s := newSite(t, Options{})
	for _, path := range []string{"/", "/embed.html"} {
		page := body(t, get(t, s, "localhost:8080", path))
		require.Contains(t, page, `<meta name="hubpanel-wasm-size" content="4000">`)
		require.Contains(t, page, `<meta name="hubpanel-hub" content="served">`)
		require.NotContains(t, page, placeholder)
		require.NotContains(t, page, "http-equiv", "the policy came as a header")
	}
}

func TestRebuildIsSeenAtOnce(t *testing.T) {
	s := newSite(t, Options{})
	r := get(t, s, "localhost:8080", "/hubpanel.wasm")
	require.Equal(t, "no-cache", r.Header.Get("Cache-Control"))
	etag := r.Header.Get("ETag")
	require.Regexp(t, `^"[0-9a-f]{24}"$`, etag)

	again := get(t, s, "localhost:8080", "/hubpanel.wasm", "If-None-Match", etag)
	require.Equal(t, http.StatusNotModified, again.StatusCode)
	require.Empty(t, body(t, again))

	rebuilt := folder()
	rebuilt["hubpanel.wasm"] = &fstest.MapFile{Data: bytes.Repeat([]byte("\x01asm"), 1000)}
	s, err := New(rebuilt, Options{})
	require.NoError(t, err)
	after := get(t, s, "localhost:8080", "/hubpanel.wasm", "If-None-Match", etag)
	require.Equal(t, http.StatusOK, after.StatusCode)
	require.NotEqual(t, etag, after.Header.Get("ETag"))
}

func TestCompressedForWhoTakesIt(t *testing.T) {
	s := newSite(t, Options{})
	plain := get(t, s, "localhost:8080", "/hubpanel.wasm")
	require.Empty(t, plain.Header.Get("Content-Encoding"))
	require.Equal(t, "Accept-Encoding", plain.Header.Get("Vary"))

	packed := get(t, s, "localhost:8080", "/hubpanel.wasm", "Accept-Encoding", "gzip, deflate, br")
	require.Equal(t, "gzip", packed.Header.Get("Content-Encoding"))
	require.NotEqual(t, plain.Header.Get("ETag"), packed.Header.Get("ETag"))
	r, err := gzip.NewReader(packed.Body)
	require.NoError(t, err)
	data, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, folder()["hubpanel.wasm"].Data, data)

	picture := get(t, s, "localhost:8080", "/icon.png", "Accept-Encoding", "gzip")
	require.Empty(t, picture.Header.Get("Content-Encoding"), "a PNG is compressed already")
}

func TestAcceptsGzip(t *testing.T) {
	for value, want := range map[string]bool{
		"":                       false,
		"gzip":                   true,
		"GZIP":                   true,
		"br, gzip;q=0.5":         true,
		"gzip;q=0":               false,
		"gzip; q=0.000":          false,
		"*":                      true,
		"*;q=0":                  false,
		"gzip;q=0, *":            false,
		"identity":               false,
		"gzip;q=much":            false,
		"gzip;level=9;q=0.1, br": true,
	} {
		require.Equal(t, want, acceptsGzip([]string{value}), value)
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	without := func(name string) fs.FS {
		f := folder()
		delete(f, name)
		return f
	}
	_, err := New(without("hubpanel.wasm"), Options{})
	require.ErrorIs(t, err, ErrNotBuilt)
	require.ErrorContains(t, err, "run make wasm")
	_, err = New(without("wasm_exec.js"), Options{})
	require.ErrorIs(t, err, ErrNotBuilt)
	_, err = New(without("index.html"), Options{})
	require.ErrorContains(t, err, "index.html")

	_, err = New(folder(), Options{ConnectSrc: []string{`wss://a.example"><script src="wss://b.example`}})
	require.ErrorContains(t, err, "connect-src")

	unmarked := folder()
	unmarked["index.html"] = &fstest.MapFile{Data: []byte("<!doctype html><title>no line for the policy</title>")}
	_, err = New(unmarked, Options{})
	require.ErrorContains(t, err, placeholder)
}

func TestWriteDist(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "site", "dist")
	s := newSite(t, Options{ConnectSrc: []string{"wss://gateway.example"}})
	require.NoError(t, s.WriteDist(dir))

	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return string(data)
	}
	index := read("index.html")
	require.Contains(t, index, `<meta name="hubpanel-hub" content="inpage">`)
	require.Contains(t, index, `<meta name="referrer" content="no-referrer">`)
	policy := directives(t, metaPolicy(t, index))
	require.NotContains(t, policy, "frame-ancestors", "browsers complain about it in a meta element")
	connect := strings.Fields(policy["connect-src"])
	require.Contains(t, connect, "wss://*.azure-devices.net:443")
	require.Contains(t, connect, "wss://gateway.example")
	require.NotContains(t, connect, "ws://127.0.0.1:*")
	require.Less(t, strings.Index(index, "http-equiv"), strings.Index(index, "<title>"), "the policy comes first")

	require.Equal(t, "'self'", directives(t, metaPolicy(t, read("embed.html")))["connect-src"])
	require.Equal(t, string(folder()["hubpanel.wasm"].Data), read(only(t, dir, "hubpanel.*.wasm")))
	require.Equal(t, string(folder()["lang/pl.json"].Data), read(only(t, dir, "lang/pl.*.json")))
	require.NoFileExists(t, filepath.Join(dir, "web.go"))

	require.ErrorContains(t, s.WriteDist(dir), "not empty", "nothing is mixed with what stands there")
}

// metaPolicy finds the policy of a page as a browser would read it.
func metaPolicy(t *testing.T, page string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, `<meta http-equiv="Content-Security-Policy" content="`)
	require.True(t, ok)
	value, _, ok := strings.Cut(rest, `">`)
	require.True(t, ok)
	return value
}

func TestParseConnectSrc(t *testing.T) {
	for in, want := range map[string][]string{
		"":                      nil,
		"wss://gateway.example": {"wss://gateway.example"},
		" wss://gateway.example:8443  https://*.lab.example ": {"wss://gateway.example:8443", "https://*.lab.example"},
		"ws://edge:* ws://edge:*":                             {"ws://edge:*"},
		"wss://192.0.2.7":                                     {"wss://192.0.2.7"},
	} {
		got, err := ParseConnectSrc(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got, in)
	}
	for in, reason := range map[string]string{
		"gateway.example":                   "scheme is missing",
		"ftp://gateway.example":             "none of wss",
		"wss://":                            "not a host name",
		"wss://gateway.example/mqtt":        "without a path",
		"wss://gateway.example:0":           "port",
		"wss://gateway.example:65536":       "port",
		"wss://gateway.example:":            "port",
		"wss://*":                           "not a host name",
		"wss://a..b":                        "not a host name",
		"wss://[::1]:8080":                  "IPv6",
		"wss://a.example;script-src":        "not a host name",
		"wss://a.example,wss://b":           "without a path",
		"'unsafe-inline'":                   "scheme is missing",
		"wss://gateway.example wss://(bad)": "not a host name",
	} {
		_, err := ParseConnectSrc(in)
		require.ErrorContains(t, err, reason, in)
		require.ErrorContains(t, err, "wss://gateway.example:8443", "it says how to write one")
	}
}

// only returns the one file of dir that a pattern matches.
func only(t *testing.T, dir, pattern string) string {
	t.Helper()
	found, err := fs.Glob(os.DirFS(dir), pattern)
	require.NoError(t, err)
	require.Len(t, found, 1, pattern)
	return found[0]
}

// written are the names of a folder's files.
func written(t *testing.T, dir string) (names []string) {
	t.Helper()
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
		}
		return err
	}))
	return names
}
