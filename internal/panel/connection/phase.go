package connection

import (
	"errors"
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// State returns the state of the connection that runs, or ran last. The lock is held.
func (room *Room) State() hubclient.State { return room.state.connection.state }

// PhaseName returns the phase of the device's connection by its name in scenarios, such as "connected". The lock is held.
func (room *Room) PhaseName() string {
	phase := room.State().Phase
	if !room.state.running() && phase != hubclient.Refused {
		phase = hubclient.Disconnected
	}
	return phase.String()
}

// DeviceName returns the name of the device of the connection, or before the first one of the device that Connect would connect. The lock
// is held.
func (room *Room) DeviceName() string {
	if name := room.state.connection.name(); name != "" {
		return name
	}
	if next, err := room.Form.Credentials(); err == nil {
		return next.DeviceID
	}
	return "—"
}

// HostName returns the host that is dialed, or was last; it is empty before the first connection. The lock is held.
func (room *Room) HostName() string { return room.state.connection.host() }

// StateText describes the connection in the page's language, and by a name for style sheets and tests. The lock is held.
func (room *Room) StateText() (text, name string) {
	s := room.State()
	if !room.state.running() && s.Phase != hubclient.Refused {
		return room.T("Not connected"), "disconnected"
	}
	switch s.Phase {
	case hubclient.Dialing:
		return room.T("Dialling …"), "dialing"
	case hubclient.Connecting:
		return room.T("Connecting …"), "connecting"
	case hubclient.Connected:
		return room.T("Connected since %s", s.Since.In(room.Env.Location).Format("15:04:05")), "connected"
	case hubclient.Reconnecting:
		next := room.state.connection.nextAttempt()
		if !time.Now().Before(next) {
			return room.T("Reconnecting …"), "reconnecting"
		}
		return room.T("Reconnecting in %s (attempt %d)", room.Until(next), s.Attempt+1), "reconnecting"
	case hubclient.Refused:
		return room.T("Refused: %s", room.refusal(s.Err)), "refused"
	}
	return room.T("Not connected"), "disconnected"
}

// refusal returns the hub's reason in few words; the notice has the rest.
func (room *Room) refusal(err error) string {
	var refused *hubclient.ConnectError
	var expired *hubclient.TokenExpiredError
	var subscription *hubclient.SubscribeError
	var takeover *hubclient.TakeoverError
	switch {
	case errors.As(err, &expired):
		return room.T("the SAS token has expired")
	case errors.As(err, &takeover):
		return room.T("another client uses this identity")
	case errors.As(err, &subscription):
		return room.T("a subscription is not allowed")
	case errors.As(err, &refused):
		return room.Language.ConnectCode(refused.Code)
	case err == nil:
		return room.T("no reason was given")
	}
	return room.Sentence(err)
}

// phaseName returns a phase of the connection as a heading.
func phaseName(phase hubclient.Phase) l10n.Text {
	switch phase {
	case hubclient.Dialing:
		return l10n.New("Dialling")
	case hubclient.Connecting:
		return l10n.New("CONNECT")
	case hubclient.Connected:
		return l10n.New("Connected")
	case hubclient.Reconnecting:
		return l10n.New("Connection lost")
	case hubclient.Refused:
		return l10n.New("Refused")
	}
	return l10n.Verbatim(phase.String())
}
