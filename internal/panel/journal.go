package panel

import "time"

// journalLimit is how many entries a journal keeps. Beyond it the oldest go, and the view says how many went.
const journalLimit = 300

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

type outcome string

const (
	pending outcome = "pending"
	done    outcome = "done"
	failed  outcome = "failed"
)

// journal is a bounded list of entries, oldest first.
type journal struct {
	entries []*entry
	next    int
	dropped int
}

// add returns the new entry, whose outcome its caller may set later, under the panel's lock.
func (j *journal) add(at time.Time, kind entryKind, what, summary, detail string) *entry {
	e := &entry{id: j.next, at: at, kind: kind, what: what, summary: summary, detail: detail}
	j.next++
	j.entries = append(j.entries, e)
	if extra := len(j.entries) - journalLimit; extra > 0 {
		j.entries = append([]*entry(nil), j.entries[extra:]...)
		j.dropped += extra
	}
	return e
}

func (j *journal) clear() { j.entries, j.dropped = nil, 0 }
