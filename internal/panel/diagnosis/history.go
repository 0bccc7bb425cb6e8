package diagnosis

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/hubpanel/hubpanel/internal/doctor"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// How many of the device's connections, and how many entries of trouble, are kept for the doctor: the newest.
const (
	historyLimit = 20
	troubleLimit = 100
)

// history is the device's connections that ended, oldest first.
type history struct {
	links     []doctor.Link
	connected time.Time // when the current connection was made; zero: there is none
	heard     time.Time // when the last packet went over it
}

// stateChanged follows the device's connection.
func (h *history) stateChanged(now time.Time, before, after hubclient.State) {
	switch {
	case after.Phase == hubclient.Connected && before.Phase != hubclient.Connected:
		h.connected, h.heard = now, now
	case after.Phase != hubclient.Connected && !h.connected.IsZero():
		h.links = append(h.links, doctor.Link{Lasted: now.Sub(h.connected), Quiet: now.Sub(h.heard), Planned: after.Err == nil, Clean: errors.Is(after.Err, io.EOF)})
		h.links = h.links[max(0, len(h.links)-historyLimit):]
		h.connected = time.Time{}
	}
}

// Trouble is an error or a warning about a device in the emulator's operations log.
type Trouble struct {
	DeviceID      string
	StatusCode    int    // an HTTP status, or the service's six-digit code
	Reason        string // for programs, where the status code covers several reasons; see the emulator's Reason
	OperationName string // such as "deviceConnect"
	Description   string // in English
}

// troubleLog is the newest entries of trouble, oldest first.
type troubleLog struct {
	entries []Trouble
	count   int // of all that there ever were
}

func (l *troubleLog) add(t Trouble) {
	l.count++
	l.entries = append(l.entries, t)
	l.entries = l.entries[max(0, len(l.entries)-troubleLimit):]
}

// since returns the entries about a device that came after the first count.
func (l *troubleLog) since(count int, device string) (lines []doctor.HubLine) {
	first := l.count - len(l.entries) // how many came before the entries
	for _, t := range l.entries[min(max(0, count-first), len(l.entries)):] {
		if t.DeviceID == device {
			lines = append(lines, doctor.HubLine{Code: t.StatusCode, Reason: t.Reason, Text: t.Description})
		}
	}
	return lines
}

// hubLog returns doctor.Env.HubLog for a device of the emulator.
func (room *Room) hubLog(device string) func() func(context.Context) []doctor.HubLine {
	return func() func(context.Context) []doctor.HubLine {
		var mark int
		room.Read(func() { mark = room.state.trouble.count })
		return func(ctx context.Context) (lines []doctor.HubLine) {
			_ = room.Await(ctx, func() bool { // its error is the context's: then there are no lines
				lines = room.state.trouble.since(mark, device)
				return len(lines) > 0
			})
			return lines
		}
	}
}
