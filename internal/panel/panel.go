package panel

import (
	"context"
	"fmt"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// Env is what the surroundings give a panel: the browser's page, or a test.
type Env struct {
	// Dial opens MQTT's byte stream to a URL. Nil means wsconn.Dial.
	Dial func(ctx context.Context, url string) (net.Conn, error)
	// Fetch makes an HTTP request to the page's own origin. Nil means there is no server behind the page.
	Fetch Fetch
	// WebSocketOrigin is the page's own origin for WebSockets, such as "wss://localhost:8443": where the emulator beside the
	// page is reached. Empty means by its host name.
	WebSocketOrigin string
	// ServerTime asks a clock other than this machine's, such as the page's server's. Nil means there is none to ask; else a
	// refusal names a clock that is wrong.
	ServerTime func(context.Context) (time.Time, error)
	// Probes are what the connection doctor asks of the browser.
	Probes Probes
	// Params are the page's query parameters.
	Params Params
	// Changed is called, on any goroutine, when View would give something new. It must not block.
	Changed func()
	// Yield lets the page do its other work, such as drawing and hearing a click, and returns when it is this program's turn
	// again. Nil means that others have their own threads.
	Yield func()
	// Fatal is called when the panel's own code failed. The sentence is for the person; detail is for a report.
	Fatal func(sentence, detail string)
	// Copy puts a text on the clipboard. Nil means there is none.
	Copy func(ctx context.Context, text string) error
	// Save gives a person a file to keep.
	Save func(name, mediaType string, data []byte)
	// Local keeps things for the next visit, Session until the tab is closed; both hold what a person chose to keep, and
	// Local never a secret. Nil means nothing can be kept, as in an embed.
	Local, Session Storage
	// Offline is the browser's copy of the page. Nil means there is none: an embed, or a page that its emulator serves.
	Offline OfflineCopy
	// Languages are the person's, best first, as BCP 47 tags; Params.Lang goes before them.
	Languages []string
	// Location is the local time zone of the times that are shown. Nil means time.Local.
	Location *time.Location
}

// Storage is the browser's Storage, or a test's.
type Storage interface {
	Get(key string) (value string, ok bool)
	Set(key, value string) error // the browser's error when there is no room
	Remove(key string)
	Keys() []string
}

// Panel is one page's worth of state. Make it with New, close it with Close.
type Panel struct {
	env    Env
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup

	events     chan struct{} // wakes the event queue's goroutine; buffered, one token
	eventsLock sync.Mutex
	eventQueue []func()

	changes signal // raised when View would give something new

	mu         sync.Mutex    // guards what follows
	drawn      time.Time     // when View was called last
	pause      time.Duration // after it, for what is drawn by itself
	up, down   beat
	closed     bool
	topic      Topic
	theme      Theme
	lang       catalog.Lang
	notice     notice // the sentence above the panes, if any
	hub        hubKind
	inPage     *emulator.Hub // set when hub is hubInPage
	device     device
	telemetry  composer
	inbox      inbox
	twin       twinState
	methods    methodState
	dps        provisioning
	cloud      cloud
	wire       wireState
	diagnosis  diagnosis
	deviceLog  journal
	copyAs     copyState
	exports    exportState
	arrivals   arrivals
	countdowns countdowns
	kept       kept
	palette    palette
	offline    Kept // what the browser keeps of the page
	scenario   scenarioState
	tabMoves   int // how often the arrows moved the focus among the tabs
}

type hubKind int

const (
	hubUnknown hubKind = iota // not yet asked
	hubServed                 // the emulator that serves this page
	hubInPage                 // the emulator inside the page
	hubNone                   // no emulator: a real hub only
)

// notice is a sentence that the person should read: what went wrong with the last action and what to do.
type notice struct {
	text  string
	about string // what it belongs to: "connect", "send" ...; a later success of the same clears it
}

// New returns a panel that shows its first view and does nothing until Start.
func New(env Env) *Panel {
	if env.Changed == nil {
		env.Changed = func() {}
	}
	if env.Yield == nil {
		env.Yield = func() {}
	}
	if env.Fatal == nil {
		env.Fatal = func(string, string) {}
	}
	if env.Location == nil {
		env.Location = time.Local
	}
	p := &Panel{env: env, events: make(chan struct{}, 1), topic: env.Params.View, theme: env.Params.Theme}
	p.lang = catalog.Match(append([]string{string(env.Params.Lang)}, env.Languages...)...)
	changed := env.Changed
	p.env.Changed = func() { p.changes.raise(); changed() }
	p.scenario.current = -1
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.telemetry = newComposer()
	p.inbox = newInbox()
	p.twin = newTwinState()
	p.methods = newMethodState()
	p.dps = newProvisioning()
	p.cloud = newCloud()
	p.copyAs.target = copyTargets[0].id
	p.wire = newWireState()
	p.diagnosis = newDiagnosis()
	p.device.form = newConnectForm()
	p.countdowns.wake = make(chan struct{}, 1)
	p.loadKept()
	p.start("events", p.serveEvents)
	p.start("countdowns", p.serveCountdowns)
	return p
}

// Lang is the language that the page is in.
func (p *Panel) Lang() catalog.Lang {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lang
}

// Start finds the hub: the emulator that serves the page, or, where there is none, the one inside the page; and offers
// its ready-made device. It shows the scenario of the page's link, which runs when a person asks for it.
func (p *Panel) Start() {
	p.openLink()
	p.start("find the hub", p.findHub)
}

// Close ends the session and waits for everything the panel started.
func (p *Panel) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cancel()
	p.work.Wait()
	p.mu.Lock()
	hub := p.inPage
	p.mu.Unlock()
	if hub != nil {
		hub.Close()
	}
}

// start runs do on a goroutine of its own that Close waits for. A panic in it ends only what it did, and is told.
func (p *Panel) start(what string, do func(ctx context.Context)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.work.Add(1)
	go func() {
		defer p.work.Done()
		defer p.recovered(what)
		do(p.ctx)
	}()
}

// recovered is the boundary of every goroutine: deferred, it turns a panic into Env.Fatal.
func (p *Panel) recovered(what string) {
	if r := recover(); r != nil {
		lang := catalog.English
		if p.mu.TryLock() { // what panicked may hold it
			lang = p.lang
			p.mu.Unlock()
		}
		p.env.Fatal(
			lang.T("Something in the panel broke (%s). Reload the page to start afresh.", what),
			hubproto.Redact(fmt.Sprintf("%v\n\n%s", r, debug.Stack())))
	}
}

// Handle queues what an event of the page does. The queue runs in order and one at a time, whatever the order in which
// goroutines get to run: two key strokes never change places.
func (p *Panel) Handle(do func(Event), e Event) { p.enqueue(func() { do(e) }) }

func (p *Panel) enqueue(do func()) {
	p.eventsLock.Lock()
	p.eventQueue = append(p.eventQueue, do)
	p.eventsLock.Unlock()
	select {
	case p.events <- struct{}{}:
	default:
	}
}

func (p *Panel) serveEvents(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.events:
		}
		p.eventsLock.Lock()
		queue := p.eventQueue
		p.eventQueue = nil
		p.eventsLock.Unlock()
		for _, do := range queue {
			p.runEvent(do)
		}
	}
}

// runEvent recovers for each event by itself: the queue must outlive a handler that breaks.
func (p *Panel) runEvent(do func()) {
	defer p.recovered("an action")
	do()
}

// update changes the state under the lock and says so.
func (p *Panel) update(change func()) {
	p.mu.Lock()
	func() {
		defer p.mu.Unlock() // also when change panics
		change()
	}()
	p.env.Changed()
}

// fail shows what went wrong. about ties the notice to the action that will clear it.
func (p *Panel) fail(about string, err error) {
	p.update(func() { p.failLocked(about, err) })
}

func (p *Panel) failLocked(about string, err error) {
	p.notice = notice{text: p.Sentence(err), about: about}
	p.deviceLog.add(p.now(), entryError, about, p.notice.text, "")
}

func (p *Panel) clearNotice(about string) {
	if p.notice.about == about {
		p.notice = notice{}
	}
}

func (p *Panel) now() time.Time { return time.Now().In(p.env.Location) }

// Show switches both panes to a topic.
func (p *Panel) Show(t Topic) { p.update(func() { p.topic = t }) }
