package panel

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// twinState is the device twin as the device knows it.
type twinState struct {
	known                           bool
	loading                         bool
	desired, reported               map[string]any // as parseDocument has them
	desiredVersion, reportedVersion int64
	changed                         int             // desired changes since the session began, so that the view can point at the latest
	seen                            map[string]seen // by path: what changed in this session
	readAt                          time.Time
	patch                           field
	ackCode, ackText                field // ac and ad of an acknowledgment
	busy                            bool
	result                          result
}

// seen is when a property was last seen to change. Over MQTT a hub sends no $metadata (protocol.md section 5), so the page
// knows the times only of what it saw itself.
type seen struct {
	desired, reported time.Time
	version           int64 // of the desired properties, by the change
}

func newTwinState() twinState {
	var t twinState
	t.patch.set("{\n  \"battery\": 87,\n  \"firmware\": \"1.0.3\",\n  \"oldSetting\": null\n}")
	t.ackCode.set("200")
	t.ackText.set("completed")
	t.seen = map[string]seen{}
	return t
}

func (t *twinState) forget() {
	*t = twinState{patch: t.patch, ackCode: t.ackCode, ackText: t.ackText, seen: map[string]seen{}}
}

// see notes when what leads from one document to the other happened.
func (t *twinState) see(before, after map[string]any, note func(*seen)) {
	for _, c := range changesOf(before, after) {
		// The whole way to it, and into what came with it: a row may stand for any of them.
		for path := c.path; ; {
			s := t.seen[path]
			note(&s)
			t.seen[path] = s
			end := strings.LastIndexByte(path, '.')
			if end < 0 {
				break
			}
			path = path[:end]
		}
		for _, v := range []any{c.before, c.after} {
			if m, ok := v.(map[string]any); ok {
				t.seeInside(c.path, m, note)
			}
		}
	}
}

func (t *twinState) seeInside(path string, m map[string]any, note func(*seen)) {
	for name, v := range m {
		inner := path + "." + name
		s := t.seen[inner]
		note(&s)
		t.seen[inner] = s
		if m, ok := v.(map[string]any); ok {
			t.seeInside(inner, m, note)
		}
	}
}

// versionless is a part of the twin without what the hub puts among its properties: $version, and $metadata if it came.
func versionless(raw json.RawMessage) map[string]any {
	m := parseDocument(raw)
	delete(m, "$version")
	delete(m, "$metadata")
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
			p.failLocked("twin", l10n.New("the twin could not be read: %v", err))
			return
		}
		p.clearNotice("twin")
		t := &p.twin
		t.known, t.readAt = true, p.now()
		// The answer may be older than a notice that overtook it on its way through the client.
		if twin.DesiredVersion >= t.desiredVersion {
			t.desired, t.desiredVersion = versionless(twin.Desired), twin.DesiredVersion
		}
		if twin.ReportedVersion >= t.reportedVersion {
			t.reported, t.reportedVersion = versionless(twin.Reported), twin.ReportedVersion
		}
		p.deviceLog.add(p.now(), entryReceived, p.T("Device twin"),
			p.T("Desired at version %d, reported at version %d.", t.desiredVersion, t.reportedVersion), "")
	})
}

func (p *Panel) gotDesired(_ context.Context, d hubclient.Desired) {
	defer p.recovered("a change of the desired properties")
	p.update(func() {
		t := &p.twin
		before := t.desired
		// The first document of a session is no news; a later one is what a broken connection kept from the device.
		news := before != nil
		if d.Full {
			t.desired = versionless(d.Patch)
		} else {
			t.known = true
			t.desired = hubproto.MergePatch(before, versionless(d.Patch))
		}
		t.desiredVersion = d.Version
		if news || !d.Full {
			now := p.now()
			t.see(before, t.desired, func(s *seen) { s.desired, s.version = now, d.Version })
		}
		if d.Full {
			return
		}
		t.changed++
		p.device.received++
		p.deviceLog.add(p.now(), entryReceived, p.T("Desired properties"),
			p.T("Version %d: %s", d.Version, oneLine(string(d.Patch), 80)), indented(d.Patch))
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
	p.report(patch)
}

// acknowledge reports desired properties as IoT Plug and Play wants them acknowledged, in one patch.
func (p *Panel) acknowledge(rows []*twinRow) {
	p.mu.Lock()
	t := &p.twin
	code, err := strconv.ParseInt(strings.TrimSpace(t.ackCode.text), 10, 32)
	patch := map[string]any{}
	for _, r := range rows {
		patch = mergeAcknowledgments(patch, acknowledging(r, t.reported, code, t.desiredVersion, strings.TrimSpace(t.ackText.text)))
	}
	p.mu.Unlock()
	if err != nil {
		p.fail("report", l10n.New("the acknowledgment's code (ac) is a whole number, for example 200"))
		return
	}
	p.report(document(patch))
}

// mergeAcknowledgments joins two patches. Unlike MergePatch it keeps the nulls, which delete when the hub applies them.
func mergeAcknowledgments(a, b map[string]any) map[string]any {
	for name, v := range b {
		old, wasObject := a[name].(map[string]any)
		if m, ok := v.(map[string]any); ok && wasObject {
			v = mergeAcknowledgments(old, m)
		}
		a[name] = v
	}
	return a
}

// report sends a patch, a JSON object, as reported properties.
func (p *Panel) report(patch string) {
	client, err := p.session()
	if err != nil {
		p.fail("report", err)
		return
	}
	send := p.reporting(client, patch)
	p.start("report", func(ctx context.Context) { send(ctx) })
}

// reporting notes a patch that goes out, and returns what sends it and waits for the hub's answer.
func (p *Panel) reporting(client *hubclient.Client, patch string) func(ctx context.Context) error {
	var line *entry
	p.update(func() {
		p.clearNotice("report")
		p.twin.busy = true
		line = p.deviceLog.add(p.now(), entrySent, p.T("Reported properties"), oneLine(patch, 90), patch)
		line.outcome, line.note = pending, p.T("sending")
	})
	return func(ctx context.Context) error {
		version, err := client.Report(ctx, json.RawMessage(patch))
		p.update(func() {
			t := &p.twin
			t.busy = false
			if err != nil {
				line.outcome, line.note = failed, p.T("failed")
				t.result = p.resultOf(err, "")
				p.failLocked("report", err)
				return
			}
			p.device.sent++
			line.outcome, line.note = done, p.T("$version %d", version)
			before := t.reported
			t.reported = hubproto.MergePatch(before, parseDocument([]byte(patch)))
			t.reportedVersion = version
			now := p.now()
			t.see(before, t.reported, func(s *seen) { s.reported = now })
			t.result = p.resultOf(nil, p.T("The hub applied the patch: reported properties are at version %d.", version))
		})
		p.refreshCloud(ctx)
		return err
	}
}

// unacknowledged are the desired properties whose acknowledgment is missing, or is of another value.
func unacknowledged(rows []*twinRow) (list []*twinRow) {
	for _, r := range rows {
		if r.property && r.isDesired && (r.ack == nil || r.state() != "same") {
			list = append(list, r)
		}
	}
	return list
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
