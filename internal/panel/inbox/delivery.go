package inbox

import (
	"bytes"
	"context"

	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// Received handles a cloud-to-device message, or one to a module's input. Its nil error lets the client send PUBACK, which completes
// the message; Acknowledged follows when PUBACK was written. It is the client's OnMessage and OnInput.
func (room *Room) Received(_ context.Context, d hubclient.Delivery) error {
	room.receive(d, d.ID, d.QoS)
	return nil
}

// receive adds a delivery to the inbox and to the device's log. id identifies it among the deliveries of its connection.
func (room *Room) receive(d hubclient.Delivery, id uint64, qos mqttcodec.QoS) {
	room.Update(func() {
		room.Traffic.Received++
		// The client's body belongs to this handler only while it runs.
		content := d.Message
		content.Body = bytes.Clone(content.Body)
		what := l10n.New("Cloud-to-device message")
		if d.Input != "" {
			what = l10n.New("Message to the input %s", d.Input)
		}
		now := room.Now()
		m := &message{at: now, content: content, duplicate: d.Duplicate, input: d.Input}
		m.line = room.DeviceLog.Add(now, page.Received, what, l10n.Verbatim(jsontext.OneLine(page.PayloadText(content.Body), 90)),
			l10n.Verbatim(page.DescribeMessage(&content.SystemProperties, content.Properties, content.Body)))
		room.state.add(m)
		if qos != mqttcodec.QoS0 { // a message of QoS 0 has no PUBACK (MQTT 3.1.1, section 4.3.1)
			m.line.Outcome = page.Pending
			room.state.pending[id] = m
		}
	})
}

// Acknowledged notes that the PUBACK of a delivery was written: the message is completed. It is the client's OnAcknowledged.
func (room *Room) Acknowledged(id uint64) {
	room.Update(func() {
		m := room.state.pending[id]
		if m == nil {
			return // of an earlier connection
		}
		delete(room.state.pending, id)
		m.completed = true
		m.line.Outcome, m.line.Note = page.Done, l10n.New("completed (PUBACK)")
	})
}

// Disconnected notes that the link to the hub has ended: the hub delivers again every message whose PUBACK was not written, as another
// delivery. The lock is held.
func (room *Room) Disconnected() {
	for _, m := range room.state.pending {
		m.line.Outcome, m.line.Note = page.Failed, l10n.New("not acknowledged: the connection ended")
	}
	clear(room.state.pending)
}

// Connecting begins a connection, whose deliveries are counted from 1 again. The lock is held.
func (room *Room) Connecting() { room.Disconnected() }
