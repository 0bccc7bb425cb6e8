package twin

import (
	"context"
	"encoding/json"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// PlayReport reports a patch for a scenario: it fills in the form, sends the patch, and waits for the hub's answer.
func (room *Room) PlayReport(ctx context.Context, patch json.RawMessage) error {
	client, err := room.Links.Client()
	if err != nil {
		return err
	}
	text := jsontext.Indent(patch)
	room.Update(func() { room.state.patch.Set(text) })
	return room.reporting(client, text)(ctx)
}

// reportPatch sends the patch on the page as reported properties.
func (room *Room) reportPatch() {
	room.Lock()
	patch := room.state.patch.Text
	room.Unlock()
	if err := jsontext.CheckObject("The patch", patch); err != nil {
		room.Fail("report", err)
		return
	}
	room.report(patch)
}

// report sends a patch, a JSON object, as reported properties.
func (room *Room) report(patch string) {
	client, err := room.Links.Client()
	if err != nil {
		room.Fail("report", err)
		return
	}
	send := room.reporting(client, patch)
	room.Go("report", func(ctx context.Context) {
		_ = send(ctx) // the page shows the error
	})
}

// reporting notes that a patch is under way, and returns the function that sends it and waits for the hub's answer.
func (room *Room) reporting(client *hubclient.Client, patch string) func(ctx context.Context) error {
	var line *page.Entry
	room.Update(func() {
		room.ClearNotice("report")
		room.state.busy = true
		line = room.DeviceLog.Add(room.Now(), page.Sent, l10n.New("Reported properties"), l10n.Verbatim(jsontext.OneLine(patch, 90)), l10n.Verbatim(patch))
		line.Outcome, line.Note = page.Pending, l10n.New("sending")
	})
	return func(ctx context.Context) error {
		version, err := client.Report(ctx, json.RawMessage(patch))
		room.Update(func() {
			t := &room.state
			t.busy = false
			t.result = page.ResultOf(err, l10n.New("The hub applied the patch: reported properties are at version %d.", version))
			if err != nil {
				line.Outcome, line.Note = page.Failed, l10n.New("failed")
				room.FailLocked("report", err)
				return
			}
			room.Traffic.Sent++
			line.Outcome, line.Note = page.Done, l10n.New("$version %d", version)
			before := t.reported
			t.reported = hubproto.MergePatch(before, jsontext.Parse([]byte(patch)))
			t.reportedVersion = version
			now := room.Now()
			t.note(before, t.reported, func(s *seen) { s.reported = now })
		})
		room.Links.RefreshCloud(ctx)
		return err
	}
}
