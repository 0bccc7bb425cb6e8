package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/hubpanel/hubpanel/e2e/browser"
	"github.com/hubpanel/hubpanel/pkg/wsconn/wstest"
)

// failed is the exit status when it is not the program's own.
const failed = 2

// grace is how long a program has to notice its own timeout. Tests shorten it.
var grace = 30 * time.Second

// run runs a program and returns its exit status.
func run(ctx context.Context, wasm string, args []string) (code int, err error) {
	if d := testTimeout(args); d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, d+grace, fmt.Errorf("the program did not end within its timeout of %v", d))
		defer cancel()
	}
	if _, err := os.Stat(wasm); err != nil {
		return failed, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return failed, err
	}
	scripts := new(wstest.Server)
	defer scripts.Close()
	site, err := newSite(l.Addr().String(), wasm, args, scripts)
	if err != nil {
		l.Close()
		return failed, err
	}
	server := &http.Server{Handler: site}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) }) // until Close
	defer serving.Wait()
	defer server.Close()

	// Chrome gets its own context: it must not be killed before its last words are heard.
	b, err := browser.Start(context.WithoutCancel(ctx), &browser.Options{Unrecorded: true})
	if err != nil {
		return failed, err
	}
	defer b.Close()
	page, err := b.NewPage()
	if err != nil {
		return failed, err
	}
	status, err := runPage(ctx, page, "http://"+l.Addr().String()+"/")
	if err != nil {
		return failed, fmt.Errorf("%w\n%s", err, page)
	}
	if status.problems != nil {
		code := status.code
		if code == 0 {
			code = failed
		}
		return code, fmt.Errorf("the page had problems, and the program's exit status was %d:\n%w", status.code, status.problems)
	}
	return status.code, nil
}

// testTimeout returns the value of -test.timeout, or 0 for none.
func testTimeout(args []string) time.Duration {
	for _, arg := range args {
		if value, ok := strings.CutPrefix(arg, "-test.timeout="); ok {
			if d, err := time.ParseDuration(value); err == nil {
				return d
			}
		}
	}
	return 0
}

// status is how a program ended.
type status struct {
	code     int
	problems error // exceptions and violations up to its end
}

// runPage runs the program of the page at url and streams its output.
func runPage(ctx context.Context, page *browser.Page, url string) (status, error) {
	ended := make(chan status, 1)
	end := func(code int) {
		select {
		case ended <- status{code, problems(page)}:
		default: // it has ended already
		}
	}
	crashed := make(chan struct{})
	crash := sync.OnceFunc(func() { close(crashed) })
	err := chromedp.Listen(page.Context(), func(event any) {
		switch e := event.(type) {
		case *runtime.EventBindingCalled:
			if e.Name != "wasmexec" || e.Payload == "" {
				return
			}
			switch kind, rest := e.Payload[0], e.Payload[1:]; kind {
			case '1':
				write(os.Stdout, rest)
			case '2':
				write(os.Stderr, rest)
			case 'x':
				code, err := strconv.Atoi(rest)
				if err != nil {
					code = failed
				}
				end(code)
			}
		case *inspector.EventTargetCrashed:
			crash()
		}
	})
	if err == nil {
		_, err = chromedp.Call(page.Context(), runtime.AddBinding, runtime.AddBindingParams{Name: "wasmexec"})
	}
	if err == nil {
		err = chromedp.Do(page.Context(), chromedp.Navigate(url))
	}
	if err != nil {
		return status{}, fmt.Errorf("open the page: %w", err)
	}
	select {
	case s := <-ended:
		return s, nil
	case <-crashed:
		return status{}, errors.New("the page's process crashed")
	case <-page.Context().Done():
		return status{}, errors.New("the browser is gone")
	case <-ctx.Done():
		return status{}, context.Cause(ctx)
	}
}

// write writes the bytes that a program wrote, of which each is a character of the same number.
func write(w io.Writer, chars string) {
	bytes := make([]byte, 0, len(chars))
	for _, c := range chars {
		bytes = append(bytes, byte(c))
	}
	_, _ = w.Write(bytes) // whoever should read it is gone, and so will this process be
}

// problems returns what should not have happened in the page. Requests that fail are
// logged as errors too, but may be what a program tests.
func problems(page *browser.Page) error {
	var errs []error
	for _, e := range page.Entries() {
		if e.Kind == browser.KindException || e.Kind == browser.KindViolation {
			errs = append(errs, errors.New(e.String()))
		}
	}
	return errors.Join(errs...)
}
