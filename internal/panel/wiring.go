package panel

import (
	"context"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/cloud"
	"github.com/hubpanel/hubpanel/internal/panel/connection"
	"github.com/hubpanel/hubpanel/internal/panel/diagnosis"
	"github.com/hubpanel/hubpanel/internal/panel/inbox"
	"github.com/hubpanel/hubpanel/internal/panel/inspector"
	"github.com/hubpanel/hubpanel/internal/panel/keep"
	"github.com/hubpanel/hubpanel/internal/panel/methods"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/panel/palette"
	"github.com/hubpanel/hubpanel/internal/panel/provisioning"
	"github.com/hubpanel/hubpanel/internal/panel/scenarios"
	"github.com/hubpanel/hubpanel/internal/panel/telemetry"
	"github.com/hubpanel/hubpanel/internal/panel/twin"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/scenario"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// furnish makes the rooms and connects them. Rooms never import each other: what one needs of another is a function in its Links, and
// this is the one place that sets them.
func (p *Panel) furnish(env Env) {
	network := hubservice.Network{Dial: p.emulator.Dialer(env.Dial, p.Read), ServerTime: env.ServerTime}
	p.connection = connection.New(p.Page, p.emulator, network)
	p.twin = twin.New(p.Page)
	p.inbox = inbox.New(p.Page)
	p.methods = methods.New(p.Page)
	p.provisioning = provisioning.New(p.Page, p.emulator, network)
	p.inspector = inspector.New(p.Page)
	p.cloud = cloud.New(p.Page, p.emulator, cloud.Network{Fetch: env.Fetch, Dial: network.Dial})
	p.keep = keep.New(p.Page, p.emulator, keep.Browser{Local: env.Local, Session: env.Session, Offline: env.Offline})
	p.diagnosis = diagnosis.New(p.Page, p.emulator, env.Probes, network)
	p.scenarios = scenarios.New(p.Page)
	p.palette = palette.New(p.Page)
	p.telemetry = telemetry.New(p.Page)
	p.rooms = []any{p.connection, p.telemetry, p.twin, p.inbox, p.methods, p.provisioning, p.inspector, p.cloud, p.keep, p.diagnosis, p.scenarios}

	p.telemetry.Links = telemetry.Links{
		Running: p.connection.Running, Client: p.connection.Client, LiveClient: p.connection.LiveClient, Ended: p.connection.Ended,
		Credentials: p.connection.Credentials, IsModule: p.isModule,
	}
	p.connection.Links = connection.Links{
		Message: p.inbox.Received, Acknowledged: p.inbox.Acknowledged, Desired: p.twin.Desired, Method: p.methods.Called, Trace: p.inspector.Traced,
		Connecting:      func() { each(p, func(room connecting) { room.Connecting() }) },
		Connected:       p.connected,
		StateChanged:    p.stateChanged,
		StoreSecret:     p.keep.StoreSecret,
		RefreshEmulator: func(ctx context.Context) error { _, err := p.cloud.Refresh(ctx); return err },
		Profiles:        p.keep.ProfilesCard,
	}
	p.twin.Links = twin.Links{Running: p.connection.Running, Client: p.connection.Client, LiveClient: p.connection.LiveClient, RefreshCloud: p.refreshCloud}
	p.inbox.Links = inbox.Links{IsModule: p.isModule}
	p.methods.Links = methods.Links{Running: p.connection.Running}
	p.provisioning.Links = provisioning.Links{
		Running: p.connection.Running, Credentials: p.connection.Credentials, Connect: p.connection.ConnectWithLocked, FillForm: p.connection.Form.OfferAssigned,
		RefreshDevices: p.refreshCloud, TokenView: p.connection.TokenView,
	}
	p.inspector.Links = inspector.Links{Heard: p.diagnosis.Heard}
	p.cloud.Links = cloud.Links{
		Running: p.connection.Running, Credentials: p.connection.Credentials,
		Found:               p.emulatorFound,
		InfoChanged:         p.emulatorChanged,
		UseConnectionString: p.connection.Form.OfferConnectionString,
		UseEnrollment: func(group bool) {
			kind := provisioning.EnrollmentIndividual
			if group {
				kind = provisioning.EnrollmentGroup
			}
			p.provisioning.OfferEnrollment(kind)
		},
		ExpireToken: p.expireToken,
		Stored:      p.stored,
		Refused: func(o *hubservice.Operation) {
			p.diagnosis.HubTrouble(diagnosis.Trouble{DeviceID: o.DeviceID, StatusCode: o.StatusCode, Reason: o.Reason, OperationName: o.Name, Description: o.Description})
		},
	}
	p.keep.Links = keep.Links{
		Running: p.connection.Running, Credentials: p.connection.Credentials, FormCredentials: p.connection.Form.Credentials, Message: p.telemetry.Message,
		Profile: p.connection.Form.Profile, CheckProfile: p.connection.Form.CheckProfile, ApplyProfile: p.connection.Form.Apply,
		Form: func() (savefile.Profile, keep.Secret) {
			return p.connection.Form.WholeProfile(), keep.Secret(p.connection.Form.Secret())
		},
		RestoreForm: func(pr savefile.Profile, s keep.Secret) { p.connection.Form.Restore(pr, connection.Secret(s)) },
		Disconnect:  p.connection.Disconnect, CancelRegistration: p.provisioning.CancelRegistration,
		ForgetAll: p.forget, SaveAll: p.save, RestoreAll: p.restore, OpenFiles: p.OpenFiles,
	}
	p.diagnosis.Links = diagnosis.Links{
		Running:   p.connection.Running,
		Connected: func() bool { return p.connection.Running() && p.connection.State().Phase == hubclient.Connected },
		Device:    p.deviceToDiagnose,
		Occupy:    p.connection.Occupy, Traced: p.inspector.Traced,
	}
	p.scenarios.Links = scenarios.Links{
		Find:  FindScenario,
		Stage: func(shoot func(context.Context, string) error) scenario.Stage { return &stage{p: p, shoot: shoot} },
	}
	p.palette.Links = palette.Links{
		Commands:    p.commands,
		KeyCommands: func() []page.Command { return append(p.topicCommands(), p.telemetry.SendCommand()) },
	}
	p.KnowSecrets(p.secrets)

	lang, theme := p.keep.LoadPreferences()
	if lang != "" {
		p.Language = lang
	}
	if theme != "" {
		p.Theme = theme
	}
	p.keep.Load()
}

// isModule reports whether the device of the connection, or without one the device in the form, is a module. The lock is held.
func (p *Panel) isModule() bool {
	if p.connection.Running() {
		return p.connection.IsModule()
	}
	credentials, err := p.connection.Form.Credentials()
	return err == nil && credentials.ModuleID != ""
}

// connected follows a device that the hub has accepted. The lock is held.
func (p *Panel) connected() {
	credentials := p.connection.Credentials()
	p.cloud.SetTarget(credentials.Host, credentials.DeviceID, credentials.ModuleID)
	p.twin.Connected()
	p.Go("the device list", p.refreshCloud)
}

// stateChanged follows the phases of the connection. The lock is held.
func (p *Panel) stateChanged(before, after hubclient.State) {
	p.diagnosis.StateChanged(before, after)
	if before.Phase == hubclient.Connected && after.Phase != hubclient.Connected {
		p.inbox.Disconnected()
	}
}

// refreshCloud reads again what the cloud side shows of the device, if it is the emulator's. The lock is not held.
func (p *Panel) refreshCloud(ctx context.Context) {
	ours := false
	p.Read(func() { ours = p.cloud.OnEmulator() })
	if ours {
		p.cloud.LoadDevices(ctx)
	}
}

// emulatorFound fills in the ready-made device and enrollment. The lock is held.
func (p *Panel) emulatorFound() {
	p.connection.Form.OfferReadyMade("", p.emulator.Info.DeviceConnectionString)
	p.provisioning.OfferEnrollment(p.provisioning.Kind())
}

// emulatorChanged fills in the new ready-made device and enrollment where the forms still have the old ones. A device that waits for its
// next attempt to connect to the emulator need not wait any longer. The lock is held.
func (p *Panel) emulatorChanged(old, now *hubservice.Info) {
	if p.connection.OnEmulator() {
		p.Enqueue(p.connection.TryNow)
	}
	p.connection.Form.OfferReadyMade(old.DeviceConnectionString, now.DeviceConnectionString)
	p.provisioning.OfferNewEnrollment(old)
}

// stored shows an event to the scenario that plays. The lock is held.
func (p *Panel) stored(e *hubservice.StoredEvent) {
	if p.playing != nil {
		p.playing.events = append(p.playing.events, e)
	}
}

// expireToken reconnects the target of the cloud side's faults with a token that expires soon. The lock is not held.
func (p *Panel) expireToken() {
	deviceID := p.cloud.Faults.Begin()
	p.Go("a token that expires", func(ctx context.Context) {
		credentials, err := p.cloud.Registry.Credentials(ctx, deviceID)
		if err != nil {
			p.cloud.Faults.Fail(err)
			return
		}
		expiry := p.connection.ExpireToken(credentials)
		p.Update(func() {
			p.cloud.Faults.Succeed(l10n.New("The device has a token that ends at %s.", expiry.In(p.Env.Location).Format("15:04:05")))
		})
	})
}

// deviceToDiagnose returns the device of the connection, or without one the device in the form. The lock is held.
func (p *Panel) deviceToDiagnose() (hubclient.Credentials, hubclient.Options, error) {
	if p.connection.Running() {
		return p.connection.Credentials(), p.connection.Options(), nil
	}
	s, err := p.connection.Form.Settings()
	return s.Credentials, s.Options, err
}
