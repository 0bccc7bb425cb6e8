package cloud

import (
	"context"
	"encoding/json"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// Twin is the target's twin, as a service reads it, and the patches of it.
type Twin struct {
	room          *Room
	desired, tags twinPatch
	document      string // the whole twin, indented
	version       int64
}

// twinPatch is a patch of one part of the twin, with its result.
type twinPatch struct {
	patch  ui.Field
	busy   bool
	result page.Result
}

func newTwin(room *Room) *Twin {
	t := &Twin{room: room}
	t.desired.patch.Set("{\n  \"telemetryInterval\": 10\n}")
	t.tags.patch.Set("{\n  \"site\": \"north\"\n}")
	return t
}

// Load reads the target's whole twin. The lock is not held.
func (t *Twin) Load(ctx context.Context) {
	room := t.room
	var id string
	room.Read(func() { id = room.target.id() })
	if id == "" {
		return
	}
	var twin hubservice.Twin
	err := room.call(ctx, func(c *hubservice.Client) (err error) {
		twin, err = c.Twin(ctx, id)
		return err
	})
	if err != nil {
		if ctx.Err() == nil {
			room.Fail("hub", err)
		}
		return
	}
	document, _ := json.Marshal(map[string]json.RawMessage{"tags": twin.Tags, "desired": twin.Desired, "reported": twin.Reported})
	room.Update(func() {
		if room.target.id() == id {
			t.document, t.version = jsontext.Indent(document), twin.Version
		}
	})
}

// updateDesired sends the form's patch of the desired properties. The lock is not held.
func (t *Twin) updateDesired() {
	t.update(&t.desired, l10n.New("The desired properties"), t.patchDesired)
}

// updateTags sends the form's patch of the tags, which no device sees. The lock is not held.
func (t *Twin) updateTags() {
	t.update(&t.tags, l10n.New("The tags"), func(ctx context.Context, id string, patch json.RawMessage) error {
		return t.patch(ctx, id, &t.tags, nil, patch, func(v hubservice.TwinVersions) l10n.Text {
			return l10n.New("The tags are changed: the twin is at version %d.", v.Version)
		})
	})
}

// update sends a patch of the target's twin. name names it in errors.
func (t *Twin) update(part *twinPatch, name *l10n.Message, send func(ctx context.Context, id string, patch json.RawMessage) error) {
	room := t.room
	var id, patch string
	var err error
	room.Update(func() {
		id, patch = room.target.id(), part.patch.Text
		if err = jsontext.CheckObject(name.Format, patch); err != nil {
			part.result = page.ResultOf(err, nil)
			return
		}
		part.busy = true
	})
	if err == nil {
		room.Go("update the twin", func(ctx context.Context) { send(ctx, id, json.RawMessage(patch)) })
	}
}

// PatchDesired shows a patch in the form, merges it into the desired properties of a device, and shows the result. The lock is not held.
func (t *Twin) PatchDesired(ctx context.Context, id string, patch json.RawMessage) error {
	t.room.Update(func() {
		t.desired.patch.Set(jsontext.Indent(patch))
		t.desired.busy = true
	})
	return t.patchDesired(ctx, id, patch)
}

func (t *Twin) patchDesired(ctx context.Context, id string, patch json.RawMessage) error {
	return t.patch(ctx, id, &t.desired, patch, nil, func(v hubservice.TwinVersions) l10n.Text {
		return l10n.New("Desired properties are now at version %d.", v.Desired)
	})
}

// patch changes a twin, shows the result, and reads the target's twin again.
func (t *Twin) patch(ctx context.Context, id string, part *twinPatch, desired, tags json.RawMessage, success func(hubservice.TwinVersions) l10n.Text) error {
	var versions hubservice.TwinVersions
	err := t.room.call(ctx, func(c *hubservice.Client) (err error) {
		versions, err = c.PatchTwin(ctx, id, desired, tags)
		return err
	})
	t.room.Update(func() { part.busy, part.result = false, page.ResultOf(err, success(versions)) })
	t.Load(ctx)
	return err
}

// view is the card of the twin.
func (t *Twin) view() *ui.Node {
	room := t.room
	return ui.H("form.card", ui.Key("cloud-twin"), ui.OnSubmit(t.updateDesired),
		ui.H("h3", ui.Text(room.T("Desired properties"))),
		room.JSONField(room.T("Patch of the desired properties (null deletes)"), "desired-patch", &t.desired.patch, 4, false),
		ui.H("div.actions", ui.H("button.primary", ui.Attr("type", "submit"), ui.TestID("desired-update"), ui.Flag("disabled", t.desired.busy), ui.Text(room.T("Update desired")))),
		room.ResultView(t.desired.result, "desired-result"),
		room.JSONField(room.T("Patch of the tags (null deletes)"), "tags-patch", &t.tags.patch, 3, false),
		ui.H("div.actions", ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("tags-update"), ui.Flag("disabled", t.tags.busy), ui.Text(room.T("Update tags")), ui.OnClick(t.updateTags))),
		room.ResultView(t.tags.result, "tags-result"),
		ui.H("section.document",
			ui.H("header", ui.H("h4", ui.Text(room.T("The twin, as a service reads it"))), ui.H("span.badge", ui.Text(room.T("version %d", t.version))),
				ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("cloud-twin-read"), ui.Text(room.T("Read again")), ui.OnClick(func() { room.Go("the twin", t.Load) }))),
			ui.H("pre", ui.TestID("cloud-twin"), ui.Text(t.document))),
	)
}
