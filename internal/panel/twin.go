package panel

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// twinState is the device twin as the device knows it.
type twinState struct {
	known                           bool
	loading                         bool
	desired, reported               map[string]any
	desiredVersion, reportedVersion int64
	changed                         int // desired changes since the session began, so that the view can point at the latest
	patch                           field
	busy                            bool
	result                          result
}

func newTwinState() twinState {
	var t twinState
	t.patch.set("{\n  \"battery\": 87,\n  \"firmware\": \"1.0.3\",\n  \"oldSetting\": null\n}")
	return t
}

func (t *twinState) forget() {
	patch := t.patch
	*t = twinState{patch: patch}
}

// versionless is a part of the twin without the $version that the hub puts among its properties.
func versionless(raw json.RawMessage) map[string]any {
	m := map[string]any{}
	_ = json.Unmarshal(raw, &m) // the client has checked that it is an object
	delete(m, "$version")
	return m
}

// wantTwinLocked reads the whole twin in the background: the desired properties come by themselves, the reported do not.
func (p *Panel) wantTwinLocked() {
	client := p.device.client
	if client == nil || p.closed {
		return
	}
	p.twin.loading = true
	p.enqueue(func() { p.start("read the twin", func(ctx context.Context) { p.readTwin(ctx, client) }) })
}

// ReadTwin asks the hub for the twin.
func (p *Panel) ReadTwin() {
	client, err := p.session()
	if err != nil {
		p.fail("twin", err)
		return
	}
	p.update(func() { p.twin.loading = true })
	p.start("read the twin", func(ctx context.Context) { p.readTwin(ctx, client) })
}

func (p *Panel) readTwin(ctx context.Context, client *hubclient.Client) {
	twin, err := client.Twin(ctx)
	p.update(func() {
		if p.device.client != client {
			return // of a session that is over
		}
		p.twin.loading = false
		if err != nil {
			p.failLocked("twin", fmt.Errorf("the twin could not be read: %w", err))
			return
		}
		p.clearNotice("twin")
		t := &p.twin
		t.known = true
		// The answer may be older than a notice that overtook it on its way through the client.
		if twin.DesiredVersion >= t.desiredVersion {
			t.desired, t.desiredVersion = versionless(twin.Desired), twin.DesiredVersion
		}
		if twin.ReportedVersion >= t.reportedVersion {
			t.reported, t.reportedVersion = versionless(twin.Reported), twin.ReportedVersion
		}
		p.deviceLog.add(p.now(), entryReceived, "Device twin",
			fmt.Sprintf("Desired at version %d, reported at version %d.", t.desiredVersion, t.reportedVersion), "")
	})
}

func (p *Panel) gotDesired(_ context.Context, d hubclient.Desired) {
	defer p.recovered("a change of the desired properties")
	p.update(func() {
		t := &p.twin
		if d.Full {
			t.desired, t.desiredVersion = versionless(d.Patch), d.Version
			return
		}
		t.known = true
		t.desired = hubproto.MergePatch(t.desired, versionless(d.Patch))
		t.desiredVersion = d.Version
		t.changed++
		p.device.received++
		p.deviceLog.add(p.now(), entryReceived, "Desired properties",
			fmt.Sprintf("Version %d: %s", d.Version, oneLine(string(d.Patch), 80)), indented(d.Patch))
	})
}

// ReportPatch sends the patch on the page as reported properties.
func (p *Panel) ReportPatch() {
	p.mu.Lock()
	patch := p.twin.patch.text
	p.mu.Unlock()
	if err := checkObject("The patch", patch); err != nil {
		p.fail("report", err)
		return
	}
	client, err := p.session()
	if err != nil {
		p.fail("report", err)
		return
	}
	var line *entry
	p.update(func() {
		p.clearNotice("report")
		p.twin.busy = true
		line = p.deviceLog.add(p.now(), entrySent, "Reported properties", oneLine(patch, 90), patch)
		line.outcome, line.note = pending, "sending"
	})
	p.start("report", func(ctx context.Context) {
		version, err := client.Report(ctx, json.RawMessage(patch))
		p.update(func() {
			t := &p.twin
			t.busy = false
			if err != nil {
				line.outcome, line.note = failed, "failed"
				t.result = resultOf(err, "")
				p.failLocked("report", err)
				return
			}
			p.device.sent++
			line.outcome, line.note = done, fmt.Sprintf("$version %d", version)
			var applied map[string]any
			_ = json.Unmarshal([]byte(patch), &applied) // checked above
			t.reported = hubproto.MergePatch(t.reported, applied)
			t.reportedVersion = version
			t.result = resultOf(nil, fmt.Sprintf("The hub applied the patch: reported properties are at version %d.", version))
		})
		p.refreshCloud(ctx)
	})
}

func document(m map[string]any) string {
	if len(m) == 0 {
		return "{}"
	}
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(raw)
}
