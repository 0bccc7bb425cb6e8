package panel

import (
	"encoding/base64"
	"time"
	"unicode/utf8"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
)

// What an exported session calls itself. Version 1 had no streams, rules and profiles, and of the system properties only the two
// that describe the body. A reader refuses versions that are newer than it.
const (
	sessionFormat  = "hubpanel-session"
	sessionVersion = 2
)

// How many elements a list of an imported session may have: of what happened, and of what a person set up.
const (
	importLimit = 20_000
	setupLimit  = 200
)

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

	Streams  []exportedStream `json:"streams"`
	Rules    []exportedRule   `json:"methodRules"` // in their order; the last is for the calls that none of the others takes
	Profiles []profile        `json:"profiles"`    // connections that the page keeps; a profile holds no secret
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
	Lang            catalog.Lang       `json:"lang"`
	Telemetry       string             `json:"telemetry"`
	ContentType     string             `json:"contentType,omitempty"`     // of version 1
	ContentEncoding string             `json:"contentEncoding,omitempty"` // of version 1
	System          []exportedProperty `json:"systemProperties"`          // by their keys in a property bag
	QoS0            bool               `json:"qos0"`
	Properties      []exportedProperty `json:"properties"`
	Reported        string             `json:"reportedPatch"`
	Desired         string             `json:"desiredPatch"`
	Tags            string             `json:"tagsPatch"`
	ToDevice        string             `json:"cloudToDevice"`
	MethodName      string             `json:"methodName"`
	MethodPayload   string             `json:"methodPayload"`

	ToDeviceProperties  []exportedProperty `json:"cloudToDeviceProperties"`
	ToDeviceMessageID   string             `json:"cloudToDeviceMessageId"`
	ToDeviceCorrelation string             `json:"cloudToDeviceCorrelationId"`
	ToDeviceExpiry      string             `json:"cloudToDeviceExpirySeconds"`
	ToDeviceAck         string             `json:"cloudToDeviceAck"`
	MethodTimeout       string             `json:"methodTimeoutSeconds"`
	MethodConnect       string             `json:"methodConnectTimeoutSeconds"`
}

// exportedStream is a stream as it stands in its form: texts, also where they should be numbers.
type exportedStream struct {
	Name        string             `json:"name"`
	Template    string             `json:"template"`
	ContentType string             `json:"contentType"`
	Interval    string             `json:"intervalMs"`
	Burst       string             `json:"burst"`
	Count       string             `json:"count"`
	Seed        string             `json:"seed,omitempty"`
	QoS0        bool               `json:"qos0,omitempty"`
	Variables   []exportedVariable `json:"variables"`
	Properties  []exportedProperty `json:"properties"`
}

type exportedVariable struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Values string `json:"values"`
}

// exportedRule says what becomes of the calls of a direct method.
type exportedRule struct {
	Method  string   `json:"method"` // * in the last one
	Mode    ruleMode `json:"mode"`
	Status  string   `json:"status"`
	Payload string   `json:"payload"`
	Delay   string   `json:"delayMs"`
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
	Input      string             `json:"input,omitempty"` // of a module
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
