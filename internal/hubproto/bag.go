package hubproto

import (
	"iter"
	"strings"

	"github.com/hubpanel/hubpanel/internal/l10n"
)

// A Property is an application property. Cloud-to-device messages tell three kinds of value apart: null ("key", Null is
// true), empty ("key=") and set ("key=value").
type Property struct {
	Name, Value string
	Null        bool
}

// Properties are application properties in the order in which they were sent.
type Properties []Property

// Get returns the value of the first property with that name, and whether there is one. A null value reads as "".
func (p Properties) Get(name string) (value string, ok bool) {
	for i := range p {
		if p[i].Name == name {
			return p[i].Value, true
		}
	}
	return "", false
}

// A Message is telemetry, or a message to a device or to a module's input.
type Message struct {
	SystemProperties
	Properties Properties
	Body       []byte
}

// SystemProperties are the properties with a meaning to the hub; an empty one is not there. SystemPropertyTable describes
// each.
type SystemProperties struct {
	MessageID          string // at most 128 characters
	CorrelationID      string
	UserID             string
	To                 string
	Expiry             string // ISO 8601
	ContentType        string // such as "application/json"
	ContentEncoding    string // such as "utf-8"
	OutputName         string // modules
	ComponentName      string // IoT Plug and Play
	InterfaceID        string
	CreationTime       string // ISO 8601
	MessageSchema      string
	ConnectionDeviceID string // who sent it, to a module's input
	ConnectionModuleID string
	DiagnosticID       string // diagnostics sampling, which distributed tracing has replaced
	DiagnosticContext  string // such as "creationtimeutc=1506054179"
	Ack                string // none, positive, negative or full: the feedback that the sender of a message to a device asked for
}

// A SystemProperty describes one of them.
type SystemProperty struct {
	Key     string // in a property bag, such as "$.mid"
	Name    string // at the service side, such as "message-id"
	Meaning string
}

// SystemPropertyTable lists every system property that has a field, in the order in which a bag is written. Read only.
var SystemPropertyTable = []SystemProperty{
	{"$.mid", "message-id", "identifies the message, for matching requests with answers"},
	{"$.cid", "correlation-id", "in an answer, the message id of the request"},
	{"$.uid", "user-id", "the sender's identity"},
	{"$.to", "to", "the destination"},
	{"$.exp", "absolute-expiry-time", "when the message expires, ISO 8601"},
	{"$.ct", "content-type", "the body's media type; application/json makes it routable"},
	{"$.ce", "content-encoding", "the body's text encoding: utf-8, utf-16 or utf-32"},
	{"$.on", "iothub-outputname", "the module's output"},
	{"$.sub", "dt-subject", "the IoT Plug and Play component"},
	{"$.ifid", "iothub-interface-id", "the interface, such as urn:azureiot:Security:SecurityAgent:1"},
	{"$.ctime", "iothub-creation-time-utc", "when the message was made, ISO 8601"},
	{"$.schema", "iothub-message-schema", "the body's schema"},
	{"$.cdid", "iothub-connection-device-id", "the device that sent it"},
	{"$.cmid", "iothub-connection-module-id", "the module that sent it"},
	{"$.diagid", "Diagnostic-Id", "diagnostics sampling: an id by which the service finds the message"},
	{"$.diagctx", "Correlation-Context", "diagnostics sampling: what belongs to the id, such as creationtimeutc=1506054179"},
	{"iothub-ack", "iothub-ack", "the feedback asked for: none, positive, negative or full"},
}

// fields returns where the values are, in the order of SystemPropertyTable. Function pointers in the table would move every
// message to the heap.
func (s *SystemProperties) fields() [17]*string {
	return [...]*string{&s.MessageID, &s.CorrelationID, &s.UserID, &s.To, &s.Expiry, &s.ContentType, &s.ContentEncoding, &s.OutputName,
		&s.ComponentName, &s.InterfaceID, &s.CreationTime, &s.MessageSchema, &s.ConnectionDeviceID, &s.ConnectionModuleID,
		&s.DiagnosticID, &s.DiagnosticContext, &s.Ack}
}

// Set gives the property with that bag key a value, and reports whether there is one.
func (s *SystemProperties) Set(key, value string) bool {
	for i := range SystemPropertyTable {
		if SystemPropertyTable[i].Key == key {
			*s.fields()[i] = value
			return true
		}
	}
	return false
}

// Get returns the value of the property with that bag key, and whether there is one and it is set.
func (s *SystemProperties) Get(key string) (value string, ok bool) {
	for i := range SystemPropertyTable {
		if SystemPropertyTable[i].Key == key {
			value = *s.fields()[i]
			return value, value != ""
		}
	}
	return "", false
}

// All yields the bag key and the value of each property that is set, in the order of SystemPropertyTable.
func (s *SystemProperties) All() iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		for i, field := range s.fields() {
			if value := *field; value != "" && !yield(SystemPropertyTable[i].Key, value) {
				return
			}
		}
	}
}

// AppendBag adds a property bag to dst: system properties first, names and values percent-encoded as every SDK does, so
// "$.mid" stands there as "%24.mid". s may be nil.
func AppendBag(dst []byte, s *SystemProperties, p Properties) []byte {
	start := len(dst)
	separate := func() {
		if len(dst) > start {
			dst = append(dst, '&')
		}
	}
	if s != nil {
		for key, value := range s.All() {
			separate()
			dst = appendEscaped(append(appendEscaped(dst, key), '='), value)
		}
	}
	for i := range p {
		separate()
		dst = appendEscaped(dst, p[i].Name)
		if !p[i].Null {
			dst = appendEscaped(append(dst, '='), p[i].Value)
		}
	}
	return dst
}

// ParseBag reads a property bag. It drops one leading question mark and one trailing slash, which some senders add, and
// skips empty fields. A key that starts with "$." and has no field in SystemProperties stays among the Properties.
func ParseBag(bag string) (SystemProperties, Properties, error) {
	var s SystemProperties
	var p Properties
	bag = strings.TrimSuffix(strings.TrimPrefix(bag, "?"), "/")
	if bag == "" {
		return s, nil, nil
	}
	for field := range strings.SplitSeq(bag, "&") {
		if field == "" {
			continue
		}
		name, value, set := strings.Cut(field, "=")
		name, err := unescape(name)
		if err == nil {
			value, err = unescape(value)
		}
		if err != nil {
			return SystemProperties{}, nil, l10n.New("property bag has a broken % escape: percent-encode names and values, % itself as %25")
		}
		if !s.Set(name, value) {
			p = append(p, Property{Name: name, Value: value, Null: !set})
		}
	}
	return s, p, nil
}
