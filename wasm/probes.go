//go:build js && wasm

package main

import (
	"context"
	"errors"
	"syscall/js"

	"honnef.co/go/js/dom/v2"

	"github.com/hubpanel/hubpanel/internal/panel/diagnosis"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// probes returns the facts of the browser that the connection doctor uses.
func probes() diagnosis.Probes {
	global := js.Global()
	navigator := global.Get("navigator")
	return diagnosis.Probes{
		Origin:  dom.GetWindow().Location().Origin(),
		Secure:  global.Get("isSecureContext").Truthy(),
		Online:  func() bool { return navigator.Get("onLine").Type() != js.TypeBoolean || navigator.Get("onLine").Bool() },
		Browser: navigator.Get("userAgent").String(),
		Reach:   reach,
	}
}

// reach asks an address of any origin for something. In mode no-cors a page learns nothing of the answer but that there was one, and
// needs no permission but that of its own policy.
func reach(ctx context.Context, url string) error {
	policy := wsconn.MonitorPolicy()
	defer policy.Stop()
	abort := js.Global().Get("AbortController").New()
	defer context.AfterFunc(ctx, func() { abort.Call("abort") })()
	_, err := await(ctx, js.Global().Call("fetch", url, map[string]any{
		"mode": "no-cors", "signal": abort.Get("signal"), "cache": "no-store", "credentials": "omit", "referrerPolicy": "no-referrer",
	}))
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case policy.Forbade(ctx, url):
		return wsconn.ErrPolicy
	}
	return errors.New("the browser does not say why")
}
