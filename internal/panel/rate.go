package panel

import (
	"slices"
	"time"
)

// rateWindow is what the rate meter looks back on.
const rateWindow = 10 // seconds

// latencyLimit is of how many of the last acknowledgements the median is.
const latencyLimit = 100

// rateMeter counts what the device sends: over the last ten seconds, and in all since the session began.
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

// rate is how many messages and bytes a second were sent in the last ten, or since the first message if that is less.
func (r *rateMeter) rate(now time.Time) (messages, bytes float64) {
	second := now.Unix()
	for _, slot := range r.slots {
		if second-slot.second < rateWindow {
			messages += float64(slot.messages)
			bytes += float64(slot.bytes)
		}
	}
	over := float64(min(rateWindow, max(second-r.first+1, 1)))
	return messages / over, bytes / over
}

func (r *rateMeter) acknowledged(in time.Duration) {
	if len(r.latencies) == latencyLimit {
		r.latencies = slices.Delete(r.latencies, 0, 1)
	}
	r.latencies = append(r.latencies, in)
}

// median is of the last acknowledgements, and whether there was any.
func (r *rateMeter) median() (time.Duration, bool) {
	if len(r.latencies) == 0 {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(r.latencies))
	return sorted[len(sorted)/2], true
}
