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

	// The browser gets its own context: it must not be killed before its last words are heard.
	page, end, err := openTab(context.WithoutCancel(ctx))
	if err != nil {
		return failed, err
	}
	defer end()
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
func runPage(ctx context.Context, page tab, url string) (status, error) {
	ended := make(chan status, 1)
	end := func(code int) {
		select {
		case ended <- status{code, problems(page, browser.KindException)}:
		default: // it has ended already
		}
	}
	err := page.Bind(ctx, "wasmexec", func(payload string) {
		if payload == "" {
			return
		}
		switch kind, rest := payload[0], payload[1:]; kind {
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
	})
	if err == nil {
		err = page.Navigate(ctx, url)
	}
	if err != nil {
		return status{}, fmt.Errorf("open the page: %w", err)
	}
	select {
	case s := <-ended:
		// What the page's own events do after the program's end does not count, but Firefox tells of a violation
		// in a later task. The answer to a question comes behind that.
		_ = page.Problems()
		s.problems = errors.Join(s.problems, problems(page, browser.KindViolation))
		return s, nil
	case <-page.Crashed():
		return status{}, errors.New("the page's process crashed")
	case <-page.Gone():
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

// problems returns what of one kind happened in the page. Requests that fail are
// logged as errors too, but may be what a program tests.
func problems(page tab, kind string) error {
	var errs []error
	for _, e := range page.Entries() {
		if e.Kind == kind {
			errs = append(errs, errors.New(e.String()))
		}
	}
	return errors.Join(errs...)
}
