package panel

import (
	"fmt"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

func (p *Panel) viewTwin() *Node {
	t := &p.twin
	state := p.T("Connect the device to read its twin.")
	switch {
	case t.loading:
		state = p.T("Reading …")
	case t.known:
		state = ""
	}
	cannot := !p.device.running() || t.busy
	return h("div.card.twin", key("twin"),
		h("header.card-head", h("h3", text(p.T("Device twin"))),
			h("button.quiet", attr("type", "button"), testid("twin-read"), flag("disabled", !p.device.running()), text(p.T("Read again")), onClick(p.ReadTwin))),
		when(state != "", h("p.help", text(state))),
		when(t.known, p.viewTwinTable(cannot), p.viewTwinDocuments()),
		h("form.report", onSubmit(p.ReportPatch),
			p.viewJSON(p.T("Patch of the reported properties (null deletes)"), "twin-patch", &t.patch, 6, false),
			p.viewPreview(),
			h("div.actions",
				h("button.primary", attr("type", "submit"), testid("twin-report"), flag("disabled", cannot), text(p.T("Report")))),
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
	return h("details.more", h("summary", testid("twin-documents"), text(p.T("Both documents as JSON"))),
		h("div.columns", one(p.T("Desired"), "twin-desired", t.desired), one(p.T("Reported"), "twin-reported", t.reported)))
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
			h("span.badge", testid(id), text(p.T("$version %d", version))), parts(more))
	}
	return parts{
		h("div.twin-frame", h("table.twin-table", attr("role", "table"), label(p.T("Desired and reported properties")),
			h("thead", attr("role", "rowgroup"), h("tr", attr("role", "row"),
				h("th", attr("role", "columnheader"), attr("scope", "col"), text(p.T("Property"))),
				head(p.T("Desired"), "twin-desired-version", t.desiredVersion,
					when(t.changed > 0, h("span.badge.accent", testid("twin-changes"), text(p.T("changed ×%d", t.changed))))),
				head(p.T("Reported"), "twin-reported-version", t.reportedVersion),
				h("th", attr("role", "columnheader"), attr("scope", "col"), text(p.T("State"))))),
			h("tbody", attr("role", "rowgroup"), lines))),
		when(len(rows) == 0, h("p.empty", text(p.T("Neither side has a property yet. Report one below, or update the desired ones from the cloud side.")))),
		when(len(rows) > 0 && !t.readAt.IsZero(), h("p.help", text(p.T("Read at %s. A hub sends devices no $metadata: times are of what this page saw change.", t.readAt.Format("15:04:05"))))),
		when(hasDesired(rows), h("details.more", h("summary", text(p.T("How to acknowledge"))),
			h("div.grid",
				p.viewText(p.T("Code (ac)"), "twin-ack-code", &t.ackCode, attr("inputmode", "numeric")),
				p.viewText(p.T("Description (ad)"), "twin-ack-text", &t.ackText)),
			h("p.help", text(p.T("As IoT Plug and Play does: reports the desired value with ac, the desired $version as av, and ad."))))),
		when(hasDesired(rows), h("div.actions", h("button.secondary", attr("type", "button"), testid("twin-ack-all"), flag("disabled", cannot || len(open) == 0),
			text(p.T("Acknowledge all (%d)", len(open))), onClick(func() { p.acknowledge(open) })))),
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
		"same": p.T("same"), "differs": p.T("differs"), "desired": p.T("only desired"), "reported": p.T("only reported"),
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
		cell(r.isDesired, r.desired, times.desired, p.T("Desired"), when(fresh && !r.group, h("span.badge.accent", text(p.T("new"))))),
		cell(r.isOurs, r.reported, times.reported, p.T("Reported"),
			p.viewAcknowledgment(r.ack)),
		h("td", attr("role", "cell"), attr("data-name", p.T("State")),
			when(!r.group || state != "differs", h("span.twin-state", text(words))),
			when(r.property && r.isDesired, h("button.quiet", attr("type", "button"), testid("twin-ack-"+name), flag("disabled", cannot),
				label(p.T("Acknowledge %s", name)), text(p.T("Acknowledge")), onClick(func() { p.acknowledge([]*twinRow{r}) })))),
	)
}

func (p *Panel) viewAcknowledgment(a *acknowledgment) *Node {
	if a == nil {
		return nil
	}
	said := p.T("acknowledged: ac %s, av %s", a.code, a.version)
	return h("span.ack", testid("twin-ack-state"), text(strings.TrimSpace(said+" "+a.description)))
}

// viewPreview is what the patch in the editor would do, said before it is sent.
func (p *Panel) viewPreview() *Node {
	t := &p.twin
	box := func(ps ...part) *Node {
		return h("section.preview", label(p.T("What the patch does")), testid("twin-preview"), parts(ps))
	}
	patch, err := hubproto.ParseTwinPatch([]byte(t.patch.text))
	switch {
	case checkJSON("", t.patch.text) != nil:
		return box() // the editor says so
	case err != nil:
		return box(h("p.problem", text(p.Sentence(err))))
	case !t.known:
		return box(h("p.help", text(p.T("Once the twin is read, this shows what the patch would change."))))
	}
	after := hubproto.MergePatch(t.reported, patch)
	lines := nodes{}
	for _, c := range changesOf(t.reported, after) {
		said := map[changeKind]string{
			changeAdded:   p.T("adds %s = %s", c.path, oneLine(compactValue(c.after), 60)),
			changeChanged: p.T("changes %s from %s to %s", c.path, oneLine(compactValue(c.before), 40), oneLine(compactValue(c.after), 40)),
			changeDeleted: p.T("deletes %s, which is %s", c.path, oneLine(compactValue(c.before), 60)),
		}[c.kind]
		lines = append(lines, h("li", testid("twin-change"), attr("data-change", string(c.kind)), text(said)))
	}
	for _, path := range idleNulls(t.reported, patch) {
		lines = append(lines, h("li", testid("twin-change"), attr("data-change", "idle"), text(p.T("would delete %s, which is not there", path))))
	}
	size := hubproto.TwinSize(after)
	return box(
		h("h4", text(p.T("What the patch does"))),
		when(len(lines) == 0, h("p.help", text(p.T("Nothing changes but the version.")))),
		when(len(lines) > 0, h("ul.changes", lines)),
		when(size > hubproto.MaxReportedSize, h("p.problem", text(p.T("The reported properties would have %d bytes; the hub takes %d.", size, hubproto.MaxReportedSize)))),
		h("details.more", h("summary", text(p.T("The reported properties after it"))), h("pre", testid("twin-after"), text(document(after)))),
	)
}
