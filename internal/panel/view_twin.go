package panel

import (
	"fmt"
)

func (p *Panel) viewTwin() *Node {
	t := &p.twin
	state := "Connect the device to read its twin."
	switch {
	case t.loading:
		state = "Reading …"
	case t.known:
		state = ""
	}
	part := func(name, id string, version int64, m map[string]any, more ...part) *Node {
		return h("section.document", label(name),
			h("header", h("h4", text(name)), when(t.known, h("span.badge", testid(id+"-version"), text(p.say("$version %d", version)))), parts(more)),
			when(t.known, h("pre", testid(id), text(document(m)))),
			when(!t.known, h("p.empty", text("—"))),
		)
	}
	return h("form.card", key("twin"), onSubmit(p.ReportPatch),
		h("header.card-head", h("h3", text(p.say("Device twin"))),
			h("button.quiet", attr("type", "button"), testid("twin-read"), flag("disabled", !p.device.running()), text(p.say("Read again")), onClick(p.ReadTwin))),
		when(state != "", h("p.help", text(state))),
		h("div.columns",
			part("Desired", "twin-desired", t.desiredVersion, t.desired,
				when(t.changed > 0, h("span.badge.accent", testid("twin-changes"), key(fmt.Sprint(t.changed)), text(p.say("changed ×%d", t.changed))))),
			part("Reported", "twin-reported", t.reportedVersion, t.reported),
		),
		p.viewJSON(p.say("Patch of the reported properties (null deletes)"), "twin-patch", &t.patch, 6, false),
		h("div.actions",
			h("button.primary", attr("type", "submit"), testid("twin-report"), flag("disabled", !p.device.running() || t.busy), text(p.say("Report")))),
		viewResult(t.result, "twin-result"),
	)
}
