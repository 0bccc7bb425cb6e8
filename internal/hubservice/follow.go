package hubservice

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n"
)

// Stream is one of the hub's event streams. The hub keeps the latest entries of each, numbered from 1.
type Stream string

// The streams.
const (
	Telemetry  Stream = "/messages/events"     // of all devices; see Entry.StoredEvent
	Operations Stream = "/emulator/operations" // the operations log; see Entry.Operation
)

// Entry is an entry of a stream.
type Entry struct {
	Number    int64  // 0 if the stream did not give one
	Data      []byte // JSON
	Restarted bool   // it is the first from an emulator that was restarted: its number does not continue the numbers before
}

// Pauses before a stream is opened again.
const (
	firstPause = time.Second / 2
	maxPause   = 10 * time.Second
)

// ErrRestarted is the error of a stream that another instance of the emulator has answered.
var ErrRestarted error = l10n.New("the emulator restarted")

// Follower keeps an event stream open. No entry that the hub still has is missed or repeated when the stream breaks and is opened again.
type Follower struct {
	Stream Stream
	// From is the number of the first entry. 0 means the next one that comes.
	From int64
	// Client returns the client for the next attempt to open the stream. broken is the reason for it, and nil the first time. Another client
	// than the one before means that the emulator was restarted, which makes the stream begin with the oldest entry that it has.
	Client func(ctx context.Context, broken error) *Client
	// Got handles an entry. Entries come one after the other.
	Got func(Entry)
	// Open follows whether the stream is open. May be nil.
	Open func(bool)
}

// position is where a stream continues.
type position struct {
	known     bool  // else it continues with what comes next
	next      int64 // the number of the next entry
	restarted bool  // no entry has come since the emulator was restarted
}

// Run follows the stream until ctx ends. After a break it opens the stream again, at first after half a second, later after up to ten
// seconds.
func (f *Follower) Run(ctx context.Context) {
	at := position{known: f.From > 0, next: f.From}
	client := f.Client(ctx, nil)
	for pause := firstPause; ctx.Err() == nil; {
		opened, broken := f.read(ctx, client, &at)
		if opened {
			pause = firstPause
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, maxPause)
		if c := f.Client(ctx, broken); c != client {
			client, at = c, position{known: true, restarted: true}
		}
	}
}

// read opens the stream and reads it until it breaks.
func (f *Follower) read(ctx context.Context, c *Client, at *position) (opened bool, err error) {
	if c == nil {
		return false, errNoEmulator
	}
	path := string(f.Stream)
	if at.known {
		path += "?from=" + strconv.FormatInt(at.next, 10)
	}
	res, err := c.do(ctx, &c.service, "GET", path, nil, nil)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	if instance := res.Header["emulator-instance"]; instance != "" && c.instance != "" && instance != c.instance {
		return false, ErrRestarted
	}
	if f.Open != nil {
		f.Open(true)
		defer f.Open(false)
	}
	return true, readEvents(res.Body, func(id string, data []byte) { f.receive(at, id, data) })
}

// receive handles an event of the stream, unless it came before.
func (f *Follower) receive(at *position, id string, data []byte) {
	e := Entry{Number: number(id, data), Data: data}
	if data == nil { // where a stream begins that has no entry yet
		if e.Number > 0 || id == "0" {
			at.known, at.next = true, max(at.next, e.Number+1)
		}
		return
	}
	if e.Number > 0 {
		if at.known && e.Number < at.next {
			return
		}
		at.known, at.next = true, e.Number+1
	}
	e.Restarted, at.restarted = at.restarted, false
	f.Got(e)
}

// number returns an event's number: its id, or the number in its JSON where the carrier has no ids, or else 0.
func number(id string, data []byte) int64 {
	if n, err := strconv.ParseInt(id, 10, 64); err == nil {
		return n
	}
	var numbered struct {
		SequenceNumber int64 `json:"sequenceNumber"`
	}
	if json.Unmarshal(data, &numbered) != nil {
		return 0
	}
	return numbered.SequenceNumber
}
