package connection

import (
	"bytes"
	"context"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// connection is a connection of the device: a tenant with a client. The page's lock guards its fields.
type connection struct {
	room      *Room
	tenant    *tenant
	client    *hubclient.Client
	settings  Settings
	readyMade string // the emulator's DeviceConnectionString if the credentials came from it
	began     bool   // the connection before has ended, and the client runs, or ran
	state     hubclient.State
}

// open makes the client, which checks the settings.
func (c *connection) open() (err error) {
	room, credentials, options := c.room, c.settings.Credentials, c.settings.Options
	if options.Endpoint == "" && credentials.Gateway == "" {
		options.Endpoint = room.emulator.Endpoint(credentials.Host)
	}
	options.Dial, options.ServerTime, options.ClientType = room.network.Dial, room.network.ServerTime, hubservice.ClientType
	options.OnState, options.OnMessage, options.OnAcknowledged = c.changed, c.received, c.acknowledged
	options.OnDesired, options.OnMethod, options.Trace = c.desired, c.called, c.traced
	if credentials.ModuleID != "" { // only modules have inputs, and they have nothing else that messages come to
		options.OnInput = c.received
	}
	if ready := room.emulator.Info.DeviceConnectionString; isOf(credentials, ready) {
		c.readyMade, options.RenewCredentials = ready, c.renew
	}
	c.client, err = hubclient.New(credentials, &options)
	return err
}

// run is the life of the connection, on a goroutine of its own.
func (c *connection) run() {
	var err error
	defer c.room.Update(func() { c.finish(err) }) // also when the client panics
	if c.tenant.await() && c.begin() {
		err = c.client.Run(c.tenant.ctx)
	}
}

// begin makes the client known to the page, and reports whether it may run.
func (c *connection) begin() bool {
	c.room.Update(func() {
		if !c.current() || c.tenant.ctx.Err() != nil {
			return
		}
		c.began = true
		c.room.Traffic = page.Traffic{}
		c.room.Links.Connecting()
	})
	return c.began // only this goroutine writes it
}

// finish ends the tenancy. err is what the client's Run returned. The lock is held.
func (c *connection) finish(err error) {
	room := c.room
	current := room.state.owner.release(c.tenant)
	switch {
	case err != nil && current:
		room.FailLocked("connect", err)
		return
	case err != nil:
		room.DeviceLog.Add(room.Now(), page.Failure, l10n.Verbatim("connect"), l10n.Sentence{Err: err}, nil)
	case c.began:
		room.DeviceLog.Add(room.Now(), page.StateChange, l10n.New("Disconnected"), l10n.New("The device closed the connection."), nil)
	default:
		c.state = hubclient.State{Phase: hubclient.Closed, Since: time.Now()}
	}
	if current {
		room.ClearNotice("connect")
	}
}

// current reports whether the connection is the page's. Events of one that has been replaced change nothing on the page. The lock is held.
func (c *connection) current() bool { return c.room.state.owner.current == c.tenant }

// replaced is current for a caller without the lock.
func (c *connection) replaced() (replaced bool) {
	c.room.Read(func() { replaced = !c.current() })
	return replaced
}

// changed is the client's OnState.
func (c *connection) changed(s hubclient.State) {
	defer c.room.Recovered("a change of the connection")
	c.room.Update(func() {
		before := c.state
		c.state = s
		c.room.Links.StateChanged(before, s)
		if !c.current() || s.Phase == hubclient.Closed { // finish follows
			return
		}
		c.logState(s)
		if s.Phase == hubclient.Connected && before.Phase != hubclient.Connected {
			c.room.ClearNotice("connect")
			c.room.Links.Connected()
		}
	})
}

// logState adds a phase to the device's log, and shows the problem if the device tries again because of one. The lock is held.
func (c *connection) logState(s hubclient.State) {
	kind := page.StateChange
	var summary l10n.Text
	switch s.Phase {
	case hubclient.Dialing:
		summary = l10n.New("Opening a WebSocket to %s.", c.host())
	case hubclient.Connecting:
		summary = l10n.New("The WebSocket is open. CONNECT as %s.", c.name())
	case hubclient.Connected:
		summary = l10n.New("The hub said yes; the subscriptions stand.")
		if s.SessionPresent {
			summary = l10n.New("The hub said yes and kept the session: what it queued meanwhile arrives now.")
		}
	case hubclient.Reconnecting:
		if s.Err == nil {
			summary = l10n.New("The SAS token is renewed: the device connects again with a new one.")
			break
		}
		kind = page.Failure
		problem := l10n.Sentence{Err: s.Err}
		summary = l10n.New("%s The next attempt is at %s.", problem, c.nextAttempt().Format("15:04:05"))
		c.room.Notice = page.Notice{Text: l10n.New("%s The device goes on trying until you press Disconnect.", problem), About: "connect"}
	case hubclient.Refused:
		kind = page.Failure
		if s.Err != nil {
			summary = l10n.Sentence{Err: s.Err}
		}
	}
	c.room.DeviceLog.Add(c.room.Now(), kind, phaseName(s.Phase), summary, nil)
}

// received is the client's OnMessage and OnInput. The hub delivers a message to a connection that was replaced again, to the next one.
func (c *connection) received(ctx context.Context, d hubclient.Delivery) error {
	if c.replaced() {
		return hubclient.ErrClosed
	}
	defer c.room.Recovered("a message")
	return c.room.Links.Message(ctx, d)
}

// acknowledged is the client's OnAcknowledged.
func (c *connection) acknowledged(id uint64) {
	if c.replaced() {
		return
	}
	defer c.room.Recovered("a message")
	c.room.Links.Acknowledged(id)
}

// desired is the client's OnDesired.
func (c *connection) desired(ctx context.Context, d hubclient.Desired) {
	if c.replaced() {
		return
	}
	defer c.room.Recovered("a change of the desired properties")
	c.room.Links.Desired(ctx, d)
}

// called is the client's OnMethod. A call whose handling panics is answered with 500.
func (c *connection) called(ctx context.Context, m hubclient.Method) (answer hubclient.Response, err error) {
	if c.replaced() {
		return answer, hubclient.ErrClosed
	}
	answer.Status = 500
	defer c.room.Recovered("a direct method")
	return c.room.Links.Method(ctx, m)
}

// traced is the client's Trace. It records the end of a connection that was replaced, too.
func (c *connection) traced(t hubclient.Traced) {
	defer c.room.Recovered("a packet")
	c.room.Links.Trace(t)
}

// renew is the client's RenewCredentials, set for the emulator's ready-made device only: an emulator that was restarted has made new keys.
// Wrong keys that a person gave stay a refusal.
func (c *connection) renew(ctx context.Context, _ error) (renewed hubclient.Credentials, err error) {
	room := c.room
	if err := room.Links.RefreshEmulator(ctx); err != nil {
		return renewed, err
	}
	room.Update(func() {
		ready := room.emulator.Info.DeviceConnectionString
		if renewed, err = hubclient.ParseConnectionString(ready); err != nil {
			return
		}
		old := c.settings.Credentials
		if renewed.Host != old.Host || renewed.DeviceID != old.DeviceID || renewed.ModuleID != old.ModuleID {
			renewed = old // another emulator's device does not continue this connection
			return
		}
		renewed.Gateway = old.Gateway
		c.settings.Credentials, c.readyMade = renewed, ready
	})
	return renewed, err
}

// isOf reports whether credentials are those in a connection string with a key.
func isOf(cr hubclient.Credentials, connectionString string) bool {
	if connectionString == "" {
		return false
	}
	other, err := hubclient.ParseConnectionString(connectionString)
	return err == nil && len(other.Key) > 0 && bytes.Equal(cr.Key, other.Key) &&
		cr.Host == other.Host && cr.DeviceID == other.DeviceID && cr.ModuleID == other.ModuleID
}

// name returns the identity as the service writes it: device, or device/module.
func (c *connection) name() string {
	cr := &c.settings.Credentials
	if cr.ModuleID != "" {
		return cr.DeviceID + "/" + cr.ModuleID
	}
	return cr.DeviceID
}

// host returns the host that is dialed.
func (c *connection) host() string {
	if gateway := c.settings.Credentials.Gateway; gateway != "" {
		return gateway
	}
	return c.settings.Credentials.Host
}

// nextAttempt returns when the next attempt to connect is due.
func (c *connection) nextAttempt() time.Time {
	return c.state.Since.Add(c.state.RetryIn).In(c.room.Env.Location)
}
