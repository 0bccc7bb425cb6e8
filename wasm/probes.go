//go:build js && wasm

package main

import (
	"context"
	"errors"
	"syscall/js"
	"time"

	"github.com/hubpanel/hubpanel/internal/panel"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// probes are what the connection doctor asks of the browser.
func probes() panel.Probes {
	global := js.Global()
	navigator := global.Get("navigator")
	return panel.Probes{
		Origin:  global.Get("location").Get("origin").String(),
		Secure:  global.Get("isSecureContext").Truthy(),
		Online:  func() bool { return navigator.Get("onLine").Type() != js.TypeBoolean || navigator.Get("onLine").Bool() },
		Browser: navigator.Get("userAgent").String(),
		Reach:   reach,
	}
}

// reach asks an address of any origin for something. In mode no-cors a page learns nothing of the answer but that there was one, and
// needs nobody's leave but its own policy's.
func reach(ctx context.Context, url string) error {
	blocked := listenForViolations()
	defer blocked.stop()
	abort := js.Global().Get("AbortController").New()
	defer context.AfterFunc(ctx, func() { abort.Call("abort") })()
	_, err := await(js.Global().Call("fetch", url, map[string]any{
		"mode": "no-cors", "signal": abort.Get("signal"), "cache": "no-store", "credentials": "omit", "referrerPolicy": "no-referrer",
	}))
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case blocked.any():
		return wsconn.ErrPolicy
	}
	return errors.New("the browser does not say why")
}

// violations hears what the page's policy forbids meanwhile.
type violations struct{ document, events, push js.Value }

func listenForViolations() violations {
	v := violations{document: js.Global().Get("document"), events: js.Global().Get("Array").New()}
	v.push = v.events.Get("push").Call("bind", v.events)
	v.document.Call("addEventListener", "securitypolicyviolation", v.push)
	return v
}

func (v violations) stop() {
	v.document.Call("removeEventListener", "securitypolicyviolation", v.push)
}

// any reports whether a connection was forbidden. The event comes in a task of its own, behind the failed promise.
func (v violations) any() bool {
	time.Sleep(10 * time.Millisecond)
	for i := range v.events.Length() {
		if v.events.Index(i).Get("effectiveDirective").String() == "connect-src" {
			return true
		}
	}
	return false
}
