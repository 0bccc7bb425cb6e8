package cloud

import (
	"fmt"

	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// view is the card of the hub's devices.
func (r *Registry) view() *ui.Node {
	room := r.room
	rows := make(ui.Nodes, 0, len(r.devices))
	for i := range r.devices {
		rows = append(rows, r.viewDevice(i, &r.devices[i]))
	}
	return ui.H("details.card.registry", ui.TestID("registry"),
		ui.Listener{Event: "toggle", Do: func(e ui.Event) { r.setOpen(e.Checked) }},
		ui.H("summary", ui.H("h3", ui.Text(room.T("Devices"))),
			ui.When(r.devices != nil, ui.H("span.badge", ui.TestID("registry-count"), ui.Text(fmt.Sprint(len(r.devices)))))), // not read yet is not none
		ui.H("ul.registered-list", ui.Label(room.T("Devices")), rows),
		ui.H("form.registry-new", ui.OnSubmit(r.create),
			room.TextField(room.T("New device id, or device/module"), "registry-new-id", &r.newID),
			ui.H("button.secondary", ui.Attr("type", "submit"), ui.TestID("registry-create"), ui.Flag("disabled", r.busy), ui.Text(room.T("Register it")))),
		room.ResultView(r.result, "registry-result"),
	)
}

func (r *Registry) viewDevice(i int, d *registered) *ui.Node {
	room := r.room
	id := func(part string) ui.Part { return ui.TestID(fmt.Sprint("registry-", i, "-", part)) }
	button := func(part, name, about string, do func()) *ui.Node {
		return ui.H("button.quiet", ui.Attr("type", "button"), id(part), ui.Label(about), ui.Flag("disabled", r.busy), ui.Text(name), ui.OnClick(do))
	}
	state, status := room.T("disconnected"), emulator.StatusDisabled
	if d.connected {
		state = room.T("connected")
	}
	active := room.T("never active")
	if d.lastActivity.Year() > 1 {
		active = room.T("last active %s", d.lastActivity.In(room.Env.Location).Format("2006-01-02 15:04:05"))
	}
	deviceID := d.DeviceID
	actions := ui.Nodes{
		button("use", room.T("Use as the device"), room.T("Use %s as the device", deviceID), func() { r.use(deviceID) }),
	}
	if d.enabled {
		status = emulator.StatusEnabled
		actions = append(actions, button("disable", room.T("Disable"), room.T("Disable %s", deviceID), func() { r.setStatus(deviceID, false) }))
	} else {
		actions = append(actions, button("enable", room.T("Enable"), room.T("Enable %s", deviceID), func() { r.setStatus(deviceID, true) }))
	}
	if d.messages > 0 {
		actions = append(actions, button("purge", room.T("Empty the queue"), room.T("Empty the queue of %s", deviceID), func() { r.purge(deviceID) }))
	}
	actions = append(actions, button("delete", room.T("Delete …"), room.T("Delete %s …", deviceID), func() { room.Update(func() { r.confirm = deviceID }) }))
	asks := r.confirm == deviceID
	return ui.H("li.registered", ui.Key(deviceID), ui.TestID("registered"), ui.Attr("data-status", string(status)),
		ui.H("div.registered-head",
			ui.H("b", ui.Text(deviceID)),
			ui.H("span.chip", id("state"), ui.Attr("data-live", fmt.Sprint(d.connected)), ui.Text(state)),
			ui.When(!d.enabled, ui.H("span.badge.warn", ui.Text(room.T("disabled")))),
			ui.When(d.messages > 0, ui.H("span.badge", id("queue"),
				ui.Text(room.TN(d.messages, "%d message waits", "%d messages wait", d.messages)))),
			ui.H("span.help", ui.Text(active))),
		ui.When(!asks, ui.H("div.registered-actions", actions)),
		ui.When(asks, ui.H("div.registered-confirm", ui.Attr("role", "group"), ui.Label(room.T("Delete %s?", deviceID)),
			ui.H("p", ui.Text(room.T("Delete %s? Its keys, its twin and its messages go with it.", deviceID))),
			button("delete-yes", room.T("Delete"), room.T("Delete %s", deviceID), func() { r.remove(deviceID) }),
			ui.H("button.quiet", ui.Attr("type", "button"), id("delete-no"), ui.Attr("data-focus", ""), ui.Text(room.T("Keep it")),
				ui.OnClick(func() { room.Update(func() { r.confirm = "" }) })))),
	)
}
