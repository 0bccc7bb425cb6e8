package panel

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// storedEvent is a device-to-cloud message in the hub's event stream (design.md, GET /messages/events).
type storedEvent struct {
	DeviceID         string            `json:"deviceId"`
	ModuleID         string            `json:"moduleId"`
	Body             []byte            `json:"body"`
	Properties       map[string]string `json:"properties"`
	SystemProperties map[string]any    `json:"systemProperties"`
	EnqueuedTimeUTC  time.Time         `json:"enqueuedTimeUtc"`
	SequenceNumber   int64             `json:"sequenceNumber"`
	Lost             int               `json:"lost"` // events before this one that the page was too slow for
}

// eventLimit is how many events the cloud side keeps.
const eventLimit = 1000

// follow reads an event stream for as long as ctx lasts, and opens it again when it breaks.
func (p *Panel) follow(ctx context.Context, path func() string, got func(data []byte)) {
	for wait := time.Second / 2; ctx.Err() == nil; wait = min(wait*2, 10*time.Second) {
		res, err := p.service(ctx, "GET", path(), nil, nil)
		if err == nil {
			p.update(func() { p.cloud.live = true })
			wait = time.Second / 2
			readEvents(res.Body, got)
			res.Body.Close()
		}
		p.update(func() { p.cloud.live = false })
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// readEvents calls got with the data of each server-sent event until the stream ends
// (https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation; of its fields only data).
func readEvents(r io.Reader, got func(data []byte)) {
	var data []byte
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return // an event without its empty line is incomplete, and comes again
		}
		line = []byte(strings.TrimRight(string(line), "\r\n"))
		if rest, ok := strings.CutPrefix(string(line), "data:"); ok {
			if data != nil {
				data = append(data, '\n')
			}
			data = append(data, strings.TrimPrefix(rest, " ")...)
		}
		if len(line) == 0 && data != nil {
			got(data)
			data = nil
		}
	}
}

func (p *Panel) gotEvent(data []byte) {
	var e storedEvent
	if err := json.Unmarshal(data, &e); err != nil {
		p.fail("hub", tell("the hub's event stream sent something that is not an event: %v", err))
		return
	}
	p.update(func() {
		c := &p.cloud
		if n := len(c.events); n > 0 && e.SequenceNumber <= c.events[n-1].SequenceNumber {
			return // seen before the stream was opened again
		}
		c.events = append(c.events, e)
		c.dropped += e.Lost
		// Some at a time: at a thousand a second, moving them all for each one costs more than anything else here.
		if extra := len(c.events) - eventLimit; extra > eventLimit/10 {
			c.events = slices.Delete(c.events, 0, extra)
			c.dropped += extra
		}
	})
}

func (p *Panel) gotOperation(data []byte) {
	var o struct {
		Time          time.Time `json:"time"`
		Category      string    `json:"category"`
		OperationName string    `json:"operationName"`
		DeviceID      string    `json:"deviceId"`
		Level         string    `json:"level"`
		StatusCode    int       `json:"statusCode"`
		Description   string    `json:"description"`
	}
	if err := json.Unmarshal(data, &o); err != nil {
		p.fail("hub", tell("the hub's operations log sent something that is not an entry: %v", err))
		return
	}
	kind := entryState
	if strings.EqualFold(o.Level, "error") || strings.EqualFold(o.Level, "warning") {
		kind = entryError
	}
	what, name := o.OperationName, o.OperationName
	if o.DeviceID != "" {
		what += " · " + o.DeviceID
	}
	p.update(func() {
		e := p.cloud.log.add(o.Time.In(p.env.Location), kind, what, o.Description, "")
		if o.StatusCode != 0 {
			e.note = strconv.Itoa(o.StatusCode)
		}
		switch o.Category {
		case emulator.CategoryC2D:
			p.cloud.became(o.DeviceID, name, o.Description)
			p.registryNewsLocked()
		case emulator.CategoryConnections, emulator.CategoryRegistry:
			p.registryNewsLocked()
		case emulator.CategoryEmulator:
			if name == "faults" { // perhaps another page's
				p.enqueue(p.LoadFaults)
			}
		}
	})
}
