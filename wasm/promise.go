//go:build js && wasm

package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"syscall/js"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/jsapi"
)

// await waits until a promise has settled, or ctx has ended: a promise need not settle ever. It must not be called on the goroutine of a
// js.FuncOf body.
func await(ctx context.Context, promise js.Value) (js.Value, error) {
	type outcome struct {
		value js.Value
		err   error
	}
	settled := make(chan outcome, 1)
	var fulfilled, rejected js.Func
	// Both functions live until the promise has settled, also when await has returned.
	settle := func(o outcome) any {
		fulfilled.Release()
		rejected.Release()
		settled <- o
		return nil
	}
	fulfilled = js.FuncOf(func(_ js.Value, args []js.Value) any { return settle(outcome{value: first(args)}) })
	rejected = js.FuncOf(func(_ js.Value, args []js.Value) any { return settle(outcome{err: errors.New(reason(first(args)))}) })
	promise.Call("then", fulfilled, rejected)
	select {
	case o := <-settled:
		return o.value, o.err
	case <-ctx.Done():
		return js.Undefined(), ctx.Err()
	}
}

func first(args []js.Value) js.Value {
	if len(args) == 0 {
		return js.Undefined()
	}
	return args[0]
}

// reason is the text of what a promise was rejected with.
func reason(v js.Value) string {
	if v.Type() == js.TypeObject {
		if m := v.Get("message"); m.Type() == js.TypeString && m.String() != "" {
			return m.String()
		}
	}
	return js.Global().Get("String").Invoke(v).String()
}

// promise runs do on a goroutine of its own and returns a JavaScript promise of its result. The abort of signal, which may be undefined,
// ends do's ctx. An error becomes an Error whose code is jsapi.ErrorCode's; so does a panic.
func promise(signal js.Value, do func(ctx context.Context) (any, error)) js.Value {
	var executor js.Func
	executor = js.FuncOf(func(_ js.Value, args []js.Value) any {
		resolve, reject := args[0], args[1]
		go func() {
			defer executor.Release()
			defer func() {
				if r := recover(); r != nil {
					reject.Invoke(jsError("panic", hubproto.Redact(fmt.Sprintf("hubpanel broke: %v\n%s", r, debug.Stack()))))
				}
			}()
			ctx, stop := untilAborted(context.Background(), signal)
			defer stop()
			v, err := do(ctx)
			if err != nil {
				reject.Invoke(jsError(jsapi.ErrorCode(err), jsapi.Sentence(err)))
				return
			}
			resolve.Invoke(v)
		}()
		return nil
	})
	return js.Global().Get("Promise").New(executor)
}

// untilAborted returns a context that ends when an AbortSignal is aborted, with jsapi.ErrAborted as its cause. stop releases what it holds.
func untilAborted(parent context.Context, signal js.Value) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	if !signal.Truthy() {
		return ctx, func() { cancel(nil) }
	}
	abort := js.FuncOf(func(js.Value, []js.Value) any {
		cancel(jsapi.ErrAborted)
		return nil
	})
	signal.Call("addEventListener", "abort", abort)
	if signal.Get("aborted").Truthy() {
		cancel(jsapi.ErrAborted)
	}
	return ctx, func() {
		signal.Call("removeEventListener", "abort", abort)
		abort.Release()
		cancel(nil)
	}
}

func jsError(code, message string) js.Value {
	e := js.Global().Get("Error").New(message)
	e.Set("code", code)
	return e
}

func stringOr(v js.Value, otherwise string) string {
	if v.Type() != js.TypeString {
		return otherwise
	}
	return v.String()
}
