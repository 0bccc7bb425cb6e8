package page

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
)

// Env holds the page's dependencies: the browser's, or a test's.
type Env struct {
	// Params are the page's query parameters.
	Params Params
	// Changed is called, on any goroutine, when View would return something new. It must not block.
	Changed func()
	// Yield lets the page do its other work, such as drawing and hearing a click, and returns when it is this program's turn
	// again.
	Yield func()
	// Fatal is called when the panel's own code failed. The sentence is for the person; detail is for a report.
	Fatal func(sentence, detail string)
	// Copy puts a text on the clipboard. Nil means there is none.
	Copy func(ctx context.Context, text string) error
	// Save gives a person a file to keep. Nil means there is no way to.
	Save func(name, mediaType string, data []byte)
	// Location is the time zone of the times that are shown.
	Location *time.Location
}

// Page is the state that all rooms share. Make it with New. Exported fields are guarded by the lock.
type Page struct {
	Env Env
	*Work
	*Drawing

	mu       sync.RWMutex
	Language catalog.Lang
	Theme    Theme
	Topic    Topic  // of both panes
	Notice   Notice // the message above the panes, if any

	DeviceLog Journal // what the device did
	Traffic   Traffic

	knownSecrets func() []string
	changes      signal // raised at every change
}

// Traffic counts what the device sent and received since it was connected: telemetry, reports, method answers; messages, calls,
// desired properties.
type Traffic struct{ Sent, Received int }

// Notice is a message that the person should read: what went wrong with the last action and what to do.
type Notice struct {
	Text  l10n.Text // nil: no notice
	About string    // the action: "connect", "send" ...; a later success of the same action clears the notice
}

// New returns a page in the first language of wanted that it has (BCP 47 tags, best first). Its goroutines run until Close.
func New(env Env, wanted ...string) *Page {
	p := &Page{Env: env, Topic: env.Params.View, Theme: env.Params.Theme, Language: catalog.Match(wanted...)}
	changed := env.Changed
	p.Env.Changed = func() { p.changes.raise(); changed() }
	p.Work = newWork(p.recovered)
	p.Drawing = newDrawing()
	p.Go("events", p.serveEvents)
	p.Go("drawing", func(ctx context.Context) { p.serveDrawing(ctx, p.Env.Changed) })
	return p
}

// Lock takes the lock for writing.
func (p *Page) Lock() { p.mu.Lock() }

// Unlock releases the lock.
func (p *Page) Unlock() { p.mu.Unlock() }

// Read runs do under the read lock, as views run: it changes nothing.
func (p *Page) Read(do func()) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	do()
}

// Update changes the state under the lock and has the page drawn.
//
//go:noinline
func (p *Page) Update(change func()) {
	p.change(change)
	p.Env.Changed()
}

// UpdateSoon is Update for what may come a thousand times a second, such as a packet or a stored message. It is drawn at once when
// the last drawing was some time ago, and otherwise together with what comes until then. What a person does, and its result, goes
// through Update.
func (p *Page) UpdateSoon(change func()) {
	p.change(change)
	if p.mayDraw() {
		p.Env.Changed()
	} else {
		p.changes.raise()
	}
}

func (p *Page) change(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock() // also when change panics
	change()
}

// Changed returns a channel that is closed at the next change of the state.
func (p *Page) Changed() <-chan struct{} { return p.changes.next() }

// Await waits until the condition is true, which it evaluates under the read lock after every change. Its error is the context's.
func (p *Page) Await(ctx context.Context, condition func() bool) error {
	for {
		changed := p.changes.next()
		ok := false
		p.Read(func() { ok = condition() })
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Recovered is deferred at the root of a goroutine that the page did not start, such as a client's handler: it turns a panic into
// Env.Fatal.
func (p *Page) Recovered(what string) {
	if r := recover(); r != nil {
		p.recovered(what, r)
	}
}

func (p *Page) recovered(what string, r any) {
	lang := catalog.English
	if p.mu.TryRLock() { // the code that panicked may hold it
		lang = p.Language
		p.mu.RUnlock()
	}
	p.Env.Fatal(
		lang.T("Something in the panel broke (%s). Reload the page to start afresh.", what),
		hubproto.Redact(fmt.Sprintf("%v\n\n%s", r, debug.Stack())))
}

// Fail shows what went wrong. about ties the notice to the action that will clear it.
//
//go:noinline
func (p *Page) Fail(about string, err error) {
	p.Update(func() { p.FailLocked(about, err) })
}

// FailLocked is Fail for a caller that holds the lock.
//
//go:noinline
func (p *Page) FailLocked(about string, err error) {
	p.Notice = Notice{Text: l10n.Sentence{Err: err}, About: about}
	p.DeviceLog.Add(p.Now(), Failure, l10n.Verbatim(about), p.Notice.Text, nil)
}

// ClearNotice removes the notice if it is about this action. The caller holds the lock.
//
//go:noinline
func (p *Page) ClearNotice(about string) {
	if p.Notice.About == about {
		p.Notice = Notice{}
	}
}

// Now returns the time in the page's time zone.
//
//go:noinline
func (p *Page) Now() time.Time { return time.Now().In(p.Env.Location) }

// Show switches both panes to a topic.
func (p *Page) Show(t Topic) { p.Update(func() { p.Topic = t }) }

// KnowSecrets gives the page the function that collects the secrets of all rooms; it runs under the lock.
func (p *Page) KnowSecrets(collect func() []string) { p.knownSecrets = collect }

// Secrets returns the secrets that the page holds at the moment. The caller holds the lock.
func (p *Page) Secrets() Secrets {
	if p.knownSecrets == nil {
		return nil
	}
	return secretsFrom(p.knownSecrets())
}
