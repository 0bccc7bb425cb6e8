package panel

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/scenario"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// stage plays a scenario on a panel: with its device, its hub and its cloud side, as a person would with the forms, which show
// what is done. What it finds in the forms it leaves there.
type stage struct {
	p     *Panel
	shoot func(ctx context.Context, name string) error

	device  string      // that the last connect named
	rules   methodRules // that the person had
	ruled   bool        // they are kept in rules
	faulted bool

	// What follows is guarded by the panel's lock.
	events         []storedEvent // since Begin
	messages, call int           // ids of the first that arrived after Begin
}

// Changed implements scenario.Stage.
func (st *stage) Changed() <-chan struct{} { return st.p.changes.next() }

// Do implements scenario.Stage.
func (st *stage) Do(ctx context.Context, d *scenario.Document, s *scenario.Step) (answer any, err error) {
	p := st.p
	switch target := st.target(d, s); {
	case s.Connect != nil:
		return nil, st.connect(ctx, target, s.Connect)
	case s.Disconnect != nil:
		p.endSession(ctx)
		return nil, ctx.Err()
	case s.Register != nil:
		return nil, st.register(ctx, s.Register)
	case s.Send != nil:
		return nil, st.send(ctx, d, s)
	case len(s.Report) > 0:
		return nil, st.report(ctx, s.Report)
	case s.Answer != nil:
		return nil, st.answer(s.Answer)
	case s.C2D != nil:
		return nil, st.sendToDevice(ctx, target, s.C2D)
	case len(s.Desired) > 0:
		p.update(func() { p.cloud.desired.patch.set(indented(s.Desired)) })
		return nil, p.patchTwin(ctx, twinPath(target, ""), &p.cloud.desired, desiredPatch(s.Desired), p.desiredSaid)
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
func (st *stage) target(d *scenario.Document, s *scenario.Step) string {
	st.p.mu.Lock()
	defer st.p.mu.Unlock()
	return cmp.Or(s.DeviceID, st.device, d.Device(), st.p.cloud.info.Demo.DeviceID)
}

// connect connects a device and waits until it is, or until the hub has refused it.
func (st *stage) connect(ctx context.Context, target string, c *scenario.Connect) error {
	p := st.p
	var credentials hubclient.Credentials
	if c.Assigned {
		p.mu.Lock()
		assigned := p.dps.assigned
		p.mu.Unlock()
		if assigned == nil {
			return l10n.New("no hub is assigned yet: register first")
		}
		credentials = assigned.Credentials
	} else {
		var err error
		if credentials, err = p.registeredCredentials(ctx, cmp.Or(c.DeviceID, target)); err != nil {
			return err
		}
	}
	st.device = credentials.DeviceID
	p.endSession(ctx)
	p.connectAs(settings{credentials, hubclient.Options{CleanSession: c.CleanSession, ModelID: c.ModelID}})
	client, err := p.session()
	if err != nil {
		return err
	}
	var refused error
	err = p.awaitSo(ctx, func() bool {
		if p.device.client != client {
			refused = cmp.Or(p.device.state.Err, error(errNotConnected))
			return true
		}
		return p.device.state.Phase == hubclient.Connected
	})
	if err != nil || refused != nil {
		return cmp.Or(err, refused)
	}
	if len(c.InitReportedProperties) > 0 {
		return st.report(ctx, c.InitReportedProperties)
	}
	return nil
}

func (st *stage) report(ctx context.Context, patch json.RawMessage) error {
	p := st.p
	client, err := p.session()
	if err != nil {
		return err
	}
	p.update(func() { p.twin.patch.set(indented(patch)) })
	return p.reporting(client, indented(patch))(ctx)
}

// register fills in the registration form and registers with it.
func (st *stage) register(ctx context.Context, r *scenario.Register) error {
	p := st.p
	key, err := st.enrollmentKey(ctx, r)
	if err != nil {
		return err
	}
	p.update(func() {
		d := &p.dps
		d.kind = enrollmentIndividual
		if r.EnrollmentGroupID != "" {
			d.kind = enrollmentGroup
		}
		d.endpoint.set(p.cloud.info.HubHostName)
		d.idScope.set(p.cloud.info.IDScope)
		d.registrationID.set(r.RegistrationID)
		d.key.set(key)
		d.payload.set(string(r.Payload))
	})
	p.RegisterOnly()
	var assigned *hubclient.Assignment
	var failure string
	err = p.awaitSo(ctx, func() bool {
		assigned, failure = p.dps.assigned, p.dps.failure
		return !p.dps.busy
	})
	switch {
	case err != nil:
		p.CancelRegistration()
		return err
	case assigned == nil:
		return l10n.Verbatim(failure)
	}
	return nil
}

// worded is an error that is in the page's language already.
type worded string

func (w worded) Error() string { return string(w) }

// send sends telemetry: one message as the Send button does, more as a stream.
func (st *stage) send(ctx context.Context, d *scenario.Document, step *scenario.Step) error {
	p, s := st.p, step.Send
	client, err := p.session()
	if err != nil {
		return err
	}
	if s.Many() {
		return st.stream(ctx, d, step)
	}
	body, isText := plainText(s.Data)
	m := hubclient.Message{Body: body, Properties: propertiesOf(s.Properties), SystemProperties: hubproto.SystemProperties{
		ContentType: s.ContentType, ContentEncoding: s.ContentEncoding, MessageID: s.MessageID, CorrelationID: s.CorrelationID}}
	if !isText {
		m.ContentType, m.ContentEncoding = cmp.Or(m.ContentType, "application/json"), cmp.Or(m.ContentEncoding, "utf-8")
	}
	p.update(func() {
		c := &p.telemetry
		c.body.set(indented(body))
		c.system = systemRows{}
		for _, row := range [][2]string{{"$.ct", m.ContentType}, {"$.ce", m.ContentEncoding}, {"$.mid", m.MessageID}, {"$.cid", m.CorrelationID}} {
			c.system.set(row[0], row[1])
		}
		c.properties.replace(m.Properties)
	})
	return p.sending(client, m, s.QoS != nil && *s.QoS == 0)(ctx)
}

// plainText is a body as it goes out: a text without its quotes.
func plainText(data json.RawMessage) (body []byte, isText bool) {
	var s string
	if len(data) > 0 && data[0] == '"' && json.Unmarshal(data, &s) == nil {
		return []byte(s), true
	}
	return data, false
}

// propertiesOf is a bag in the order of its names.
func propertiesOf(m map[string]*string) (list hubproto.Properties) {
	for _, name := range sortedKeys(m) {
		property := hubproto.Property{Name: name, Null: m[name] == nil}
		if !property.Null {
			property.Value = *m[name]
		}
		list = append(list, property)
	}
	return list
}

// replace makes the rows show a bag.
func (r *propertyRows) replace(list hubproto.Properties) {
	r.rows = nil
	for _, property := range list {
		r.add(property.Name, property.Value)
		r.rows[len(r.rows)-1].null = property.Null
	}
}

// streamOf is a stream that is not on the page, which sends what a step says.
func streamOf(d *scenario.Document, s *scenario.Send) *telemetryStream {
	out := &telemetryStream{}
	out.body.set(cmp.Or(s.Template, indented(s.Data)))
	out.contentType.set(cmp.Or(s.ContentType, "application/json"))
	count := max(s.MsgCount, 1)
	interval, burst := time.Duration(s.MsgInterval*float64(time.Second)), 1
	if interval == 0 {
		burst = min(count, streamWindow)
	}
	seed := d.Seed
	if s.Seed != nil {
		seed = *s.Seed
	}
	out.interval.set(strconv.FormatInt(max(interval.Milliseconds(), 1), 10))
	out.count.set(strconv.Itoa(count))
	out.burst.set(strconv.Itoa(burst))
	out.seed.set(strconv.FormatUint(seed, 10))
	for _, name := range sortedKeys(s.Variables) {
		out.addVariable(name, s.Variables[name].Kind)
		args := make([]string, len(s.Variables[name].Args))
		for i, a := range s.Variables[name].Args {
			args[i] = fmt.Sprint(a)
		}
		out.variables[len(out.variables)-1].args.set(strings.Join(args, ", "))
	}
	out.properties.replace(propertiesOf(s.Properties))
	return out
}

// checkTemplates makes every template's first message, to find what is wrong with one before the scenario begins.
func checkTemplates(d *scenario.Document) error {
	for i := range d.Steps {
		if s := d.Steps[i].Send; s != nil && s.Many() {
			if _, err := streamOf(d, s).preview("", time.Now()); err != nil {
				return l10n.New("%v: %v", l10n.Verbatim(fmt.Sprintf("steps[%d].send", i)), err)
			}
		}
	}
	return nil
}

// stream sends a step's telemetry as a stream of the page, and waits until the hub has acknowledged all of it.
func (st *stage) stream(ctx context.Context, d *scenario.Document, step *scenario.Step) error {
	p, filled := st.p, streamOf(d, step.Send)
	var s *telemetryStream
	p.update(func() {
		list := &p.telemetry.streams
		for _, old := range list.list {
			if old.name.text == scenarioStream && !old.running() {
				list.remove(old.id)
				break
			}
		}
		s = list.add()
		s.name.set(scenarioStream)
		for _, f := range [][2]*field{{&s.body, &filled.body}, {&s.contentType, &filled.contentType}, {&s.interval, &filled.interval}, {&s.count, &filled.count}, {&s.burst, &filled.burst}, {&s.seed, &filled.seed}} {
			f[0].set(f[1].text)
		}
		s.variables, s.nextVariable, s.properties = filled.variables, filled.nextVariable, filled.properties
	})
	p.StartStream(s)
	var sent, acknowledged int
	var over string
	err := p.awaitSo(ctx, func() bool {
		sent, acknowledged, over = s.made, s.acknowledged, s.over
		return !s.running()
	})
	if err != nil {
		p.StopStream(s)
		return err
	}
	if acknowledged < max(step.Send.MsgCount, 1) {
		return l10n.New("%d of %d messages were sent, and %d acknowledged. %s", sent, max(step.Send.MsgCount, 1), acknowledged, over)
	}
	return nil
}

// scenarioStream is the name of the stream that a scenario sends with.
const scenarioStream = "scenario"

// answer makes the rule by which the device answers a method.
func (st *stage) answer(a *scenario.Answer) error {
	p := st.p
	p.update(func() {
		rules := &p.methods.rules
		rule := rules.rest
		if a.MethodName != "*" {
			if rule = rules.of(a.MethodName); rule == rules.rest {
				rules.add(a.MethodName)
				rule = rules.list[len(rules.list)-1]
			}
		}
		rule.mode = ruleAnswer
		rule.status.set(strconv.Itoa(cmp.Or(a.MethodResponseCode, 200)))
		rule.payload.set(indented(a.MethodResponsePayload))
		rule.delay.set(strconv.Itoa(int(a.Delay * 1000)))
	})
	return nil
}

func (st *stage) sendToDevice(ctx context.Context, target string, m *scenario.C2D) error {
	p := st.p
	body, isText := plainText(m.Data)
	properties := propertiesOf(m.Properties)
	header := map[string]string{"iothub-messageid": cmp.Or(m.MessageID, newMessageID("c2d-"))}
	if m.CorrelationID != "" {
		header["iothub-correlationid"] = m.CorrelationID
	}
	if m.Expiry > 0 {
		header["iothub-expiry"] = time.Now().Add(time.Duration(m.Expiry * float64(time.Second))).UTC().Format(time.RFC3339)
	}
	if m.Ack != "" && m.Ack != "none" {
		header["iothub-ack"] = m.Ack
	}
	if bag := hubproto.AppendBag(nil, &hubproto.SystemProperties{}, properties); len(bag) > 0 {
		header["iothub-properties"] = string(bag)
	}
	if !isText {
		header["Content-Type"], header["Content-Encoding"] = "application/json", "utf-8"
	}
	p.update(func() {
		c := &p.cloud.message
		c.busy = true
		c.body.set(indented(body))
		c.messageID.set(m.MessageID)
		c.correlationID.set(m.CorrelationID)
		c.ack = cmp.Or(m.Ack, "none")
		c.properties.replace(properties)
	})
	return p.sendToDevice(ctx, target, target, deviceBoundPath(target), body, header)
}

func (st *stage) invoke(ctx context.Context, target string, m *scenario.Invoke) (any, error) {
	p, payload, timeout := st.p, m.MethodPayload, cmp.Or(m.ResponseTimeout, 30)
	if len(payload) == 0 {
		payload = json.RawMessage("null")
	}
	p.update(func() {
		c := &p.cloud.invoke
		c.busy = true
		c.name.set(m.MethodName)
		c.payload.set(indented(payload))
		c.timeout.set(strconv.Itoa(timeout))
	})
	return p.invoke(ctx, target, twinPath(target, ""), m.MethodName, payload, timeout, 0)
}

// fault puts faults in force in place of those that are, and cuts the connection if that is asked for.
func (st *stage) fault(ctx context.Context, target string, f *scenario.Fault) error {
	p := st.p
	st.faulted = true
	err := st.setFaults(ctx, emulator.Faults{
		Delay: time.Duration(f.Delay * float64(time.Second)), Drop: f.Drop, Throttle: f.Throttle, Refuse: mqttcodec.ConnectCode(f.Refuse),
	})
	if err != nil || !f.Cut {
		return err
	}
	_, err = p.ask(ctx, "DELETE", connectionPath(target), nil, nil)
	return err
}

func (st *stage) setFaults(ctx context.Context, f emulator.Faults) error {
	raw, err := st.p.ask(ctx, "PUT", faultsPath, f, nil)
	st.p.tookFaults(ctx, raw, err)
	return err
}

// Look implements scenario.Stage.
func (st *stage) Look(ctx context.Context, d *scenario.Document, s *scenario.Step) ([]scenario.Sighting, error) {
	p, target := st.p, st.target(d, s)
	if e := s.Expect; e != nil && len(e.Twin) > 0 {
		twin, err := p.readCloudTwin(ctx, twinPath(target, ""))
		if err != nil {
			return nil, err
		}
		return []scenario.Sighting{{Value: map[string]any{
			"tags": orEmpty(twin.Tags), "desired": withoutMetadata(twin.Properties.Desired), "reported": withoutMetadata(twin.Properties.Reported)}}}, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []scenario.Sighting
	if s.Telemetry != nil {
		for i := range st.events {
			if e := st.events[i].read(); e.DeviceID == target {
				list = append(list, scenario.Sighting{Number: int64(i + 1), Value: map[string]any{
					"data": shownBody(e.Body), "properties": e.Properties, "systemProperties": e.SystemProperties}})
			}
		}
		return list, nil
	}
	switch e := s.Expect; {
	case len(e.Message) > 0:
		for _, m := range p.inbox.messages {
			if m.id >= st.messages {
				list = append(list, scenario.Sighting{Number: int64(m.id + 1), Value: shownMessage(m)})
			}
		}
	case len(e.Method) > 0:
		for _, c := range p.methods.calls {
			if c.id >= st.call {
				list = append(list, scenario.Sighting{Number: int64(c.id + 1), Value: map[string]any{
					"methodName": c.name, "methodPayload": shownBody([]byte(c.request))}})
			}
		}
	case len(e.Desired) > 0 && p.twin.desired != nil:
		list = []scenario.Sighting{{Value: withVersion(p.twin.desired, p.twin.desiredVersion)}}
	case len(e.Reported) > 0 && p.twin.known:
		list = []scenario.Sighting{{Value: withVersion(p.twin.reported, p.twin.reportedVersion)}}
	case e.State != "":
		list = []scenario.Sighting{{Value: p.device.phase()}}
	}
	return list, nil
}

// phase is the state of the device's connection, by the name of its phase.
func (d *device) phase() string {
	switch {
	case d.running():
		return d.state.Phase.String()
	case d.state.Phase == hubclient.Refused:
		return hubclient.Refused.String()
	}
	return hubclient.Disconnected.String()
}

func withVersion(m map[string]any, version int64) map[string]any {
	out := map[string]any{"$version": version}
	for name, v := range m {
		out[name] = v
	}
	return out
}

// shownBody is a body for a comparison: JSON as what it is, anything else as text, or in base64 where it is none.
func shownBody(body []byte) any {
	switch {
	case json.Valid(body):
		return json.RawMessage(bytes.Clone(body))
	case utf8.Valid(body):
		return string(body)
	}
	return body // in JSON a []byte is base64
}

func shownMessage(m *received) any {
	properties := map[string]*string{}
	for _, property := range m.message.Properties {
		if property.Null {
			properties[property.Name] = nil
			continue
		}
		properties[property.Name] = &property.Value
	}
	return map[string]any{"data": shownBody(m.message.Body), "properties": properties,
		"messageId": m.message.MessageID, "correlationId": m.message.CorrelationID, "contentType": m.message.ContentType}
}
