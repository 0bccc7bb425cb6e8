package panel

import (
	"fmt"

	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// viewRegistry is the list of the hub's devices.
func (p *Panel) viewRegistry() *Node {
	r := &p.cloud.registry
	rows := make(nodes, 0, len(r.devices))
	for i, d := range r.devices {
		rows = append(rows, p.viewRegistered(i, d))
	}
	return h("details.card.registry", testid("registry"),
		Listener{Event: "toggle", Do: func(e Event) { p.OpenRegistry(e.Checked) }},
		h("summary", h("h3", text(p.T("Devices"))),
			when(r.devices != nil, h("span.badge", testid("registry-count"), text(fmt.Sprint(len(r.devices)))))), // not read yet is not none
		h("ul.registered-list", label(p.T("Devices")), rows),
		h("form.registry-new", onSubmit(p.CreateDevice),
			p.viewText(p.T("New device id, or device/module"), "registry-new-id", &r.newID),
			h("button.secondary", attr("type", "submit"), testid("registry-create"), flag("disabled", r.busy), text(p.T("Register it")))),
		viewResult(r.result, "registry-result"),
	)
}

func (p *Panel) viewRegistered(i int, d registered) *Node {
	id := func(part string) Attr { return testid(fmt.Sprint("registry-", i, "-", part)) }
	button := func(part, name, about string, do func()) *Node {
		return h("button.quiet", attr("type", "button"), id(part), label(about), flag("disabled", p.cloud.registry.busy), text(name), onClick(do))
	}
	enabled, connected := d.Status == emulator.StatusEnabled, d.ConnectionState == "Connected"
	state := p.T("disconnected")
	if connected {
		state = p.T("connected")
	}
	seen := p.T("never active")
	if d.LastActivityTime.Year() > 1 {
		seen = p.T("last active %s", d.LastActivityTime.In(p.env.Location).Format("2006-01-02 15:04:05"))
	}
	actions := nodes{
		button("use", p.T("Use as the device"), p.T("Use %s as the device", d.DeviceID), func() { p.OfferDevice(d.DeviceID) }),
	}
	if enabled {
		actions = append(actions, button("disable", p.T("Disable"), p.T("Disable %s", d.DeviceID), func() { p.SetDeviceStatus(d.DeviceID, false) }))
	} else {
		actions = append(actions, button("enable", p.T("Enable"), p.T("Enable %s", d.DeviceID), func() { p.SetDeviceStatus(d.DeviceID, true) }))
	}
	if d.CloudToDeviceMessageCount > 0 {
		actions = append(actions, button("purge", p.T("Empty the queue"), p.T("Empty the queue of %s", d.DeviceID), func() { p.PurgeQueue(d.DeviceID) }))
	}
	actions = append(actions, button("delete", p.T("Delete …"), p.T("Delete %s …", d.DeviceID), func() { p.update(func() { p.cloud.registry.confirm = d.DeviceID }) }))
	asks := p.cloud.registry.confirm == d.DeviceID
	return h("li.registered", key(d.DeviceID), testid("registered"), attr("data-status", d.Status),
		h("div.registered-head",
			h("b", text(d.DeviceID)),
			h("span.chip", id("state"), attr("data-live", fmt.Sprint(connected)), text(state)),
			when(!enabled, h("span.badge.warn", text(p.T("disabled")))),
			when(d.CloudToDeviceMessageCount > 0, h("span.badge", id("queue"),
				text(p.TN(d.CloudToDeviceMessageCount, "%d message waits", "%d messages wait", d.CloudToDeviceMessageCount)))),
			h("span.help", text(seen))),
		when(!asks, h("div.registered-actions", actions)),
		when(asks, h("div.registered-confirm", attr("role", "group"), label(p.T("Delete %s?", d.DeviceID)),
			h("p", text(p.T("Delete %s? Its keys, its twin and its messages go with it.", d.DeviceID))),
			button("delete-yes", p.T("Delete"), p.T("Delete %s", d.DeviceID), func() { p.DeleteDevice(d.DeviceID) }),
			h("button.quiet", attr("type", "button"), id("delete-no"), attr("data-focus", ""), text(p.T("Keep it")),
				onClick(func() { p.update(func() { p.cloud.registry.confirm = "" }) })))),
	)
}
