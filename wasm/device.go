//go:build js && wasm

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"syscall/js"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/panel"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// connect(options, {emit, method}) opens a device for JavaScript and resolves with its functions once it is connected.
// Documents cross the border as JSON text. web/hubpanel.js makes the class of it that programs see.
func connect(_ js.Value, args []js.Value) any {
	options, callbacks := args[0].String(), args[1]
	return promise(func() (any, error) { return openDevice(options, callbacks) })
}

// scriptDevice is a device that a JavaScript program drives.
type scriptDevice struct {
	client *hubclient.Client
	emit   js.Value // emit(name, text)
	method js.Value // method(name, payload text) -> promise of {status, payload text}
	stop   context.CancelFunc
	ended  chan struct{} // closed when Run has returned
	err    error         // of Run; read after ended

	once  sync.Once
	ready chan error // the first attempt's outcome
}

var errEnded = errors.New("the device was closed")

func openDevice(text string, callbacks js.Value) (any, error) {
	var options panel.ScriptConnect
	if err := json.Unmarshal([]byte(text), &options); err != nil {
		return nil, &panel.ArgumentError{Name: "options", Reason: err.Error()}
	}
	credentials, err := options.Credentials()
	if err != nil {
		return nil, err
	}
	d := &scriptDevice{emit: callbacks.Get("emit"), method: callbacks.Get("method"), ended: make(chan struct{}), ready: make(chan error, 1)}
	o := &hubclient.Options{
		Endpoint:     options.Endpoint,
		CleanSession: options.CleanSession,
		ModelID:      options.ModelID,
		ServerTime:   serverTime,
		ClientType:   "hubpanel",
		OnState:      d.onState,
		OnMessage:    d.onMessage,
		OnDesired:    d.onDesired,
		OnMethod:     d.onMethod,
		Trace:        d.onPacket,
	}
	if credentials.ModuleID != "" { // only modules have inputs
		o.OnInput = d.onInput
	}
	if d.client, err = hubclient.New(credentials, o); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	d.stop = stop
	go func() {
		defer close(d.ended)
		d.err = d.client.Run(ctx)
		d.settle(errors.Join(d.err, errEnded))
	}()
	if err := <-d.ready; err != nil {
		stop()
		<-d.ended
		return nil, err
	}
	return d.functions(), nil
}

// settle gives the first attempt's outcome to connect. Later ones are the state event's.
func (d *scriptDevice) settle(err error) { d.once.Do(func() { d.ready <- err }) }

func (d *scriptDevice) onState(s hubclient.State) {
	switch s.Phase {
	case hubclient.Connected:
		d.settle(nil)
	case hubclient.Reconnecting, hubclient.Refused:
		if s.Err != nil {
			d.settle(s.Err)
		}
	}
	state := map[string]any{"phase": s.Phase.String(), "attempt": s.Attempt, "retryInMs": s.RetryIn.Milliseconds()}
	if s.Err != nil {
		state["error"], state["code"] = panel.Sentence(s.Err), panel.ErrorCode(s.Err)
	}
	d.event("state", state)
}

func (d *scriptDevice) onMessage(_ context.Context, m hubclient.Delivery) error {
	d.event("message", panel.ScriptDelivery(m))
	return nil
}

func (d *scriptDevice) onInput(_ context.Context, m hubclient.Delivery) error {
	d.event("input", panel.ScriptDelivery(m))
	return nil
}

func (d *scriptDevice) onDesired(_ context.Context, patch hubclient.Desired) {
	d.event("desired", map[string]any{"patch": patch.Patch, "version": patch.Version, "full": patch.Full})
}

func (d *scriptDevice) onPacket(p hubclient.Traced) {
	packet := map[string]any{"direction": p.Direction.String(), "type": p.Packet.Type().String()}
	if publish, ok := p.Packet.(*mqttcodec.Publish); ok {
		packet["topic"], packet["qos"], packet["size"] = string(publish.TopicName), publish.QoS, len(publish.Payload)
	}
	d.event("packet", packet)
}

func (d *scriptDevice) onMethod(_ context.Context, m hubclient.Method) (hubclient.Response, error) {
	answer, err := await(d.method.Invoke(m.Name, string(m.Payload)))
	if err != nil {
		return hubclient.Response{}, err
	}
	return hubclient.Response{Status: answer.Get("status").Int(), Payload: json.RawMessage(answer.Get("payload").String())}, nil
}

// event hands an event to JavaScript. What a handler there throws is told by web/hubpanel.js; the recover is for what gets
// past it, such as a page that has replaced JSON: the client calls from a goroutine that must not break.
func (d *scriptDevice) event(name string, v any) {
	defer func() {
		if r := recover(); r != nil {
			js.Global().Get("console").Call("error", hubproto.Redact(fmt.Sprintf("hubpanel: the event %s could not be handed over: %v", name, r)))
		}
	}()
	text, err := json.Marshal(v)
	if err != nil {
		text, _ = json.Marshal(map[string]string{"error": err.Error()})
	}
	d.emit.Invoke(name, string(text))
}

// functions are the device's for JavaScript. close releases them.
func (d *scriptDevice) functions() js.Value {
	api := js.Global().Get("Object").New()
	var made []js.Func
	add := func(name string, do func(args []js.Value) func() (any, error)) {
		f := js.FuncOf(func(_ js.Value, args []js.Value) any { return promise(do(args)) })
		made = append(made, f)
		api.Set(name, f)
	}
	ctx := context.Background() // Send and the others end with the device: Run's end answers what is pending
	add("send", func(args []js.Value) func() (any, error) {
		text := args[0].String()
		return func() (any, error) {
			var m panel.ScriptMessage
			if err := json.Unmarshal([]byte(text), &m); err != nil {
				return nil, &panel.ArgumentError{Name: "message", Reason: err.Error()}
			}
			message, err := m.Message()
			if err != nil {
				return nil, err
			}
			if m.QoS != nil && *m.QoS == 0 {
				return nil, d.client.SendQoS0(ctx, message)
			}
			return nil, d.client.Send(ctx, message)
		}
	})
	add("twin", func([]js.Value) func() (any, error) {
		return func() (any, error) {
			twin, err := d.client.Twin(ctx)
			if err != nil {
				return nil, err
			}
			text, err := json.Marshal(map[string]json.RawMessage{"desired": twin.Desired, "reported": twin.Reported})
			return string(text), err
		}
	})
	add("report", func(args []js.Value) func() (any, error) {
		patch := args[0].String()
		return func() (any, error) {
			version, err := d.client.Report(ctx, json.RawMessage(patch))
			return float64(version), err // a version is far below 2^53
		}
	})
	add("close", func([]js.Value) func() (any, error) {
		return func() (any, error) {
			d.stop()
			<-d.ended
			for _, f := range made {
				f.Release() // web/hubpanel.js calls none of them again
			}
			return nil, d.err
		}
	})
	return api
}

// register(options, step) asks the Device Provisioning Service for a hub, and resolves with the assignment as JSON text.
func register(_ js.Value, args []js.Value) any {
	text, step := args[0].String(), args[1]
	return promise(func() (any, error) {
		var options panel.ScriptEnrollment
		if err := json.Unmarshal([]byte(text), &options); err != nil {
			return nil, &panel.ArgumentError{Name: "options", Reason: err.Error()}
		}
		enrollment, err := options.Enrollment()
		if err != nil {
			return nil, err
		}
		enrollment.OnStep = func(s hubclient.Step) {
			line, _ := json.Marshal(map[string]any{"step": s.Kind.String(), "status": s.Status, "retryAfterMs": s.RetryAfter.Milliseconds(), "topic": s.Topic})
			step.Invoke(string(line))
		}
		a, err := hubclient.Register(context.Background(), enrollment, &hubclient.Options{ClientType: "hubpanel"})
		if err != nil {
			return nil, err
		}
		out, err := json.Marshal(map[string]any{
			"assignedHub": a.AssignedHub, "deviceId": a.DeviceID, "registrationId": a.RegistrationID, "status": a.Status, "substatus": a.Substatus, "payload": a.Payload,
		})
		return string(out), err
	})
}
