package browser

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// A Record is what a page of any browser logged and requested. The zero value is empty.
type Record struct {
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

// Log records an entry.
func (r *Record) Log(e Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, e)
}

// Request records a URL, unless it is one of data: or blob:, for which nothing leaves the page.
func (r *Record) Request(rawURL string) {
	if strings.HasPrefix(rawURL, "data:") || strings.HasPrefix(rawURL, "blob:") {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, rawURL)
}

// Entries returns what was logged so far.
func (r *Record) Entries() []Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.entries)
}

// Requests returns the URLs requested so far, WebSockets among them, in order.
// Those of data: and blob: URLs are left out: nothing leaves the page for them.
func (r *Record) Requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

// Reset forgets what was recorded so far.
func (r *Record) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries, r.requests = nil, nil
}

// String lists what was logged, for a test's failure message.
func (r *Record) String() string {
	var b strings.Builder
	for _, e := range r.Entries() {
		fmt.Fprintln(&b, e)
	}
	return b.String()
}

// Problems returns an error that lists every console error, uncaught exception, CSP
// violation and crash, and every request to an origin that is not one of the allowed ones.
// An allowed origin is given as any URL of it; ws is taken
// for http, as a CSP does.
func (r *Record) Problems(allowed ...string) error {
	var problems []error
	for _, e := range r.Entries() {
		switch e.Kind {
		case KindError, KindException, KindViolation, KindCrash:
			problems = append(problems, errors.New(e.String()))
		}
	}
	own := make(map[string]bool)
	for _, u := range allowed {
		own[origin(u)] = true
	}
	for _, u := range r.Requests() {
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
