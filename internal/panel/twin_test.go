package panel

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
)

// twinPage is a page whose cloud side has asked for these desired properties.
func twinPage(t *testing.T, desired string) *person {
	pg := openPage(t, "view=twin")
	pg.connect()
	pg.typeIn("desired-patch", desired)
	pg.click("desired-update")
	return pg
}

// row is the text of a property's row, and its state.
func (pg *person) row(name string) (text, state string) {
	pg.t.Helper()
	for _, n := range pg.all("twin-row") {
		if title, _ := n.Children[0].Attr("title"); title == name {
			state, _ = n.Attr("data-state")
			return uitest.Text(n), state
		}
	}
	require.Fail(pg.t, "no row", name)
	return "", ""
}

func TestDesiredBesideReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := twinPage(t, `{"interval": 5, "net": {"mtu": 1500}}`)
		pg.typeIn("twin-patch", `{"interval": 5.0, "net": {"mtu": 900}, "battery": 60}`)
		pg.click("twin-report")
		for name, want := range map[string]string{"interval": "same", "net.mtu": "differs", "battery": "reported"} {
			_, state := pg.row(name)
			require.Equal(t, want, state, name)
		}
		text, _ := pg.row("interval")
		require.Contains(t, text, "new", "it has just arrived")
		pg.typeIn("desired-patch", `{"mode": "eco"}`)
		pg.click("desired-update")
		text, _ = pg.row("interval")
		require.NotContains(t, text, "new")
		text, state := pg.row("mode")
		require.Contains(t, text, "new")
		require.Equal(t, "desired", state)
		uitest.Valid(t, pg.View())
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
		var text []string
		for _, n := range pg.all("twin-change") {
			text = append(text, n.Text)
		}
		require.Equal(t, []string{
			"changes battery from 60 to 61", `adds fan = {"on":true}`, `deletes old, which is "x"`, "would delete olt, which is not there",
		}, text)
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
		reported := pg.reported()
		require.Equal(t, `{"ac":203,"av":2,"value":5}`, jsontext.Compact(reported["interval"]))
		text, state := pg.row("interval")
		require.Equal(t, "same", state)
		require.Contains(t, text, "acknowledged: ac 203, av 2")

		pg.typeIn("twin-ack-code", "200")
		pg.typeIn("twin-ack-text", "done")
		require.Equal(t, "Acknowledge all (3)", pg.read("twin-ack-all"))
		pg.click("twin-ack-all")
		reported = pg.reported()
		require.Equal(t, `{"ac":200,"ad":"done","av":2,"value":{"from":1,"to":2}}`, jsontext.Compact(reported["window"]), "what was there before is gone")
		require.Equal(t, `{"__t":"c","range":{"ac":200,"ad":"done","av":2,"value":{"min":3}},"target":{"ac":200,"ad":"done","av":2,"value":21.50}}`,
			jsontext.Compact(reported["thermostat"]))
		require.Equal(t, "Acknowledge all (0)", pg.read("twin-ack-all"))
		pg.click("twin-read")
		require.Equal(t, jsontext.Document(reported), pg.read("twin-reported"), "the hub has it as the page has")
		require.Contains(t, pg.read("cloud-twin"), `"av": 2`)

		pg.typeIn("twin-ack-code", "fine")
		pg.click("twin-ack-interval")
		require.Contains(t, pg.read("notice"), "whole number")
	})
}
