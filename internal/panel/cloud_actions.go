package panel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// SelectDevice makes a registered device the one that the cloud side talks about.
func (p *Panel) SelectDevice(id string) {
	p.update(func() { p.cloud.target, p.cloud.twin.document = id, "" })
	p.start("the twin", p.loadCloudTwin)
}

// SendToDevice sends the cloud side's message to the target.
func (p *Panel) SendToDevice() {
	var target string
	var body []byte
	header := map[string]string{}
	p.update(func() {
		m := &p.cloud.message
		m.busy, target, body = true, p.cloud.target, []byte(m.body.text)
		if id := strings.TrimSpace(m.messageID.text); id != "" {
			header["iothub-messageid"] = id
		}
		if m.ack != "none" {
			header["iothub-ack"] = m.ack
		}
		// One header with the whole bag, and not one header a property: names of headers have no case.
		if bag := hubproto.AppendBag(nil, &hubproto.SystemProperties{}, m.properties.list()); len(bag) > 0 {
			header["iothub-properties"] = string(bag)
		}
		if json.Valid(body) {
			header["Content-Type"], header["Content-Encoding"] = "application/json", "utf-8"
		}
	})
	p.start("send to the device", func(ctx context.Context) {
		_, err := p.ask(ctx, "POST", "/devices/"+url.PathEscape(target)+"/messages/deviceBound"+apiVersion, body, header)
		p.update(func() {
			m := &p.cloud.message
			m.busy = false
			m.result = resultOf(err, "The hub has it: it delivers as soon as "+target+" is connected.")
		})
	})
}

// UpdateDesired sends the cloud side's patch of the desired properties.
func (p *Panel) UpdateDesired() {
	var target, patch string
	p.update(func() { target, patch = p.cloud.target, p.cloud.desired.patch.text })
	if err := checkObject("The desired properties", patch); err != nil {
		p.update(func() { p.cloud.desired.result = resultOf(err, "") })
		return
	}
	p.update(func() { p.cloud.desired.busy = true })
	p.start("update desired", func(ctx context.Context) {
		body := map[string]any{"properties": map[string]any{"desired": json.RawMessage(patch)}}
		raw, err := p.ask(ctx, "PATCH", "/twins/"+url.PathEscape(target)+apiVersion, body, nil)
		var twin struct {
			Properties struct {
				Desired struct {
					Version int64 `json:"$version"`
				} `json:"desired"`
			} `json:"properties"`
		}
		if err == nil {
			err = json.Unmarshal(raw, &twin)
		}
		p.update(func() {
			p.cloud.desired.busy = false
			p.cloud.desired.result = resultOf(err, fmt.Sprintf("Desired properties are now at version %d.", twin.Properties.Desired.Version))
		})
		p.loadCloudTwin(ctx)
	})
}

// InvokeMethod calls the direct method of the cloud side's form on the target, and waits for the device's answer.
func (p *Panel) InvokeMethod() {
	var target, name, payload, timeout string
	p.update(func() {
		c := &p.cloud
		target, name, payload, timeout = c.target, strings.TrimSpace(c.invoke.name.text), c.invoke.payload.text, c.invoke.timeout.text
	})
	seconds, err := strconv.Atoi(strings.TrimSpace(timeout))
	switch {
	case name == "":
		err = errors.New("the method has no name. Write one, for example reboot")
	case err != nil || seconds < 5 || seconds > 300:
		err = errors.New("the time-out is a whole number of seconds from 5 to 300")
	case strings.TrimSpace(payload) == "":
		payload = "null"
	default:
		err = checkJSON("The payload", payload)
	}
	if err != nil {
		p.update(func() { p.cloud.invoke.result = resultOf(err, "") })
		return
	}
	p.update(func() { p.cloud.invoke.busy = true })
	p.start("invoke the method", func(ctx context.Context) {
		began := time.Now()
		raw, err := p.ask(ctx, "POST", "/twins/"+url.PathEscape(target)+"/methods"+apiVersion, map[string]any{
			"methodName": name, "payload": json.RawMessage(payload), "responseTimeoutInSeconds": seconds, "connectTimeoutInSeconds": 0,
		}, nil)
		var answer struct {
			Status  int             `json:"status"`
			Payload json.RawMessage `json:"payload"`
		}
		if err == nil {
			err = json.Unmarshal(raw, &answer)
		}
		p.update(func() {
			p.cloud.invoke.busy = false
			p.cloud.invoke.result = resultOf(err, fmt.Sprintf("The device answered %d in %d ms.", answer.Status, time.Since(began).Milliseconds()))
			if err == nil {
				p.cloud.invoke.result.body = indented(answer.Payload)
			}
		})
	})
}

func resultOf(err error, ok string) result {
	if err != nil {
		return result{text: sentence(err)}
	}
	return result{ok: true, text: ok}
}
