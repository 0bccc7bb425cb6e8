package connection

import (
	"context"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// Settings are a device to connect, and how.
type Settings struct {
	Credentials hubclient.Credentials
	Options     hubclient.Options // without handlers and Dial, which the room sets
}

// Connect connects the device of the form. It does nothing if a connection runs already.
func (room *Room) Connect() {
	room.Update(func() {
		if room.state.running() && room.state.connection.tenant.ctx.Err() == nil {
			return
		}
		s, err := room.Form.Settings()
		if err != nil {
			room.FailLocked("connect", err)
			return
		}
		room.Form.pressed = pressedConnect
		room.Links.StoreSecret()
		room.start(s)
	})
}

// Start connects a device; the connection that runs ends first. The lock is not held.
func (room *Room) Start(s Settings) { room.Update(func() { room.start(s) }) }

// ConnectWith connects a device that the form does not name, with the form's options; the connection that runs ends first. The lock is
// not held.
func (room *Room) ConnectWith(credentials hubclient.Credentials) {
	room.Update(func() { room.ConnectWithLocked(credentials) })
}

// ConnectWithLocked is ConnectWith for a caller that holds the lock.
func (room *Room) ConnectWithLocked(credentials hubclient.Credentials) {
	options, err := room.Form.options()
	if err != nil {
		room.FailLocked("connect", err)
		return
	}
	room.start(Settings{Credentials: credentials, Options: options})
}

// shortToken is the lifetime of ExpireToken's token.
const shortToken = 20 * time.Second

// ExpireToken connects a device, given by credentials with its key, with a SAS token that lasts 20 seconds and that the device cannot
// renew; the connection that runs ends first. It returns when the token expires. The lock is not held.
func (room *Room) ExpireToken(credentials hubclient.Credentials) (expiry time.Time) {
	expiry = time.Now().Add(shortToken)
	resource := hubproto.DeviceResource(credentials.Host, credentials.DeviceID, credentials.ModuleID)
	credentials.SharedAccessSignature, credentials.Key = hubproto.SignSAS(credentials.Key, resource, "", expiry), nil
	room.ConnectWith(credentials)
	return expiry
}

// PlayConnect connects a device as a scenario does: it waits until the hub has accepted the device, or until the connection has ended; then
// the error is the hub's refusal, or ErrNotConnected. The lock is not held.
func (room *Room) PlayConnect(ctx context.Context, s Settings) error {
	var c *connection
	var err error
	room.Update(func() { c, err = room.start(s) })
	if err != nil {
		return err
	}
	var refused error
	err = room.Await(ctx, func() bool {
		if room.state.owner.current != c.tenant {
			if refused = c.state.Err; refused == nil {
				refused = ErrNotConnected
			}
			return true
		}
		return c.state.Phase == hubclient.Connected
	})
	if err == nil {
		err = refused
	}
	return err
}

// start makes a connection that replaces the current tenant, or shows why it cannot. The lock is held.
func (room *Room) start(s Settings) (*connection, error) {
	c := &connection{room: room, settings: s, state: hubclient.State{Phase: hubclient.Dialing}}
	if err := c.open(); err != nil {
		room.FailLocked("connect", err)
		return nil, err
	}
	c.tenant = room.state.owner.replace(room.Context())
	room.state.connection = c
	room.ClearNotice("connect")
	if !room.Go("the device's connection", func(context.Context) { c.run() }) {
		room.state.owner.release(c.tenant) // the page is being closed
	}
	return c, nil
}

// Disconnect ends the connection, also one that waits for the end of the one before, and the connection doctor's. It returns at once; the
// view shows when the connection has ended. The lock is not held.
func (room *Room) Disconnect() {
	room.Update(func() {
		room.Form.pressed = pressedDisconnect
		room.state.owner.end()
	})
}

// DisconnectAndWait is Disconnect that waits until the connection has ended. Its error is the context's. The lock is not held.
func (room *Room) DisconnectAndWait(ctx context.Context) error {
	var ended <-chan struct{}
	room.Update(func() { ended = room.state.owner.end() })
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TryNow ends a wait between two attempts to connect. The lock is not held.
func (room *Room) TryNow() {
	if client, err := room.Client(); err == nil {
		client.Retry()
	}
}
