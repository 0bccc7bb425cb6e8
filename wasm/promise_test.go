//go:build js && wasm

package main

import (
	"context"
	"errors"
	"io"
	"syscall/js"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// newPromise returns a promise of JavaScript with the functions that settle it.
func newPromise() (promise, resolve, reject js.Value) {
	parts := js.Global().Get("Promise").Call("withResolvers")
	return parts.Get("promise"), parts.Get("resolve"), parts.Get("reject")
}

func TestAwait(t *testing.T) {
	promise, resolve, _ := newPromise()
	resolve.Invoke(42)
	v, err := await(t.Context(), promise)
	require.NoError(t, err)
	require.Equal(t, 42, v.Int())

	promise, _, reject := newPromise()
	reject.Invoke(js.Global().Get("Error").New("it broke"))
	_, err = await(t.Context(), promise)
	require.EqualError(t, err, "it broke")
}

// A promise need not settle. It may settle when nobody waits for it any more.
func TestAwaitEndsWithItsContext(t *testing.T) {
	promise, resolve, _ := newPromise()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := await(ctx, promise)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	resolve.Invoke(1)
	_, err = await(t.Context(), promise) // behind the functions of the first await
	require.NoError(t, err)
}

// settled waits for a promise of this program and returns the code of its rejection, or "".
func settled(t *testing.T, promise js.Value) (code string, err error) {
	v, err := await(t.Context(), promise.Call("then", js.Null(), identity(t)))
	if err != nil || v.Type() != js.TypeObject {
		return "", err
	}
	return v.Get("code").String(), nil
}

func identity(t *testing.T) js.Func {
	f := js.FuncOf(func(_ js.Value, args []js.Value) any { return first(args) })
	t.Cleanup(f.Release)
	return f
}

func TestAbortSignal(t *testing.T) {
	waits := func(ctx context.Context) (any, error) {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(time.Minute):
			return nil, errors.New("the signal did nothing")
		}
	}
	for name, abortBefore := range map[string]bool{"before": true, "meanwhile": false} {
		t.Run(name, func(t *testing.T) {
			controller := js.Global().Get("AbortController").New()
			if abortBefore {
				controller.Call("abort")
			}
			p := promise(controller.Get("signal"), waits)
			if !abortBefore {
				time.AfterFunc(time.Millisecond, func() { controller.Call("abort") })
			}
			code, err := settled(t, p)
			require.NoError(t, err)
			require.Equal(t, "aborted", code)
		})
	}
	code, err := settled(t, promise(js.Undefined(), func(context.Context) (any, error) { return 1, nil }))
	require.NoError(t, err)
	require.Empty(t, code)
}

func TestYieldEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	yield := newYield(ctx)
	yield()
	cancel()
	yield()
}

// A stream that brings nothing more is read until the request's context ends.
func TestAStreamEndsWithItsContext(t *testing.T) {
	pending, _, _ := newPromise()
	read := js.FuncOf(func(js.Value, []js.Value) any { return pending })
	defer read.Release()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	body := &fetchBody{ctx: ctx, reader: js.ValueOf(map[string]any{"read": read})}
	_, err := io.ReadAll(body)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// A method's handler whose promise never settles does not outlive its context.
func TestAMethodEndsWithItsContext(t *testing.T) {
	pending, _, _ := newPromise()
	method := js.FuncOf(func(js.Value, []js.Value) any { return pending })
	defer method.Release()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := programOf(js.ValueOf(map[string]any{"method": method})).Method(ctx, "wait", "{}")
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// What web/hubpanel.js would never send is an error, and no panic.
func TestAnAnswerThatIsNotOne(t *testing.T) {
	answer, resolve, _ := newPromise()
	resolve.Invoke(map[string]any{"status": "200", "payload": "null"})
	method := js.FuncOf(func(js.Value, []js.Value) any { return answer })
	defer method.Release()
	_, err := programOf(js.ValueOf(map[string]any{"method": method})).Method(t.Context(), "m", "{}")
	require.Error(t, err)
}
