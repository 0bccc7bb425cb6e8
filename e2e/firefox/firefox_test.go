package firefox_test

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
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/browser"
	"github.com/hubpanel/hubpanel/e2e/firefox"
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
	page := firefox.New(t)
	url := serve(t, `console.log("hello", 1, true); console.warn("careful")`)
	page.Open(t, url+"/")
	title, err := firefox.Eval[string](t.Context(), page, "document.title")
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
	page := firefox.New(t)
	tests := []struct{ name, js, want string }{
		{"console error", `console.error("broken", 7)`, "error: broken 7"},
		{"exception", `throw new TypeError("no such thing")`, "exception: TypeError: no such thing"},
		{"rejection", `Promise.reject(new Error("nobody cares"))`, "exception: Error: nobody cares"},
		{"connect-src", `fetch("https://elsewhere.test/x").catch(() => {})`, "violation: connect-src"},
		{"eval", `try { new Function("1")() } catch {}`, "violation: require-trusted-types-for"},
		{"trusted types", `try { document.body.innerHTML = "<b>b</b>" } catch {}`, "violation: require-trusted-types-for"},
		{"inline style", `document.body.setAttribute("style", "color: red")`, "violation: style-src"},
		{"foreign request", `new Image().src = "http://elsewhere.test/i.png"`, "request to another origin: http://elsewhere.test/i.png"},
		{"foreign WebSocket", `try { new WebSocket("ws://elsewhere.test/") } catch {}`, "violation: connect-src"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			page.Reset()
			url := serve(t, test.js)
			page.Open(t, url+"/")
			require.Eventually(t, func() bool { return page.Problems(url) != nil }, patience, tick)
			require.ErrorContains(t, page.Problems(url), test.want)
		})
	}
}

func TestAFailedWebSocketIsNoException(t *testing.T) {
	page := firefox.New(t)
	url := serve(t, `globalThis.ended = new Promise((resolve) => { new WebSocket("ws://" + location.host + "/socket").onclose = () => resolve(true); })`)
	page.Open(t, url+"/")
	closed, err := firefox.Eval[bool](t.Context(), page, "ended")
	require.NoError(t, err)
	require.True(t, closed)
	require.Eventually(t, func() bool { return len(page.Entries()) > 0 }, patience, tick)
	require.Equal(t, browser.KindError, page.Entries()[0].Kind)
	require.Contains(t, page.Requests(), url+"/socket")
}

func TestNothingButLoopbackIsReached(t *testing.T) {
	page := firefox.New(t)
	err := page.Navigate(t.Context(), "http://example.com/")
	require.ErrorContains(t, err, "PROXY_CONNECTION_REFUSED")
}

func TestEval(t *testing.T) {
	page := firefox.New(t)
	n, err := firefox.Eval[int](t.Context(), page, "new Promise((resolve) => setTimeout(() => resolve(6 * 7)))")
	require.NoError(t, err)
	require.Equal(t, 42, n)
	_, err = firefox.Eval[int](t.Context(), page, "nothing.here")
	require.ErrorContains(t, err, "nothing is not defined")
	_, err = firefox.Eval[int](t.Context(), page, `"text"`)
	require.ErrorContains(t, err, "cannot unmarshal string")
	_, err = firefox.Eval[int](t.Context(), page, "undefined")
	require.ErrorContains(t, err, "JSON cannot carry")

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = firefox.Eval[int](ctx, page, "new Promise(() => {})")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	n, err = firefox.Eval[int](t.Context(), page, "1")
	require.NoError(t, err, "a command that was given up leaves the others alone")
	require.Equal(t, 1, n)
}

func TestBind(t *testing.T) {
	page := firefox.New(t)
	heard := make(chan string, 3)
	require.NoError(t, page.Bind(t.Context(), "tell", func(payload string) { heard <- payload }))
	page.Open(t, serve(t, `tell("one"); tell("\u0000\u00ff 世"); tell("three")`)+"/")
	require.Equal(t, "one", <-heard)
	require.Equal(t, "\x00ÿ 世", <-heard)
	require.Equal(t, "three", <-heard)
}

func TestPagesShareNothing(t *testing.T) {
	b, err := firefox.Start(t.Context())
	require.NoError(t, err)
	defer b.Close()
	url := serve(t, "")
	for range 2 {
		page, err := b.NewPage(t.Context())
		require.NoError(t, err)
		page.Open(t, url+"/")
		n, err := firefox.Eval[int](t.Context(), page, `localStorage.length ? 1 : (localStorage.x = 1, 0)`)
		require.NoError(t, err)
		require.Zero(t, n, "a page sees what another one stored")
		require.NoError(t, page.Close(t.Context()))
	}
}

func TestFirefoxIsTheOneInFIREFOX_BIN(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "my-firefox")
	require.NoError(t, os.WriteFile(bin, []byte("#!/bin/sh\necho no display >&2\n"), 0o755))
	t.Setenv("FIREFOX_BIN", bin)
	ownTemp(t)
	_, err := firefox.Start(t.Context())
	require.ErrorContains(t, err, "start "+bin+": it ended at once; it said:\nno display")
	require.Empty(t, profiles(t))

	t.Setenv("FIREFOX_BIN", bin+"-gone")
	_, err = firefox.Start(t.Context())
	require.ErrorContains(t, err, "FIREFOX_BIN does not name a program")
}

func TestNothingStaysBehind(t *testing.T) {
	ownTemp(t)
	ends := map[string]func(b *firefox.Browser, cancel context.CancelFunc){
		"closed":    func(b *firefox.Browser, cancel context.CancelFunc) {},
		"cancelled": func(b *firefox.Browser, cancel context.CancelFunc) { cancel() },
		"crashed": func(b *firefox.Browser, cancel context.CancelFunc) {
			page, err := b.NewPage(t.Context())
			require.NoError(t, err)
			for _, pid := range processes(t) {
				_ = syscall.Kill(pid, syscall.SIGKILL) // some end with the first of them
			}
			<-page.Gone()
			_, err = firefox.Eval[int](t.Context(), page, "1")
			require.ErrorContains(t, err, "the browser is gone")
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			b, err := firefox.Start(ctx)
			require.NoError(t, err)
			require.Len(t, profiles(t), 1)
			require.NotEmpty(t, processes(t))
			end(b, cancel)
			require.NoError(t, b.Close())
			require.Empty(t, profiles(t))
			require.Empty(t, processes(t))
		})
	}
}

// TestNothingStaysBehindOfAProcessThatIsKilled runs this test binary as a child that starts Firefox and never ends.
func TestNothingStaysBehindOfAProcessThatIsKilled(t *testing.T) {
	if os.Getenv("HUBPANEL_TEST_HANG") != "" {
		b, err := firefox.Start(t.Context())
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
	require.Greater(t, len(processes(t)), 1)

	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait())
	require.Eventually(t, func() bool { return len(processes(t)) == 0 }, patience, tick, "Firefox outlives its parent")

	// The next Firefox removes the profile, unless it is so young that somebody may be about to lock it.
	left := profiles(t)
	require.Len(t, left, 1)
	before := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(left[0], before, before))
	b, err := firefox.Start(t.Context())
	require.NoError(t, err)
	defer b.Close()
	require.NotContains(t, profiles(t), left[0])

	// That of a Firefox that runs stays.
	mine := profiles(t)
	require.Len(t, mine, 1)
	require.NoError(t, os.Chtimes(mine[0], before, before))
	other, err := firefox.Start(t.Context())
	require.NoError(t, err)
	defer other.Close()
	require.Contains(t, profiles(t), mine[0])
}

const (
	patience = 20 * time.Second
	tick     = 20 * time.Millisecond
)

// ownTemp gives the test a temporary directory of its own.
func ownTemp(t *testing.T) { t.Setenv("TMPDIR", t.TempDir()) }

// profiles lists the profiles in TMPDIR.
func profiles(t *testing.T) []string {
	names, err := filepath.Glob(filepath.Join(os.TempDir(), "hubpanel-firefox-*"))
	require.NoError(t, err)
	return names
}

// processes lists the processes that were started with this TMPDIR.
func processes(t *testing.T) (pids []int) {
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(t, err)
	for _, file := range files {
		environ, err := os.ReadFile(file)
		if err != nil || !strings.Contains("\x00"+string(environ), "\x00TMPDIR="+os.TempDir()+"\x00") {
			continue
		}
		var pid int
		_, err = fmt.Sscanf(file, "/proc/%d/", &pid)
		require.NoError(t, err)
		pids = append(pids, pid)
	}
	return pids
}
