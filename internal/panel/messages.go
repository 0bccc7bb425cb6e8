package panel

import (
	"context"
	"time"

	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// received is a cloud-to-device message in the device's inbox.
type received struct {
	id        int
	at        time.Time
	message   hubclient.Message
	duplicate bool // the hub marked it as sent before
	input     string
}

const inboxLimit = 100

// gotMessage takes a cloud-to-device message. Its nil error is what completes the message: the client sends PUBACK then.
func (p *Panel) gotMessage(_ context.Context, d hubclient.Delivery) error {
	defer p.recovered("a cloud-to-device message")
	p.update(func() {
		p.device.received++
		id := 0
		if n := len(p.inbox); n > 0 {
			id = p.inbox[n-1].id + 1
		}
		// The client's message is this handler's to keep only while it runs.
		message := d.Message
		message.Body = append([]byte(nil), message.Body...)
		p.inbox = append(p.inbox, received{id: id, at: p.now(), message: message, duplicate: d.Duplicate, input: d.Input})
		if extra := len(p.inbox) - inboxLimit; extra > 0 {
			p.inbox = append([]received(nil), p.inbox[extra:]...)
		}
		e := p.deviceLog.add(p.now(), entryReceived, "Cloud-to-device message", oneLine(payloadText(message.Body), 90), describeMessage(message))
		e.outcome, e.note = done, "completed (PUBACK)"
	})
	return nil
}
