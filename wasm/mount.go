//go:build js && wasm

package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"syscall/js"
	"time"

	"honnef.co/go/js/dom/v2"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel"
	"github.com/hubpanel/hubpanel/internal/panel/page"
)

// mount(root, {draw, query, fragment, served, onFatal, offline}) shows a panel in an element.
func mount(_ js.Value, args []js.Value) any {
	root, options := args[0], args[1]
	params := page.ParseParams(options.Get("query").String(), options.Get("fragment").String())
	onFatal := options.Get("onFatal")
	served := options.Get("served").Bool()
	mounted = &mounting{made: make(chan struct{})}
	go mounted.show(context.Background(), root, options.Get("draw"), params, served, options.Get("offline"), func(sentence, detail string) { onFatal.Invoke(sentence, detail) })
	return nil
}

// mounting is a panel that is being put into the page.
type mounting struct {
	made  chan struct{} // closed when panel is set
	panel *panel.Panel
}

// mounted is the page's panel; nil before mount.
var mounted *mounting

func (m *mounting) show(ctx context.Context, root, draw js.Value, params page.Params, served bool, offline js.Value, fatal func(sentence, detail string)) {
	defer func() {
		if r := recover(); r != nil {
			fatal("The page cannot be drawn. Reload it to start afresh.", hubproto.Redact(fmt.Sprintf("%v\n\n%s", r, debug.Stack())))
		}
	}()
	ctx, stop := context.WithCancel(ctx)
	defer stop() // a page that can no longer be drawn ends what waits for it
	frames := newFrames()
	env := panel.Env{Params: params, Changed: frames.want, Yield: newYield(ctx), Fatal: fatal, ServerTime: serverTime, Languages: languages(),
		Copy: copyText, Save: save, Local: openStorage("localStorage"), Session: openStorage("sessionStorage")}
	if served {
		env.Fetch = fetch
		env.WebSocketOrigin = "ws" + strings.TrimPrefix(dom.GetWindow().Location().Origin(), "http")
	}
	if offline.Truthy() {
		env.Offline = offlineCopy{offline}
	}
	env.Probes = probes()
	p := panel.New(env)
	m.panel = p
	close(m.made)
	paint := newPainter(ctx, dom.WrapElement(root), draw, p.Handle)
	document := js.Global().Get("document").Get("documentElement") // dom.Document would link 150 KB of methods
	shown := catalog.Lang("")
	redraw := func() {
		if lang := p.Lang(); lang != shown { // what a screen reader reads the page in
			shown = lang
			document.Set("lang", string(lang))
		}
		began := time.Now()
		paint.show(p.View())
		env.Yield() // until layout and paint are done too
		p.Drew(time.Since(began))
	}
	if offline.Truthy() {
		observeOffline(offline, p)
	}
	p.Start()
	redraw()
	for {
		select {
		case <-frames.ready:
			redraw()
		case <-ctx.Done():
			return
		}
	}
}

// frames joins however many changes into one drawing per frame of the screen.
//
// It draws in a task of its own, before the frame and not in it: what the browser does for a frame, and what Go does when it is
// woken (everything that waits, not the drawing alone), would together be one task that is twice as long.
type frames struct {
	ready   chan struct{}
	wanted  bool // owned by the one thread that JavaScript and Go share here
	last    time.Time
	port    js.Value // of a channel: what is posted to it wakes the drawing
	atFrame js.Value // posts to it, as a function for requestAnimationFrame
	page    js.Value // the document
}

const frameTime = time.Second / 60

func newFrames() *frames {
	f := &frames{ready: make(chan struct{}, 1), page: js.Global().Get("document")}
	f.port = newPort(func() {
		f.wanted, f.last = false, time.Now()
		select {
		case f.ready <- struct{}{}:
		default:
		}
	})
	f.atFrame = f.port.Get("postMessage").Call("bind", f.port, nil, js.Global().Get("Array").New())
	return f
}

// want has the page drawn: at once when the last drawing is a frame ago, else after the next frame. A hidden page has no
// frames.
func (f *frames) want() {
	switch {
	case f.wanted:
		return
	case time.Since(f.last) < frameTime || f.page.Get("hidden").Bool():
		js.Global().Call("requestAnimationFrame", f.atFrame)
	default:
		f.port.Call("postMessage", nil)
	}
	f.wanted = true
}

// languages are the person's, from the browser.
func languages() (tags []string) {
	list := js.Global().Get("navigator").Get("languages")
	for i := range list.Length() {
		tags = append(tags, list.Index(i).String())
	}
	return tags
}
