package firefox

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"sync"
	"testing"

	"github.com/hubpanel/hubpanel/e2e/browser"
)

// A Page is a tab, with a record of what it logged and requested.
type Page struct {
	browser.Record
	browser *Browser
	id      string // of its browsing context

	crash     sync.Once
	destroyed chan struct{}

	mu       sync.Mutex
	bindings map[string]func(string) // guarded by mu; by channel
}

// violations is the channel of the CSP violations, of which Firefox tells a page but not BiDi.
const violations = "hubpanel-violations"

// reportViolations is a preload script: it runs before those of every document.
const reportViolations = `(report) => addEventListener("securitypolicyviolation", (e) => report(JSON.stringify({
	text: e.effectiveDirective + (e.blockedURI ? " blocked " + e.blockedURI : ""),
	url: e.sourceFile ? e.sourceFile + ":" + e.lineNumber + ":" + e.columnNumber : "",
})), true)`

// NewPage opens an empty page that shares nothing with the browser's other pages: no
// storage, no cache.
func (b *Browser) NewPage(ctx context.Context) (*Page, error) {
	p := &Page{browser: b, destroyed: make(chan struct{}), bindings: make(map[string]func(string))}
	var user struct{ UserContext string }
	err := b.session.call(ctx, "browser.createUserContext", map[string]any{}, &user)
	if err != nil {
		return nil, fmt.Errorf("open a page: %w", err)
	}
	var tab struct{ Context string }
	err = b.session.call(ctx, "browsingContext.create", map[string]any{"type": "tab", "userContext": user.UserContext}, &tab)
	if err != nil {
		return nil, fmt.Errorf("open a page: %w", err)
	}
	p.id = tab.Context
	b.mu.Lock()
	b.pages[p.id] = p
	b.mu.Unlock()
	if err := p.preload(ctx, reportViolations, violations, p.violated); err != nil {
		return nil, fmt.Errorf("open a page: %w", err)
	}
	return p, nil
}

// Bind makes a function of that name in every document that the page
// loads from now on. A call of it with a string is a call of f, which must not block.
func (p *Page) Bind(ctx context.Context, name string, f func(payload string)) error {
	quoted, _ := json.Marshal(name)
	return p.preload(ctx, fmt.Sprintf(`(report) => { globalThis[%s] = report; }`, quoted), "hubpanel-binding-"+name, f)
}

// preload runs a function of JavaScript before the scripts of every document. Its argument is a function that calls f.
func (p *Page) preload(ctx context.Context, function, channel string, f func(payload string)) error {
	p.mu.Lock()
	p.bindings[channel] = f
	p.mu.Unlock()
	return p.browser.session.call(ctx, "script.addPreloadScript", map[string]any{
		"functionDeclaration": function,
		"arguments":           []any{map[string]any{"type": "channel", "value": map[string]any{"channel": channel}}},
		"contexts":            []string{p.id},
	}, nil)
}

// Navigate goes to a URL and waits until the page has loaded.
func (p *Page) Navigate(ctx context.Context, url string) error {
	return p.browser.session.call(ctx, "browsingContext.navigate", map[string]any{"context": p.id, "url": url, "wait": "complete"}, nil)
}

// Open navigates to a URL and waits until it has loaded.
func (p *Page) Open(tb testing.TB, url string) {
	tb.Helper()
	if err := p.Navigate(tb.Context(), url); err != nil {
		tb.Fatalf("open %s: %v\n%s", url, err, p)
	}
}

// Eval evaluates a JavaScript expression in the page, waits for it if it is a promise, and decodes
// its value, which must be one that JSON can carry.
func Eval[T any](ctx context.Context, p *Page, expression string) (value T, err error) {
	var result struct {
		Type   string
		Result struct {
			Type, Value string
		}
		ExceptionDetails struct{ Text string }
	}
	err = p.browser.session.call(ctx, "script.evaluate", map[string]any{
		"expression":     "(async () => JSON.stringify(await (" + expression + ")))()",
		"target":         map[string]any{"context": p.id},
		"awaitPromise":   true,
		"userActivation": true,
	}, &result)
	switch {
	case err != nil:
		return value, err
	case result.Type != "success":
		return value, fmt.Errorf("script.evaluate: %s", result.ExceptionDetails.Text)
	case result.Result.Type != "string":
		return value, fmt.Errorf("script.evaluate: the value is %s, which JSON cannot carry", result.Result.Type)
	}
	if err := json.Unmarshal([]byte(result.Result.Value), &value); err != nil {
		return value, fmt.Errorf("script.evaluate: %w", err)
	}
	return value, nil
}

// Problems is [browser.Record.Problems] of what happened before the call. A request that the page has only just
// begun may be missing: Firefox tells of it from another process.
func (p *Page) Problems(allowed ...string) error {
	// What came before the answer to a command has been heard when the answer is here.
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if _, err := Eval[int](ctx, p, "0"); err != nil {
		return fmt.Errorf("the page does not answer: %w\n%s", err, p)
	}
	return p.Record.Problems(allowed...)
}

// Crashed returns a channel that is closed when the page's process has died.
func (p *Page) Crashed() <-chan struct{} { return p.destroyed }

// Gone returns a channel that is closed when the browser has ended.
func (p *Page) Gone() <-chan struct{} { return p.browser.session.done }

// Close closes the page. The browser's end closes it too.
func (p *Page) Close(ctx context.Context) error {
	p.browser.mu.Lock()
	for id, page := range p.browser.pages {
		if page == p {
			delete(p.browser.pages, id)
		}
	}
	p.browser.mu.Unlock()
	return p.browser.session.call(ctx, "browsingContext.close", map[string]any{"context": p.id}, nil)
}

// hear records an event of the page, or of the frame in it that context names.
func (p *Page) hear(method, context string, params json.RawMessage) {
	switch method {
	case "log.entryAdded":
		p.logged(params)
	case "network.beforeRequestSent":
		var e struct{ Request struct{ URL string } }
		if json.Unmarshal(params, &e) == nil {
			p.Request(e.Request.URL)
		}
	case "script.message":
		var e struct {
			Channel string
			Data    struct{ Value string }
		}
		if json.Unmarshal(params, &e) == nil {
			p.mu.Lock()
			f := p.bindings[e.Channel]
			p.mu.Unlock()
			if f != nil {
				f(e.Data.Value)
			}
		}
	case "browsingContext.contextDestroyed":
		if context == p.id {
			p.crash.Do(func() {
				p.Log(browser.Entry{Kind: browser.KindCrash, Text: "the page's process crashed"})
				close(p.destroyed)
			})
		}
	}
}

// uncaught is how the messages of exceptions begin that come without a stack, such as rejections. The
// browser's own errors, a failed WebSocket for instance, come without one too.
var uncaught = regexp.MustCompile(`^(uncaught exception|\w*Error): `)

// logged records what the page logged, in the words that package browser has for it (BiDi, log.entryAdded).
func (p *Page) logged(params json.RawMessage) {
	var e struct {
		Type, Level, Text, Method string
		StackTrace                struct {
			CallFrames []struct {
				URL                      string
				LineNumber, ColumnNumber int
			}
		}
	}
	if json.Unmarshal(params, &e) != nil {
		return
	}
	frames := e.StackTrace.CallFrames
	entry := browser.Entry{Text: e.Text}
	switch {
	case e.Level == "warn":
		entry.Kind = browser.KindWarning
	case e.Type == "console" && e.Level != "error":
		entry.Kind = e.Method // "log" has no level of its own
	case e.Type == "javascript" && e.Level == "error" && (len(frames) > 0 || uncaught.MatchString(e.Text)):
		entry.Kind = browser.KindException
	default:
		entry.Kind = e.Level
	}
	if len(frames) > 0 {
		entry.URL = fmt.Sprintf("%s:%d:%d", frames[0].URL, frames[0].LineNumber+1, frames[0].ColumnNumber+1)
	}
	p.Log(entry)
}

// violated records a violation of the Content-Security-Policy.
func (p *Page) violated(payload string) {
	var e struct{ Text, URL string }
	if json.Unmarshal([]byte(payload), &e) == nil {
		p.Log(browser.Entry{Kind: browser.KindViolation, Text: e.Text, URL: e.URL})
	}
}
