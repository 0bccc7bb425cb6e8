package panel

import (
	"cmp"
	"context"
	"net"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/cloud"
	"github.com/hubpanel/hubpanel/internal/panel/connection"
	"github.com/hubpanel/hubpanel/internal/panel/diagnosis"
	"github.com/hubpanel/hubpanel/internal/panel/inbox"
	"github.com/hubpanel/hubpanel/internal/panel/inspector"
	"github.com/hubpanel/hubpanel/internal/panel/keep"
	"github.com/hubpanel/hubpanel/internal/panel/methods"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/panel/palette"
	"github.com/hubpanel/hubpanel/internal/panel/provisioning"
	"github.com/hubpanel/hubpanel/internal/panel/scenarios"
	"github.com/hubpanel/hubpanel/internal/panel/telemetry"
	"github.com/hubpanel/hubpanel/internal/panel/twin"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// Env holds the panel's dependencies: the browser's page, or a test.
type Env struct {
	// Dial opens MQTT's byte stream to a URL. Nil means wsconn.Dial.
	Dial func(ctx context.Context, url string) (net.Conn, error)
	// Fetch makes an HTTP request to the page's own origin. Nil means there is no server behind the page.
	Fetch hubservice.Fetch
	// WebSocketOrigin is the page's own origin for WebSockets, such as "wss://localhost:8443": where the emulator beside the
	// page is reached. Empty means by its host name.
	WebSocketOrigin string
	// ServerTime asks a clock other than this machine's, such as the page's server's, so that a refusal can name a clock that is
	// wrong. Nil means there is none to ask.
	ServerTime func(context.Context) (time.Time, error)
	// Probes are what the connection doctor asks of the browser.
	Probes diagnosis.Probes
	// Params are the page's query parameters.
	Params page.Params
	// Changed is called, on any goroutine, when View would return something new. It must not block. May be nil.
	Changed func()
	// Yield lets the page do its other work, such as drawing and hearing a click, and returns when it is this program's turn
	// again. Nil means that others have their own threads.
	Yield func()
	// Fatal is called when the panel's own code failed. The sentence is for the person; detail is for a report. May be nil.
	Fatal func(sentence, detail string)
	// Copy puts a text on the clipboard. Nil means there is none.
	Copy func(ctx context.Context, text string) error
	// Save gives a person a file to keep.
	Save func(name, mediaType string, data []byte)
	// Local keeps things for the next visit, Session until the tab is closed; both hold what a person chose to keep, and
	// Local never a secret. Nil means nothing can be kept, as in an embed.
	Local, Session page.Storage
	// Offline is the browser's copy of the page. Nil means there is none: an embed, or a page that its emulator serves.
	Offline keep.OfflineCopy
	// Languages are the person's, best first, as BCP 47 tags; Params.Lang goes before them.
	Languages []string
	// Location is the local time zone of the times that are shown. Nil means time.Local.
	Location *time.Location
}

// Panel is the page: its rooms, and the shell around them. Make it with New, close it with Close.
type Panel struct {
	*page.Page
	emulator *hubservice.Emulator
	rooms    []any // in the order of their commands

	connection   *connection.Room
	provisioning *provisioning.Room
	telemetry    *telemetry.Room
	inbox        *inbox.Room
	twin         *twin.Room
	methods      *methods.Room
	cloud        *cloud.Room
	inspector    *inspector.Room
	diagnosis    *diagnosis.Room
	scenarios    *scenarios.Room
	keep         *keep.Room
	palette      *palette.Room

	// What follows is the shell's state, guarded by the page's lock.
	up, down page.Pulse
	arrivals arrivals
	tabMoves int    // how often the arrows moved the focus among the tabs
	playing  *stage // of the scenario that plays; nil: none does
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
	if env.Dial == nil {
		env.Dial = wsconn.Dial
	}
	p := &Panel{emulator: &hubservice.Emulator{WebSocketOrigin: env.WebSocketOrigin}}
	p.Page = page.New(page.Env{
		Params: env.Params, Changed: env.Changed, Yield: env.Yield, Fatal: env.Fatal, Copy: env.Copy, Save: env.Save,
		Location: cmp.Or(env.Location, time.Local),
	}, append([]string{string(env.Params.Lang)}, env.Languages...)...)
	p.furnish(env)
	return p
}

// Lang returns the language that the page is in.
func (p *Panel) Lang() (lang catalog.Lang) {
	p.Read(func() { lang = p.Language })
	return lang
}

// Start finds the hub: the emulator that serves the page, or, where there is none, the one inside the page; and offers its ready-made
// device. It shows the scenario of the page's link, which runs when a person asks for it.
func (p *Panel) Start() {
	p.scenarios.OpenLink()
	p.cloud.Start()
}

// Close ends the connection and waits for everything that the panel started.
func (p *Panel) Close() {
	p.Page.Close()
	if hub := p.emulator.Hub; hub != nil { // nothing writes it any more
		hub.Close()
	}
}

// OfflineChanged notes what the browser keeps of the page now.
func (p *Panel) OfflineChanged(k keep.Kept) { p.keep.OfflineChanged(k) }

// SetLang changes the page's language, and remembers it for the next visit.
func (p *Panel) SetLang(l catalog.Lang) {
	p.Update(func() {
		p.Language = l
		p.keep.StorePreferences(l, "")
	})
}

// SetTheme changes the page's colours, and remembers them for the next visit.
func (p *Panel) SetTheme(t page.Theme) {
	p.Update(func() {
		p.Theme = t
		p.keep.StorePreferences("", t)
	})
}
