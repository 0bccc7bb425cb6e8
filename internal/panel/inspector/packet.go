package inspector

import "github.com/hubpanel/hubpanel/internal/wire"

// record returns the selected record, if it is still kept.
func (w *state) record() *wire.Record {
	records := w.log.Records()
	if len(records) == 0 || w.selected < records[0].Number || w.selected-records[0].Number >= len(records) {
		return nil
	}
	return &records[w.selected-records[0].Number] // their numbers are in a row
}

// selectRecord shows a record's fields and bytes.
func (room *Room) selectRecord(number int) {
	room.Update(func() { room.state.selected, room.state.from, room.state.to = number, 0, 0 })
}

// mark marks bytes of the selected record.
func (room *Room) mark(from, to int) {
	room.Update(func() { room.state.from, room.state.to = from, to })
}

// markByte marks the smallest field that a byte belongs to.
func (room *Room) markByte(at int) {
	room.Update(func() {
		r := room.state.record()
		if r == nil {
			return
		}
		fields, err := wire.Dissect(r.Bytes)
		if err != nil {
			return // the view shows the error beside the bytes
		}
		room.state.from, room.state.to = smallest(fields, at, 0, len(r.Bytes))
	})
}

// smallest returns the range of the smallest field that a byte belongs to; from and to are the range around the fields.
func smallest(fields []wire.Field, at, from, to int) (int, int) {
	for _, f := range fields {
		if f.From <= at && at < f.To {
			return smallest(f.Fields, at, f.From, f.To)
		}
	}
	return from, to
}
