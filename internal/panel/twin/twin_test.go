package twin

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/panel/page/pagetest"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// testRoom is the room of a device of an emulator's.
type testRoom struct {
	*Room
	*pagetest.Person
	t         *testing.T
	hub       *emulator.Hub
	info      hubservice.Info
	client    *hubclient.Client
	refreshed int
}

func open(t *testing.T) *testRoom {
	t.Helper()
	hub := new(emulator.Hub)
	info, err := hubservice.OpenInPage(t.Context(), hub)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, hub.Close()) })
	room := New(pagetest.Open(t, page.TopicTwin))
	pg := &testRoom{Room: room, Person: pagetest.Use(t, room.Page, room, room.Card), t: t, hub: hub, info: info}
	room.Links = Links{
		Running:    func() bool { return pg.client != nil },
		LiveClient: func() *hubclient.Client { return pg.client },
		Client: func() (*hubclient.Client, error) {
			room.Lock()
			defer room.Unlock()
			if pg.client == nil {
				return nil, l10n.New("the device is not connected. Connect it first")
			}
			return pg.client, nil
		},
		RefreshCloud: func(context.Context) { pg.Update(func() { pg.refreshed++ }) },
	}
	return pg
}

// connect connects the hub's demo device as the page's connection does, and reads its twin.
func (pg *testRoom) connect() {
	pg.t.Helper()
	credentials, err := hubclient.ParseConnectionString(pg.info.DeviceConnectionString)
	require.NoError(pg.t, err)
	client, err := hubclient.New(credentials, &hubclient.Options{Dial: pg.hub.Dial, OnDesired: pg.Desired, OnState: func(s hubclient.State) {
		pg.Update(func() {
			if s.Phase == hubclient.Connected {
				pg.Connected()
			}
		})
	}})
	require.NoError(pg.t, err)
	pg.Update(func() { pg.client = client; pg.Connecting() })
	pg.Go("the connection", func(ctx context.Context) {
		_ = client.Run(ctx)
		pg.Update(func() { pg.client = nil })
	})
	synctest.Wait()
}

// report types a patch and reports it.
func (pg *testRoom) report(patch string) {
	pg.t.Helper()
	pg.Type("twin-patch", patch)
	n := pg.View()
	uitest.Walk(n, func(n *ui.Node) bool {
		if n.Tag == "form" {
			pg.Handle(n.Events[0].Do, ui.Event{})
		}
		return false
	})
	synctest.Wait()
}

// row returns the texts of a property's row, and its state.
func (pg *testRoom) row(name string) (text, state string) {
	pg.t.Helper()
	for _, n := range pg.All("twin-row") {
		if title, _ := n.Children[0].Attr("title"); title == name {
			state, _ = n.Attr("data-state")
			return uitest.Text(n), state
		}
	}
	require.Fail(pg.t, "no row", name)
	return "", ""
}

// desire is a change of the desired properties that arrives.
func (pg *testRoom) desire(version int64, patch string) {
	pg.Desired(pg.t.Context(), hubclient.Desired{Patch: json.RawMessage(patch), Version: version})
}

func TestDesiredBesideReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		pg.connect()
		pg.desire(2, `{"interval": 5, "net": {"mtu": 1500}}`)
		pg.report(`{"interval": 5.0, "net": {"mtu": 900}, "battery": 60}`)
		require.Equal(t, 1, pg.refreshed)
		for name, want := range map[string]string{"interval": "same", "net.mtu": "differs", "battery": "reported"} {
			_, state := pg.row(name)
			require.Equal(t, want, state, name)
		}
		text, _ := pg.row("interval")
		require.Contains(t, text, "new", "it has just arrived")
		pg.desire(3, `{"mode": "eco"}`)
		text, _ = pg.row("interval")
		require.NotContains(t, text, "new")
		text, state := pg.row("mode")
		require.Contains(t, text, "new")
		require.Equal(t, "desired", state)
		require.Equal(t, page.Traffic{Sent: 1, Received: 2}, pg.Traffic)
	})
}

func TestThePatchIsPreviewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		require.Contains(t, pg.Text("twin-preview"), "Once the twin is read")
		pg.connect()
		pg.report(`{"battery": 60, "old": "x"}`)

		pg.Type("twin-patch", `{"battery": 61, "old": null, "olt": null, "fan": {"on": true}}`)
		var lines []string
		for _, n := range pg.All("twin-change") {
			lines = append(lines, n.Text)
		}
		require.Equal(t, []string{
			"changes battery from 60 to 61", `adds fan = {"on":true}`, `deletes old, which is "x"`, "would delete olt, which is not there",
		}, lines)
		require.Contains(t, pg.Text("twin-after"), `"battery": 61`)
		require.Contains(t, pg.Text("twin-reported"), `"battery": 60`, "nothing was sent yet")

		pg.Type("twin-patch", `{"list": [null]}`)
		require.Contains(t, pg.Text("twin-preview"), "null inside an array")
		pg.Type("twin-patch", `{"battery": 60}`)
		require.Contains(t, pg.Text("twin-preview"), "Nothing changes")
	})
}

func TestDesiredPropertiesAreAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		pg.connect()
		pg.desire(2, `{"interval": 5, "window": {"from": 1, "to": 2}, "thermostat": {"__t": "c", "target": 21.50, "range": {"min": 3}}}`)
		pg.report(`{"window": {"from": 0, "stale": 1}}`)
		require.Equal(t, "Acknowledge all (4)", pg.Text("twin-ack-all"))

		pg.Type("twin-ack-code", "203")
		pg.Type("twin-ack-text", "")
		pg.Click("twin-ack-interval")
		reported := func(name string) string { return jsontext.Compact(pg.ReportedDocument()[name]) }
		require.Equal(t, `{"ac":203,"av":2,"value":5}`, reported("interval"))
		text, state := pg.row("interval")
		require.Equal(t, "same", state)
		require.Contains(t, text, "acknowledged: ac 203, av 2")

		pg.Type("twin-ack-code", "200")
		pg.Type("twin-ack-text", "done")
		require.Equal(t, "Acknowledge all (3)", pg.Text("twin-ack-all"))
		pg.Click("twin-ack-all")
		require.Equal(t, `{"ac":200,"ad":"done","av":2,"value":{"from":1,"to":2}}`, reported("window"), "the value of before is gone")
		require.Equal(t, `{"__t":"c","range":{"ac":200,"ad":"done","av":2,"value":{"min":3}},"target":{"ac":200,"ad":"done","av":2,"value":21.50}}`,
			reported("thermostat"))
		require.Equal(t, "Acknowledge all (0)", pg.Text("twin-ack-all"))
		before := pg.Text("twin-reported")
		pg.Click("twin-read")
		require.Equal(t, before, pg.Text("twin-reported"), "the hub has it as the page has")

		pg.Type("twin-ack-code", "fine")
		pg.Click("twin-ack-interval")
		require.ErrorContains(t, pg.Notice.Text, "whole number")
	})
}

// Kept texts follow the language, and drawings at the same time change nothing.
func TestTheTwinInAnotherLanguage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		pg.connect()
		pg.report(`{"battery": 60}`)
		pg.desire(2, `{"interval": 5}`)
		require.Contains(t, pg.Text("twin-result"), "The hub applied the patch")
		pg.Update(func() { pg.Language = catalog.SimplifiedChinese })
		require.NotRegexp(t, "[a-z]{4}", pg.Text("twin-result"))
		for _, e := range pg.DeviceLog.Entries {
			require.NotRegexp(t, "[A-Z][a-z]{4}", pg.Words(e.What)+pg.Words(e.Summary)+pg.Words(e.Note))
		}
		before := uitest.Markup(pg.View())
		for range 4 {
			pg.Go("a drawing", func(context.Context) { pg.View() })
		}
		synctest.Wait()
		require.Equal(t, before, uitest.Markup(pg.View()))
	})
}

func TestTheTwinInASessionFileAndAScenario(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		require.Nil(t, pg.DesiredDocument())
		require.Nil(t, pg.ReportedDocument())
		require.ErrorContains(t, pg.PlayReport(t.Context(), json.RawMessage(`{}`)), "not connected")
		var d savefile.Document
		pg.Save(&d)
		require.Nil(t, d.Twin)

		pg.connect()
		require.NoError(t, pg.PlayReport(t.Context(), json.RawMessage(`{"battery":60}`)))
		require.Equal(t, "60", jsontext.Compact(pg.ReportedDocument()["battery"]))
		require.Equal(t, pg.state.reportedVersion, pg.ReportedDocument()["$version"])
		require.Contains(t, pg.DesiredDocument(), "$version")
		require.NotContains(t, pg.state.reported, "$version")
		require.ErrorContains(t, pg.PlayReport(t.Context(), json.RawMessage(`{"a b":1}`)), "spaces are not allowed")
		pg.Save(&d)
		require.Equal(t, "60", jsontext.Compact(d.Twin.Reported["battery"]))

		pg.Update(func() { pg.Restore(&savefile.Document{Version: 1, Settings: savefile.Forms{Reported: `{"x":1}`}}) })
		pg.Save(&d)
		require.Equal(t, `{"x":1}`, d.Settings.Reported)
		pg.Update(pg.Connecting)
		require.Nil(t, pg.ReportedDocument(), "the next connection may be another device's")
		pg.Save(&d)
		require.Equal(t, `{"x":1}`, d.Settings.Reported, "the form stays")
	})
}
