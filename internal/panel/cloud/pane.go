package cloud

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// Pane is the cloud side of the page, about the topic that it shows. The lock is held.
func (room *Room) Pane() *ui.Node {
	head := ui.H("header.pane-head", ui.H("h2", ui.Text(room.T("Cloud"))), ui.H("p", ui.Text(room.T("What the hub and its services see."))))
	if !room.OnEmulator() {
		return ui.H("section.pane.cloud", ui.Label(room.T("Cloud side")), head, room.viewNoEmulator())
	}
	var card *ui.Node
	switch room.shown() {
	case page.TopicMessages:
		card = room.Messages.view()
	case page.TopicTwin:
		card = room.Twin.view()
	case page.TopicMethods:
		card = room.Methods.view()
	case page.TopicProvisioning:
		card = room.viewEnrollments()
	default:
		card = room.Telemetry.view()
	}
	return ui.H("section.pane.cloud", ui.Label(room.T("Cloud side")), head,
		room.viewTarget(),
		card,
		room.Registry.view(),
		room.Faults.view(),
		room.JournalCard(&room.log, "cloud-log", room.T("Operations log"),
			room.T("Nothing yet. Connect the device: the hub writes here what it did, and why it refused.")),
	)
}

// viewTarget chooses the device that the cloud side is about.
func (room *Room) viewTarget() *ui.Node {
	t := &room.target
	ids := make([]string, 0, len(room.Registry.devices)+1)
	for _, d := range room.Registry.devices {
		ids = append(ids, d.DeviceID)
	}
	if !slices.Contains(ids, t.device) && t.device != "" {
		ids = append([]string{t.device}, ids...)
	}
	list := make([]*ui.Node, 0, len(ids))
	for _, id := range ids {
		list = append(list, ui.H("option", ui.Key(id), ui.Attr("value", id), ui.Flag("selected", id == t.device), ui.Text(id)))
	}
	live := room.T("event stream closed")
	if room.Live() {
		live = room.T("event stream open")
	}
	return ui.H("div.card.target",
		ui.H("label.field.inline", ui.H("span.field-name", ui.Text(room.T("Device"))),
			ui.H("select", ui.TestID("cloud-device"), ui.Listener{Event: "change", Do: func(e ui.Event) { room.selectDevice(e.Value) }}, ui.Nodes(list))),
		room.viewModules(),
		ui.H("span.chip", ui.TestID("cloud-live"), ui.Attr("data-live", fmt.Sprint(room.Live())), ui.Text(live)),
	)
}

// KindText returns where the emulator is, for the chip in the page's header.
func (room *Room) KindText() l10n.Text {
	return map[hubservice.Kind]l10n.Text{
		hubservice.Unknown: l10n.New("looking for a hub …"),
		hubservice.Served:  l10n.New("emulator beside the page"),
		hubservice.InPage:  l10n.New("emulator inside the page"),
		hubservice.None:    l10n.New("no emulator"),
	}[room.emulator.Kind]
}

// viewNoEmulator takes the place of the cloud side where there is no emulator to show, or none yet: the service API of a real hub cannot be
// called from a page, since it sends no CORS headers.
func (room *Room) viewNoEmulator() *ui.Node {
	switch {
	case room.emulator.Kind == hubservice.Unknown:
		return ui.H("div.card", ui.H("p.empty", ui.Text(room.T("Looking for an emulator …"))))
	case room.failure != nil && !room.Links.Running():
		return ui.H("div.card", ui.Key("no-emulator"), ui.TestID("cloud-failed"),
			ui.H("p", ui.Text(room.Words(room.failure))),
			ui.H("div.actions", ui.H("button.primary", ui.Attr("type", "button"), ui.TestID("cloud-retry"), ui.Text(room.T("Look for the emulator again")), ui.OnClick(room.startSearch))),
			room.viewCommands())
	}
	return ui.H("div.card.real", ui.Key("real"),
		ui.H("h3", ui.Text(room.T("This side is yours"))),
		ui.H("p", ui.Text(room.T("The device talks to a real hub. A page cannot call a hub's service API (it allows no other origin), so watch and command it from your shell:"))),
		room.viewCommands(),
	)
}

// viewCommands are commands for a shell that do with a real hub's service side what this pane does with the emulator's.
func (room *Room) viewCommands() *ui.Node {
	device := cmp.Or(room.Links.Credentials().DeviceID, "DEVICE")
	return ui.H("pre", ui.TestID("cloud-commands"), ui.Text("az iot hub monitor-events -n HUB -d "+device+"\n"+
		"az iot device c2d-message send -n HUB -d "+device+" --data 'Hello'\n"+
		"az iot hub device-twin update -n HUB -d "+device+" --desired '{\"interval\": 10}'\n"+
		"az iot hub invoke-device-method -n HUB -d "+device+" --mn reboot --mp '{}'"))
}

// viewEnrollments is the card of the ready-made enrollments.
func (room *Room) viewEnrollments() *ui.Node {
	info := &room.emulator.Info
	row := func(id string, group bool, name, registrationID string) *ui.Node {
		return ui.H("div.enrollment",
			ui.H("div", ui.H("b", ui.Text(name)), ui.H("p.help", ui.Text(room.T("registration id %s", registrationID)))),
			ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID(id), ui.Text(room.T("Use it")),
				ui.OnClick(func() { room.Update(func() { room.Links.UseEnrollment(group) }) })))
	}
	return ui.H("div.card", ui.Key("enrollments"),
		ui.H("h3", ui.Text(room.T("Enrollments of the emulator"))),
		ui.H("p.help", ui.Text(room.T("ID scope %s", info.IDScope))),
		row("use-individual", false, room.T("Individual enrollment"), info.Demo.Individual.RegistrationID),
		row("use-group", true, room.T("Enrollment group %s", info.Demo.Group.EnrollmentGroupID), info.Demo.Group.RegistrationID),
		ui.H("p.help", ui.Text(room.T("The service answers 202 with retry-after while it assigns a hub, as the real one does; then it creates the device in the hub."))),
	)
}
