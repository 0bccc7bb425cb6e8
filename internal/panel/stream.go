package panel

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/doctor"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// follow reads an event stream for as long as ctx lasts, and opens it again when it breaks.
// open says whether it is open at the moment.
func (p *Panel) follow(ctx context.Context, path func() string, got func(id string, data []byte), open *bool) {
	for wait := time.Second / 2; ctx.Err() == nil; wait = min(wait*2, 10*time.Second) {
		res, err := p.service(ctx, "GET", path(), nil, nil)
		if err == nil {
			p.update(func() { *open = true })
			wait = time.Second / 2
			readEvents(res.Body, got)
			res.Body.Close()
		}
		p.update(func() { *open = false })
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// readEvents calls got with the id and the data of each server-sent event until the stream ends
// (https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation; other fields are passed over).
func readEvents(r io.Reader, got func(id string, data []byte)) {
	var data []byte
	id := ""
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return // an event without its empty line is incomplete, and comes again
		}
		line = bytes.TrimRight(line, "\r\n")
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch {
		case len(line) == 0:
			if data != nil {
				got(id, data)
			}
			data = nil
		case string(name) == "data" && data == nil:
			data = value // its own array: ReadBytes gives a new one each time
		case string(name) == "data":
			data = append(append(data, '\n'), value...)
		case string(name) == "id":
			id = string(value)
		}
	}
}

func (p *Panel) gotOperation(_ string, data []byte) {
	var o struct {
		Time          time.Time `json:"time"`
		Category      string    `json:"category"`
		OperationName string    `json:"operationName"`
		DeviceID      string    `json:"deviceId"`
		Level         string    `json:"level"`
		StatusCode    int       `json:"statusCode"`
		Reason        string    `json:"reason"`
		Description   string    `json:"description"`
	}
	if err := json.Unmarshal(data, &o); err != nil {
		p.fail("hub", l10n.New("the hub's operations log sent something that is not an entry: %v", err))
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
	p.updateSoon(func() {
		e := p.cloud.log.add(o.Time.In(p.env.Location), kind, what, o.Description, "")
		if o.StatusCode != 0 {
			e.note = strconv.Itoa(o.StatusCode)
		}
		if kind == entryError && o.DeviceID != "" {
			p.diagnosis.hubTrouble(o.DeviceID, doctor.HubLine{Code: o.StatusCode, Reason: o.Reason, Text: o.Description})
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
