package main

import (
	"context"
	"fmt"
	"os"

	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/hubpanel/hubpanel/e2e/browser"
	"github.com/hubpanel/hubpanel/e2e/firefox"
)

// A tab is what a browser must be able to do to run a program. Firefox's pages are such tabs.
type tab interface {
	// Bind makes a function of that name in the page that will be loaded. Each call of it with a string is a
	// call of f, one at a time and in order.
	Bind(ctx context.Context, name string, f func(payload string)) error
	Navigate(ctx context.Context, url string) error
	Entries() []browser.Entry
	Problems(allowed ...string) error // asks the page, so that Entries is up to date
	Crashed() <-chan struct{}         // closed when the page's process has died
	Gone() <-chan struct{}            // closed when the browser has ended
	String() string                   // what the page logged
}

// openTab starts the browser that the variable WASMEXEC_BROWSER names. end ends it.
func openTab(ctx context.Context) (t tab, end func() error, err error) {
	switch name := os.Getenv("WASMEXEC_BROWSER"); name {
	case "", "chrome":
		b, err := browser.Start(ctx, &browser.Options{Unrecorded: true})
		if err != nil {
			return nil, nil, err
		}
		page, err := b.NewPage()
		if err != nil {
			b.Close()
			return nil, nil, err
		}
		return &chromeTab{Page: page, crashed: make(chan struct{})}, b.Close, nil
	case "firefox":
		b, err := firefox.Start(ctx)
		if err != nil {
			return nil, nil, err
		}
		page, err := b.NewPage(ctx)
		if err != nil {
			b.Close()
			return nil, nil, err
		}
		return page, b.Close, nil
	default:
		return nil, nil, fmt.Errorf("WASMEXEC_BROWSER is %q; it may be chrome (the default) or firefox", name)
	}
}

// chromeTab is a tab of Chrome.
type chromeTab struct {
	*browser.Page
	crashed chan struct{}
}

func (t *chromeTab) Bind(_ context.Context, name string, f func(payload string)) error {
	err := chromedp.Listen(t.Context(), func(event any) {
		switch e := event.(type) {
		case *runtime.EventBindingCalled:
			if e.Name == name {
				f(e.Payload)
			}
		case *inspector.EventTargetCrashed:
			close(t.crashed) // a process dies once
		}
	})
	if err == nil {
		_, err = chromedp.Call(t.Context(), runtime.AddBinding, runtime.AddBindingParams{Name: name})
	}
	return err
}

func (t *chromeTab) Navigate(_ context.Context, url string) error {
	return chromedp.Do(t.Context(), chromedp.Navigate(url))
}

func (t *chromeTab) Crashed() <-chan struct{} { return t.crashed }

func (t *chromeTab) Gone() <-chan struct{} { return t.Context().Done() }
