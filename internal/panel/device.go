package panel

import (
	"context"
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// device is the session of the device side.
type device struct {
	connection field   // the connection string; it is a secret and stays in memory
	reveal     bool    // show the connection string in clear
	pressed    pressed // the focus goes to the button that takes the place of the one that was pressed
	form       connectForm

	options     hubclient.Options     // of the session that runs, or ran last
	credentials hubclient.Credentials // of the session that runs, or ran last
	client      *hubclient.Client     // nil: no session
	stop        context.CancelFunc
	done        chan struct{} // closed when Run has returned
	state       hubclient.State
	sent        int // packets' worth of what a person cares about: telemetry, reports, method answers
	received    int
}

// pressed is which of the session's two buttons a person pressed last.
type pressed int

const (
	pressedNone pressed = iota
	pressedConnect
	pressedDisconnect
)

// running says whether there is a session, connected or trying to be.
func (d *device) running() bool { return d.client != nil }

// Connect starts the device's session with what is in the connection form.
func (p *Panel) Connect() {
	p.mu.Lock()
	running := p.device.running()
	s, err := p.device.settings()
	if err == nil && !running {
		p.device.pressed = pressedConnect
		p.storeSecretLocked()
	}
	p.mu.Unlock()
	if running {
		return
	}
	p.StopDiagnosis() // it would meet this session as a second client
	if err != nil {
		p.fail("connect", err)
		return
	}
	p.connectAs(s)
}

// connectWith connects a device that the form does not name, with the form's options.
func (p *Panel) connectWith(credentials hubclient.Credentials) {
	p.mu.Lock()
	options, err := p.device.form.options()
	p.mu.Unlock()
	if err != nil {
		p.fail("connect", err)
		return
	}
	p.connectAs(settings{credentials, options})
}

func (p *Panel) connectAs(s settings) {
	credentials, options := s.credentials, s.options
	p.mu.Lock()
	if options.Endpoint == "" && credentials.Gateway == "" {
		options.Endpoint = p.endpoint(credentials.Host)
	}
	p.mu.Unlock()
	options.Dial, options.ServerTime, options.ClientType = p.env.dialer(p), p.env.ServerTime, "hubpanel"
	options.OnState, options.OnMessage, options.OnDesired, options.OnMethod = p.gotState, p.gotMessage, p.gotDesired, p.gotMethod
	if credentials.ModuleID != "" { // only modules have inputs, and they have nothing else that messages come to
		options.OnInput = p.gotMessage
	}
	options.Trace = p.traced
	client, err := hubclient.New(credentials, &options)
	if err != nil {
		p.fail("connect", err)
		return
	}
	ctx, stop := context.WithCancel(p.ctx)
	done := make(chan struct{})
	p.update(func() {
		p.clearNotice("connect")
		d := &p.device
		d.credentials, d.options, d.client, d.stop, d.done = credentials, options, client, stop, done
		d.state = hubclient.State{Phase: hubclient.Dialing}
		d.sent, d.received = 0, 0
		p.twin.forget()
	})
	p.start("the device's session", func(context.Context) {
		defer close(done)
		defer stop()
		err := client.Run(ctx)
		p.update(func() {
			p.device.client = nil
			if err != nil {
				p.failLocked("connect", err)
				return
			}
			p.clearNotice("connect")
			p.deviceLog.add(p.now(), entryState, p.T("Disconnected"), p.T("The device closed the connection."), "")
		})
	})
}

// Disconnect ends the session. It returns at once; the view says when it is over.
func (p *Panel) Disconnect() {
	p.mu.Lock()
	stop := p.device.stop
	p.device.pressed = pressedDisconnect
	p.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// TryNow cuts a wait between two connection attempts short.
func (p *Panel) TryNow() {
	p.mu.Lock()
	client := p.device.client
	p.mu.Unlock()
	if client != nil {
		client.Retry()
	}
}

func (p *Panel) gotState(s hubclient.State) {
	defer p.recovered("a change of the connection")
	p.update(func() {
		before := p.device.state
		p.device.state = s
		p.diagnosis.linkChanged(time.Now(), before, s)
		if s.Phase == hubclient.Closed {
			return // said when the session is over
		}
		line := p.deviceLog.add(p.now(), entryState, p.phaseName(s.Phase), "", "")
		switch s.Phase {
		case hubclient.Dialing:
			line.summary = p.T("Opening a WebSocket to %s.", p.device.endpoint())
		case hubclient.Connecting:
			line.summary = p.T("The WebSocket is open. CONNECT as %s.", p.device.name())
		case hubclient.Connected:
			line.summary = p.T("The hub said yes; the subscriptions stand.")
			if s.SessionPresent {
				line.summary = p.T("The hub said yes and kept the session: what it queued meanwhile arrives now.")
			}
			p.clearNotice("connect")
			p.cloud.follow(p.device.credentials.DeviceID, p.device.credentials.ModuleID)
		case hubclient.Reconnecting:
			if s.Err == nil {
				line.summary = p.T("The SAS token is renewed: the device connects again with a new one.")
				break
			}
			line.kind = entryError
			line.summary = p.T("%s The next attempt is at %s.", p.Sentence(s.Err), p.nextTry().Format("15:04:05"))
			p.notice = notice{text: p.T("%s The device goes on trying until you press Disconnect.", p.Sentence(s.Err)), about: "connect"}
		case hubclient.Refused:
			line.kind = entryError
			if s.Err != nil {
				line.summary = p.Sentence(s.Err)
			}
		}
		if s.Phase == hubclient.Connected && before.Phase != hubclient.Connected {
			p.wantTwinLocked()
		}
	})
	if s.Phase == hubclient.Connected {
		p.start("the device list", p.refreshCloud)
	}
}

// phaseName is a phase of the connection as a heading.
func (p *Panel) phaseName(phase hubclient.Phase) string {
	switch phase {
	case hubclient.Dialing:
		return p.T("Dialling")
	case hubclient.Connecting:
		return p.T("CONNECT")
	case hubclient.Connected:
		return p.T("Connected")
	case hubclient.Reconnecting:
		return p.T("Connection lost")
	case hubclient.Refused:
		return p.T("Refused")
	}
	return phase.String()
}

// nextTry is when the next attempt to connect is due. The caller holds the lock.
func (p *Panel) nextTry() time.Time {
	return p.device.state.Since.Add(p.device.state.RetryIn).In(p.env.Location)
}

// follow makes the device that has connected the one that the cloud side talks about, if the hub knows it.
func (c *cloud) follow(deviceID, moduleID string) {
	if c.fetch != nil {
		c.aim(deviceID, moduleID)
	}
}

// refreshCloud reads again what the cloud side shows of the registry.
func (p *Panel) refreshCloud(ctx context.Context) {
	p.mu.Lock()
	ours := p.onEmulatorLocked()
	p.mu.Unlock()
	if ours {
		p.loadDevices(ctx)
	}
}

// onEmulatorLocked says whether the device's session is with the emulator that the cloud side shows.
func (p *Panel) onEmulatorLocked() bool {
	return p.cloud.fetch != nil && (!p.device.running() || p.device.credentials.Host == p.cloud.info.HubHostName)
}

// name is the identity as the service writes it: device, or device/module.
func (d *device) name() string {
	if d.credentials.ModuleID != "" {
		return d.credentials.DeviceID + "/" + d.credentials.ModuleID
	}
	return d.credentials.DeviceID
}

// endpoint is the host that is dialled.
func (d *device) endpoint() string {
	if d.credentials.Gateway != "" {
		return d.credentials.Gateway
	}
	return d.credentials.Host
}

var errNotConnected = l10n.New("the device is not connected. Connect it first")

// session returns the client if the device has a session.
func (p *Panel) session() (*hubclient.Client, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.device.client == nil {
		return nil, errNotConnected
	}
	return p.device.client, nil
}
