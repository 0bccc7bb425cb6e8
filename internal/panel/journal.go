package panel

import (
	"strings"
	"time"
)

// A journal keeps at most journalLimit entries, and at most journalBytes of their text: 10,000 messages of 256 KB would
// fill the page's memory. Beyond either the oldest go, and the view says how many went.
const (
	journalLimit = 10_000
	journalBytes = 32 << 20
)

type entryKind string

const (
	entrySent     entryKind = "sent"     // from the device to the hub
	entryReceived entryKind = "received" // from the hub to the device
	entryState    entryKind = "state"    // of the connection
	entryError    entryKind = "error"
)

// entry is a line of a journal: what happened, when, and what became of it.
type entry struct {
	id      int
	at      time.Time
	kind    entryKind
	what    string // "Telemetry", "Direct method reboot"
	summary string // one line of it
	detail  string // all of it, shown on demand
	outcome outcome
	note    string // the outcome in words: "acknowledged in 12 ms"
}

// size is how much text an entry has kept since it was added, in bytes.
func (e *entry) size() int { return len(e.what) + len(e.summary) + len(e.detail) }

type outcome string

const (
	pending outcome = "pending"
	done    outcome = "done"
	failed  outcome = "failed"
)

// journal is a bounded list of entries, oldest first, and what of it is looked at.
type journal struct {
	entries  []*entry
	next     int
	dropped  int
	bytes    int
	received int // how many entries of entryReceived there ever were

	query     field
	kind      entryKind // "" is every kind
	matching  []*entry  // those of entries that match query and kind, kept up to date; nil while there is no filter
	top       float64   // where the window on the list begins, in CSS pixels
	height    float64   // how high it is; 0 before the browser has told
	held      bool      // somebody reads further down: what is newer than holdID waits above
	holdID    int
	scrollRev int    // counts the times that the list was taken back to its top
	takeFocus bool   // the list that goes back to its top takes the focus of the button that is gone
	selected  *entry // whose detail is shown
}

// add returns the new entry, whose outcome its caller may set later, under the panel's lock.
func (j *journal) add(at time.Time, kind entryKind, what, summary, detail string) *entry {
	e := &entry{id: j.next, at: at, kind: kind, what: what, summary: summary, detail: detail}
	j.next++
	if kind == entryReceived {
		j.received++
	}
	j.entries = append(j.entries, e)
	j.bytes += e.size()
	if j.filtered() && j.matches(e) {
		j.matching = append(j.matching, e)
	}
	for len(j.entries) > journalLimit || j.bytes > journalBytes && len(j.entries) > 1 {
		j.dropOldest()
	}
	return e
}

func (j *journal) dropOldest() {
	e := j.entries[0]
	j.entries[0] = nil // the array behind the slice must not keep it
	j.entries = j.entries[1:]
	j.bytes -= e.size()
	j.dropped++
	if len(j.matching) > 0 && j.matching[0] == e {
		j.matching[0] = nil
		j.matching = j.matching[1:]
	}
}

// clear forgets the entries, and keeps the filter.
func (j *journal) clear() {
	*j = journal{next: j.next, received: j.received, query: j.query, kind: j.kind, scrollRev: j.scrollRev}
}

func (j *journal) filtered() bool { return j.kind != "" || strings.TrimSpace(j.query.text) != "" }

// matches says whether the filter lets an entry through: its kind, and its text without regard to case. The outcome is
// no part of it: it comes later, and the list would have to be searched again.
func (j *journal) matches(e *entry) bool {
	if j.kind != "" && j.kind != e.kind {
		return false
	}
	query := strings.ToLower(strings.TrimSpace(j.query.text))
	for _, s := range []string{e.what, e.summary, e.detail} {
		if strings.Contains(strings.ToLower(s), query) {
			return true
		}
	}
	return false
}

// filter looks for a text and a kind, and begins at the newest entry again.
func (j *journal) filter(query string, kind entryKind) {
	j.query.text, j.kind = query, kind
	j.matching = nil
	if j.filtered() {
		for _, e := range j.entries {
			if j.matches(e) {
				j.matching = append(j.matching, e)
			}
		}
	}
	j.toTop()
}

// toTop goes back to the newest entry.
func (j *journal) toTop() {
	j.top, j.held, j.selected = 0, false, nil
	j.scrollRev++
}

// scrolled follows the window on the list. Away from the top, the list holds still for whoever reads it.
func (j *journal) scrolled(top, height float64) {
	j.top, j.height, j.takeFocus = top, height, false
	switch {
	case top < rowHeight/2:
		j.held = false
	case !j.held:
		j.held, j.holdID = true, j.next
	}
}

// shown are the entries of the list, oldest first, and how many newer ones wait while it holds still.
func (j *journal) shown() (list []*entry, waiting int) {
	list = j.entries
	if j.filtered() {
		list = j.matching
	}
	if j.held {
		for n := len(list); n > 0 && list[n-1].id >= j.holdID; n-- {
			waiting++
		}
		list = list[:len(list)-waiting]
	}
	return list, waiting
}

// Every row of a closed journal is this high, in CSS pixels (shell.css says so, too), so that what is in the window is
// known without measuring. overscan rows more are drawn on either side, for a wheel that turns between two frames.
const (
	rowHeight     = 32
	overscan      = 8
	windowAtFirst = 340 // what the style sheet gives the list at most
)

// window is which rows of n are drawn, counted from the newest.
func (j *journal) window(n int) (from, to int) {
	height := j.height
	if height <= 0 {
		height = windowAtFirst
	}
	from = int(j.top)/rowHeight - overscan
	to = int(j.top+height)/rowHeight + 1 + overscan
	to = min(max(to, 0), n)
	return min(max(from, 0), to), to
}
