package browser

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

const (
	startTimeout = time.Minute      // a cold disk is slow, a broken Chrome is for ever
	closeTimeout = 10 * time.Second // for a graceful end, before Chrome is killed
)

// Options say how Chrome runs. A nil *Options means the defaults.
type Options struct {
	// Width and Height of the window, in CSS pixels. Default 1280 and 800.
	Width, Height int
	// Hosts are names that resolve to 127.0.0.1 beside localhost. Other names do not resolve.
	Hosts []string
	// Map are names, which may begin with "*.", and the host:port that every connection to them goes to instead, whatever its port.
	Map map[string]string
	// Unrecorded pages have no record of requests. It costs time and memory for
	// every WebSocket message, which measurements must not pay.
	Unrecorded bool
	// Flags are added to Chrome's command line, such as "lang=pl" or "ignore-certificate-errors".
	Flags []string
}

// A Browser is a running headless Chrome with a profile of its own.
type Browser struct {
	ctx        context.Context // of chromedp; its first tab stays empty
	wait       context.CancelFunc
	unrecorded bool
}

// Start starts Chrome. The browser ends with ctx or with Close, and Close must be called in
// either case, to wait for that.
func Start(ctx context.Context, o *Options) (*Browser, error) {
	if o == nil {
		o = new(Options)
	}
	path, err := Chrome(ctx)
	if err != nil {
		return nil, err
	}
	allocCtx, wait := chromedp.NewExecAllocator(ctx, o.flags(path)...)
	browserCtx, _ := chromedp.NewContext(allocCtx)
	// A timeout of the context itself would end the browser later (see chromedp.Run).
	timer := time.AfterFunc(startTimeout, wait)
	err = chromedp.Do(browserCtx)
	if !timer.Stop() && err == nil {
		err = context.DeadlineExceeded
	}
	if err != nil {
		wait()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return &Browser{ctx: browserCtx, wait: wait, unrecorded: o.Unrecorded}, nil
}

func (o *Options) flags(path string) []chromedp.ExecAllocatorOption {
	width, height := 1280, 800
	if o.Width > 0 && o.Height > 0 {
		width, height = o.Width, o.Height
	}
	rules := []string{"MAP * ~NOTFOUND", "EXCLUDE localhost", "EXCLUDE 127.0.0.1", "EXCLUDE [::1]"}
	for _, host := range o.Hosts {
		rules = append([]string{"MAP " + host + " 127.0.0.1"}, rules...)
	}
	for name, to := range o.Map {
		rules = append([]string{"MAP " + name + " " + to}, rules...)
	}
	// The defaults are headless, with a profile in a temporary directory, and without sandbox when root.
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.WindowSize(width, height),
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("mute-audio", true),
		chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("host-resolver-rules", strings.Join(rules, ", ")),
	)
	for _, flag := range o.Flags {
		name, value, ok := strings.Cut(strings.TrimLeft(flag, "-"), "=")
		if ok {
			opts = append(opts, chromedp.Flag(name, value))
		} else {
			opts = append(opts, chromedp.Flag(name, true))
		}
	}
	return opts
}

// NewPage opens an empty page that shares nothing with the browser's other pages: no
// storage, no cache.
func (b *Browser) NewPage() (*Page, error) {
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	p := &Page{ctx: ctx, cancel: cancel}
	err := errors.Join(
		chromedp.Listen(ctx, p.hear),
		call(ctx, audits.Enable),
	)
	if b.unrecorded {
		err = errors.Join(err, call(ctx, network.Disable)) // chromedp has enabled it
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("open a page: %w", err)
	}
	return p, nil
}

func call(ctx context.Context, cmd cdp.Command[cdp.Empty, cdp.Empty]) error {
	_, err := chromedp.Call(ctx, cmd, cdp.Empty{})
	return err
}

// Close ends the browser and returns when its processes are gone and its profile
// is removed.
func (b *Browser) Close() error {
	ctx, cancel := context.WithTimeout(b.ctx, closeTimeout)
	err := chromedp.Cancel(ctx)
	cancel()
	b.wait()
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return nil // it was killed, and is gone as well
	}
	return err
}

// TB is what New and Page.Open ask of a test: a *testing.T is one. Programs use Start and Page.Goto, and get no testing flags
// and no test code by importing this package.
type TB interface {
	Helper()
	Context() context.Context
	Cleanup(func())
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// New starts a browser for the length of a test and opens a page in it.
func New(tb TB, o *Options) *Page {
	tb.Helper()
	b, err := Start(context.WithoutCancel(tb.Context()), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := b.Close(); err != nil {
			tb.Errorf("close the browser: %v", err)
		}
	})
	p, err := b.NewPage()
	if err != nil {
		tb.Fatal(err)
	}
	return p
}
