package panel

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// ExportSession gives the person the session as a file.
func (p *Panel) ExportSession() {
	p.mu.Lock()
	now := p.now()
	raw, err := p.exportLocked(now)
	save := p.env.Save
	p.mu.Unlock()
	if err != nil {
		p.update(func() { p.exports.result = p.resultOf(err, "") })
		return
	}
	save("hubpanel-session-"+now.Format("20060102-150405")+".json", "application/json", raw)
	p.update(func() { p.exports.result = result{ok: true, text: p.T("The session was saved, without secrets.")} })
}

// exportLog gives the person a journal as JSON lines, oldest first.
func (p *Panel) exportLog(name string, j *journal) {
	p.mu.Lock()
	now, hidden, save := p.now(), p.secretsLocked(), p.env.Save
	var lines []byte
	var err error
	for _, e := range exportedEntries(j) {
		var line []byte
		if line, err = hidden.document(e, ""); err != nil {
			break
		}
		lines = append(lines, line...)
	}
	p.mu.Unlock()
	if err != nil {
		p.update(func() { p.exports.result = p.resultOf(err, "") })
		return
	}
	save("hubpanel-"+name+"-"+now.Format("20060102-150405")+".jsonl", "application/jsonl", lines)
	p.update(func() { p.exports.result = result{ok: true, text: p.T("The log was saved, without secrets.")} })
}

// document is a value as JSON that ends with a line feed, without secrets.
func (s secrets) document(v any, indent string) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // so that numbers keep their digits
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	err = e.Encode(s.cleanJSON(tree))
	return b.Bytes(), err
}

func (p *Panel) exportLocked(now time.Time) ([]byte, error) {
	d, t, c := &p.device.credentials, &p.telemetry, &p.cloud
	s := session{
		Format: sessionFormat, Version: sessionVersion, Exported: now,
		Device: exportedDevice{Host: d.Host, DeviceID: d.DeviceID, ModuleID: d.ModuleID, Gateway: d.Gateway},
		Settings: exportedForms{
			View: p.topic, Theme: p.theme, Lang: p.lang,
			Telemetry: t.body.text, System: exportedSystem(&t.system), QoS0: t.qos0,
			Properties: exportedProperties(t.properties.list()), Reported: p.twin.patch.text,
			Desired: c.desired.patch.text, Tags: c.tags.patch.text, ToDevice: c.message.body.text,
			MethodName: c.invoke.name.text, MethodPayload: c.invoke.payload.text,
			ToDeviceProperties: exportedProperties(c.message.properties.list()), ToDeviceMessageID: c.message.messageID.text,
			ToDeviceCorrelation: c.message.correlationID.text, ToDeviceExpiry: c.message.expiry.text, ToDeviceAck: c.message.ack,
			MethodTimeout: c.invoke.timeout.text, MethodConnect: c.invoke.connectTimeout.text,
		},
		Streams: exportedStreams(&t.streams), Rules: exportedRules(&p.methods.rules), Profiles: append([]profile{}, p.kept.profiles...),
		ToDevice: []exportedBody{}, Stored: []exportedBody{}, Methods: []exportedCall{},
		Log: exportedEntries(&p.deviceLog), Hub: exportedEntries(&c.log), Dropped: p.deviceLog.dropped + c.log.dropped,
	}
	if p.twin.known {
		s.Twin = &exportedTwin{p.twin.desired, p.twin.reported, p.twin.desiredVersion, p.twin.reportedVersion}
	}
	for _, m := range p.inbox.messages {
		e := exportedBody{At: m.at, Input: m.input, Properties: exportedProperties(m.message.Properties), System: map[string]any{}}
		e.setBody(m.message.Body)
		for _, property := range hubproto.SystemPropertyTable {
			if v, ok := m.message.SystemProperties.Get(property.Key); ok {
				e.System[property.Name] = v
			}
		}
		s.ToDevice = append(s.ToDevice, e)
	}
	for i := range c.events {
		m := c.events[i].read()
		e := exportedBody{At: m.EnqueuedTime, DeviceID: m.DeviceID, Sequence: m.SequenceNumber, System: map[string]any{}}
		for name, value := range m.SystemProperties {
			e.System[name] = value
		}
		e.setBody(m.Body)
		for _, name := range sortedKeys(m.Properties) {
			value := m.Properties[name]
			e.Properties = append(e.Properties, exportedProperty{name, &value})
		}
		s.Stored = append(s.Stored, e)
	}
	for _, m := range p.methods.calls {
		s.Methods = append(s.Methods, exportedCall{m.at, m.name, m.request, m.status, m.response})
	}
	return p.secretsLocked().document(s, "  ")
}

func exportedSystem(rows *systemRows) []exportedProperty {
	out := make([]exportedProperty, 0, len(rows.rows))
	for _, row := range rows.rows {
		v := row.value.text
		out = append(out, exportedProperty{row.key, &v})
	}
	return out
}

func exportedStreams(s *streams) []exportedStream {
	out := make([]exportedStream, 0, len(s.list))
	for _, st := range s.list {
		e := exportedStream{Name: st.name.text, Template: st.body.text, ContentType: st.contentType.text, Interval: st.interval.text, Burst: st.burst.text,
			Count: st.count.text, Seed: st.seed.text, QoS0: st.qos0, Variables: []exportedVariable{}, Properties: exportedProperties(st.properties.list())}
		for _, v := range st.variables {
			e.Variables = append(e.Variables, exportedVariable{v.name.text, v.kind, v.args.text})
		}
		out = append(out, e)
	}
	return out
}

func exportedRules(rules *methodRules) []exportedRule {
	out := make([]exportedRule, 0, len(rules.list)+1)
	for _, r := range append(slices.Clone(rules.list), rules.rest) {
		out = append(out, exportedRule{r.name.text, r.mode, r.status.text, r.payload.text, r.delay.text})
	}
	return out
}
