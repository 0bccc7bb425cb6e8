package cloud

import (
	"slices"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// historyLimit is how many messages and how many calls of the cloud side are kept; older ones are in the operations log.
const historyLimit = 20

// history is the messages that this page sent, oldest first.
type history struct{ messages []*sentMessage }

// sentMessage is a message with its progress, by the hub's operations log. Its key is its receiver and its message-id: messages to two
// devices may have one id.
type sentMessage struct {
	at      time.Time
	to      string // device, or device/module
	id      string // message-id
	summary string
	outcome page.Outcome
	steps   []l10n.Text
}

// deliveries are the operations that are about one message.
var deliveries = map[string]struct {
	step    l10n.Text
	outcome page.Outcome // of the message then
}{
	"messageEnqueued":     {l10n.New("queued"), page.Pending},
	"messageDelivered":    {l10n.New("sent to the device"), page.Pending},
	"messageLockExpired":  {l10n.New("not acknowledged in time: queued again"), page.Pending},
	"messageCompleted":    {l10n.New("completed: the device has it"), page.Done},
	"messageExpired":      {l10n.New("expired"), page.Failed},
	"messageDeadLettered": {l10n.New("dead-lettered: delivered ten times without an acknowledgement"), page.Failed},
	"messagePurged":       {l10n.New("purged with the queue"), page.Failed},
	"messageDropped":      {l10n.New("dropped with the session or the device"), page.Failed},
}

// begin adds a message. One with the same key goes.
func (h *history) begin(at time.Time, to, id, summary string) {
	h.messages = slices.DeleteFunc(h.messages, func(m *sentMessage) bool { return m.to == to && m.id == id })
	h.messages = append(h.messages, &sentMessage{at: at, to: to, id: id, summary: summary, outcome: page.Pending})
	if extra := len(h.messages) - historyLimit; extra > 0 {
		h.messages = slices.Delete(h.messages, 0, extra)
	}
}

// note adds what an operation is about to the message that it names.
func (h *history) note(o *hubservice.Operation) {
	if d, ok := deliveries[o.Name]; ok {
		h.add(o.Identity(), o.MessageID, d.step, d.outcome)
	}
}

// fail notes that the hub did not accept a message.
func (h *history) fail(to, id string, why l10n.Text) { h.add(to, id, why, page.Failed) }

func (h *history) add(to, id string, step l10n.Text, outcome page.Outcome) {
	for _, m := range h.messages {
		if m.to == to && m.id == id {
			m.steps, m.outcome = append(m.steps, step), outcome
		}
	}
}

// viewHistory lists the messages that this page sent, newest first.
func (m *Messages) viewHistory() ui.Part {
	room, sent := m.room, m.history.messages
	if len(sent) == 0 {
		return nil
	}
	rows := make(ui.Nodes, 0, len(sent))
	for _, s := range slices.Backward(sent) {
		steps := make(ui.Nodes, 0, len(s.steps))
		for _, step := range s.steps {
			steps = append(steps, ui.H("li", ui.Text(room.Words(step))))
		}
		device, _ := hubservice.SplitIdentity(s.to)
		rows = append(rows, ui.H("li.way", ui.Key(s.to+" "+s.id), ui.TestID("c2d-sent"), ui.Attr("data-outcome", string(s.outcome)),
			ui.H("div.message-head", ui.H("time", ui.Text(page.Clock(s.at))), ui.H("b", ui.Text(device)), ui.H("span.badge", ui.Text(s.id))),
			ui.H("p.summary", ui.Text(s.summary)),
			ui.H("ol.way-steps", steps)))
	}
	return ui.Parts{
		ui.H("h4", ui.Text(room.T("What became of it"))),
		ui.H("p.help", ui.Text(room.T("A real hub tells a service by feedback, over AMQP. Here the operations log tells."))),
		ui.H("ol.ways", rows),
	}
}
