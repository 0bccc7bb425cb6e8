package panel

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

func TestDocumentsAreCompared(t *testing.T) {
	before := parseDocument([]byte(`{"a": 1, "b": {"x": [1, 2], "y": "s"}, "gone": true, "big": 4503599627370495}`))
	after := parseDocument([]byte(`{"a": 1.0, "b": {"x": [1, 3], "y": "s"}, "new": {"z": 0}, "big": 4503599627370494}`))
	var got []string
	for _, c := range changesOf(before, after) {
		got = append(got, string(c.kind)+" "+c.path+" "+compactValue(c.before)+" "+compactValue(c.after))
	}
	require.Equal(t, []string{
		"changed b.x [1,2] [1,3]", "changed big 4503599627370495 4503599627370494", "deleted gone true null", `added new null {"z":0}`,
	}, got)
	patch := patchTo(before, after).(map[string]any)
	require.Equal(t, document(after), document(hubproto.MergePatch(before, patch)), "the patch leads there")
	require.Equal(t, []string{"b.no", "c.d"}, idleNulls(before, parseDocument([]byte(`{"gone": null, "b": {"no": null}, "c": {"d": null}}`))))
}

// twinPage is a page whose cloud side has asked for these desired properties.
func twinPage(t *testing.T, desired string) *page {
	pg := openPage(t, "view=twin")
	pg.connect()
	pg.typeIn("desired-patch", desired)
	pg.click("desired-update")
	return pg
}

// row is the text of a property's row, and its state.
func (pg *page) row(name string) (said, state string) {
	pg.t.Helper()
	for _, n := range pg.all("twin-row") {
		if title, _ := n.Children[0].Attr("title"); title == name {
			state, _ = n.Attr("data-state")
			return textOf(n), state
		}
	}
	require.Fail(pg.t, "no row", name)
	return "", ""
}

func TestDesiredStandsBesideReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := twinPage(t, `{"interval": 5, "net": {"mtu": 1500}}`)
		pg.typeIn("twin-patch", `{"interval": 5.0, "net": {"mtu": 900}, "battery": 60}`)
		pg.click("twin-report")
		for name, want := range map[string]string{"interval": "same", "net.mtu": "differs", "battery": "reported"} {
			_, state := pg.row(name)
			require.Equal(t, want, state, name)
		}
		said, _ := pg.row("interval")
		require.Contains(t, said, "new", "it has just arrived")
		pg.typeIn("desired-patch", `{"mode": "eco"}`)
		pg.click("desired-update")
		said, _ = pg.row("interval")
		require.NotContains(t, said, "new")
		said, state := pg.row("mode")
		require.Contains(t, said, "new")
		require.Equal(t, "desired", state)
		valid(t, pg.View())
	})
}

func TestThePatchIsPreviewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=twin")
		require.Contains(t, pg.read("twin-preview"), "Once the twin is read")
		pg.connect()
		pg.typeIn("twin-patch", `{"battery": 60, "old": "x"}`)
		pg.click("twin-report")

		pg.typeIn("twin-patch", `{"battery": 61, "old": null, "olt": null, "fan": {"on": true}}`)
		var said []string
		for _, n := range pg.all("twin-change") {
			said = append(said, n.Text)
		}
		require.Equal(t, []string{
			"changes battery from 60 to 61", `adds fan = {"on":true}`, `deletes old, which is "x"`, "would delete olt, which is not there",
		}, said)
		require.Contains(t, pg.read("twin-after"), `"battery": 61`)
		require.Contains(t, pg.read("twin-reported"), `"battery": 60`, "nothing was sent yet")

		pg.typeIn("twin-patch", `{"list": [null]}`)
		require.Contains(t, pg.read("twin-preview"), "null inside an array")
		pg.typeIn("twin-patch", `{"battery": 60}`)
		require.Contains(t, pg.read("twin-preview"), "Nothing changes")
	})
}

func TestDesiredPropertiesAreAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := twinPage(t, `{"interval": 5, "window": {"from": 1, "to": 2}, "thermostat": {"__t": "c", "target": 21.50, "range": {"min": 3}}}`)
		pg.typeIn("twin-patch", `{"window": {"from": 0, "stale": 1}}`)
		pg.click("twin-report")
		require.Equal(t, "Acknowledge all (4)", pg.read("twin-ack-all"))

		pg.typeIn("twin-ack-code", "203")
		pg.typeIn("twin-ack-text", "")
		pg.click("twin-ack-interval")
		reported := pg.twin.reported
		require.Equal(t, `{"ac":203,"av":2,"value":5}`, compactValue(reported["interval"]))
		said, state := pg.row("interval")
		require.Equal(t, "same", state)
		require.Contains(t, said, "acknowledged: ac 203, av 2")

		pg.typeIn("twin-ack-code", "200")
		pg.typeIn("twin-ack-text", "done")
		require.Equal(t, "Acknowledge all (3)", pg.read("twin-ack-all"))
		pg.click("twin-ack-all")
		reported = pg.twin.reported
		require.Equal(t, `{"ac":200,"ad":"done","av":2,"value":{"from":1,"to":2}}`, compactValue(reported["window"]), "what was there before is gone")
		require.Equal(t, `{"__t":"c","range":{"ac":200,"ad":"done","av":2,"value":{"min":3}},"target":{"ac":200,"ad":"done","av":2,"value":21.50}}`,
			compactValue(reported["thermostat"]))
		require.Equal(t, "Acknowledge all (0)", pg.read("twin-ack-all"))
		pg.click("twin-read")
		require.Equal(t, document(reported), pg.read("twin-reported"), "the hub has it as the page has")
		require.Contains(t, pg.read("cloud-twin"), `"av": 2`)

		pg.typeIn("twin-ack-code", "fine")
		pg.click("twin-ack-interval")
		require.Contains(t, pg.read("notice"), "whole number")
	})
}
