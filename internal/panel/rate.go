package panel

import "time"

// rateWindow is what the rate meter looks back on.
const rateWindow = 10 // seconds

// rateMeter counts what the device sends: over the last ten seconds, and in all since the session began.
type rateMeter struct {
	slots [rateWindow]struct {
		second          int64
		messages, bytes int
	}
	first           int64 // the second of the first message
	messages, bytes int
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
