package panel

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"time"
	"unicode/utf8"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// What an exported session calls itself. A reader refuses other versions.
const (
	sessionFormat  = "hubpanel-session"
	sessionVersion = 1
)

// importLimit is how many elements a list of an imported session may have.
const importLimit = 20_000

// session is an exported session: one JSON document that holds no secrets.
type session struct {
	Format   string          `json:"format"`
	Version  int             `json:"version"`
	Exported time.Time       `json:"exported"`
	Device   exportedDevice  `json:"device"`
	Settings exportedForms   `json:"settings"`
	Twin     *exportedTwin   `json:"twin,omitempty"`    // as the device knew it
	ToDevice []exportedBody  `json:"cloudToDevice"`     // messages, oldest first, as all lists here
	Stored   []exportedBody  `json:"telemetry"`         // as the hub stored it
	Methods  []exportedCall  `json:"methods"`           // direct methods that the device was called with
	Log      []exportedEntry `json:"deviceLog"`         // the device's journal
	Hub      []exportedEntry `json:"operationsLog"`     // the emulator's
	Dropped  int             `json:"dropped,omitempty"` // entries of both logs that were dropped before the export
}

// exportedDevice says who the device was. What opens the hub to it is not there.
type exportedDevice struct {
	Host     string `json:"host,omitempty"`
	DeviceID string `json:"deviceId,omitempty"`
	ModuleID string `json:"moduleId,omitempty"`
	Gateway  string `json:"gateway,omitempty"`
}

// exportedForms are what stands in the page's forms.
type exportedForms struct {
	View            Topic              `json:"view"`
	Theme           Theme              `json:"theme"`
	Lang            Lang               `json:"lang"`
	Telemetry       string             `json:"telemetry"`
	ContentType     string             `json:"contentType"`
	ContentEncoding string             `json:"contentEncoding"`
	QoS0            bool               `json:"qos0"`
	Properties      []exportedProperty `json:"properties"`
	Reported        string             `json:"reportedPatch"`
	Desired         string             `json:"desiredPatch"`
	Tags            string             `json:"tagsPatch"`
	ToDevice        string             `json:"cloudToDevice"`
	MethodName      string             `json:"methodName"`
	MethodPayload   string             `json:"methodPayload"`
}

// exportedProperty is a property of a message; a null one has no value.
type exportedProperty struct {
	Name  string  `json:"name"`
	Value *string `json:"value"`
}

type exportedTwin struct {
	Desired         map[string]any `json:"desired"`
	Reported        map[string]any `json:"reported"`
	DesiredVersion  int64          `json:"desiredVersion"`
	ReportedVersion int64          `json:"reportedVersion"`
}

// exportedBody is a message in either direction. Its body is text, or base64 where it is not.
type exportedBody struct {
	At         time.Time          `json:"at"`
	DeviceID   string             `json:"deviceId,omitempty"`
	Sequence   int64              `json:"sequenceNumber,omitempty"`
	Body       string             `json:"body,omitempty"`
	Base64     string             `json:"bodyBase64,omitempty"`
	Properties []exportedProperty `json:"properties,omitempty"`
	System     map[string]any     `json:"systemProperties,omitempty"`
}

type exportedCall struct {
	At       time.Time `json:"at"`
	Name     string    `json:"name"`
	Request  string    `json:"request"`
	Status   int       `json:"status"`
	Response string    `json:"response"`
}

// exportedEntry is a line of a journal, and of its export as JSON lines.
type exportedEntry struct {
	At      time.Time `json:"at"`
	Kind    entryKind `json:"kind"`
	What    string    `json:"what"`
	Summary string    `json:"summary,omitempty"`
	Detail  string    `json:"detail,omitempty"`
	Outcome outcome   `json:"outcome,omitempty"`
	Note    string    `json:"note,omitempty"`
}

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
	p.update(func() { p.exports.result = result{ok: true, text: p.say("The session was saved, without secrets.")} })
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
	p.update(func() { p.exports.result = result{ok: true, text: p.say("The log was saved, without secrets.")} })
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
			Telemetry: t.body.text, ContentType: t.contentType.text, ContentEncoding: t.contentEncoding.text, QoS0: t.qos0,
			Properties: exportedProperties(t.properties.list()), Reported: p.twin.patch.text,
			Desired: c.desired.patch.text, Tags: c.tags.patch.text, ToDevice: c.message.body.text,
			MethodName: c.invoke.name.text, MethodPayload: c.invoke.payload.text,
		},
		ToDevice: []exportedBody{}, Stored: []exportedBody{}, Methods: []exportedCall{},
		Log: exportedEntries(&p.deviceLog), Hub: exportedEntries(&c.log), Dropped: p.deviceLog.dropped + c.log.dropped,
	}
	if p.twin.known {
		s.Twin = &exportedTwin{p.twin.desired, p.twin.reported, p.twin.desiredVersion, p.twin.reportedVersion}
	}
	for _, m := range p.inbox.messages {
		e := exportedBody{At: m.at, Properties: exportedProperties(m.message.Properties), System: map[string]any{}}
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

func (e *exportedBody) setBody(body []byte) {
	if utf8.Valid(body) {
		e.Body = string(body)
		return
	}
	e.Base64 = base64.StdEncoding.EncodeToString(body)
}

// text is the body as a person reads it. A part that was redacted is no base64 any more, and stays as it is.
func (e *exportedBody) text() string {
	if e.Base64 == "" {
		return payloadText([]byte(e.Body))
	}
	raw, err := base64.StdEncoding.DecodeString(e.Base64)
	if err != nil {
		return e.Base64
	}
	return payloadText(raw)
}

func exportedProperties(list hubproto.Properties) []exportedProperty {
	out := make([]exportedProperty, 0, len(list))
	for _, property := range list {
		e := exportedProperty{Name: property.Name}
		if !property.Null {
			value := property.Value
			e.Value = &value
		}
		out = append(out, e)
	}
	return out
}

func exportedEntries(j *journal) []exportedEntry {
	list := make([]exportedEntry, 0, len(j.entries))
	for _, e := range j.entries {
		list = append(list, exportedEntry{e.at, e.kind, e.what, e.summary, e.detail, e.outcome, e.note})
	}
	return list
}

// parseSession reads an exported session. Its errors name the place that is wrong.
func parseSession(raw []byte) (*session, error) {
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := checkJSON("The file", string(raw)); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &head); err != nil || head.Format != sessionFormat {
		return nil, tell("the file is no session of hubpanel: its format is not %q", sessionFormat)
	}
	if head.Version != sessionVersion {
		return nil, tell("the session has version %d, and this page reads version %d", head.Version, sessionVersion)
	}
	// The lists element by element, since encoding/json does not say which one is wrong.
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, err
	}
	s := &session{}
	lists := map[string]func(json.RawMessage) error{
		"cloudToDevice": elements(&s.ToDevice),
		"telemetry":     elements(&s.Stored),
		"methods":       elements(&s.Methods),
		"deviceLog":     elements(&s.Log),
		"operationsLog": elements(&s.Hub),
	}
	for _, name := range sortedKeys(lists) {
		list, ok := members[name]
		delete(members, name)
		if !ok {
			continue
		}
		var all []json.RawMessage
		if err := json.Unmarshal(list, &all); err != nil {
			return nil, tell("%s is not a list", name)
		}
		if len(all) > importLimit {
			return nil, tell("%s has %d elements: at most %d are read", name, len(all), importLimit)
		}
		for i, element := range all {
			if err := lists[name](element); err != nil {
				return nil, misplaced(tell("%s, element %d", name, i+1), err)
			}
		}
	}
	rest, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	if err := strictly(rest, s); err != nil {
		return nil, misplaced(tell("the session"), err)
	}
	return s, nil
}

// elements appends what it is given to a list.
func elements[E any](list *[]E) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		var e E
		err := strictly(raw, &e)
		*list = append(*list, e)
		return err
	}
}

// strictly decodes JSON and refuses members that nobody knows.
func strictly(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return tell("something stands behind its end")
	}
	return nil
}

// misplaced says where a value of the wrong kind stands.
func misplaced(where *told, err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) && kind.Field != "" {
		return tell("%v: %s is a JSON %s, which does not belong there", where, kind.Field, kind.Value)
	}
	return tell("%v: %v", where, err)
}

// ImportSession restores the forms of an exported session, and shows what else is in it.
func (p *Panel) ImportSession(files []File) {
	if len(files) == 0 {
		return
	}
	file := files[0]
	var s *session
	var err error
	if file.Size > int64(len(file.Data)) {
		err = tell("the file has %d bytes: at most %d are read", file.Size, MaxFile)
	} else {
		s, err = parseSession(file.Data)
	}
	p.update(func() {
		if err != nil {
			p.exports.result = p.resultOf(err, "")
			return
		}
		p.exports.imported, p.exports.name = s, file.Name
		p.restoreLocked(&s.Settings)
		p.exports.result = result{ok: true, text: p.say("The forms are as they were. The secret is not in the file: connect with your own.")}
	})
}

func (p *Panel) restoreLocked(f *exportedForms) {
	p.topic = ParseParams("view="+url.QueryEscape(string(f.View)), "").View // a view of this page, whatever the file says
	switch f.Theme {
	case ThemeAuto, ThemeLight, ThemeDark:
		p.theme = f.Theme
	}
	p.lang = matchLang(string(f.Lang))
	t, c := &p.telemetry, &p.cloud
	for _, set := range []struct {
		field *field
		text  string
	}{
		{&t.body, f.Telemetry}, {&t.contentType, f.ContentType}, {&t.contentEncoding, f.ContentEncoding},
		{&p.twin.patch, f.Reported}, {&c.desired.patch, f.Desired}, {&c.tags.patch, f.Tags}, {&c.message.body, f.ToDevice},
		{&c.invoke.name, f.MethodName}, {&c.invoke.payload, f.MethodPayload},
	} {
		set.field.set(set.text)
	}
	t.qos0 = f.QoS0
	for len(t.properties.rows) > 0 {
		t.properties.remove(t.properties.rows[0].id)
	}
	for _, property := range f.Properties {
		value := ""
		if property.Value != nil {
			value = *property.Value
		}
		t.properties.add(property.Name, value)
	}
}
