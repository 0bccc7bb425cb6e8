package page

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
)

// shownJournal is a journal with its card, as a person reads it.
type shownJournal struct {
	*Page
	t *testing.T
}

func openJournal(t *testing.T) *shownJournal {
	p := New(Env{Changed: func() {}, Fatal: func(sentence, detail string) { t.Error(sentence, detail) }, Location: time.UTC})
	t.Cleanup(p.Close)
	return &shownJournal{p, t}
}

func (j *shownJournal) card() *ui.Node {
	return j.JournalCard(&j.DeviceLog, "log", "Log", "Nothing yet.")
}

// fill adds n entries, each with its number as its summary.
func (j *shownJournal) fill(n int) {
	for range n {
		j.DeviceLog.Add(j.Now(), Sent, l10n.Verbatim("Telemetry"), l10n.Verbatim(fmt.Sprint("number ", j.DeviceLog.next)), nil)
	}
}

// rows are the summaries of the drawn rows, and the heights of the spacers.
func (j *shownJournal) drawnRows() (summaries, heights []string) {
	uitest.Walk(j.card(), func(n *ui.Node) bool {
		class, _ := n.Attr("class")
		switch {
		case n.Tag == "svg":
			height, _ := n.Attr("height")
			heights = append(heights, height)
		case class == "summary":
			summaries = append(summaries, n.Text)
		}
		return false
	})
	return summaries, heights
}

// fire does what an event on the element does.
func (j *shownJournal) fire(id, event string, e ui.Event) {
	j.t.Helper()
	for _, l := range uitest.Find(j.t, j.card(), id).Events {
		if l.Event == event {
			j.Handle(l.Do, e)
			synctest.Wait()
			return
		}
	}
	j.t.Fatalf("%s has no listener for %s", id, event)
}

func TestAJournalDrawsOnlyItsWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := openJournal(t)
		j.fill(5000)
		rows, heights := j.drawnRows()
		require.Less(t, len(rows), 40)
		require.Equal(t, "number 4999", rows[0], "the newest is first")
		require.Equal(t, []string{"0", fmt.Sprint((5000 - len(rows)) * rowHeight)}, heights)

		j.DeviceLog.scrolled(1000*rowHeight, 320)
		rows, heights = j.drawnRows()
		require.Contains(t, rows, "number 3999", "row 1,000 is the first of the window")
		require.Contains(t, rows, "number 3990")
		require.Equal(t, fmt.Sprint((1000-overscan)*rowHeight), heights[0])
	})
}

func TestAJournalHoldsStillWhileItIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := openJournal(t)
		j.fill(500)
		j.DeviceLog.scrolled(100*rowHeight, 320)
		before, heights := j.drawnRows()
		j.fill(37)
		after, heightsAfter := j.drawnRows()
		require.Equal(t, before, after)
		require.Equal(t, heights, heightsAfter)
		require.Equal(t, "Show 37 newer entries", uitest.Text(uitest.Find(t, j.card(), "log-newer")))

		j.fire("log-newer", "click", ui.Event{})
		rows, _ := j.drawnRows()
		require.Equal(t, "number 536", rows[0])
		require.Empty(t, uitest.All(j.card(), "log-newer"))
	})
}

func TestAJournalIsFiltered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := openJournal(t)
		j.fill(200)
		j.DeviceLog.Add(j.Now(), Failure, l10n.Verbatim("Refused"), l10n.Verbatim("the key is wrong"), l10n.Verbatim("in detail"))
		j.fire("log-filter", "input", ui.Event{Value: "NUMBER 19"})
		rows, _ := j.drawnRows()
		require.Len(t, rows, 11, "19 and 190 to 199")
		j.fill(1) // number 201: 200 is the refusal
		rows, _ = j.drawnRows()
		require.Len(t, rows, 11)

		j.fire("log-filter", "input", ui.Event{Value: ""})
		j.fire("log-kind", "change", ui.Event{Value: string(Failure)})
		rows, _ = j.drawnRows()
		require.Equal(t, []string{"the key is wrong"}, rows)

		j.fire("log-filter", "input", ui.Event{Value: "no such thing"})
		require.NotEmpty(t, uitest.All(j.card(), "log-none"))
	})
}

func TestTheJournalIsBoundedInBytes(t *testing.T) {
	var j Journal
	detail := l10n.Verbatim(strings.Repeat("x", 1<<20))
	for range 100 {
		j.Add(time.Now(), Sent, l10n.Verbatim("Telemetry"), nil, detail)
	}
	require.LessOrEqual(t, j.bytes, journalBytes)
	require.Equal(t, 100, len(j.Entries)+j.Dropped)
	j.Clear()
	require.Zero(t, j.bytes)
	require.Zero(t, j.Dropped)
}
