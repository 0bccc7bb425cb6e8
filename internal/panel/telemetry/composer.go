package telemetry

import (
	"context"
	"time"

	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// composer is the form of one message.
type composer struct {
	body       ui.Field
	system     systemRows
	properties page.PropertyRows
	qos0       bool
}

func newComposer() composer {
	var c composer
	c.body.Set("{\n  \"temperature\": 21.5,\n  \"humidity\": 60\n}")
	c.system = newSystemRows()
	c.properties.Add("level", "info")
	return c
}

func (c *composer) message() hubclient.Message {
	return hubclient.Message{SystemProperties: c.system.properties(), Properties: c.properties.List(), Body: []byte(c.body.Text)}
}

// Send sends the composed message and follows it to its acknowledgement in the device's journal. It returns at once.
func (room *Room) Send() {
	room.Lock()
	message, qos0 := room.state.composer.message(), room.state.composer.qos0
	err := room.state.composer.system.check(room.Links.IsModule())
	room.Unlock()
	if err == nil && page.IsJSON(message.ContentType) {
		err = jsontext.Check("The message", string(message.Body))
	}
	var client *hubclient.Client
	if err == nil {
		client, err = room.Links.Client()
	}
	if err != nil {
		room.Fail("send", err)
		return
	}
	deliver := room.recordMessage(client, message, qos0)
	room.Go("send telemetry", func(ctx context.Context) { deliver(ctx) })
}

// recordMessage records a message as queued. It returns the function that sends the message and records its delivery status.
func (room *Room) recordMessage(client *hubclient.Client, message hubclient.Message, qos0 bool) (deliver func(ctx context.Context) error) {
	var line *page.Entry
	b := &batch{stream: l10n.New("By hand"), count: 1, qos0: qos0, outcome: page.Pending}
	room.Update(func() {
		room.ClearNotice("send")
		now := room.Now()
		line = room.DeviceLog.Add(now, page.Sent, l10n.New("Telemetry"), l10n.Verbatim(jsontext.OneLine(string(message.Body), 90)), describe(&message))
		line.Outcome, line.Note = page.Pending, l10n.New("queued")
		room.state.meter.add(client, b, now, len(message.Body))
		room.state.chart.add(now, message.Body)
	})
	return func(ctx context.Context) error {
		began := time.Now()
		err := send(ctx, client, []hubclient.Message{message}, qos0, func() {
			room.Update(func() {
				if b.outcome == page.Pending {
					b.sent, line.Note = true, l10n.New("sent")
				}
			})
		})
		room.Update(func() {
			b.latency = time.Since(began)
			if err != nil {
				b.outcome = page.Failed
				line.Outcome, line.Note = page.Failed, l10n.New("failed")
				room.FailLocked("send", err)
				return
			}
			b.outcome = page.Done
			room.Traffic.Sent++
			room.state.meter.acknowledged(b)
			line.Outcome, line.Note = page.Done, deliveryNote(qos0, b.latency)
		})
		return err
	}
}

func (room *Room) viewComposer() *ui.Node {
	c := &room.state.composer
	running := room.Links.Running()
	var problem error
	if page.IsJSON(c.system.properties().ContentType) {
		problem = jsontext.Check("This", c.body.Text)
	}
	return ui.H("form.card", ui.Key("composer"), ui.OnSubmit(room.Send),
		ui.H("h3", ui.Text(room.T("Send telemetry"))),
		room.Editor(room.T("Message body"), "telemetry-body", &c.body, 5, problem),
		room.PropertyEditor(&c.properties, "telemetry-property", room.T("Application properties")),
		room.viewSystem(),
		ui.H("div.actions",
			room.CheckBox(room.T("QoS 0: do not wait for the acknowledgement"), "telemetry-qos0", &c.qos0),
			ui.H("button.primary", ui.Attr("type", "submit"), ui.TestID("telemetry-send"), ui.Flag("disabled", !running), ui.Text(room.T("Send telemetry"))),
		),
		page.NeedsConnection(running, room.T("Connect the device first: then this sends.")),
	)
}
