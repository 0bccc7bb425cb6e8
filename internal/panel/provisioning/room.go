package provisioning

import (
	"context"
	"encoding/base64"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// Room is the registration with the Device Provisioning Service.
type Room struct {
	*page.Page
	Links Links

	emulator *hubservice.Emulator
	network  hubservice.Network
	state    state
}

// Links are the room's connections to other rooms. The root sets all of them before anything runs.
type Links struct {
	// Running reports whether there is a connection of the device, or an attempt to make one. The lock is held.
	Running func() bool
	// Credentials returns those of the connection that runs, or ran last. The lock is held.
	Credentials func() hubclient.Credentials
	// Connect connects an assigned device; the connection that runs ends first. The lock is held.
	Connect func(hubclient.Credentials)
	// FillForm puts an assigned device, whose key the person has to give, into the connection form. The lock is held.
	FillForm func(hubclient.Assignment)
	// RefreshDevices reads the list of the emulator's devices again, to which a registration may have added one. The lock is not held.
	RefreshDevices func(context.Context)
	// TokenView shows the content of a SAS token. The lock is held.
	TokenView func(hubproto.SASToken) *ui.Node
}

// New returns a room with an empty form.
func New(p *page.Page, e *hubservice.Emulator, network hubservice.Network) *Room {
	return &Room{Page: p, emulator: e, network: network, state: newState()}
}

// Commands register the device, and connect it. The lock is held.
func (room *Room) Commands() []page.Command {
	hint := l10n.New("Provisioning")
	idle := room.state.running == nil
	return []page.Command{
		{ID: "dps-register", Name: l10n.New("Register and connect"), Hint: hint, Enabled: idle, Do: room.At(page.TopicProvisioning, room.RegisterDevice)},
		{ID: "dps-register-only", Name: l10n.New("Register only"), Hint: hint, Enabled: idle, Do: room.At(page.TopicProvisioning, room.RegisterOnly)},
		{ID: "dps-cancel", Name: l10n.New("Cancel the registration"), Hint: hint, Enabled: !idle, Do: room.CancelRegistration},
		{ID: "dps-connect", Name: l10n.New("Connect the device that was registered"), Hint: hint, Enabled: room.canConnect(), Do: room.ConnectAssigned},
	}
}

// Secrets returns the keys and tokens of the form and of the assignment. The lock is held.
func (room *Room) Secrets() []string {
	s := &room.state
	list := []string{s.key.Text, s.token.Text, s.derivedKey()}
	if s.assigned != nil {
		list = append(list, base64.StdEncoding.EncodeToString(s.assigned.Credentials.Key), s.assigned.Credentials.SharedAccessSignature)
	}
	return list
}

// Forget cancels the registration that runs, and clears the form's secrets and the assignment, which has the device's. The lock is held.
func (room *Room) Forget() {
	s := &room.state
	s.running.cancel()
	s.key.Set("")
	s.token.Set("")
	s.assigned = nil
}
