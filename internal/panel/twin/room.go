package twin

import (
	"context"
	"maps"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// Room is the device twin as the device knows it.
type Room struct {
	*page.Page
	Links Links
	state state
}

// Links are the room's connections to other rooms.
type Links struct {
	// Running reports whether there is a connection, or an attempt. The lock is held.
	Running func() bool
	// Client returns the client of the connection, or an error that asks to connect first. The lock is not held.
	Client func() (*hubclient.Client, error)
	// LiveClient returns the client of the connection, or nil. The lock is held.
	LiveClient func() *hubclient.Client
	// RefreshCloud reads again how the cloud side shows the device. The lock is not held.
	RefreshCloud func(context.Context)
}

// New returns the room of a twin that was not read yet.
func New(p *page.Page) *Room { return &Room{Page: p, state: newState()} }

// Commands returns the commands of the twin. The lock is held.
func (room *Room) Commands() []page.Command {
	t := &room.state
	running, hint := room.Links.Running(), l10n.New("Device twin")
	open := unacknowledged(compare(t.desired, t.reported))
	list := []page.Command{
		{ID: "twin-read", Name: l10n.New("Read the twin"), Hint: hint, Enabled: running, Do: room.At(page.TopicTwin, room.readAgain)},
		{ID: "twin-report", Name: l10n.New("Report the patch"), Hint: hint, Enabled: running && !t.busy, Do: room.At(page.TopicTwin, room.reportPatch)},
		room.FormatCommand("twin-format", l10n.New("Patch of the reported properties (null deletes)"), hint, page.TopicTwin, &t.patch),
		{ID: "twin-acknowledge-all", Name: l10n.New("Acknowledge all (%d)", len(open)), Hint: hint, Enabled: running && len(open) > 0,
			Do: room.At(page.TopicTwin, func() { room.acknowledge(open) })},
	}
	for _, r := range page.First(open) {
		list = append(list, page.Command{ID: "twin-acknowledge-" + r.name(), Name: l10n.New("Acknowledge %s", r.name()), Hint: hint, Enabled: running && !t.busy,
			Do: room.At(page.TopicTwin, func() { room.acknowledge([]*row{r}) })})
	}
	return list
}

// Save writes the twin and the patch to a session file. The lock is held.
func (room *Room) Save(d *savefile.Document) {
	t := &room.state
	d.Settings.Reported = t.patch.Text
	if t.known {
		d.Twin = &savefile.Twin{Desired: t.desired, Reported: t.reported, DesiredVersion: t.desiredVersion, ReportedVersion: t.reportedVersion}
	}
}

// Restore fills in the patch from a session file. The lock is held.
func (room *Room) Restore(d *savefile.Document) { room.state.patch.Set(d.Settings.Reported) }

// DesiredDocument returns the desired properties with their $version, or nil as long as the device has not received them. The lock
// is held.
func (room *Room) DesiredDocument() map[string]any {
	if room.state.desired == nil {
		return nil
	}
	return withVersion(room.state.desired, room.state.desiredVersion)
}

// ReportedDocument returns the reported properties with their $version, or nil as long as the twin was not read. The lock is held.
func (room *Room) ReportedDocument() map[string]any {
	if !room.state.known {
		return nil
	}
	return withVersion(room.state.reported, room.state.reportedVersion)
}

func withVersion(document map[string]any, version int64) map[string]any {
	out := map[string]any{}
	maps.Copy(out, document)
	out["$version"] = version
	return out
}
