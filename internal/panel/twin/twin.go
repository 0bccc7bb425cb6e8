package twin

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// state is the twin as the device knows it, and the forms around it.
type state struct {
	known                           bool // the twin was read, or a change of it arrived
	loading                         bool
	desired, reported               map[string]any // as jsontext.Parse returns them
	desiredVersion, reportedVersion int64
	changed                         int             // changes of the desired properties since the connection began
	seen                            map[string]seen // by path: what changed during this connection
	readAt                          time.Time
	patch                           ui.Field
	ackCode, ackText                ui.Field // ac and ad of an acknowledgment
	busy                            bool     // a patch is under way
	result                          page.Result
}

func newState() state {
	t := state{seen: map[string]seen{}}
	t.patch.Set("{\n  \"battery\": 87,\n  \"firmware\": \"1.0.3\",\n  \"oldSetting\": null\n}")
	t.ackCode.Set("200")
	t.ackText.Set("completed")
	return t
}

// withoutMetadata returns a part of the twin without the members that the hub puts among its properties: $version, and $metadata if it
// came.
func withoutMetadata(raw json.RawMessage) map[string]any {
	m := jsontext.Parse(raw)
	delete(m, "$version")
	delete(m, "$metadata")
	return m
}

// Connecting begins a connection: nothing of the twin is known, and the forms stay as they are. The lock is held.
func (room *Room) Connecting() {
	t := &room.state
	room.state = state{patch: t.patch, ackCode: t.ackCode, ackText: t.ackText, seen: map[string]seen{}}
}

// Connected reads the whole twin in the background, because the hub sends only the desired properties by itself. The lock is held.
func (room *Room) Connected() {
	if client := room.Links.LiveClient(); client != nil {
		room.startReading(client)
	}
}

// readAgain reads the twin for a person.
func (room *Room) readAgain() {
	client, err := room.Links.Client()
	if err != nil {
		room.Fail("twin", err)
		return
	}
	room.Update(func() { room.startReading(client) })
}

// startReading reads the twin in the background. The lock is held.
func (room *Room) startReading(client *hubclient.Client) {
	room.state.loading = room.Go("read the twin", func(ctx context.Context) { room.read(ctx, client) })
}

func (room *Room) read(ctx context.Context, client *hubclient.Client) {
	twin, err := client.Twin(ctx)
	room.Update(func() {
		if room.Links.LiveClient() != client {
			return // the connection has ended
		}
		t := &room.state
		t.loading = false
		if err != nil {
			room.FailLocked("twin", l10n.New("the twin could not be read: %v", err))
			return
		}
		room.ClearNotice("twin")
		t.known, t.readAt = true, room.Now()
		// The answer may be older than a change that overtook it on its way through the client.
		if twin.DesiredVersion >= t.desiredVersion {
			t.desired, t.desiredVersion = withoutMetadata(twin.Desired), twin.DesiredVersion
		}
		if twin.ReportedVersion >= t.reportedVersion {
			t.reported, t.reportedVersion = withoutMetadata(twin.Reported), twin.ReportedVersion
		}
		room.DeviceLog.Add(room.Now(), page.Received, l10n.New("Device twin"),
			l10n.New("Desired at version %d, reported at version %d.", t.desiredVersion, t.reportedVersion), nil)
	})
}

// Desired takes the desired properties, or a change of them. It is the client's OnDesired.
func (room *Room) Desired(_ context.Context, d hubclient.Desired) {
	room.Update(func() {
		t := &room.state
		before := t.desired
		// The first document of a connection is not a change; a later one holds the changes that the device missed while its link was
		// broken.
		isChange := before != nil || !d.Full
		if d.Full {
			t.desired = withoutMetadata(d.Patch)
		} else {
			t.known = true
			t.desired = hubproto.MergePatch(before, withoutMetadata(d.Patch))
		}
		t.desiredVersion = d.Version
		if isChange {
			now := room.Now()
			t.note(before, t.desired, func(s *seen) { s.desired, s.version = now, d.Version })
		}
		if d.Full {
			return
		}
		t.changed++
		room.Traffic.Received++
		room.DeviceLog.Add(room.Now(), page.Received, l10n.New("Desired properties"),
			l10n.New("Version %d: %s", d.Version, jsontext.OneLine(string(d.Patch), 80)), l10n.Verbatim(jsontext.Indent(d.Patch)))
	})
}
