package panel

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
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
	rush      rush
	hits      wireHits
	selected  int // the number of a record; 0: none
	from, to  int // the bytes of it that are marked
}

// wireRows is how many rows are drawn at first, and by how many more each time.
const wireRows = 100

// wireInWindow is how many of them fill the list's window.
const wireInWindow = 20

func newWireState() wireState { return wireState{rows: wireRows} }

// traced takes a packet to the log. It runs on the client's own goroutine.
func (p *Panel) traced(t hubclient.Traced) {
	direction := wire.Sent
	if t.Direction == hubclient.Received {
		direction = wire.Received
	}
	now := time.Now()
	p.updateSoon(func() {
		p.diagnosis.heard = now
		if err := p.wire.log.Add(now, direction, t.Message, t.Size, t.Packet); err != nil {
			p.failLocked("wire", l10n.New("the wire log could not keep a packet: %v", err))
		}
	})
}

// wireHits are the records that a filter lets through. A search through ten thousand packets takes longer than a frame, so each
// packet is looked at once.
type wireHits struct {
	search    string
	direction wire.Direction
	kind      mqttcodec.Type
	lang      catalog.Lang // of the meanings
	numbers   []int
	looked    int // the newest record that was looked at
}

// matching returns the newest records that the filters let through, newest first and at most as many as rows says, and how
// many there are in all.
func (w *wireState) matching(lang catalog.Lang, rows int) (shown []*wire.Record, all int) {
	records := w.log.Records()
	if len(records) == 0 {
		w.hits.numbers = nil
		return nil, 0
	}
	first := records[0].Number
	if w.paused > 0 {
		records = records[:min(max(w.paused-first+1, 0), len(records))]
	}
	search := strings.ToLower(strings.TrimSpace(w.search.text))
	if search == "" && w.direction == 0 && w.kind == 0 {
		for i := len(records) - 1; i >= max(len(records)-rows, 0); i-- {
			shown = append(shown, &records[i])
		}
		return shown, len(records)
	}
	f := &w.hits
	if f.search != search || f.direction != w.direction || f.kind != w.kind || f.lang != lang {
		*f = wireHits{search: search, direction: w.direction, kind: w.kind, lang: lang}
	}
	for _, r := range w.log.Records()[max(f.looked-first+1, 0):] {
		if f.matches(&r) {
			f.numbers = append(f.numbers, r.Number)
		}
		f.looked = r.Number
	}
	gone, _ := slices.BinarySearch(f.numbers, first)
	f.numbers = f.numbers[gone:]
	until, _ := slices.BinarySearch(f.numbers, first+len(records))
	for i := until - 1; i >= max(until-rows, 0); i-- {
		shown = append(shown, &records[f.numbers[i]-first])
	}
	return shown, until
}

func (f *wireHits) matches(r *wire.Record) bool {
	if f.direction != 0 && r.Direction != f.direction || f.kind != 0 && r.Type != f.kind {
		return false
	}
	return f.search == "" || strings.Contains(strings.ToLower(r.Type.String()+" "+f.lang.Message(r.Meaning)), f.search) ||
		bytes.Contains(bytes.ToLower(r.Bytes), []byte(f.search))
}

// record returns the selected record, if it is still kept.
func (w *wireState) record() *wire.Record {
	records := w.log.Records()
	if len(records) == 0 || w.selected < records[0].Number || w.selected-records[0].Number >= len(records) {
		return nil
	}
	return &records[w.selected-records[0].Number] // their numbers are in a row
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

// SavePcapng gives the person the packets as a file for Wireshark.
func (p *Panel) SavePcapng() { p.exportWire("wire", "application/octet-stream", wire.WritePcapng) }

// SaveWireLines gives the person the packets as JSON lines.
func (p *Panel) SaveWireLines() { p.exportWire("wire-log", "application/jsonl", wire.WriteJSONLines) }

// PauseWire keeps the list as it is while packets go on being logged, or goes on.
func (p *Panel) PauseWire(pause bool) {
	p.update(func() {
		p.wire.paused = 0
		if records := p.wire.log.Records(); pause && len(records) > 0 {
			p.wire.paused = records[len(records)-1].Number
		}
	})
}

// ClearWire forgets the packets.
func (p *Panel) ClearWire() {
	p.update(func() {
		w := &p.wire
		w.log.Clear()
		w.selected, w.paused, w.rows = 0, 0, wireRows
	})
}
