package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A Page is a tab, with a record of what it logged and requested.
type Page struct {
	Record
	ctx    context.Context
	cancel context.CancelFunc
}

// Context returns the page's context, for chromedp. It ends with the browser.
func (p *Page) Context() context.Context { return p.ctx }

// Open is Goto for a test, which fails when the page does not load.
func (p *Page) Open(tb TB, url string) {
	tb.Helper()
	if err := p.Goto(url); err != nil {
		tb.Fatalf("%v", err)
	}
}

// Goto navigates to a URL and waits until it has loaded.
func (p *Page) Goto(url string) error {
	if err := chromedp.Do(p.ctx, chromedp.Navigate(url)); err != nil {
		return fmt.Errorf("open %s: %w\n%s", url, err, p)
	}
	return nil
}

// Close closes the page. The browser's end closes it too.
func (p *Page) Close() { p.cancel() }

// Problems is [Record.Problems] of everything that happened before the call.
func (p *Page) Problems(allowed ...string) error {
	// An event that came before the answer to a command has been heard when the answer is here.
	if _, err := chromedp.Run(p.ctx, chromedp.Evaluate[int]("0")); err != nil {
		return fmt.Errorf("the page does not answer: %w\n%s", err, p)
	}
	return p.Record.Problems(allowed...)
}

// hear records an event. It runs in the loop that reads the browser's messages.
func (p *Page) hear(event any) {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		p.Log(Entry{Kind: string(e.Type), Text: text(e.Args), URL: place(e.StackTrace)})
	case *runtime.EventExceptionThrown:
		d := e.ExceptionDetails
		entry := Entry{Kind: KindException, Text: d.Text, URL: d.URL}
		if d.Exception != nil {
			entry.Text += " " + value(d.Exception)
		}
		p.Log(entry)
	case *log.EventEntryAdded:
		kind := string(e.Entry.Level)
		if kind == string(log.EntryLevelVerbose) {
			kind = KindDebug
		}
		p.Log(Entry{Kind: kind, Text: e.Entry.Text, URL: e.Entry.URL})
	case *audits.EventIssueAdded:
		if csp := e.Issue.Details.ContentSecurityPolicyIssueDetails; csp != nil {
			entry := Entry{Kind: KindViolation, Text: fmt.Sprintf("%s (%s)", csp.ViolatedDirective, csp.ContentSecurityPolicyViolationType)}
			if csp.BlockedURL != "" {
				entry.Text += " blocked " + csp.BlockedURL
			}
			if at := csp.SourceCodeLocation; at != nil {
				entry.URL = fmt.Sprintf("%s:%d:%d", at.URL, at.LineNumber+1, at.ColumnNumber+1)
			}
			p.Log(entry)
		}
	case *inspector.EventTargetCrashed:
		p.Log(Entry{Kind: KindCrash, Text: "the page's process crashed"})
	case *network.EventRequestWillBeSent:
		p.Request(e.Request.URL)
	case *network.EventWebSocketCreated:
		p.Request(e.URL)
	}
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
