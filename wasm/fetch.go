//go:build js && wasm

package main

import (
	"context"
	"errors"
	"io"
	"syscall/js"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubservice"
)

// fetch is the browser's fetch, to the page's own origin. The response's body is a stream: Read waits for what arrives, until ctx ends.
func fetch(ctx context.Context, r *hubservice.FetchRequest) (*hubservice.FetchResponse, error) {
	abort := js.Global().Get("AbortController").New()
	options := map[string]any{
		"method": r.Method, "signal": abort.Get("signal"), "cache": "no-store", "credentials": "omit", "redirect": "error",
	}
	headers := map[string]any{}
	for name, v := range r.Header {
		headers[name] = v
	}
	options["headers"] = headers
	if r.Body != nil {
		body := js.Global().Get("Uint8Array").New(len(r.Body))
		js.CopyBytesToJS(body, r.Body)
		options["body"] = body
	}
	// A ctx that ends aborts the request, and later the body that is being read.
	stop := context.AfterFunc(ctx, func() { abort.Call("abort") })
	response, err := await(ctx, js.Global().Call("fetch", r.Path, options))
	if err != nil {
		stop()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, errors.New("the server of this page cannot be reached: " + err.Error())
	}
	out := &hubservice.FetchResponse{Status: response.Get("status").Int(), Header: map[string]string{}}
	collect := js.FuncOf(func(_ js.Value, args []js.Value) any {
		out.Header[args[1].String()] = args[0].String() // forEach gives value, key; keys are in lower case
		return nil
	})
	response.Get("headers").Call("forEach", collect)
	collect.Release()
	body := &fetchBody{ctx: ctx, stop: stop, abort: abort}
	if b := response.Get("body"); b.Truthy() {
		body.reader = b.Call("getReader")
	}
	out.Body = body
	return out, nil
}

// fetchBody reads a response's stream.
type fetchBody struct {
	ctx    context.Context // the request's
	reader js.Value        // undefined: no body
	rest   []byte
	stop   func() bool
	abort  js.Value
}

func (b *fetchBody) Read(p []byte) (int, error) {
	for len(b.rest) == 0 {
		if !b.reader.Truthy() {
			return 0, io.EOF
		}
		chunk, err := await(b.ctx, b.reader.Call("read"))
		if err != nil {
			return 0, err
		}
		if chunk.Get("done").Bool() {
			return 0, io.EOF
		}
		value := chunk.Get("value")
		b.rest = make([]byte, value.Length())
		js.CopyBytesToGo(b.rest, value)
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// Close ends the connection, also when the stream is not at its end.
func (b *fetchBody) Close() error {
	b.stop()
	b.abort.Call("abort")
	return nil
}

// serverTime returns the time by the clock of the page's own server, to the second: its Date header. A page may not read that header of
// another server.
func serverTime(ctx context.Context) (time.Time, error) {
	res, err := fetch(ctx, &hubservice.FetchRequest{Method: "HEAD", Path: "."})
	if err != nil {
		return time.Time{}, err
	}
	defer res.Body.Close()
	return time.Parse(time.RFC1123, res.Header["date"]) // HTTP-date, RFC 9110 section 5.6.7; its zone is GMT
}
