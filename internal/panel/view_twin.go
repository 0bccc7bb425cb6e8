package panel

import (
	"fmt"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

func (p *Panel) viewTwin() *Node {
	t := &p.twin
	state := p.say("Connect the device to read its twin.")
	switch {
	case t.loading:
		state = p.say("Reading …")
	case t.known:
		state = ""
	}
	cannot := !p.device.running() || t.busy
	return h("div.card.twin", key("twin"),
		h("header.card-head", h("h3", text(p.say("Device twin"))),
			h("button.quiet", attr("type", "button"), testid("twin-read"), flag("disabled", !p.device.running()), text(p.say("Read again")), onClick(p.ReadTwin))),
		when(state != "", h("p.help", text(state))),
		when(t.known, p.viewTwinTable(cannot), p.viewTwinDocuments()),
		h("form.report", onSubmit(p.ReportPatch),
			p.viewJSON(p.say("Patch of the reported properties (null deletes)"), "twin-patch", &t.patch, 6, false),
			p.viewPreview(),
			h("div.actions",
				h("button.primary", attr("type", "submit"), testid("twin-report"), flag("disabled", cannot), text(p.say("Report")))),
		),
		viewResult(t.result, "twin-result"),
	)
}

// viewTwinDocuments are both documents as they are.
func (p *Panel) viewTwinDocuments() *Node {
	t := &p.twin
	one := func(name, id string, m map[string]any) *Node {
		return h("section.document", label(name), h("header", h("h4", text(name))), h("pre", testid(id), text(document(m))))
	}
	return h("details.more", h("summary", testid("twin-documents"), text(p.say("Both documents as JSON"))),
		h("div.columns", one(p.say("Desired"), "twin-desired", t.desired), one(p.say("Reported"), "twin-reported", t.reported)))
}

// viewTwinTable is the desired properties beside the reported. The roles are said because narrow pages lay the table out
// anew, and browsers then forget that it is one.
func (p *Panel) viewTwinTable(cannot bool) part {
	t := &p.twin
	rows := twinRows(t.desired, t.reported)
	lines := make(nodes, 0, len(rows))
	for _, r := range rows {
		lines = append(lines, p.viewTwinRow(r, cannot))
	}
	open := unacknowledged(rows)
	head := func(name, id string, version int64, more ...part) *Node {
		return h("th", attr("role", "columnheader"), attr("scope", "col"), h("span", text(name)),
			h("span.badge", testid(id), text(p.say("$version %d", version))), parts(more))
	}
	return parts{
		h("div.twin-frame", h("table.twin-table", attr("role", "table"), label(p.say("Desired and reported properties")),
			h("thead", attr("role", "rowgroup"), h("tr", attr("role", "row"),
				h("th", attr("role", "columnheader"), attr("scope", "col"), text(p.say("Property"))),
				head(p.say("Desired"), "twin-desired-version", t.desiredVersion,
					when(t.changed > 0, h("span.badge.accent", testid("twin-changes"), text(p.say("changed ×%d", t.changed))))),
				head(p.say("Reported"), "twin-reported-version", t.reportedVersion),
				h("th", attr("role", "columnheader"), attr("scope", "col"), text(p.say("State"))))),
			h("tbody", attr("role", "rowgroup"), lines))),
		when(len(rows) == 0, h("p.empty", text(p.say("Neither side has a property yet. Report one below, or update the desired ones from the cloud side.")))),
		when(len(rows) > 0 && !t.readAt.IsZero(), h("p.help", text(p.say("Read at %s. A hub sends devices no $metadata: times are of what this page saw change.", t.readAt.Format("15:04:05"))))),
		when(hasDesired(rows), h("details.more", h("summary", text(p.say("How to acknowledge"))),
			h("div.grid",
				p.viewText(p.say("Code (ac)"), "twin-ack-code", &t.ackCode, attr("inputmode", "numeric")),
				p.viewText(p.say("Description (ad)"), "twin-ack-text", &t.ackText)),
			h("p.help", text(p.say("As IoT Plug and Play does: reports the desired value with ac, the desired $version as av, and ad."))))),
		when(hasDesired(rows), h("div.actions", h("button.secondary", attr("type", "button"), testid("twin-ack-all"), flag("disabled", cannot || len(open) == 0),
			text(p.say("Acknowledge all (%d)", len(open))), onClick(func() { p.acknowledge(open) })))),
	}
}

func hasDesired(rows []*twinRow) bool {
	for _, r := range rows {
		if r.isDesired {
			return true
		}
	}
	return false
}

func (p *Panel) viewTwinRow(r *twinRow, cannot bool) *Node {
	t := &p.twin
	name := r.name()
	times := t.seen[name]
	state := r.state()
	words := map[string]string{
		"same": p.say("same"), "differs": p.say("differs"), "desired": p.say("only desired"), "reported": p.say("only reported"),
	}[state]
	fresh := !times.desired.IsZero() && times.version == t.desiredVersion
	if r.group {
		times.desired, times.reported = time.Time{}, time.Time{} // its members say so
	}
	cell := func(has bool, v any, at time.Time, name string, more ...part) *Node {
		return h("td", attr("role", "cell"), attr("data-name", name),
			when(has && !r.group, h("code", text(compactValue(v)))),
			when(!has, h("span.help", text("—"))),
			when(!at.IsZero(), h("time", text(clock(at)))), parts(more))
	}
	// The key has the time: what changes is drawn anew, and its arrival is seen again.
	return h("tr", key(fmt.Sprint(name, "@", times.desired.UnixNano())), attr("role", "row"), testid("twin-row"), attr("data-state", state), attr("data-fresh", fmt.Sprint(fresh)),
		h("th", attr("role", "rowheader"), attr("scope", "row"), attr("data-depth", fmt.Sprint(len(r.path)-1)), attr("title", name), text(r.path[len(r.path)-1])),
		cell(r.isDesired, r.desired, times.desired, p.say("Desired"), when(fresh && !r.group, h("span.badge.accent", text(p.say("new"))))),
		cell(r.isOurs, r.reported, times.reported, p.say("Reported"),
			p.viewAcknowledgment(r.ack)),
		h("td", attr("role", "cell"), attr("data-name", p.say("State")),
			when(!r.group || state != "differs", h("span.twin-state", text(words))),
			when(r.property && r.isDesired, h("button.quiet", attr("type", "button"), testid("twin-ack-"+name), flag("disabled", cannot),
				label(p.say("Acknowledge %s", name)), text(p.say("Acknowledge")), onClick(func() { p.acknowledge([]*twinRow{r}) })))),
	)
}

func (p *Panel) viewAcknowledgment(a *acknowledgment) *Node {
	if a == nil {
		return nil
	}
	said := p.say("acknowledged: ac %s, av %s", a.code, a.version)
	return h("span.ack", testid("twin-ack-state"), text(strings.TrimSpace(said+" "+a.description)))
}

// viewPreview is what the patch in the editor would do, said before it is sent.
func (p *Panel) viewPreview() *Node {
	t := &p.twin
	box := func(ps ...part) *Node {
		return h("section.preview", label(p.say("What the patch does")), testid("twin-preview"), parts(ps))
	}
	patch, err := hubproto.ParseTwinPatch([]byte(t.patch.text))
	switch {
	case checkJSON("", t.patch.text) != nil:
		return box() // the editor says so
	case err != nil:
		return box(h("p.problem", text(p.sentence(err))))
	case !t.known:
		return box(h("p.help", text(p.say("Once the twin is read, this shows what the patch would change."))))
	}
	after := hubproto.MergePatch(t.reported, patch)
	lines := nodes{}
	for _, c := range changesOf(t.reported, after) {
		said := map[changeKind]string{
			changeAdded:   p.say("adds %s = %s", c.path, oneLine(compactValue(c.after), 60)),
			changeChanged: p.say("changes %s from %s to %s", c.path, oneLine(compactValue(c.before), 40), oneLine(compactValue(c.after), 40)),
			changeDeleted: p.say("deletes %s, which is %s", c.path, oneLine(compactValue(c.before), 60)),
		}[c.kind]
		lines = append(lines, h("li", testid("twin-change"), attr("data-change", string(c.kind)), text(said)))
	}
	for _, path := range idleNulls(t.reported, patch) {
		lines = append(lines, h("li", testid("twin-change"), attr("data-change", "idle"), text(p.say("would delete %s, which is not there", path))))
	}
	size := hubproto.TwinSize(after)
	return box(
		h("h4", text(p.say("What the patch does"))),
		when(len(lines) == 0, h("p.help", text(p.say("Nothing changes but the version.")))),
		when(len(lines) > 0, h("ul.changes", lines)),
		when(size > hubproto.MaxReportedSize, h("p.problem", text(p.say("The reported properties would have %d bytes; the hub takes %d.", size, hubproto.MaxReportedSize)))),
		h("details.more", h("summary", text(p.say("The reported properties after it"))), h("pre", testid("twin-after"), text(document(after)))),
	)
}
