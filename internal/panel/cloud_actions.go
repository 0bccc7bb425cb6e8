package panel

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
)

// SelectDevice makes a registered device the one that the cloud side talks about.
func (p *Panel) SelectDevice(id string) {
	p.update(func() { p.cloud.aim(id, "") })
	p.start("the device", p.loadTarget)
}

// SendToDevice sends the cloud side's message to the target.
func (p *Panel) SendToDevice() {
	var target, path, to string
	var body []byte
	header := map[string]string{}
	var problem error
	expiry, err := p.expiry()
	if err != nil {
		p.update(func() { p.cloud.message.result = p.resultOf(err, "") })
		return
	}
	p.update(func() {
		m := &p.cloud.message
		m.busy, target, body = true, p.cloud.target, []byte(m.body.text)
		path, to = deviceBoundPath(target), target
		if module := p.cloud.module; module != "" {
			input := strings.TrimSpace(m.input.text)
			to = p.cloud.name()
			path = "/devices/" + url.PathEscape(target) + "/modules/" + url.PathEscape(module) + "/inputs/" + url.PathEscape(input) + apiVersion
			if problem = checkInput(input); problem != nil {
				m.busy, m.result = false, p.resultOf(problem, "")
				return
			}
		}
		id := strings.TrimSpace(m.messageID.text)
		if id == "" { // without one its way could not be followed
			id = newMessageID("c2d-")
		}
		header["iothub-messageid"] = id
		if id := strings.TrimSpace(m.correlationID.text); id != "" {
			header["iothub-correlationid"] = id
		}
		if expiry != "" {
			header["iothub-expiry"] = expiry
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
	if problem != nil {
		return
	}
	p.start("send to the device", func(ctx context.Context) { p.sendToDevice(ctx, target, to, path, body, header) })
}

// deviceBoundPath is where the emulator takes cloud-to-device messages.
func deviceBoundPath(deviceID string) string {
	return "/devices/" + url.PathEscape(deviceID) + "/messages/deviceBound" + apiVersion
}

// sendToDevice sends a message to a device, or to an input of its module to, and says what came of it. The headers hold a message id.
func (p *Panel) sendToDevice(ctx context.Context, target, to, path string, body []byte, header map[string]string) error {
	p.update(func() { p.cloud.follows(p.now(), target, header["iothub-messageid"], oneLine(string(body), 90)) })
	_, err := p.ask(ctx, "POST", path, body, header)
	p.update(func() {
		m := &p.cloud.message
		m.busy = false
		m.result = p.resultOf(err, p.T("The hub has it: it delivers as soon as %s is connected.", to))
		if err != nil {
			p.cloud.refused(target, header["iothub-messageid"], m.result.text)
		}
	})
	return err
}

// UpdateDesired sends the cloud side's patch of the desired properties.
func (p *Panel) UpdateDesired() {
	p.updateTwin(&p.cloud.desired, l10n.New("The desired properties"), desiredPatch, p.desiredSaid)
}

func desiredPatch(patch json.RawMessage) any {
	return map[string]any{"properties": map[string]any{"desired": patch}}
}

func (p *Panel) desiredSaid(twin changedTwin) string {
	return p.T("Desired properties are now at version %d.", twin.Properties.Desired.Version)
}

// UpdateTags sends the cloud side's patch of the tags, which no device sees.
func (p *Panel) UpdateTags() {
	p.updateTwin(&p.cloud.tags, l10n.New("The tags"), func(patch json.RawMessage) any {
		return map[string]any{"tags": patch}
	}, func(twin changedTwin) string {
		return p.T("The tags are changed: the twin is at version %d.", twin.Version)
	})
}

// changedTwin is what the hub answers to a patch, as far as it is told.
type changedTwin struct {
	Version    int64 `json:"version"`
	Properties struct {
		Desired struct {
			Version int64 `json:"$version"`
		} `json:"desired"`
	} `json:"properties"`
}

// updateTwin sends a patch of the target's twin. what names it in errors; said, which has the lock, tells the success.
func (p *Panel) updateTwin(part *twinPatch, what *l10n.Message, body func(json.RawMessage) any, said func(changedTwin) string) {
	var path, patch string
	p.update(func() { path, patch = p.cloud.twinPath(), part.patch.text })
	if err := checkObject(what.Format, patch); err != nil {
		p.update(func() { part.result = p.resultOf(err, "") })
		return
	}
	p.update(func() { part.busy = true })
	p.start("update the twin", func(ctx context.Context) {
		p.patchTwin(ctx, path, part, body(json.RawMessage(patch)), said)
	})
}

// patchTwin changes the twin at a path of the service, and says what came of it.
func (p *Panel) patchTwin(ctx context.Context, path string, part *twinPatch, body any, said func(changedTwin) string) error {
	raw, err := p.ask(ctx, "PATCH", path+apiVersion, body, nil)
	var twin changedTwin
	if err == nil {
		err = json.Unmarshal(raw, &twin)
	}
	p.update(func() { part.busy, part.result = false, p.resultOf(err, said(twin)) })
	p.loadCloudTwin(ctx)
	return err
}

// InvokeMethod calls the direct method of the cloud side's form on the target, and waits for the device's answer.
func (p *Panel) InvokeMethod() {
	var target, path, name, payload, timeout, connectTimeout string
	p.update(func() {
		c := &p.cloud
		target, path, name, payload, timeout = c.name(), c.twinPath(), strings.TrimSpace(c.invoke.name.text), c.invoke.payload.text, c.invoke.timeout.text
		connectTimeout = c.invoke.connectTimeout.text
	})
	seconds, err := strconv.Atoi(strings.TrimSpace(timeout))
	patience, patienceErr := strconv.Atoi(strings.TrimSpace(connectTimeout))
	switch {
	case name == "":
		err = l10n.New("the method has no name. Write one, for example reboot")
	case err != nil || seconds < 5 || seconds > 300:
		err = l10n.New("the time-out is a whole number of seconds from 5 to 300")
	case patienceErr != nil || patience < 0 || patience > 300:
		err = l10n.New("the connect time-out is a whole number of seconds from 0 to 300")
	case strings.TrimSpace(payload) == "":
		payload = "null"
	default:
		err = checkJSON("The payload", payload)
	}
	if err != nil {
		p.update(func() { p.cloud.invoke.result = p.resultOf(err, "") })
		return
	}
	p.update(func() { p.cloud.invoke.busy = true })
	p.start("invoke the method", func(ctx context.Context) {
		p.invoke(ctx, target, path, name, json.RawMessage(payload), seconds, patience)
	})
}

// methodAnswer is what a device answered a direct method with.
type methodAnswer struct {
	Status  int             `json:"status"`
	Payload json.RawMessage `json:"payload"`
}

// invoke calls a direct method of what has its twin at a path of the service, waits for the answer, and says what came of it. The time-outs are in seconds.
func (p *Panel) invoke(ctx context.Context, target, path, name string, payload json.RawMessage, timeout, connectTimeout int) (methodAnswer, error) {
	began := time.Now()
	raw, err := p.ask(ctx, "POST", path+"/methods"+apiVersion, map[string]any{
		"methodName": name, "payload": payload, "responseTimeoutInSeconds": timeout, "connectTimeoutInSeconds": connectTimeout,
	}, nil)
	var answer methodAnswer
	if err == nil {
		err = json.Unmarshal(raw, &answer)
	}
	p.update(func() {
		took := time.Since(began)
		p.cloud.invoke.busy = false
		p.cloud.invoke.result = p.resultOf(err, p.T("The device answered %d in %d ms.", answer.Status, took.Milliseconds()))
		call := cloudCall{at: began.In(p.env.Location), device: target, name: name, request: indented(payload), status: answer.Status, answer: indented(answer.Payload), took: took}
		if err != nil {
			call.problem = p.cloud.invoke.result.text
		}
		p.cloud.called(call)
		if err == nil {
			p.cloud.invoke.result.body = indented(answer.Payload)
		}
	})
	return answer, err
}
