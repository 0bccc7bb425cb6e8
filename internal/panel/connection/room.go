package connection

import (
	"context"
	"encoding/base64"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// Room is the device's live connection, and the form that says which device to connect.
type Room struct {
	*page.Page
	Form  *Form
	Links Links

	emulator *hubservice.Emulator
	network  hubservice.Network
	state    state
}

// Links are the room's connections to other rooms. The root sets all of them before anything runs.
type Links struct {
	// Message handles a message to the device or to a module's input. An error makes the hub deliver it again. The lock is not held.
	Message func(context.Context, hubclient.Delivery) error
	// Acknowledged notes that the PUBACK of a delivery was written. The lock is not held.
	Acknowledged func(id uint64)
	// Desired handles the desired properties, or a change of them. The lock is not held.
	Desired func(context.Context, hubclient.Desired)
	// Method answers a direct method. The lock is not held.
	Method func(context.Context, hubclient.Method) (hubclient.Response, error)
	// Trace records a packet, of whichever connection. The lock is not held.
	Trace func(hubclient.Traced)

	// Connecting prepares the other rooms for a connection that begins: everything of the one before has been handled. The lock is held.
	Connecting func()
	// Connected notes that the hub has accepted the device, at each connect and reconnect. The lock is held.
	Connected func()
	// StateChanged follows the phases of the connection, also those of one that is being replaced. The lock is held.
	StateChanged func(before, after hubclient.State)
	// StoreSecret brings what is kept of the form in line with the person's choice, before the form's device is connected. The lock is held.
	StoreSecret func()
	// RefreshEmulator reads the emulator's info again, which has new keys if it was restarted, and offers the form its ready-made device.
	// The lock is not held.
	RefreshEmulator func(context.Context) error
	// Profiles is the view of the kept connections, below the form. The lock is held.
	Profiles func() *ui.Node
}

// state is the room's own state, beside the form.
type state struct {
	owner      owner
	connection *connection // that runs, or ran last; never nil
}

// New returns a room without a connection.
func New(p *page.Page, e *hubservice.Emulator, network hubservice.Network) *Room {
	room := &Room{Page: p, emulator: e, network: network, state: state{connection: &connection{}}}
	room.Form = newForm(p, e, room.Connect)
	return room
}

// Running reports whether there is a connection of the device, or an attempt to make one. The lock is held.
func (room *Room) Running() bool { return room.state.running() }

func (s *state) running() bool {
	return s.connection.tenant != nil && s.connection.tenant == s.owner.current
}

// ErrNotConnected asks the person to connect the device.
var ErrNotConnected = l10n.New("the device is not connected. Connect it first")

// Client returns the client of the connection that runs, or ErrNotConnected. The lock is not held.
func (room *Room) Client() (*hubclient.Client, error) {
	room.Lock()
	defer room.Unlock()
	if client := room.LiveClient(); client != nil {
		return client, nil
	}
	return nil, ErrNotConnected
}

// LiveClient returns the client of the connection that runs, or nil. A connection that waits for the end of the one before has none yet.
// The lock is held.
func (room *Room) LiveClient() *hubclient.Client {
	if !room.state.running() || !room.state.connection.began {
		return nil
	}
	return room.state.connection.client
}

// Credentials returns those of the connection that runs, or ran last. The lock is held.
func (room *Room) Credentials() hubclient.Credentials {
	return room.state.connection.settings.Credentials
}

// Options returns those of the connection that runs, or ran last, as its Settings had them. The lock is held.
func (room *Room) Options() hubclient.Options { return room.state.connection.settings.Options }

// IsModule reports whether the device of the connection that runs, or ran last, is a module. The lock is held.
func (room *Room) IsModule() bool { return room.Credentials().ModuleID != "" }

// Ended returns a channel that is closed when the connection that runs has ended; without one it is closed. The lock is held.
func (room *Room) Ended() <-chan struct{} {
	if !room.state.running() {
		return closed
	}
	return room.state.connection.tenant.ended
}

// OnEmulator reports whether the page's device is the emulator's: the one that is connected, or the next one if there is an emulator.
// The lock is held.
func (room *Room) OnEmulator() bool {
	return room.emulator.Found() && (!room.state.running() || room.emulator.Is(room.Credentials().Host))
}

// TokenView shows the content of a SAS token; its signature is not shown. The lock is held.
func (room *Room) TokenView(t hubproto.SASToken) *ui.Node { return tokenView(room.Page, t) }

// Secrets returns the keys and tokens of the form and of the connection. The lock is held.
func (room *Room) Secrets() []string {
	cr := room.Credentials()
	return append(room.Form.secrets(), base64.StdEncoding.EncodeToString(cr.Key), cr.SharedAccessSignature)
}

// Forget ends the connection and clears every secret. The lock is held.
func (room *Room) Forget() {
	room.state.owner.end()
	room.Form.forgetSecrets()
	c := room.state.connection
	c.settings.Credentials.Key, c.settings.Credentials.SharedAccessSignature, c.readyMade = nil, "", ""
}

// Save writes the device's name to a session file. The lock is held.
func (room *Room) Save(d *savefile.Document) {
	cr := room.Credentials()
	d.Device = savefile.Device{Host: cr.Host, DeviceID: cr.DeviceID, ModuleID: cr.ModuleID, Gateway: cr.Gateway}
}
