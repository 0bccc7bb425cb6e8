package twin

import (
	"fmt"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// viewTable shows the desired properties beside the reported ones. It names the roles because the style sheet changes the layout of
// the table on narrow pages, and browsers then no longer expose it as a table.
func (room *Room) viewTable(cannot bool) ui.Part {
	t := &room.state
	rows := compare(t.desired, t.reported)
	lines := make(ui.Nodes, 0, len(rows))
	for _, r := range rows {
		lines = append(lines, room.viewRow(r, cannot))
	}
	open := unacknowledged(rows)
	head := func(name, id string, version int64, more ...ui.Part) *ui.Node {
		return ui.H("th", ui.Attr("role", "columnheader"), ui.Attr("scope", "col"), ui.H("span", ui.Text(name)),
			ui.H("span.badge", ui.TestID(id), ui.Text(room.T("$version %d", version))), ui.Parts(more))
	}
	return ui.Parts{
		ui.H("div.twin-frame", ui.H("table.twin-table", ui.Attr("role", "table"), ui.Label(room.T("Desired and reported properties")),
			ui.H("thead", ui.Attr("role", "rowgroup"), ui.H("tr", ui.Attr("role", "row"),
				ui.H("th", ui.Attr("role", "columnheader"), ui.Attr("scope", "col"), ui.Text(room.T("Property"))),
				head(room.T("Desired"), "twin-desired-version", t.desiredVersion,
					ui.When(t.changed > 0, ui.H("span.badge.accent", ui.TestID("twin-changes"), ui.Text(room.T("changed ×%d", t.changed))))),
				head(room.T("Reported"), "twin-reported-version", t.reportedVersion),
				ui.H("th", ui.Attr("role", "columnheader"), ui.Attr("scope", "col"), ui.Text(room.T("State"))))),
			ui.H("tbody", ui.Attr("role", "rowgroup"), lines))),
		ui.When(len(rows) == 0, ui.H("p.empty", ui.Text(room.T("Neither side has a property yet. Report one below, or update the desired ones from the cloud side.")))),
		ui.When(len(rows) > 0 && !t.readAt.IsZero(), ui.H("p.help", ui.Text(room.T("Read at %s. A hub sends devices no $metadata: times are of what this page saw change.", t.readAt.Format("15:04:05"))))),
		ui.When(hasDesired(rows), ui.H("details.more", ui.H("summary", ui.Text(room.T("How to acknowledge"))),
			ui.H("div.grid",
				room.TextField(room.T("Code (ac)"), "twin-ack-code", &t.ackCode, ui.Attr("inputmode", "numeric")),
				room.TextField(room.T("Description (ad)"), "twin-ack-text", &t.ackText)),
			ui.H("p.help", ui.Text(room.T("As IoT Plug and Play does: reports the desired value with ac, the desired $version as av, and ad."))))),
		ui.When(hasDesired(rows), ui.H("div.actions", ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("twin-ack-all"), ui.Flag("disabled", cannot || len(open) == 0),
			ui.Text(room.T("Acknowledge all (%d)", len(open))), ui.OnClick(func() { room.acknowledge(open) })))),
	}
}

func hasDesired(rows []*row) bool {
	for _, r := range rows {
		if r.isDesired {
			return true
		}
	}
	return false
}

func (room *Room) viewRow(r *row, cannot bool) *ui.Node {
	t := &room.state
	name := r.name()
	times := t.seen[name]
	state := r.state()
	words := map[string]string{
		"same": room.T("same"), "differs": room.T("differs"), "desired": room.T("only desired"), "reported": room.T("only reported"),
	}[state]
	fresh := !times.desired.IsZero() && times.version == t.desiredVersion
	if r.group {
		times.desired, times.reported = time.Time{}, time.Time{} // its members show them
	}
	cell := func(has bool, v any, at time.Time, name string, more ...ui.Part) *ui.Node {
		return ui.H("td", ui.Attr("role", "cell"), ui.Attr("data-name", name),
			ui.When(has && !r.group, ui.H("code", ui.Text(jsontext.Compact(v)))),
			ui.When(!has, ui.H("span.help", ui.Text("—"))),
			ui.When(!at.IsZero(), ui.H("time", ui.Text(page.Clock(at)))), ui.Parts(more))
	}
	// The key holds the time, so that a row that changes is a new element, whose appearance the style sheet animates.
	return ui.H("tr", ui.Key(fmt.Sprint(name, "@", times.desired.UnixNano())), ui.Attr("role", "row"), ui.TestID("twin-row"), ui.Attr("data-state", state), ui.Attr("data-fresh", fmt.Sprint(fresh)),
		ui.H("th", ui.Attr("role", "rowheader"), ui.Attr("scope", "row"), ui.Attr("data-depth", fmt.Sprint(len(r.path)-1)), ui.Attr("title", name), ui.Text(r.path[len(r.path)-1])),
		cell(r.isDesired, r.desired, times.desired, room.T("Desired"), ui.When(fresh && !r.group, ui.H("span.badge.accent", ui.Text(room.T("new"))))),
		cell(r.isReported, r.reported, times.reported, room.T("Reported"),
			room.viewAcknowledgment(r.ack)),
		ui.H("td", ui.Attr("role", "cell"), ui.Attr("data-name", room.T("State")),
			ui.When(!r.group || state != "differs", ui.H("span.twin-state", ui.Text(words))),
			ui.When(r.property && r.isDesired, ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("twin-ack-"+name), ui.Flag("disabled", cannot),
				ui.Label(room.T("Acknowledge %s", name)), ui.Text(room.T("Acknowledge")), ui.OnClick(func() { room.acknowledge([]*row{r}) })))),
	)
}

func (room *Room) viewAcknowledgment(a *acknowledgment) *ui.Node {
	if a == nil {
		return nil
	}
	text := room.T("acknowledged: ac %s, av %s", a.code, a.version)
	return ui.H("span.ack", ui.TestID("twin-ack-state"), ui.Text(strings.TrimSpace(text+" "+a.description)))
}
