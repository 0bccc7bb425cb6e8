package firefox

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/hubpanel/hubpanel/e2e/browser"
)

// startTimeout bounds the start. A cold disk is slow, a broken Firefox is for ever.
const startTimeout = time.Minute

// Path returns the path of Firefox: the one that the environment variable FIREFOX_BIN
// names, else the first in PATH, else Debian's firefox-esr, which it installs
// if it can (see [browser.Ensure]).
func Path(ctx context.Context) (string, error) {
	if bin := os.Getenv("FIREFOX_BIN"); bin != "" {
		path, err := exec.LookPath(bin)
		if err != nil {
			return "", fmt.Errorf("FIREFOX_BIN does not name a program: %w", err)
		}
		return path, nil
	}
	if path, err := exec.LookPath("firefox"); err == nil {
		return path, nil
	}
	path, err := browser.Ensure(ctx, "firefox-esr", "firefox-esr")
	if err != nil {
		return "", fmt.Errorf("no Firefox found; install one, or set FIREFOX_BIN to it: %w", err)
	}
	return path, nil
}

// A Browser is a running headless Firefox with a profile of its own.
type Browser struct {
	process *process
	session *bidi

	mu    sync.Mutex
	pages map[string]*Page // guarded by mu; by the ids of their browsing contexts, frames included
}

// Start starts Firefox. The browser ends with ctx or with Close, and Close must be called in
// either case, to wait for that.
func Start(ctx context.Context) (*Browser, error) { return start(ctx, nil) }

// start is Start with preferences beside those of user.js.
func start(ctx context.Context, prefs []byte) (_ *Browser, err error) {
	path, err := Path(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("start %s: %w", path, err)
		}
	}()
	p, err := startProcess(ctx, path, prefs)
	if err != nil {
		return nil, err
	}
	b := &Browser{process: p, pages: make(map[string]*Page)}
	starting, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	address, err := p.address(starting)
	if err == nil {
		b.session, err = dialBiDi(starting, address, b.hear)
	}
	if err != nil {
		_ = p.stop()
		return nil, err
	}
	return b, nil
}

// Close ends the browser and returns when its processes are gone and its profile
// is removed.
func (b *Browser) Close() error {
	err := b.process.stop()
	b.session.close()
	return err
}

// New starts a browser for the length of a test and opens a page in it.
func New(tb testing.TB) *Page {
	tb.Helper()
	b, err := Start(context.WithoutCancel(tb.Context()))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := b.Close(); err != nil {
			tb.Errorf("close the browser: %v", err)
		}
	})
	p, err := b.NewPage(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// hear records an event of one of the pages.
func (b *Browser) hear(method string, params json.RawMessage) {
	var where struct {
		Context string // of most events
		Parent  string // of contextCreated, for a frame
		Source  struct {
			Context string
		} // of log.entryAdded and script.message
	}
	if json.Unmarshal(params, &where) != nil {
		return // no event of ours
	}
	context := where.Context
	if context == "" {
		context = where.Source.Context
	}
	b.mu.Lock()
	if method == "browsingContext.contextCreated" && where.Parent != "" {
		b.pages[context] = b.pages[where.Parent]
	}
	page := b.pages[context]
	b.mu.Unlock()
	if page != nil {
		page.hear(method, context, params)
	}
}
