//go:build js && wasm

package main

import (
	"context"
	"errors"
	"fmt"
	"syscall/js"

	"honnef.co/go/js/dom/v2"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/jsapi"
)

// connect(options, {emit, method}, signal) opens a device for JavaScript and resolves with its functions once it is connected. Documents
// cross the border as JSON text. web/hubpanel.js makes the class of it that programs see.
func connect(_ js.Value, args []js.Value) any {
	options, program := args[0].String(), programOf(args[1])
	return promise(args[2], func(ctx context.Context) (any, error) {
		d, err := jsapi.Connect(ctx, options, thisPage(), program)
		if err != nil {
			return nil, err
		}
		return functionsOf(d), nil
	})
}

// register(options, step, signal) asks the Device Provisioning Service for a hub, and resolves with the assignment as JSON text.
func register(_ js.Value, args []js.Value) any {
	options, step := args[0].String(), args[1]
	return promise(args[2], func(ctx context.Context) (any, error) {
		return jsapi.Register(ctx, options, thisPage(), func(document string) { step.Invoke(document) })
	})
}

func thisPage() jsapi.Page {
	return jsapi.Page{Host: dom.GetWindow().Location().Host(), Fetch: fetch, ServerTime: serverTime}
}

// programOf returns a program's callbacks: emit(name, text), and method(name, payload text), which returns a promise of
// {status, payload text}.
func programOf(callbacks js.Value) jsapi.Program {
	emit, method := callbacks.Get("emit"), callbacks.Get("method")
	return jsapi.Program{
		// web/hubpanel.js reports what a handler there throws. The recover is for what gets past it, as in a page that has replaced
		// JSON: the goroutine is the client's.
		Emit: func(name, document string) {
			defer func() {
				if r := recover(); r != nil {
					js.Global().Get("console").Call("error", hubproto.Redact(fmt.Sprintf("hubpanel: the event %s could not be handed over: %v", name, r)))
				}
			}()
			emit.Invoke(name, document)
		},
		Method: func(ctx context.Context, name, payload string) (jsapi.Answer, error) {
			answer, err := await(ctx, method.Invoke(name, payload))
			if err != nil {
				return jsapi.Answer{}, err
			}
			status, text := answer.Get("status"), answer.Get("payload")
			if status.Type() != js.TypeNumber || text.Type() != js.TypeString { // web/hubpanel.js has checked both
				return jsapi.Answer{}, errors.New("the answer is not one of web/hubpanel.js")
			}
			return jsapi.Answer{Status: status.Int(), Payload: text.String()}, nil
		},
	}
}

// functionsOf returns a device's functions for JavaScript: send(text, signal), twin(signal), report(text, signal) and close(), which releases
// them.
func functionsOf(d *jsapi.Device) js.Value {
	functions := js.Global().Get("Object").New()
	var made []js.Func
	add := func(name string, call func(args []js.Value) js.Value) {
		f := js.FuncOf(func(_ js.Value, args []js.Value) any { return call(args) })
		made = append(made, f)
		functions.Set(name, f)
	}
	add("send", func(args []js.Value) js.Value {
		message := args[0].String()
		return promise(args[1], func(ctx context.Context) (any, error) { return nil, d.Send(ctx, message) })
	})
	add("twin", func(args []js.Value) js.Value {
		return promise(args[0], func(ctx context.Context) (any, error) { return d.Twin(ctx) })
	})
	add("report", func(args []js.Value) js.Value {
		patch := args[0].String()
		return promise(args[1], func(ctx context.Context) (any, error) {
			version, err := d.Report(ctx, patch)
			return float64(version), err // a version is far below 2^53
		})
	})
	add("close", func([]js.Value) js.Value {
		return promise(js.Undefined(), func(ctx context.Context) (any, error) {
			err := d.Close(ctx)
			for _, f := range made {
				f.Release() // web/hubpanel.js calls none of them again
			}
			return nil, err
		})
	})
	return functions
}
