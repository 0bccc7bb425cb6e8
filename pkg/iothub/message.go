package iothub

import (
	"iter"
	"slices"
)

// A Property is an application property of a message. In a property bag its value is null ("key"), empty ("key=") or set
// ("key=value").
type Property struct {
	Name  string
	Value string // empty if Null
	Null  bool
}

// Properties are the application properties of a message, in the order in which they were sent.
type Properties []Property

// Get returns the value of the first property with that name, and reports whether there is one. A null value is "".
func (p Properties) Get(name string) (value string, ok bool) {
	for i := range p {
		if p[i].Name == name {
			return p[i].Value, true
		}
	}
	return "", false
}

// SystemProperties are the properties of a message that have a meaning to the hub ("Create and read IoT Hub messages", system
// properties). An empty one is absent. Which of them a sender may set depends on the direction.
type SystemProperties struct {
	MessageID          string // $.mid: matches an answer with its request; at most 128 bytes of ASCII
	CorrelationID      string // $.cid: in an answer, the MessageID of the request
	UserID             string // $.uid: the sender
	To                 string // $.to: the destination
	Expiry             string // $.exp: when the message expires, ISO 8601
	ContentType        string // $.ct: such as "application/json"
	ContentEncoding    string // $.ce: such as "utf-8"
	OutputName         string // $.on: a module's output
	ComponentName      string // $.sub: an IoT Plug and Play component
	InterfaceID        string // $.ifid
	CreationTime       string // $.ctime: when the message was made, ISO 8601
	MessageSchema      string // $.schema
	ConnectionDeviceID string // $.cdid: the sender of a message to a module's input
	ConnectionModuleID string // $.cmid: the same
	DiagnosticID       string // $.diagid: diagnostics sampling, which distributed tracing has replaced
	DiagnosticContext  string // $.diagctx: such as "creationtimeutc=1506054179"
	Ack                string // iothub-ack: none, positive, negative or full: the feedback for a cloud-to-device message
}

// A SystemProperty describes a field of SystemProperties.
type SystemProperty struct {
	Key     string // in a property bag, such as "$.mid"
	Name    string // in the service's SDKs and in routing queries, such as "message-id"
	Meaning string // in English
}

// SystemPropertyTable returns a description of each field of SystemProperties, in the order in which a property bag is written.
func SystemPropertyTable() []SystemProperty { return slices.Clone(table) }

var table = []SystemProperty{
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

// fields returns where the values are, in the order of table. Function pointers in the table would move every
// message to the heap.
func (s *SystemProperties) fields() [17]*string {
	return [...]*string{&s.MessageID, &s.CorrelationID, &s.UserID, &s.To, &s.Expiry, &s.ContentType, &s.ContentEncoding, &s.OutputName,
		&s.ComponentName, &s.InterfaceID, &s.CreationTime, &s.MessageSchema, &s.ConnectionDeviceID, &s.ConnectionModuleID,
		&s.DiagnosticID, &s.DiagnosticContext, &s.Ack}
}

// Set sets the property with that bag key, such as "$.mid", and reports whether there is one.
func (s *SystemProperties) Set(key, value string) bool {
	for i := range table {
		if table[i].Key == key {
			*s.fields()[i] = value
			return true
		}
	}
	return false
}

// Get returns the value of the property with that bag key, such as "$.mid", and reports whether it is set.
func (s *SystemProperties) Get(key string) (value string, ok bool) {
	for i := range table {
		if table[i].Key == key {
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
			if value := *field; value != "" && !yield(table[i].Key, value) {
				return
			}
		}
	}
}
