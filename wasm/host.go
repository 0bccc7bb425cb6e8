//go:build js && wasm

package main

import (
	"context"
	"errors"
	"fmt"
	"syscall/js"

	"honnef.co/go/js/dom/v2"

	"github.com/hubpanel/hubpanel/internal/panel"
	"github.com/hubpanel/hubpanel/internal/panel/keep"
	"github.com/hubpanel/hubpanel/internal/panel/page"
)

// newYield returns a function that waits until the page's event loop has run the tasks that were waiting, or ctx has ended. A message
// arrives at once where a timer does not: after the fifth in a row timers fire every 4 ms, and in a hidden page once a second.
func newYield(ctx context.Context) func() {
	var waiting []chan struct{} // all on the one thread that JavaScript and Go share
	port := newPort(func() {
		for _, c := range waiting {
			close(c)
		}
		waiting = waiting[:0]
	})
	return func() {
		c := make(chan struct{})
		waiting = append(waiting, c)
		port.Call("postMessage", nil)
		select {
		case <-c:
		case <-ctx.Done():
		}
	}
}

// newPort returns an end of a message channel. A message that is posted there calls onMessage, in a task of its own.
func newPort(onMessage func()) js.Value {
	channel := js.Global().Get("MessageChannel").New()
	channel.Get("port1").Set("onmessage", js.FuncOf(func(js.Value, []js.Value) any {
		onMessage()
		return nil
	}))
	return channel.Get("port2")
}

// copyText puts a text on the clipboard, which a browser allows in a secure context and soon after a click.
func copyText(ctx context.Context, text string) error {
	clipboard := js.Global().Get("navigator").Get("clipboard")
	if !clipboard.Truthy() {
		return errors.New("the browser gives its clipboard only to pages over HTTPS or from this machine: select the text and copy it")
	}
	if _, err := await(ctx, clipboard.Call("writeText", text)); err != nil {
		return fmt.Errorf("the browser did not let the page copy (%w): select the text and copy it", err)
	}
	return nil
}

// save gives a person a file, as a download.
func save(name, mediaType string, data []byte) {
	global := js.Global()
	bytes := global.Get("Uint8Array").New(len(data))
	js.CopyBytesToJS(bytes, data)
	blob := global.Get("Blob").New([]any{bytes}, map[string]any{"type": mediaType})
	url := global.Get("URL").Call("createObjectURL", blob)
	window := dom.GetWindow()
	link := window.Document().CreateElement("a").(*dom.HTMLAnchorElement)
	link.SetAttribute("href", url.String())
	link.SetAttribute("download", name)
	link.Click()
	// A download that has begun keeps the blob by itself.
	window.SetTimeout(func() { global.Get("URL").Call("revokeObjectURL", url) }, 10_000)
}

// storage is localStorage or sessionStorage.
type storage struct{ js.Value }

// openStorage returns nil where the browser keeps nothing: in a sandbox without an origin, or when the person forbids it.
func openStorage(name string) (s page.Storage) {
	defer func() {
		if recover() != nil {
			s = nil // the getter throws a SecurityError
		}
	}()
	v := js.Global().Get("Reflect").Call("get", js.Global(), name) // Value.Get lets what a getter throws end the program
	if !v.Truthy() {
		return nil
	}
	return storage{v}
}

func (s storage) Get(key string) (string, bool) {
	v := s.Call("getItem", key)
	return stringOr(v, ""), v.Type() == js.TypeString
}

func (s storage) Set(key, value string) (err error) {
	defer func() {
		if thrown, ok := recover().(js.Error); ok {
			err = fmt.Errorf("the browser has no room to keep this: %s", reason(thrown.Value))
		}
	}()
	s.Call("setItem", key, value)
	return nil
}

func (s storage) Remove(key string) { s.Call("removeItem", key) }

func (s storage) Keys() (keys []string) {
	for i := range s.Value.Get("length").Int() {
		keys = append(keys, s.Call("key", i).String())
	}
	return keys
}

// offlineCopy is web/offline.js.
type offlineCopy struct{ js.Value }

func (o offlineCopy) Reload() { o.Call("reload") }
func (o offlineCopy) Forget() { o.Call("forget") }

// observeOffline passes what the browser keeps of the page to the panel, for as long as the page lives.
func observeOffline(offline js.Value, p *panel.Panel) {
	offline.Call("observe", js.FuncOf(func(_ js.Value, args []js.Value) any {
		kept := keep.Kept{Version: args[0].String(), Files: args[1].Int(), Newer: args[2].Bool()}
		go p.OfflineChanged(kept) // it takes the panel's lock
		return nil
	}))
}
