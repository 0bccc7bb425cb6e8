//go:build js && wasm

package main

import (
	"context"
	"errors"
	"fmt"
	"syscall/js"

	"github.com/hubpanel/hubpanel/internal/panel"
)

// newYield returns a function that waits until the page's event loop has gone round. A message is heard at once also where
// timers are not: after the fifth in a row they come every 4 ms, and in a hidden page once a second.
func newYield() func() {
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
		<-c
	}
}

// newPort returns the end of a message channel at which a message posted calls heard, in a task of its own.
func newPort(heard func()) js.Value {
	channel := js.Global().Get("MessageChannel").New()
	channel.Get("port1").Set("onmessage", js.FuncOf(func(js.Value, []js.Value) any {
		heard()
		return nil
	}))
	return channel.Get("port2")
}

// copyText puts a text on the clipboard, which a browser allows in a secure context and soon after a click.
func copyText(_ context.Context, text string) error {
	clipboard := js.Global().Get("navigator").Get("clipboard")
	if !clipboard.Truthy() {
		return errors.New("the browser gives its clipboard only to pages over HTTPS or from this machine: select the text and copy it")
	}
	if _, err := await(clipboard.Call("writeText", text)); err != nil {
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
	link := global.Get("document").Call("createElement", "a")
	link.Set("href", url)
	link.Set("download", name)
	link.Call("click")
	// The download has its own hold on the blob once it has begun.
	global.Call("setTimeout", global.Get("URL").Get("revokeObjectURL").Call("bind", global.Get("URL"), url), 10_000)
}

// storage is localStorage or sessionStorage.
type storage struct{ js.Value }

// openStorage returns nil where the browser keeps nothing: in a sandbox without an origin, or when a person forbids it.
func openStorage(name string) (s panel.Storage) {
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

// watchOffline tells the panel what the browser keeps of the page, for as long as the page lives.
func watchOffline(offline js.Value, p *panel.Panel) {
	offline.Call("watch", js.FuncOf(func(_ js.Value, args []js.Value) any {
		kept := panel.Kept{Version: args[0].String(), Files: args[1].Int(), Newer: args[2].Bool()}
		go p.OfflineChanged(kept) // it takes the panel's lock
		return nil
	}))
}
