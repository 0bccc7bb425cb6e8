package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A Page is a tab, with a record of what it logged and requested.
type Page struct {
	ctx    context.Context
	cancel context.CancelFunc

	mu       sync.Mutex
	entries  []Entry  // guarded by mu
	requests []string // guarded by mu
}

// The kinds of an Entry. Calls of the console API that are not listed here have the protocol's names, such as "table".
const (
	KindDebug     = "debug"
	KindLog       = "log"
	KindInfo      = "info"
	KindWarning   = "warning"
	KindError     = "error"     // console.error, or the browser's own error, such as a failed request
	KindException = "exception" // nothing caught it
	KindViolation = "violation" // of the Content-Security-Policy or of Trusted Types
	KindCrash     = "crash"     // of the page's process
)

// An Entry is one thing that the page, or the browser about the page, had to say.
type Entry struct {
	Kind string
	Text string
	URL  string // the place, if it is known
}

func (e Entry) String() string {
	s := e.Kind + ": " + e.Text
	if e.URL != "" {
		s += " (" + e.URL + ")"
	}
	return s
}

// Context returns the page's context, for chromedp. It ends with the browser.
func (p *Page) Context() context.Context { return p.ctx }

// Open navigates to a URL and waits until it has loaded.
func (p *Page) Open(tb testing.TB, url string) {
	tb.Helper()
	if err := chromedp.Do(p.ctx, chromedp.Navigate(url)); err != nil {
		tb.Fatalf("open %s: %v\n%s", url, err, p)
	}
}

// Close closes the page. The browser's end closes it too.
func (p *Page) Close() { p.cancel() }

// Entries returns what was logged so far.
func (p *Page) Entries() []Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.entries)
}

// Requests returns the URLs requested so far, WebSockets among them, in order.
// Those of data: and blob: URLs are left out: nothing leaves the page for them.
func (p *Page) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

// Reset forgets what was recorded so far.
func (p *Page) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.entries, p.requests = nil, nil
}

// String lists what was logged, for a test's failure message.
func (p *Page) String() string {
	var b strings.Builder
	for _, e := range p.Entries() {
		fmt.Fprintln(&b, e)
	}
	return b.String()
}

// Problems returns an error that lists every console error, uncaught exception, CSP
// violation and crash, and every request to an origin that is not one of the allowed ones,
// of everything that happened before the call. An allowed origin is given as any URL of it; ws is taken
// for http, as a CSP does.
func (p *Page) Problems(allowed ...string) error {
	// An event that came before the answer to a command has been heard when the answer is here.
	if _, err := chromedp.Run(p.ctx, chromedp.Evaluate[int]("0")); err != nil {
		return fmt.Errorf("the page does not answer: %w\n%s", err, p)
	}
	var problems []error
	for _, e := range p.Entries() {
		switch e.Kind {
		case KindError, KindException, KindViolation, KindCrash:
			problems = append(problems, errors.New(e.String()))
		}
	}
	own := make(map[string]bool)
	for _, u := range allowed {
		own[origin(u)] = true
	}
	for _, u := range p.Requests() {
		if !own[origin(u)] {
			problems = append(problems, fmt.Errorf("request to another origin: %s", u))
		}
	}
	return errors.Join(problems...)
}

// origin returns the scheme, host and port of a URL, with the schemes of WebSocket
// mapped to those of HTTP.
func origin(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return rawURL
	}
	return strings.Replace(u.Scheme, "ws", "http", 1) + "://" + u.Host
}

// hear records an event. It runs in the loop that reads the browser's messages.
func (p *Page) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		p.entries = append(p.entries, Entry{Kind: string(e.Type), Text: text(e.Args), URL: place(e.StackTrace)})
	case *runtime.EventExceptionThrown:
		d := e.ExceptionDetails
		entry := Entry{Kind: KindException, Text: d.Text, URL: d.URL}
		if d.Exception != nil {
			entry.Text += " " + value(d.Exception)
		}
		p.entries = append(p.entries, entry)
	case *log.EventEntryAdded:
		kind := string(e.Entry.Level)
		if kind == string(log.EntryLevelVerbose) {
			kind = KindDebug
		}
		p.entries = append(p.entries, Entry{Kind: kind, Text: e.Entry.Text, URL: e.Entry.URL})
	case *audits.EventIssueAdded:
		if csp := e.Issue.Details.ContentSecurityPolicyIssueDetails; csp != nil {
			entry := Entry{Kind: KindViolation, Text: fmt.Sprintf("%s (%s)", csp.ViolatedDirective, csp.ContentSecurityPolicyViolationType)}
			if csp.BlockedURL != "" {
				entry.Text += " blocked " + csp.BlockedURL
			}
			if at := csp.SourceCodeLocation; at != nil {
				entry.URL = fmt.Sprintf("%s:%d:%d", at.URL, at.LineNumber+1, at.ColumnNumber+1)
			}
			p.entries = append(p.entries, entry)
		}
	case *inspector.EventTargetCrashed:
		p.entries = append(p.entries, Entry{Kind: KindCrash, Text: "the page's process crashed"})
	case *network.EventRequestWillBeSent:
		p.request(e.Request.URL)
	case *network.EventWebSocketCreated:
		p.request(e.URL)
	}
}

// request records a URL. p.mu is held.
func (p *Page) request(rawURL string) {
	if strings.HasPrefix(rawURL, "data:") || strings.HasPrefix(rawURL, "blob:") {
		return
	}
	p.requests = append(p.requests, rawURL)
}

// text renders the arguments of a call of the console API.
func text(args []*runtime.RemoteObject) string {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = value(a)
	}
	return strings.Join(words, " ")
}

// value renders a JavaScript value as the console does, more or less.
func value(o *runtime.RemoteObject) string {
	var s string
	switch {
	case o.UnserializableValue != "":
		return string(o.UnserializableValue)
	case len(o.Value) == 0:
		if o.Description != "" {
			return o.Description
		}
		return string(o.Type)
	case json.Unmarshal([]byte(o.Value), &s) == nil:
		return s
	}
	return string(o.Value)
}

// place returns where a call came from.
func place(st *runtime.StackTrace) string {
	if st == nil || len(st.CallFrames) == 0 {
		return ""
	}
	f := st.CallFrames[0]
	return fmt.Sprintf("%s:%d:%d", f.URL, f.LineNumber+1, f.ColumnNumber+1)
}
