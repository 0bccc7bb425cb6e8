package panel

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"slices"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
)

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
		return nil, l10n.New("the file is no session of hubpanel: its format is not %q", sessionFormat)
	}
	if head.Version < 1 || head.Version > sessionVersion {
		return nil, l10n.New("the session has version %d, and this page reads versions 1 to %d: open it in a newer hubpanel", head.Version, sessionVersion)
	}
	// The lists element by element, since encoding/json does not say which one is wrong.
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, err
	}
	s := &session{}
	lists := map[string]struct {
		limit int
		add   func(json.RawMessage) error
	}{
		"cloudToDevice": {importLimit, elements(&s.ToDevice)},
		"telemetry":     {importLimit, elements(&s.Stored)},
		"methods":       {importLimit, elements(&s.Methods)},
		"deviceLog":     {importLimit, elements(&s.Log)},
		"operationsLog": {importLimit, elements(&s.Hub)},
		"streams":       {setupLimit, elements(&s.Streams)},
		"methodRules":   {setupLimit, elements(&s.Rules)},
		"profiles":      {setupLimit, elements(&s.Profiles)},
	}
	for _, name := range sortedKeys(lists) {
		list, ok := members[name]
		delete(members, name)
		if !ok {
			continue
		}
		var all []json.RawMessage
		if err := json.Unmarshal(list, &all); err != nil {
			return nil, l10n.New("%s is not a list", name)
		}
		if limit := lists[name].limit; len(all) > limit {
			return nil, l10n.New("%s has %d elements: at most %d are read", name, len(all), limit)
		}
		for i, element := range all {
			if err := lists[name].add(element); err != nil {
				return nil, misplaced(l10n.New("%s, element %d", name, i+1), err)
			}
		}
	}
	rest, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	if err := strictly(rest, s); err != nil {
		return nil, misplaced(l10n.New("the session"), err)
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
		return l10n.New("something stands behind its end")
	}
	return nil
}

// misplaced says where a value of the wrong kind stands.
func misplaced(where *l10n.Message, err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) && kind.Field != "" {
		return l10n.New("%v: %s is a JSON %s, which does not belong there", where, kind.Field, kind.Value)
	}
	return l10n.New("%v: %v", where, err)
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
		err = l10n.New("the file has %d bytes: at most %d are read", file.Size, MaxFile)
	} else {
		s, err = parseSession(file.Data)
	}
	p.update(func() {
		if err != nil {
			p.exports.result = p.resultOf(err, "")
			return
		}
		p.exports.imported, p.exports.name = s, file.Name
		p.restoreLocked(s)
		p.exports.result = result{ok: true, text: p.T("The forms are as they were. The secret is not in the file: connect with your own.")}
	})
}

// restoreLocked fills the forms. What the file's version did not know stays as it is.
func (p *Panel) restoreLocked(s *session) {
	f := &s.Settings
	p.topic = ParseParams("view="+url.QueryEscape(string(f.View)), "").View // a view of this page, whatever the file says
	switch f.Theme {
	case ThemeAuto, ThemeLight, ThemeDark:
		p.theme = f.Theme
	}
	p.lang = catalog.Match(string(f.Lang))
	t, c := &p.telemetry, &p.cloud
	for _, set := range []struct {
		field *field
		text  string
	}{
		{&t.body, f.Telemetry},
		{&p.twin.patch, f.Reported}, {&c.desired.patch, f.Desired}, {&c.tags.patch, f.Tags}, {&c.message.body, f.ToDevice},
		{&c.invoke.name, f.MethodName}, {&c.invoke.payload, f.MethodPayload},
	} {
		set.field.set(set.text)
	}
	t.qos0 = f.QoS0
	t.properties.replace(importedProperties(f.Properties))
	if s.Version == 1 {
		t.system = systemRows{}
		t.system.set("$.ct", f.ContentType)
		t.system.set("$.ce", f.ContentEncoding)
		return
	}
	t.system = systemRows{}
	for _, property := range f.System {
		if slices.Contains(systemKeys, property.Name) {
			t.system.set(property.Name, property.text())
		}
	}
	m := &c.message
	m.properties.replace(importedProperties(f.ToDeviceProperties))
	m.messageID.set(f.ToDeviceMessageID)
	m.correlationID.set(f.ToDeviceCorrelation)
	m.expiry.set(f.ToDeviceExpiry)
	switch f.ToDeviceAck {
	case "none", "positive", "negative", "full":
		m.ack = f.ToDeviceAck
	}
	c.invoke.timeout.set(f.MethodTimeout)
	c.invoke.connectTimeout.set(f.MethodConnect)
	t.streams.restore(s.Streams)
	p.methods.rules.restore(s.Rules)
}

// importedProperties is a bag out of a file.
func importedProperties(list []exportedProperty) hubproto.Properties {
	bag := make(hubproto.Properties, 0, len(list))
	for _, property := range list {
		bag = append(bag, hubproto.Property{Name: property.Name, Value: property.text(), Null: property.Value == nil})
	}
	return bag
}

// text is a property's value; a null one's is empty.
func (e exportedProperty) text() string {
	if e.Value == nil {
		return ""
	}
	return *e.Value
}

// restore replaces the streams, but for those that run.
func (s *streams) restore(list []exportedStream) {
	s.list = slices.DeleteFunc(s.list, func(st *telemetryStream) bool { return !st.running() })
	for _, e := range list {
		s.add().restore(e)
	}
}

// restore fills a stream's form.
func (st *telemetryStream) restore(e exportedStream) {
	for _, set := range []struct {
		field *field
		text  string
	}{
		{&st.name, e.Name}, {&st.body, e.Template}, {&st.contentType, e.ContentType}, {&st.interval, e.Interval}, {&st.burst, e.Burst}, {&st.count, e.Count}, {&st.seed, e.Seed},
	} {
		set.field.set(set.text)
	}
	st.qos0, st.variables = e.QoS0, nil
	for _, v := range e.Variables {
		st.addVariable(v.Name, v.Kind)
		st.variables[len(st.variables)-1].args.set(v.Values)
	}
	st.properties.replace(importedProperties(e.Properties))
}

// restore replaces the rules; the last of the list is for the calls that are left.
func (rs *methodRules) restore(list []exportedRule) {
	if len(list) == 0 {
		return
	}
	rs.list = nil
	for i, e := range list {
		r := newRule(rs.next, e.Method)
		rs.next++
		switch e.Mode {
		case ruleAnswer, ruleByHand, ruleSilent:
			r.mode = e.Mode
		}
		r.status.set(e.Status)
		r.payload.set(e.Payload)
		r.delay.set(e.Delay)
		if i < len(list)-1 {
			rs.list = append(rs.list, r)
			continue
		}
		r.name.set("*")
		rs.rest = r
	}
}
