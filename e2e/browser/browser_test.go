package browser_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/browser"
)

const policy = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src * data:; style-src 'self'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// serve serves a page under the policy whose script is js.
func serve(t *testing.T, js string) (url string) {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		fmt.Fprint(w, `<!doctype html><link rel="icon" href="data:,"><title>page</title><p id="p">text</p><script src="/page.js"></script>`)
	})
	mux.HandleFunc("/page.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, js)
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestAQuietPageHasNoProblems(t *testing.T) {
	page := browser.New(t, nil)
	url := serve(t, `console.log("hello", 1, true); console.warn("careful")`)
	page.Open(t, url+"/")
	title, err := chromedp.Run(page.Context(), chromedp.Title())
	require.NoError(t, err)
	require.Equal(t, "page", title)

	require.NoError(t, page.Problems(url))
	require.Len(t, page.Entries(), 2)
	require.Equal(t, "log: hello 1 true", page.Entries()[0].Kind+": "+page.Entries()[0].Text)
	require.Equal(t, browser.KindWarning, page.Entries()[1].Kind)
	require.Equal(t, []string{url + "/", url + "/page.js"}, page.Requests())
	require.ErrorContains(t, page.Problems(), "request to another origin: "+url)
}

func TestProblemsAreHeard(t *testing.T) {
	page := browser.New(t, &browser.Options{Hosts: []string{"elsewhere.test"}})
	tests := []struct{ name, js, want string }{
		{"console error", `console.error("broken", 7)`, "error: broken 7"},
		{"exception", `throw new TypeError("no such thing")`, "exception: Uncaught TypeError: no such thing"},
		{"rejection", `Promise.reject(new Error("nobody cares"))`, "exception: Uncaught (in promise) Error: nobody cares"},
		{"connect-src", `fetch("https://elsewhere.test/x").catch(() => {})`, "violation: connect-src"},
		{"eval", `try { new Function("1")() } catch {}`, "violation: require-trusted-types-for"},
		{"trusted types", `try { document.body.innerHTML = "<b>b</b>" } catch {}`, "violation: require-trusted-types-for"},
		{"inline style", `document.body.setAttribute("style", "color: red")`, "violation: style-src"},
		{"foreign request", `new Image().src = "http://elsewhere.test:1/i.png"`, "request to another origin: http://elsewhere.test:1/i.png"},
		{"foreign WebSocket", `try { new WebSocket("ws://elsewhere.test:1/") } catch {}`, "violation: connect-src"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			page.Reset()
			url := serve(t, test.js)
			page.Open(t, url+"/")
			require.ErrorContains(t, page.Problems(url), test.want)
		})
	}
}

func TestOtherNamesDoNotResolve(t *testing.T) {
	page := browser.New(t, nil)
	err := chromedp.Do(page.Context(), chromedp.Navigate("http://example.com/"))
	require.ErrorContains(t, err, "ERR_NAME_NOT_RESOLVED")
}

func TestPagesShareNothing(t *testing.T) {
	b, err := browser.Start(t.Context(), nil)
	require.NoError(t, err)
	defer b.Close()
	url := serve(t, "")
	for range 2 {
		page, err := b.NewPage()
		require.NoError(t, err)
		page.Open(t, url+"/")
		n, err := chromedp.Run(page.Context(), chromedp.Evaluate[int](`localStorage.length ? 1 : (localStorage.x = 1, 0)`))
		require.NoError(t, err)
		require.Zero(t, n, "a page sees what another one stored")
		page.Close()
	}
}

func TestNothingStaysBehind(t *testing.T) {
	ownTemp(t)
	ends := map[string]func(b *browser.Browser, cancel context.CancelFunc){
		"closed":    func(b *browser.Browser, cancel context.CancelFunc) { require.NoError(t, b.Close()) },
		"cancelled": func(b *browser.Browser, cancel context.CancelFunc) { cancel(); require.NoError(t, b.Close()) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			b, err := browser.Start(ctx, nil)
			require.NoError(t, err)
			require.NotEmpty(t, profiles(t))
			require.NotEmpty(t, processes(t))
			end(b, cancel)
			require.Empty(t, profiles(t))
			require.Empty(t, processes(t))
		})
	}
}

// TestNothingStaysBehindOfAProcessThatIsKilled runs this test binary as a child that starts Chrome and never ends.
func TestNothingStaysBehindOfAProcessThatIsKilled(t *testing.T) {
	if os.Getenv("HUBPANEL_TEST_HANG") != "" {
		b, err := browser.Start(t.Context(), nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer b.Close()
		fmt.Println("started")
		select {}
	}
	ownTemp(t)
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), "HUBPANEL_TEST_HANG=1")
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "started\n", line)
	require.NotEmpty(t, processes(t))

	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait())
	require.Eventually(t, func() bool { return len(processes(t)) == 0 }, closeWait, tick, "Chrome outlives its parent")
}

// ownTemp gives the test a temporary directory of its own. Its name is short, since
// Chrome puts a Unix socket there and gives up when that name exceeds 108 bytes.
func ownTemp(t *testing.T) {
	dir, err := os.MkdirTemp("", "hp")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	t.Setenv("TMPDIR", dir)
}

// profiles lists the profiles in TMPDIR.
func profiles(t *testing.T) []string {
	names, err := filepath.Glob(filepath.Join(os.TempDir(), "chromedp-runner*"))
	require.NoError(t, err)
	return names
}

// processes lists the processes that use a profile in TMPDIR.
func processes(t *testing.T) []string {
	dirs, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	var found []string
	for _, dir := range dirs {
		cmdline, err := os.ReadFile(dir)
		if err == nil && strings.Contains(string(cmdline), "--user-data-dir="+os.TempDir()) {
			found = append(found, dir)
		}
	}
	return found
}
