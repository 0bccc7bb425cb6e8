package page

import (
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// A journal keeps at most journalLimit entries, and at most journalBytes of their text: 10,000 messages of 256 KB would
// fill the page's memory. Beyond either the oldest go, and the view says how many went.
const (
	journalLimit = 10_000
	journalBytes = 32 << 20
)

// EntryKind is what an entry is about.
type EntryKind string

const (
	Sent        EntryKind = "sent"     // from the device to the hub
	Received    EntryKind = "received" // from the hub to the device
	StateChange EntryKind = "state"    // of the connection
	Failure     EntryKind = "error"
)

// Entry is a line of a journal: what happened, when, and what became of it.
type Entry struct {
	id      int
	bytes   int // when it was added
	At      time.Time
	Kind    EntryKind
	What    l10n.Text // "Telemetry", "Direct method reboot"
	Summary l10n.Text // one line of it; may be nil
	Detail  l10n.Text // all of it, shown on demand; nil: the summary
	Outcome Outcome
	Note    l10n.Text // the outcome in words: "acknowledged in 12 ms"; may be nil
}

// size returns how much text an entry holds, in bytes of its English.
func (e *Entry) size() (n int) {
	for _, t := range []l10n.Text{e.What, e.Summary, e.Detail} {
		if t != nil {
			n += len(t.Error())
		}
	}
	return n
}

// Outcome is the result of what an entry is about; the empty one is of entries that have none.
type Outcome string

const (
	Pending Outcome = "pending"
	Done    Outcome = "done"
	Failed  Outcome = "failed"
)

// Journal is a bounded list of entries, oldest first, and what of it is looked at.
type Journal struct {
	Entries  []*Entry
	next     int
	Dropped  int
	bytes    int
	Received int // how many entries of entryReceived there ever were

	query     ui.Field
	words     func(l10n.Text) string // the texts as the filter searches them
	kind      EntryKind              // "" is every kind
	matching  []*Entry               // those of entries that match query and kind, kept up to date; nil while there is no filter
	top       float64                // where the window on the list begins, in CSS pixels
	height    float64                // how high it is; 0 before the browser has told
	held      bool                   // somebody reads further down: what is newer than holdID waits above
	holdID    int
	scrollRev int    // counts the times that the list was taken back to its top
	takeFocus bool   // the list that goes back to its top takes the focus of the button that is gone
	selected  *Entry // whose detail is shown
}

// Add returns the new entry, whose outcome its caller may set later, under the page's lock. summary and detail may be nil.
func (j *Journal) Add(at time.Time, kind EntryKind, what, summary, detail l10n.Text) *Entry {
	e := &Entry{id: j.next, At: at, Kind: kind, What: what, Summary: summary, Detail: detail}
	e.bytes = e.size()
	j.next++
	if kind == Received {
		j.Received++
	}
	j.Entries = append(j.Entries, e)
	j.bytes += e.bytes
	if j.filtered() && j.matches(e) {
		j.matching = append(j.matching, e)
	}
	for len(j.Entries) > journalLimit || j.bytes > journalBytes && len(j.Entries) > 1 {
		j.dropOldest()
	}
	return e
}

func (j *Journal) dropOldest() {
	e := j.Entries[0]
	j.Entries[0] = nil // the array behind the slice must not keep it
	j.Entries = j.Entries[1:]
	j.bytes -= e.bytes
	j.Dropped++
	if len(j.matching) > 0 && j.matching[0] == e {
		j.matching[0] = nil
		j.matching = j.matching[1:]
	}
}

// Clear forgets the entries, and keeps the filter.
func (j *Journal) Clear() {
	*j = Journal{next: j.next, Received: j.Received, query: j.query, kind: j.kind, words: j.words, scrollRev: j.scrollRev}
}

func (j *Journal) filtered() bool { return j.kind != "" || strings.TrimSpace(j.query.Text) != "" }

// matches says whether the filter lets an entry through: its kind, and its text without regard to case. The outcome is
// no part of it: it comes later, and the list would have to be searched again.
func (j *Journal) matches(e *Entry) bool {
	if j.kind != "" && j.kind != e.Kind {
		return false
	}
	query := strings.ToLower(strings.TrimSpace(j.query.Text))
	if query == "" {
		return true
	}
	for _, t := range []l10n.Text{e.What, e.Summary, e.Detail} {
		if strings.Contains(strings.ToLower(j.words(t)), query) {
			return true
		}
	}
	return false
}

// filter looks for a text, in the words of the page's language, and a kind, and begins at the newest entry again.
func (j *Journal) filter(query string, kind EntryKind, words func(l10n.Text) string) {
	j.query.Text, j.kind, j.words = query, kind, words
	j.matching = nil
	if j.filtered() {
		for _, e := range j.Entries {
			if j.matches(e) {
				j.matching = append(j.matching, e)
			}
		}
	}
	j.toTop()
}

// toTop goes back to the newest entry.
func (j *Journal) toTop() {
	j.top, j.held, j.selected = 0, false, nil
	j.scrollRev++
}

// scrolled follows the window on the list. Away from the top, the list holds still for whoever reads it.
func (j *Journal) scrolled(top, height float64) {
	j.top, j.height, j.takeFocus = top, height, false
	switch {
	case top < rowHeight/2:
		j.held = false
	case !j.held:
		j.held, j.holdID = true, j.next
	}
}

// shown are the entries of the list, oldest first, and how many newer ones wait while it holds still.
func (j *Journal) shown() (list []*Entry, waiting int) {
	list = j.Entries
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

// Every row of a closed journal is this high, in CSS pixels (shell.css has the same number), so that what is in the window is
// known without measuring. overscan rows more are drawn on either side, for a wheel that turns between two frames.
const (
	rowHeight     = 32
	overscan      = 8
	windowAtFirst = 340 // what the style sheet gives the list at most
)

// window is which rows of n are drawn, counted from the newest.
func (j *Journal) window(n int) (from, to int) {
	height := j.height
	if height <= 0 {
		height = windowAtFirst
	}
	from = int(j.top)/rowHeight - overscan
	to = int(j.top+height)/rowHeight + 1 + overscan
	to = min(max(to, 0), n)
	return min(max(from, 0), to), to
}
