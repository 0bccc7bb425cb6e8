package panel

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/wire"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// wireState is the wire inspector: what was seen, and what of it a person looks at.
type wireState struct {
	log       wire.Log
	paused    int // the newest record that is shown; 0: all of them
	search    field
	direction wire.Direction // 0: both
	kind      mqttcodec.Type // 0: all
	rows      int            // how many rows are shown
	selected  int            // the number of a record; 0: none
	from, to  int            // the bytes of it that are marked
}

// wireRows is how many rows are drawn at first, and by how many more each time.
const wireRows = 100

func newWireState() wireState { return wireState{rows: wireRows} }

// traced takes a packet to the log. It runs on the client's own goroutine.
func (p *Panel) traced(t hubclient.Traced) {
	direction := wire.Sent
	if t.Direction == hubclient.Received {
		direction = wire.Received
	}
	now := time.Now()
	p.update(func() {
		if err := p.wire.log.Add(now, direction, t.Message, t.Packet); err != nil {
			p.failLocked("wire", fmt.Errorf("the wire log could not keep a packet: %w", err))
		}
	})
}

// matching returns the newest records that the filters let through, newest first, and how many there are in all.
func (w *wireState) matching(inWords func(wire.Text) string) (shown []*wire.Record, all int) {
	wanted := strings.ToLower(strings.TrimSpace(w.search.text))
	records := w.log.Records()
	for i := len(records) - 1; i >= 0; i-- {
		r := &records[i]
		switch {
		case w.paused > 0 && r.Number > w.paused:
			continue
		case w.direction != 0 && r.Direction != w.direction, w.kind != 0 && r.Type != w.kind:
			continue
		case wanted != "" && !strings.Contains(strings.ToLower(r.Type.String()+" "+inWords(r.Meaning)), wanted) &&
			!bytes.Contains(bytes.ToLower(r.Bytes), []byte(wanted)):
			continue
		}
		all++
		if len(shown) < w.rows {
			shown = append(shown, r)
		}
	}
	return shown, all
}

// record returns the selected record, if it is still kept.
func (w *wireState) record() *wire.Record {
	for i := range w.log.Records() {
		if r := &w.log.Records()[i]; r.Number == w.selected {
			return r
		}
	}
	return nil
}

// selectRecord shows a record's fields and bytes.
func (p *Panel) selectRecord(number int) {
	p.update(func() { p.wire.selected, p.wire.from, p.wire.to = number, 0, 0 })
}

// mark marks bytes of the selected record.
func (p *Panel) mark(from, to int) { p.update(func() { p.wire.from, p.wire.to = from, to }) }

// markByte marks the smallest field that a byte belongs to.
func (p *Panel) markByte(at int) {
	p.update(func() {
		r := p.wire.record()
		if r == nil {
			return
		}
		fields, err := wire.Dissect(r.Bytes)
		if err != nil {
			return // the hex stays without its fields, and the view says why
		}
		p.wire.from, p.wire.to = smallest(fields, at, 0, len(r.Bytes))
	})
}

func smallest(fields []wire.Field, at, from, to int) (int, int) {
	for _, f := range fields {
		if f.From <= at && at < f.To {
			return smallest(f.Fields, at, f.From, f.To)
		}
	}
	return from, to
}

// exportWire gives the person the whole log as a file.
func (p *Panel) exportWire(name, mediaType string, write func(io.Writer, []wire.Record) error) {
	var b bytes.Buffer
	p.mu.Lock()
	err := write(&b, p.wire.log.Records())
	p.mu.Unlock()
	if err != nil {
		p.fail("wire", err)
		return
	}
	p.env.Save(name+time.Now().UTC().Format("-20060102-150405")+map[string]string{"wire": ".pcapng", "wire-log": ".jsonl"}[name], mediaType, b.Bytes())
}
