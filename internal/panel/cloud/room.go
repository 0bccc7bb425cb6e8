package cloud

import (
	"context"
	"sync"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// Room is the cloud side of the page.
type Room struct {
	*page.Page
	Links Links

	Telemetry *Telemetry
	Messages  *Messages
	Twin      *Twin
	Methods   *Methods
	Registry  *Registry
	Faults    *Faults

	emulator *hubservice.Emulator
	network  Network
	newHub   func() *emulator.Hub // makes the hub inside the page
	target   target
	log      page.Journal // the operations log
	failure  l10n.Text    // why there is no emulator; nil: there is one, or none was expected
	search   search       // guarded by the page's lock
	refresh  refresh      // has a lock of its own
}

// Network is how the room reaches the emulator.
type Network struct {
	// Fetch makes an HTTP request to the page's own origin. Nil means that no server is behind the page.
	Fetch hubservice.Fetch
	// Dial opens MQTT's byte stream to a URL, also to the hub inside the page.
	Dial hubservice.Dialer
}

// Links are the room's connections to other rooms. The root sets all of them before anything runs.
type Links struct {
	// Running reports whether there is a connection of the page's device, or an attempt to make one. The lock is held.
	Running func() bool
	// Credentials returns those of the connection that runs, or ran last. The lock is held.
	Credentials func() hubclient.Credentials
	// Found fills in the ready-made device and enrollment where the forms are empty, when the emulator has been found. The lock is held.
	Found func()
	// InfoChanged replaces what the forms hold of the emulator's old info by the same of the new one. The lock is held.
	InfoChanged func(old, now *hubservice.Info)
	// UseConnectionString puts a registered device's connection string into the connect form. The lock is held.
	UseConnectionString func(string)
	// UseEnrollment fills in the registration form with the ready-made enrollment group or individual enrollment. The lock is held.
	UseEnrollment func(group bool)
	// ExpireToken reconnects the device with a token that expires soon. The lock is not held.
	ExpireToken func()
	// Stored notes an event that the hub stored. The lock is held.
	Stored func(*hubservice.StoredEvent)
	// Refused notes that the hub refused something to a device, or warned of it. The lock is held.
	Refused func(*hubservice.Operation)
}

// New returns a cloud side that looks for no emulator until Start. It fills in e.
func New(p *page.Page, e *hubservice.Emulator, network Network) *Room {
	room := &Room{Page: p, emulator: e, network: network, newHub: func() *emulator.Hub { return new(emulator.Hub) }}
	room.Telemetry = newTelemetry(room)
	room.Messages = newMessages(room)
	room.Twin = newTwin(room)
	room.Methods = newMethods(room)
	room.Registry = &Registry{room: room}
	room.Faults = newFaults(room)
	return room
}

// OnEmulator reports whether the page's device is the emulator's: the one that is connected, or the next one if there is an emulator. The
// lock is held.
func (room *Room) OnEmulator() bool {
	return room.emulator.Found() && (!room.Links.Running() || room.emulator.Is(room.Links.Credentials().Host))
}

// OperationsLog returns the hub's operations log. The lock is held.
func (room *Room) OperationsLog() *page.Journal { return &room.log }

// Live reports whether the stream of stored telemetry is open. The lock is held.
func (room *Room) Live() bool { return room.Telemetry.live }

// Commands returns the commands of the cloud side. The lock is held.
func (room *Room) Commands() []page.Command {
	on, hint := room.OnEmulator(), l10n.New("Cloud")
	list := []page.Command{
		{ID: "c2d-send", Name: l10n.New("Send a cloud-to-device message"), Hint: hint, Enabled: on, Do: room.At(page.TopicMessages, room.Messages.send)},
		{ID: "desired-update", Name: l10n.New("Update the desired properties"), Hint: hint, Enabled: on, Do: room.At(page.TopicTwin, room.Twin.updateDesired)},
		{ID: "tags-update", Name: l10n.New("Update tags"), Hint: hint, Enabled: on, Do: room.At(page.TopicTwin, room.Twin.updateTags)},
		{ID: "invoke", Name: l10n.New("Invoke the direct method"), Hint: hint, Enabled: on, Do: room.At(page.TopicMethods, room.Methods.invoke)},
		room.FormatCommand("desired-format", l10n.New("Patch of the desired properties (null deletes)"), hint, page.TopicTwin, &room.Twin.desired.patch),
		room.FormatCommand("tags-format", l10n.New("Patch of the tags (null deletes)"), hint, page.TopicTwin, &room.Twin.tags.patch),
		room.FormatCommand("invoke-format", l10n.New("Payload"), hint, page.TopicMethods, &room.Methods.payload),
	}
	for _, d := range page.First(room.Registry.devices) {
		list = append(list, page.Command{ID: "cloud-device-" + d.DeviceID, Name: l10n.New("Cloud side: %s", d.DeviceID), Hint: hint, Enabled: d.DeviceID != room.target.device,
			Do: func() { room.selectDevice(d.DeviceID) }})
	}
	return append(list, room.Faults.commands()...)
}

// Secrets returns the keys of the emulator's policies, of its ready-made device and of its enrollments. The lock is held.
func (room *Room) Secrets() []string {
	info := &room.emulator.Info
	list := append(room.emulator.Client.Secrets(), info.Demo.Individual.PrimaryKey, info.Demo.Group.PrimaryKey)
	for _, s := range []string{info.DeviceConnectionString, info.ServiceConnectionString, info.ProvisioningServiceConnectionString} {
		list = append(list, page.SecretsIn(s)...)
	}
	return list
}

// Forget ends the second session, which holds a device's key. The lock is held.
func (room *Room) Forget() { room.Faults.rival.stop() }

// Save writes the forms and the stored telemetry to a session file, but not the operations log. The lock is held.
func (room *Room) Save(d *savefile.Document) {
	f := &d.Settings
	f.Desired, f.Tags = room.Twin.desired.patch.Text, room.Twin.tags.patch.Text
	room.Messages.save(f)
	room.Methods.save(f)
	d.Stored = room.Telemetry.saved()
}

// Restore fills the forms from a session file. What the file's version did not know stays as it is. The lock is held.
func (room *Room) Restore(d *savefile.Document) {
	f := &d.Settings
	room.Twin.desired.patch.Set(f.Desired)
	room.Twin.tags.patch.Set(f.Tags)
	room.Messages.restore(f, d.Version)
	room.Methods.restore(f, d.Version)
}

// Prepare counts the stored telemetry that came since the last drawing. The write lock is held.
func (room *Room) Prepare() {
	if room.OnEmulator() && room.shown() == page.TopicTelemetry {
		room.Telemetry.prepare()
	}
}

// shown returns the topic whose card the cloud side shows: the topics that it has nothing about show the telemetry.
func (room *Room) shown() page.Topic {
	switch room.Topic {
	case page.TopicMessages, page.TopicTwin, page.TopicMethods, page.TopicProvisioning:
		return room.Topic
	}
	return page.TopicTelemetry
}

// refresh is how callers of Refresh share a request.
type refresh struct {
	mu     sync.Mutex
	flight *flight // that is under way; nil: none
}

// set fills fields.
func set(fields map[*ui.Field]string) {
	for f, text := range fields {
		f.Set(text)
	}
}

// call makes a request with the emulator's client, and once more with another client if the emulator was restarted and refuses the first.
func (room *Room) call(ctx context.Context, do func(*hubservice.Client) error) error {
	client := room.client()
	err := do(client)
	if !hubservice.IsUnauthorized(err) {
		return err
	}
	if _, failed := room.Refresh(ctx); failed != nil {
		return err
	}
	if now := room.client(); now != client {
		return do(now)
	}
	return err
}

// client returns the emulator's client, or nil. The lock is not held.
func (room *Room) client() (c *hubservice.Client) {
	room.Read(func() { c = room.emulator.Client })
	return c
}
