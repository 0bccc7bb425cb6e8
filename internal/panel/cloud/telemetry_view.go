package cloud

import (
	"maps"
	"slices"

	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// eventsPage is how many events are drawn at first, and how many more on each request.
const eventsPage = 50

// eventsInWindow is how many events fill the list's window, also where each is two lines high.
const eventsInWindow = 8

// prepare counts the events that came. The write lock is held.
func (t *Telemetry) prepare() { t.busy.Prepare(t.room.Drawing, t.dropped+len(t.events)) }

// view is the card of the stored telemetry.
func (t *Telemetry) view() *ui.Node {
	room := t.room
	shown := t.busy.Rows(t.window, eventsInWindow)
	rows := make(ui.Nodes, 0, shown)
	matching := 0
	for i := len(t.events) - 1; i >= 0; i-- {
		if t.device != "" && t.events[i].Event().DeviceID != t.device {
			continue
		}
		if matching++; matching <= shown {
			rows = append(rows, t.viewEvent(&t.events[i]))
		}
	}
	devices := []string{"", room.T("All devices")}
	for _, d := range room.Registry.devices {
		devices = append(devices, d.DeviceID, d.DeviceID)
	}
	return ui.H("div.card", ui.Key("events"),
		ui.H("h3", ui.Text(room.T("Telemetry, as the hub stored it"))),
		ui.When(len(t.events) > 0, ui.H("div.grid",
			ui.H("label.field", ui.H("span.field-name", ui.Text(room.T("Of"))),
				ui.H("select", ui.TestID("events-device"), ui.OnChange(func(e ui.Event) { room.Update(func() { t.device, t.window = e.Value, eventsPage }) }), ui.Nodes(ui.Options(t.device, devices...)))),
			ui.H("label.field", ui.H("span.field-name", ui.Text(room.T("Bodies as"))),
				ui.H("select", ui.TestID("events-form"), ui.OnChange(func(e ui.Event) { room.Update(func() { t.form = page.BodyForm(e.Value) }) }),
					ui.Nodes(ui.Options(string(t.form), string(page.FormJSON), room.T("JSON"), string(page.FormText), room.T("Text"), string(page.FormHex), room.T("Hex"))))))),
		ui.When(len(t.events) == 0, ui.H("p.empty", ui.Text(room.T("Nothing yet. Send telemetry from the device side: it appears here through the hub's event stream.")))),
		ui.When(len(t.events) > 0 && matching == 0, ui.H("p.empty", ui.Text(room.T("Nothing of this device yet.")))),
		ui.When(matching > 0, ui.H("div.scroll", ui.Attr("role", "log"), ui.Label(room.T("Telemetry")), ui.Attr("tabindex", "0"), room.WatchScroll(&t.busy), ui.H("ol.messages", ui.When(t.busy.Busy(), ui.Attr("data-rush", "")), rows))),
		ui.When(matching > t.window, ui.H("div.actions", ui.H("p.help", ui.Text(room.T("The newest %d of %d are shown.", len(rows), matching))),
			ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("events-more"), ui.Text(room.T("Show more")), ui.OnClick(func() { room.Update(func() { t.window += eventsPage }) })))),
		ui.When(t.dropped > 0, ui.H("p.empty", ui.Text(room.T("%d older events were dropped from view.", t.dropped)))),
	)
}

func (t *Telemetry) viewEvent(s *stored) *ui.Node {
	room, e := t.room, s.Event()
	chips := ui.Nodes{}
	for _, name := range slices.Sorted(maps.Keys(e.Properties)) {
		chips = append(chips, ui.H("span.chip", ui.Text(name+" = "+e.Properties[name])))
	}
	for _, name := range slices.Sorted(maps.Keys(e.SystemProperties)) {
		chips = append(chips, ui.H("span.chip.system", ui.Text(room.T("%s = %v", name, e.SystemProperties[name]))))
	}
	return ui.H("li.message", ui.Key(s.key()), ui.TestID("event"),
		ui.H("div.message-head", ui.H("time", ui.Text(page.Clock(e.EnqueuedTime.In(room.Env.Location)))), ui.H("b", ui.Text(e.DeviceID)),
			ui.H("span.badge", ui.Text(room.T("#%d", e.SequenceNumber)))),
		ui.H("pre", ui.Text(t.body(e))),
		ui.H("details.more", ui.H("summary", ui.Text(room.T("%d properties", len(chips)))), ui.H("div.chips", chips)),
	)
}

// body is a body in the chosen form. JSON is the form of what is JSON; the rest shows as what it is.
func (t *Telemetry) body(e *emulator.Event) string {
	if t.form == page.FormJSON {
		return page.PayloadText(e.Body)
	}
	return t.form.Show(e.Body)
}
