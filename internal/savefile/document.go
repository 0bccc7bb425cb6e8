package savefile

import (
	"encoding/base64"
	"time"
	"unicode/utf8"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// The format's name and its version. Version 1 had no streams, rules and profiles, and of the system properties only the two that
// describe the body. A reader refuses versions that are newer than its own.
const (
	Format  = "hubpanel-session"
	Version = 2
)

// How many elements a list of a file may have: importLimit of events, setupLimit of a person's own settings.
const (
	importLimit = 20_000
	setupLimit  = 200
)

// Document is a session file: one JSON document without secrets. Its lists are oldest first. Make it with New, so that no list is null.
type Document struct {
	Format   string    `json:"format"`
	Version  int       `json:"version"`
	Exported time.Time `json:"exported"`
	Device   Device    `json:"device"`
	Settings Forms     `json:"settings"`
	Twin     *Twin     `json:"twin,omitempty"`    // as the device knew it
	ToDevice []Body    `json:"cloudToDevice"`     // messages to the device
	Stored   []Body    `json:"telemetry"`         // as the hub stored it
	Methods  []Call    `json:"methods"`           // direct methods that the device was called with
	Log      []Entry   `json:"deviceLog"`         // the device's journal
	Hub      []Entry   `json:"operationsLog"`     // the emulator's
	Dropped  int       `json:"dropped,omitempty"` // entries of both logs that were dropped before the export

	Streams  []Stream  `json:"streams"`
	Rules    []Rule    `json:"methodRules"` // in their order; the last is for the calls of all other methods
	Profiles []Profile `json:"profiles"`    // connections that the page keeps
}

// New returns a document of this version that is exported at now, with empty lists.
func New(now time.Time) *Document {
	return &Document{
		Format: Format, Version: Version, Exported: now,
		Settings: Forms{System: []Property{}, Properties: []Property{}, ToDeviceProperties: []Property{}},
		ToDevice: []Body{}, Stored: []Body{}, Methods: []Call{}, Log: []Entry{}, Hub: []Entry{},
		Streams: []Stream{}, Rules: []Rule{}, Profiles: []Profile{},
	}
}

// Device is the device's identity, without its credentials.
type Device struct {
	Host     string `json:"host,omitempty"`
	DeviceID string `json:"deviceId,omitempty"`
	ModuleID string `json:"moduleId,omitempty"`
	Gateway  string `json:"gateway,omitempty"`
}

// Forms are the contents of the page's forms.
type Forms struct {
	View            string     `json:"view"`
	Theme           string     `json:"theme"`
	Lang            string     `json:"lang"`
	Telemetry       string     `json:"telemetry"`
	ContentType     string     `json:"contentType,omitempty"`     // of version 1
	ContentEncoding string     `json:"contentEncoding,omitempty"` // of version 1
	System          []Property `json:"systemProperties"`          // by their keys in a property bag
	QoS0            bool       `json:"qos0"`
	Properties      []Property `json:"properties"`
	Reported        string     `json:"reportedPatch"`
	Desired         string     `json:"desiredPatch"`
	Tags            string     `json:"tagsPatch"`
	ToDevice        string     `json:"cloudToDevice"`
	MethodName      string     `json:"methodName"`
	MethodPayload   string     `json:"methodPayload"`

	ToDeviceProperties  []Property `json:"cloudToDeviceProperties"`
	ToDeviceMessageID   string     `json:"cloudToDeviceMessageId"`
	ToDeviceCorrelation string     `json:"cloudToDeviceCorrelationId"`
	ToDeviceExpiry      string     `json:"cloudToDeviceExpirySeconds"`
	ToDeviceAck         string     `json:"cloudToDeviceAck"`
	MethodTimeout       string     `json:"methodTimeoutSeconds"`
	MethodConnect       string     `json:"methodConnectTimeoutSeconds"`
}

// Stream is a telemetry stream as its form has it: texts, also where they should be numbers.
type Stream struct {
	Name        string     `json:"name"`
	Template    string     `json:"template"`
	ContentType string     `json:"contentType"`
	Interval    string     `json:"intervalMs"`
	Burst       string     `json:"burst"`
	Count       string     `json:"count"`
	Seed        string     `json:"seed,omitempty"`
	QoS0        bool       `json:"qos0,omitempty"`
	Variables   []Variable `json:"variables"`
	Properties  []Property `json:"properties"`
}

// Variable is a variable of a stream's template.
type Variable struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Values string `json:"values"`
}

// Rule is the rule by which a device answers the calls of a direct method.
type Rule struct {
	Method  string `json:"method"` // * in the last rule
	Mode    string `json:"mode"`
	Status  string `json:"status"`
	Payload string `json:"payload"`
	Delay   string `json:"delayMs"`
}

// Property is a property of a message; a null one has no value.
type Property struct {
	Name  string  `json:"name"`
	Value *string `json:"value"`
}

// Twin is a device twin.
type Twin struct {
	Desired         map[string]any `json:"desired"`
	Reported        map[string]any `json:"reported"`
	DesiredVersion  int64          `json:"desiredVersion"`
	ReportedVersion int64          `json:"reportedVersion"`
}

// Body is a message in either direction. Its body is text, or base64 where it is not.
type Body struct {
	At         time.Time      `json:"at"`
	DeviceID   string         `json:"deviceId,omitempty"`
	Sequence   int64          `json:"sequenceNumber,omitempty"`
	Input      string         `json:"input,omitempty"` // of a module
	Body       string         `json:"body,omitempty"`
	Base64     string         `json:"bodyBase64,omitempty"`
	Properties []Property     `json:"properties,omitempty"`
	System     map[string]any `json:"systemProperties,omitempty"`
}

// Call is a direct method call with its answer.
type Call struct {
	At       time.Time `json:"at"`
	Name     string    `json:"name"`
	Request  string    `json:"request"`
	Status   int       `json:"status"`
	Response string    `json:"response"`
}

// Entry is a line of a journal, and of its export as JSON lines.
type Entry struct {
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"`
	What    string    `json:"what"`
	Summary string    `json:"summary,omitempty"`
	Detail  string    `json:"detail,omitempty"`
	Outcome string    `json:"outcome,omitempty"`
	Note    string    `json:"note,omitempty"`
}

// SetBody sets the body, in base64 if it is not UTF-8.
func (e *Body) SetBody(body []byte) {
	if utf8.Valid(body) {
		e.Body = string(body)
		return
	}
	e.Base64 = base64.StdEncoding.EncodeToString(body)
}

// Bytes returns the body. A body that was redacted is not base64 any more, and is returned as it is.
func (e *Body) Bytes() []byte {
	if e.Base64 == "" {
		return []byte(e.Body)
	}
	raw, err := base64.StdEncoding.DecodeString(e.Base64)
	if err != nil {
		return []byte(e.Base64)
	}
	return raw
}

// Text returns the property's value, or "" for a null one.
func (e Property) Text() string {
	if e.Value == nil {
		return ""
	}
	return *e.Value
}

// FromBag returns a property bag as the file has it.
func FromBag(bag hubproto.Properties) []Property {
	out := make([]Property, 0, len(bag))
	for _, property := range bag {
		e := Property{Name: property.Name}
		if !property.Null {
			value := property.Value
			e.Value = &value
		}
		out = append(out, e)
	}
	return out
}

// Bag returns the properties of a file as a property bag.
func Bag(list []Property) hubproto.Properties {
	bag := make(hubproto.Properties, 0, len(list))
	for _, property := range list {
		bag = append(bag, hubproto.Property{Name: property.Name, Value: property.Text(), Null: property.Value == nil})
	}
	return bag
}
