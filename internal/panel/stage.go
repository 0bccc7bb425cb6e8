package panel

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/connection"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/scenario"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// stage plays a scenario on a panel: with its device, its hub and its cloud side, as a person would with the forms, which show
// what is done. It leaves in the forms what it wrote there.
type stage struct {
	p     *Panel
	shoot func(ctx context.Context, name string) error

	device       string // that the last connect named
	restoreRules func() // brings back the person's rules for direct methods; nil: they are in force
	faulted      bool

	// What follows is guarded by the page's lock.
	events          []*hubservice.StoredEvent // since Begin
	messages, calls int                       // ids of the first that arrived after Begin
}

var _ scenario.Stage = (*stage)(nil)

// Changed implements scenario.Stage.
func (st *stage) Changed() <-chan struct{} { return st.p.Changed() }

// Do implements scenario.Stage.
func (st *stage) Do(ctx context.Context, d *scenario.Document, s *scenario.Step) (answer any, err error) {
	p := st.p
	switch target := st.target(d, s); {
	case s.Connect != nil:
		return nil, st.connect(ctx, target, s.Connect)
	case s.Disconnect != nil:
		return nil, p.connection.DisconnectAndWait(ctx)
	case s.Register != nil:
		return nil, st.register(ctx, s.Register)
	case s.Send != nil:
		return nil, p.telemetry.PlaySend(ctx, d, s.Send)
	case len(s.Report) > 0:
		return nil, p.twin.PlayReport(ctx, s.Report)
	case s.Answer != nil:
		return nil, p.methods.PlayAnswer(s.Answer)
	case s.C2D != nil:
		return nil, st.sendToDevice(ctx, target, s.C2D)
	case len(s.Desired) > 0:
		return nil, p.cloud.Twin.PatchDesired(ctx, target, s.Desired)
	case s.Invoke != nil:
		return st.invoke(ctx, target, s.Invoke)
	case s.Fault != nil:
		return nil, st.fault(ctx, target, s.Fault)
	case s.Screenshot != nil:
		if st.shoot == nil {
			return nil, &scenario.MeaninglessError{Why: l10n.New("there is no picture: pictures are taken when cmd/scenario runs the scenario")}
		}
		return nil, st.shoot(ctx, *s.Screenshot)
	}
	return nil, l10n.New("this page does not know the step %s", string(s.Action()))
}

// target is the device that a step is about.
func (st *stage) target(d *scenario.Document, s *scenario.Step) (id string) {
	st.p.Read(func() { id = cmp.Or(s.DeviceID, st.device, d.Device(), st.p.emulator.Info.Demo.DeviceID) })
	return id
}

// client is the service API of the emulator, with its present keys.
func (st *stage) client() (c *hubservice.Client) {
	st.p.Read(func() { c = st.p.emulator.Client })
	return c
}

// connect connects a device and waits until it is connected, or until the hub has refused it.
func (st *stage) connect(ctx context.Context, target string, c *scenario.Connect) error {
	p := st.p
	var credentials hubclient.Credentials
	if c.Assigned {
		var assigned *hubclient.Assignment
		p.Read(func() { assigned = p.provisioning.Assignment() })
		if assigned == nil {
			return l10n.New("no hub is assigned yet: register first")
		}
		credentials = assigned.Credentials
	} else {
		var err error
		if credentials, err = p.cloud.Registry.Credentials(ctx, cmp.Or(c.DeviceID, target)); err != nil {
			return err
		}
	}
	st.device = credentials.DeviceID
	err := p.connection.PlayConnect(ctx, connection.Settings{Credentials: credentials, Options: hubclient.Options{CleanSession: c.CleanSession, ModelID: c.ModelID}})
	if err != nil || len(c.InitReportedProperties) == 0 {
		return err
	}
	return p.twin.PlayReport(ctx, c.InitReportedProperties)
}

// register registers with the key of the enrollment, or of the group that the device is enrolled by.
func (st *stage) register(ctx context.Context, r *scenario.Register) error {
	var key string
	var err error
	if r.EnrollmentGroupID != "" {
		key, err = st.client().EnrollmentGroupKey(ctx, r.EnrollmentGroupID)
	} else {
		key, err = st.client().EnrollmentKey(ctx, r.RegistrationID)
	}
	if err != nil {
		return err
	}
	return st.p.provisioning.PlayRegister(ctx, r, key)
}

func (st *stage) sendToDevice(ctx context.Context, target string, m *scenario.C2D) error {
	body, isText := page.PlainText(m.Data)
	message := hubservice.Message{MessageID: m.MessageID, CorrelationID: m.CorrelationID, Properties: page.PropertiesOf(m.Properties), Body: body}
	if m.Ack != "none" {
		message.Ack = m.Ack
	}
	if m.Expiry > 0 {
		message.Expiry = time.Now().Add(time.Duration(m.Expiry * float64(time.Second)))
	}
	if !isText {
		message.ContentType, message.ContentEncoding = "application/json", "utf-8"
	}
	return st.p.cloud.Messages.Send(ctx, target, message)
}

func (st *stage) invoke(ctx context.Context, target string, m *scenario.Invoke) (any, error) {
	payload := m.MethodPayload
	if len(payload) == 0 {
		payload = json.RawMessage("null")
	}
	return st.p.cloud.Methods.Invoke(ctx, target, hubservice.Call{Name: m.MethodName, Payload: payload, ResponseTimeout: cmp.Or(m.ResponseTimeout, 30)})
}

// fault puts faults in force in place of those that are, and cuts the connection if the step asks for it.
func (st *stage) fault(ctx context.Context, target string, f *scenario.Fault) error {
	st.faulted = true
	err := st.p.cloud.Faults.Replace(ctx, emulator.Faults{
		Delay: time.Duration(f.Delay * float64(time.Second)), Drop: f.Drop, Throttle: f.Throttle, Refuse: mqttcodec.ConnectCode(f.Refuse),
	})
	if err != nil || !f.Cut {
		return err
	}
	return st.client().Cut(ctx, target)
}

// Look implements scenario.Stage.
func (st *stage) Look(ctx context.Context, d *scenario.Document, s *scenario.Step) ([]scenario.Sighting, error) {
	p, target := st.p, st.target(d, s)
	if e := s.Expect; e != nil && len(e.Twin) > 0 {
		twin, err := st.client().Twin(ctx, target)
		if err != nil {
			return nil, err
		}
		return []scenario.Sighting{{Value: map[string]any{"tags": twin.Tags, "desired": twin.Desired, "reported": twin.Reported}}}, nil
	}
	p.Lock()
	defer p.Unlock()
	var list []scenario.Sighting
	if s.Telemetry != nil {
		for i := range st.events {
			if e := st.events[i].Event(); e.DeviceID == target {
				list = append(list, scenario.Sighting{Number: int64(i + 1), Value: map[string]any{
					"data": page.ShownBody(e.Body), "properties": e.Properties, "systemProperties": e.SystemProperties}})
			}
		}
		return list, nil
	}
	switch e := s.Expect; {
	case len(e.Message) > 0:
		list = p.inbox.Sightings(st.messages)
	case len(e.Method) > 0:
		list = p.methods.Sightings(st.calls)
	case len(e.Desired) > 0:
		list = document(p.twin.DesiredDocument())
	case len(e.Reported) > 0:
		list = document(p.twin.ReportedDocument())
	case e.State != "":
		list = []scenario.Sighting{{Value: p.connection.PhaseName()}}
	}
	return list, nil
}

// document is a sighting of a part of the twin, if it is known.
func document(m map[string]any) []scenario.Sighting {
	if m == nil {
		return nil
	}
	return []scenario.Sighting{{Value: m}}
}
