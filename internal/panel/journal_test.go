package panel

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// fill adds n entries to the device's journal, each with its number as its summary.
func (pg *page) fill(n int) {
	pg.update(func() {
		for range n {
			pg.deviceLog.add(pg.now(), entrySent, "Telemetry", fmt.Sprint("number ", pg.deviceLog.next), "")
		}
	})
}

// rows are the summaries of the drawn rows of the device's journal, and the heights of what stands for the others.
func (pg *page) rows() (summaries, heights []string) {
	walk(pg.find("device-log"), func(n *Node) bool {
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

// scroll moves the window on the device's journal.
func (pg *page) scroll(top float64) {
	pg.update(func() { pg.deviceLog.scrolled(top, 320) })
}

func TestAJournalDrawsOnlyItsWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		pg.fill(5000)
		rows, heights := pg.rows()
		require.Less(t, len(rows), 40)
		require.Equal(t, "number 4999", rows[0], "the newest is first")
		require.Equal(t, []string{"0", fmt.Sprint((5000 - len(rows)) * rowHeight)}, heights)

		pg.scroll(1000 * rowHeight)
		rows, heights = pg.rows()
		require.Contains(t, rows, "number 3999", "row 1,000 is the first of the window")
		require.Contains(t, rows, "number 3990")
		require.Equal(t, fmt.Sprint((1000-overscan)*rowHeight), heights[0])
	})
}

func TestAJournalHoldsStillWhileItIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		pg.fill(500)
		pg.scroll(100 * rowHeight)
		before, heights := pg.rows()
		pg.fill(37)
		after, heightsAfter := pg.rows()
		require.Equal(t, before, after)
		require.Equal(t, heights, heightsAfter)
		require.Equal(t, "Show 37 newer entries", pg.read("device-log-newer"))

		pg.click("device-log-newer")
		rows, _ := pg.rows()
		require.Equal(t, "number 536", rows[0])
		require.False(t, pg.has("device-log-newer"))
	})
}

func TestAJournalIsFiltered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		pg.fill(200)
		pg.update(func() { pg.deviceLog.add(pg.now(), entryError, "Refused", "the key is wrong", "in detail") })
		pg.typeIn("device-log-filter", "NUMBER 19")
		rows, _ := pg.rows()
		require.Len(t, rows, 11, "19 and 190 to 199")
		pg.fill(1) // number 201: 200 is the refusal
		rows, _ = pg.rows()
		require.Len(t, rows, 11)

		pg.typeIn("device-log-filter", "")
		pg.fire("device-log-kind", "change", Event{Value: string(entryError)})
		rows, _ = pg.rows()
		require.Equal(t, []string{"the key is wrong"}, rows)

		pg.typeIn("device-log-filter", "no such thing")
		require.True(t, pg.has("device-log-none"))
	})
}

func TestTheJournalIsBoundedInBytes(t *testing.T) {
	var j journal
	detail := strings.Repeat("x", 1<<20)
	for range 100 {
		j.add(time.Now(), entrySent, "Telemetry", "", detail)
	}
	require.LessOrEqual(t, j.bytes, journalBytes)
	require.Equal(t, 100, len(j.entries)+j.dropped)
	j.clear()
	require.Zero(t, j.bytes)
	require.Zero(t, j.dropped)
}
