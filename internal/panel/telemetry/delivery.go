package telemetry

import (
	"context"
	"fmt"
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// batch is one or more messages that go out together, with their delivery status.
type batch struct {
	stream  l10n.Text // the name of the stream, or "By hand" for the composed message
	first   int       // the number of the first message in its stream; 0: the composed message
	count   int
	qos0    bool // the messages are written and not acknowledged
	sent    bool // they are on the wire; a batch that is pending and not sent is queued
	outcome page.Outcome
	latency time.Duration // from the queue to the acknowledgement
}

// name returns the name of the stream with the numbers of the messages, such as "stream-1 #3–#5".
func (b *batch) name(stream string) string {
	if b.first > 0 {
		stream += fmt.Sprintf(" #%d", b.first)
	}
	if b.count > 1 {
		stream += fmt.Sprintf("–#%d", b.first+b.count-1)
	}
	return stream
}

// status returns the delivery status.
func (b *batch) status() l10n.Text {
	switch {
	case b.outcome == page.Done:
		return deliveryNote(b.qos0, b.latency)
	case b.outcome == page.Failed:
		return l10n.New("failed")
	case b.sent:
		return l10n.New("sent")
	}
	return l10n.New("queued")
}

// deliveryNote describes the delivery of messages that took some time to be acknowledged or, at QoS 0, were written.
func deliveryNote(qos0 bool, took time.Duration) l10n.Text {
	if qos0 {
		return l10n.New("written (QoS 0 has no acknowledgement)")
	}
	return l10n.New("acknowledged in %s", page.Milliseconds(took))
}

// send sends messages and waits until the hub has acknowledged them or, at QoS 0, until they are written. It calls sent when the last of
// them is on the wire, without the lock, and again when it is sent again after a reconnect. sent may still run after send has returned.
func send(ctx context.Context, client *hubclient.Client, messages []hubclient.Message, qos0 bool, sent func()) error {
	if qos0 {
		return client.SendBatchQoS0(ctx, messages, hubclient.OnSent(sent))
	}
	return client.SendBatch(ctx, messages, hubclient.OnSent(sent))
}

// describe returns a message in full, for the detail of a journal's line.
func describe(m *hubclient.Message) l10n.Text {
	return l10n.Verbatim(page.DescribeMessage(&m.SystemProperties, m.Properties, m.Body))
}
