package telemetry

import (
	"fmt"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// Links are the parts of other rooms that this one uses.
type Links struct {
	// Running reports whether there is a connection, or an attempt to connect. The lock is held.
	Running func() bool
	// Client returns the client of the connection, or an error that asks the person to connect first. The lock is not held.
	Client func() (*hubclient.Client, error)
	// LiveClient returns the client of the connection, or nil without one. The lock is held.
	LiveClient func() *hubclient.Client
	// Ended returns a channel that is closed when the connection has ended. It is called only while there is one. The lock is held.
	Ended func() <-chan struct{}
	// Credentials returns those of the current or last connection. The lock is held.
	Credentials func() hubclient.Credentials
	// IsModule reports whether the connection, or without one the next, is a module's. The lock is held.
	IsModule func() bool
}

// Room is the room of the device's telemetry. Make it with New.
type Room struct {
	*page.Page
	Links Links // set once, before the room is used
	state state
}

// state is the room's state, guarded by the page's lock.
type state struct {
	composer  composer
	streams   streams
	simulator simulatorForm
	meter     meter
	chart     *chart
}

// New returns the room. The caller sets its Links before anything else.
func New(p *page.Page) *Room {
	return &Room{Page: p, state: state{composer: newComposer(), streams: newStreams(), chart: newChart()}}
}

// Card returns the room's view. The lock is held for reading, as for every view.
func (room *Room) Card() *ui.Node {
	return ui.H("div.telemetry", ui.Key("telemetry"), room.viewComposer(), room.viewStreams(), room.viewChart())
}

// Commands send a message, and start and stop streams. The lock is held.
func (room *Room) Commands() []page.Command {
	running, hint := room.Links.Running(), l10n.New("Telemetry")
	list := []page.Command{
		room.SendCommand(),
		room.FormatCommand("telemetry-format", l10n.New("Message body"), hint, page.TopicTelemetry, &room.state.composer.body),
		{ID: "stream-add", Name: l10n.New("+ Add a stream"), Hint: hint, Enabled: true,
			Do: room.At(page.TopicTelemetry, func() { room.Update(func() { room.state.streams.add() }) })},
	}
	for i, s := range page.First(room.state.streams.list) {
		command := page.Command{ID: fmt.Sprint("stream-start-", i), Name: l10n.New("Start %s", s.name.Text), Hint: hint, Enabled: running,
			Do: room.At(page.TopicTelemetry, func() { room.startStream(s) })}
		if s.running() {
			command = page.Command{ID: fmt.Sprint("stream-stop-", i), Name: l10n.New("Stop %s", s.name.Text), Hint: hint, Enabled: true, Do: func() { room.stopStream(s) }}
		}
		list = append(list, command)
	}
	return list
}

// SendCommand is the command that sends the composed message. The lock is held.
func (room *Room) SendCommand() page.Command {
	return page.Command{ID: "telemetry-send", Name: l10n.New("Send telemetry"), Hint: l10n.New("Telemetry"), Key: "Ctrl+Enter", Enabled: room.Links.Running(), Do: room.Send}
}

// Message returns the composed message. The lock is held.
func (room *Room) Message() hubclient.Message { return room.state.composer.message() }

// Secrets returns the keys and tokens in the configuration that a person pasted to import it. The lock is held.
func (room *Room) Secrets() []string { return room.state.simulator.secrets() }

// Forget clears the pasted configuration, which may hold a hub's key, and removes the streams that were imported from one. The lock is
// held.
func (room *Room) Forget() {
	room.state.simulator.clear()
	room.state.streams.removeImported()
}
