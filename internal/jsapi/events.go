package jsapi

import (
	"context"
	"encoding/json"

	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// stateEvent is the event "state".
type stateEvent struct {
	Phase     string `json:"phase"`
	Attempt   int    `json:"attempt"`
	RetryInMs int64  `json:"retryInMs"`
	Error     string `json:"error,omitempty"`
	Code      string `json:"code,omitempty"`
	Restarted bool   `json:"restarted,omitempty"` // the emulator was restarted, and the device connects with its new key
}

func (d *Device) onState(s hubclient.State) {
	switch s.Phase {
	case hubclient.Connected:
		d.settle(nil)
	case hubclient.Reconnecting, hubclient.Refused:
		if s.Err != nil {
			d.settle(s.Err)
		}
	}
	e := stateEvent{Phase: s.Phase.String(), Attempt: s.Attempt, RetryInMs: s.RetryIn.Milliseconds()}
	if s.Err != nil {
		e.Error, e.Code = Sentence(s.Err), ErrorCode(s.Err)
	}
	if d.renewal != nil {
		e.Restarted = d.renewal.inUse(s.Phase)
	}
	d.emit("state", e)
}

func (d *Device) onMessage(_ context.Context, m hubclient.Delivery) error {
	d.emit("message", received(m))
	return nil
}

func (d *Device) onInput(_ context.Context, m hubclient.Delivery) error {
	d.emit("input", received(m))
	return nil
}

func (d *Device) onDesired(_ context.Context, patch hubclient.Desired) {
	d.emit("desired", map[string]any{"patch": patch.Patch, "version": patch.Version, "full": patch.Full})
}

func (d *Device) onPacket(p hubclient.Traced) {
	packet := map[string]any{"direction": p.Direction.String(), "type": p.Packet.Type().String()}
	if publish, ok := p.Packet.(*mqttcodec.Publish); ok {
		packet["topic"], packet["qos"], packet["size"] = string(publish.TopicName), publish.QoS, len(publish.Payload)
	}
	d.emit("packet", packet)
}

func (d *Device) onMethod(ctx context.Context, m hubclient.Method) (hubclient.Response, error) {
	answer, err := d.program.Method(ctx, m.Name, string(m.Payload))
	return hubclient.Response{Status: answer.Status, Payload: json.RawMessage(answer.Payload)}, err
}

func (d *Device) emit(name string, event any) {
	document, err := json.Marshal(event)
	if err != nil { // a desired patch that is not JSON
		document, _ = json.Marshal(map[string]string{"error": Sentence(err)})
	}
	d.program.Emit(name, string(document))
}
