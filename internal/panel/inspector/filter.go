package inspector

import (
	"bytes"
	"slices"
	"strings"
	"sync"

	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/wire"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// filter is which packets a person wants to see.
type filter struct {
	search    ui.Field
	direction wire.Direction // 0: both
	kind      mqttcodec.Type // 0: all
}

// key is a filter, and the language in which it searches the meanings.
type key struct {
	search    string
	direction wire.Direction
	kind      mqttcodec.Type
	lang      catalog.Lang
}

func (f *filter) key(lang catalog.Lang) key {
	return key{strings.ToLower(strings.TrimSpace(f.search.Text)), f.direction, f.kind, lang}
}

// found holds the records that a filter lets through. A search through ten thousand packets takes longer than a frame, so each packet is
// searched once. It has a lock of its own, because views fill it.
type found struct {
	mu      sync.Mutex
	key     key
	numbers []int
	newest  int // the newest record that was searched
}

// in returns the numbers of those records that the filter lets through.
func (f *found) in(records []wire.Record, k key) []int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.key != k {
		f.key, f.numbers, f.newest = k, nil, 0
	}
	first := records[0].Number
	for i := max(f.newest-first+1, 0); i < len(records); i++ {
		if k.matches(&records[i]) {
			f.numbers = append(f.numbers, records[i].Number)
		}
		f.newest = records[i].Number
	}
	dropped, _ := slices.BinarySearch(f.numbers, first)
	f.numbers = f.numbers[dropped:]
	return f.numbers
}

func (k *key) matches(r *wire.Record) bool {
	if k.direction != 0 && r.Direction != k.direction || k.kind != 0 && r.Type != k.kind {
		return false
	}
	return k.search == "" || strings.Contains(strings.ToLower(r.Type.String()+" "+k.lang.Message(r.Meaning)), k.search) ||
		bytes.Contains(bytes.ToLower(r.Bytes), []byte(k.search))
}

// matching returns the newest records that the filter lets through, newest first and at most as many as rows, and how many there are in
// all.
func (w *state) matching(lang catalog.Lang, rows int) (shown []*wire.Record, all int) {
	records := w.log.Records()
	if len(records) == 0 {
		return nil, 0
	}
	first, end := records[0].Number, len(records)
	if w.paused > 0 {
		end = min(max(w.paused-first+1, 0), end)
	}
	k := w.filter.key(lang)
	if k == (key{lang: lang}) {
		for i := end - 1; i >= max(end-rows, 0); i-- {
			shown = append(shown, &records[i])
		}
		return shown, end
	}
	numbers := w.found.in(records, k)
	all, _ = slices.BinarySearch(numbers, first+end)
	for i := all - 1; i >= max(all-rows, 0); i-- {
		shown = append(shown, &records[numbers[i]-first])
	}
	return shown, all
}
