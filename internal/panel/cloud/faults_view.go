package cloud

import (
	"fmt"

	"github.com/hubpanel/hubpanel/internal/ui"
)

// view is the card that simulates faults.
func (f *Faults) view() *ui.Node {
	room := f.room
	settings := map[string]ui.Nodes{
		"fault-delay": {room.TextField(room.T("Milliseconds"), "fault-delay-ms", &f.delay, ui.Attr("inputmode", "decimal"))},
		"fault-drop":  {room.TextField(room.T("Percent of the packets"), "fault-drop-percent", &f.drop, ui.Attr("inputmode", "decimal"))},
		"fault-refuse": {ui.H("label.field", ui.H("span.field-name", ui.Text(room.T("CONNACK code"))),
			ui.H("select", ui.TestID("fault-refuse-code"), ui.OnChange(func(e ui.Event) { room.Update(func() { f.refuse = e.Value }) }),
				ui.Nodes(ui.Options(f.refuse, "3", room.T("3: the server is unavailable"), "5", room.T("5: not authorized")))))},
	}
	var switches ui.Nodes
	for _, s := range f.switches() {
		switches = append(switches, f.viewSwitch(&s, settings[s.id]))
	}
	return ui.H("details.card.faults", ui.TestID("faults"), ui.Attr("data-on", fmt.Sprint(f.any())),
		ui.Listener{Event: "toggle", Do: func(e ui.Event) {
			if e.Checked {
				f.Load()
			}
		}},
		ui.H("summary", ui.H("h3", ui.Text(room.T("Make trouble"))),
			ui.When(f.any(), ui.H("span.badge.warn", ui.TestID("faults-on"), ui.Text(room.T("faults are on"))))),
		ui.H("p.help", ui.Text(room.T("See how a device copes before a bad day comes. Everything here ends with the emulator, or with the button below."))),
		switches,
		f.viewOnce("fault-cut", room.T("Cut"), room.T("The connection breaks without a word. The device notices, waits a moment and connects again."), room.T("Cut it now"), f.cut),
		f.viewOnce("fault-expire", room.T("Expire"), room.T("The device connects anew with a token of 20 seconds that it cannot renew. When it ends, the hub closes the connection, and the device says why."), room.T("Let it expire"), room.Links.ExpireToken),
		ui.H("div.actions", ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("faults-end"), ui.Flag("disabled", f.busy || !f.any()), ui.Text(room.T("End all trouble")), ui.OnClick(f.clear))),
		room.ResultView(f.result, "faults-result"),
	)
}

// viewSwitch is a fault that is on or off, with its settings.
func (f *Faults) viewSwitch(s *faultSwitch, settings ui.Nodes) *ui.Node {
	return ui.H("div.fault", ui.Attr("data-on", fmt.Sprint(s.on)),
		ui.H("label.check",
			ui.H("input", ui.Attr("type", "checkbox"), ui.TestID(s.id), ui.Flag("checked", s.on), ui.Flag("disabled", f.busy), ui.OnChange(func(e ui.Event) { s.set(e.Checked) })),
			ui.H("b", ui.Text(f.room.Words(s.name)))),
		ui.H("p.help", ui.Text(f.room.Words(s.about))),
		ui.When(len(settings) > 0, ui.H("div.fault-settings", settings)),
	)
}

// viewOnce is a fault that happens once.
func (f *Faults) viewOnce(id, name, about, button string, do func()) *ui.Node {
	return ui.H("div.fault",
		ui.H("b", ui.Text(name)),
		ui.H("p.help", ui.Text(about)),
		ui.H("div.fault-settings", ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID(id), ui.Flag("disabled", f.busy), ui.Text(button), ui.OnClick(do))),
	)
}
