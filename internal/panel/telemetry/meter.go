package telemetry

import (
	"slices"
	"strconv"
	"time"

	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

const (
	// rateWindow is how far back the rate looks, in seconds.
	rateWindow = 10
	// latencyLimit is the number of acknowledgements of which the median latency is taken.
	latencyLimit = 100
	// recentLimit is the number of batches in the list of the last messages.
	recentLimit = 10
)

// meter measures the telemetry of a connection, and lists the last messages.
type meter struct {
	client *hubclient.Client // the connection that rate measures
	rate   rateMeter
	recent []*batch // oldest first
}

// add counts a batch that is about to be sent.
func (m *meter) add(client *hubclient.Client, b *batch, now time.Time, bytes int) {
	if m.client != client {
		m.client, m.rate = client, rateMeter{}
	}
	m.rate.add(now, b.count, bytes)
	m.recent = append(m.recent, b)
	if extra := len(m.recent) - recentLimit; extra > 0 {
		m.recent = append([]*batch(nil), m.recent[extra:]...)
	}
}

// acknowledged counts a batch that was delivered.
func (m *meter) acknowledged(b *batch) {
	if !b.qos0 {
		m.rate.acknowledged(b.latency)
	}
}

// rateMeter counts messages and bytes: in the last ten seconds, and since the device connected.
type rateMeter struct {
	slots [rateWindow]struct {
		second          int64
		messages, bytes int
	}
	first           int64 // the second of the first message
	messages, bytes int
	latencies       []time.Duration // of the last acknowledgements, oldest first
}

func (r *rateMeter) add(now time.Time, messages, bytes int) {
	second := now.Unix()
	if r.messages == 0 {
		r.first = second
	}
	r.messages, r.bytes = r.messages+messages, r.bytes+bytes
	slot := &r.slots[second%rateWindow]
	if slot.second != second {
		slot.second, slot.messages, slot.bytes = second, 0, 0
	}
	slot.messages, slot.bytes = slot.messages+messages, slot.bytes+bytes
}

// rate returns the messages and bytes per second in the last ten seconds, or since the first message if that is less.
func (r *rateMeter) rate(now time.Time) (messages, bytes float64) {
	second := now.Unix()
	for _, slot := range r.slots {
		if second-slot.second < rateWindow {
			messages += float64(slot.messages)
			bytes += float64(slot.bytes)
		}
	}
	seconds := float64(min(rateWindow, max(second-r.first+1, 1)))
	return messages / seconds, bytes / seconds
}

func (r *rateMeter) acknowledged(latency time.Duration) {
	if len(r.latencies) == latencyLimit {
		r.latencies = slices.Delete(r.latencies, 0, 1)
	}
	r.latencies = append(r.latencies, latency)
}

// median returns the median latency of the last acknowledgements, and whether there were any.
func (r *rateMeter) median() (time.Duration, bool) {
	if len(r.latencies) == 0 {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(r.latencies))
	return sorted[len(sorted)/2], true
}

// viewMeter shows the rates and the delivery status of the last messages, once there are any.
func (room *Room) viewMeter() ui.Part {
	m := &room.state.meter
	if m.rate.messages == 0 {
		return nil
	}
	messages, bytes := m.rate.rate(room.Now())
	fact := func(id, name, value string) *ui.Node {
		return ui.H("div", ui.H("dt", ui.Text(name)), ui.H("dd", ui.TestID(id), ui.Text(value)))
	}
	median := "—"
	if latency, ok := m.rate.median(); ok {
		median = page.Milliseconds(latency)
	}
	batches := make(ui.Nodes, 0, len(m.recent))
	for _, b := range slices.Backward(m.recent) {
		batches = append(batches, ui.H("li.sending", ui.H("span.mono", ui.Text(b.name(room.Words(b.stream)))),
			ui.H("span.outcome", ui.Attr("data-outcome", string(b.outcome)), ui.Text(room.Words(b.status())))))
	}
	return ui.H("div.rate",
		ui.H("dl.facts",
			fact("rate-messages", room.T("Messages a second"), strconv.FormatFloat(messages, 'f', 1, 64)),
			fact("rate-bytes", room.T("Bytes a second"), strconv.FormatFloat(bytes, 'f', 0, 64)),
			fact("rate-total", room.T("Messages since the connect"), strconv.Itoa(m.rate.messages)),
			fact("rate-total-bytes", room.T("Bytes since the connect"), strconv.Itoa(m.rate.bytes)),
			fact("rate-latency", room.T("Acknowledged in (median)"), median),
		),
		ui.H("ol.sendings", ui.Label(room.T("The last messages")), ui.TestID("recent-messages"), batches),
	)
}
