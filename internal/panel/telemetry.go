package panel

import (
	"context"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// composer is the telemetry form.
type composer struct {
	body       field
	system     systemRows
	properties propertyRows
	qos0       bool
	streams    streams
	chart      chart
}

func newComposer() composer {
	var c composer
	c.body.set("{\n  \"temperature\": 21.5,\n  \"humidity\": 60\n}")
	c.system = newSystemRows()
	c.properties.add("level", "info")
	c.streams = newStreams()
	c.chart = newChart()
	return c
}

func (c *composer) message() hubclient.Message {
	return hubclient.Message{SystemProperties: c.system.properties(), Properties: c.properties.list(), Body: []byte(c.body.text)}
}

// SendTelemetry sends the composed message and follows it to its acknowledgement in the device's journal.
func (p *Panel) SendTelemetry() {
	p.mu.Lock()
	message, qos0 := p.telemetry.message(), p.telemetry.qos0
	err := p.telemetry.system.check(p.isModuleLocked())
	p.mu.Unlock()
	if err == nil && isJSON(message.ContentType) {
		err = checkJSON("The message", string(message.Body))
	}
	var client *hubclient.Client
	if err == nil {
		client, err = p.session()
	}
	if err != nil {
		p.fail("send", err)
		return
	}
	deliver := p.sending(client, message, qos0)
	p.start("send telemetry", func(ctx context.Context) { deliver(ctx) })
}

// sending notes a message that goes out, and returns what sends it and follows it to its acknowledgement.
func (p *Panel) sending(client *hubclient.Client, message hubclient.Message, qos0 bool) func(ctx context.Context) error {
	var line *entry
	way := &sent{count: 1, state: pending}
	p.update(func() {
		p.clearNotice("send")
		line = p.deviceLog.add(p.now(), entrySent, p.T("Telemetry"), oneLine(string(message.Body), 90), describeMessage(message))
		line.outcome, line.note = pending, p.T("queued")
		way.stream = p.T("By hand")
		p.telemetry.streams.note(client, way, p.now(), len(message.Body))
		p.telemetry.chart.add(p.now(), message.Body)
	})
	return func(ctx context.Context) error {
		began := time.Now()
		onSent := hubclient.OnSent(func() {
			p.update(func() {
				if way.state == pending {
					way.sent, line.note = true, p.T("sent")
				}
			})
		})
		send := client.Send
		if qos0 {
			send = client.SendQoS0
		}
		err := send(ctx, message, onSent)
		p.update(func() {
			if err != nil {
				line.outcome, line.note = failed, p.T("failed")
				way.state = failed
				p.failLocked("send", err)
				return
			}
			p.device.sent++
			way.state, way.latency, way.unanswered = done, time.Since(began), qos0
			if !qos0 {
				p.telemetry.streams.rate.acknowledged(way.latency)
			}
			line.outcome, line.note = done, p.T("acknowledged in %s", milliseconds(time.Since(began)))
			if qos0 {
				line.note = p.T("written (QoS 0 has no acknowledgement)")
			}
		})
		return err
	}
}

// describeMessage is a message in full, for the detail of a journal's line.
func describeMessage(m hubclient.Message) string {
	s := describeSystem(&m.SystemProperties)
	for _, property := range m.Properties {
		s += propertyText(property) + "\n"
	}
	if s != "" {
		s += "\n"
	}
	return s + payloadText(m.Body)
}

// propertyText tells a property without a value, with an empty one, and with one apart (protocol.md section 4, Values).
func propertyText(p hubproto.Property) string {
	switch {
	case p.Null:
		return p.Name + " (null)"
	case p.Value == "":
		return p.Name + " = \"\""
	}
	return p.Name + " = " + p.Value
}
