package panel

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// ScriptConnect are the options of the JavaScript API's connect, as they come across the border.
type ScriptConnect struct {
	ConnectionString string `json:"connectionString"`

	// Or its parts. Exactly one of key and sas.
	Host     string `json:"host"`
	DeviceID string `json:"deviceId"`
	ModuleID string `json:"moduleId"`
	Gateway  string `json:"gateway"`
	Key      string `json:"key"` // base64
	SAS      string `json:"sas"`

	Endpoint     string `json:"endpoint"` // the WebSocket URL, where it is not the hub's own
	CleanSession bool   `json:"cleanSession"`
	ModelID      string `json:"modelId"`
}

// Credentials are the options' identity and secret.
func (c ScriptConnect) Credentials() (hubclient.Credentials, error) {
	if c.ConnectionString != "" {
		return hubclient.ParseConnectionString(c.ConnectionString)
	}
	cr := hubclient.Credentials{Host: c.Host, DeviceID: c.DeviceID, ModuleID: c.ModuleID, Gateway: c.Gateway, SharedAccessSignature: c.SAS}
	switch {
	case c.Host == "":
		return cr, &ArgumentError{"host", "missing: give connectionString, or host, deviceId and key or sas"}
	case c.DeviceID == "":
		return cr, &ArgumentError{"deviceId", "missing"}
	case (c.Key == "") == (c.SAS == ""):
		return cr, &ArgumentError{"key", "give exactly one of key and sas"}
	}
	if c.Key != "" {
		key, err := hubproto.ParseKey(c.Key)
		if err != nil {
			return cr, &ArgumentError{"key", err.Error()}
		}
		cr.Key = key
	}
	return cr, nil
}

// ScriptMessage is a message as JavaScript has it, in both directions. A null property has a null value.
type ScriptMessage struct {
	Body            string             `json:"body"` // base64
	Properties      map[string]*string `json:"properties"`
	ContentType     string             `json:"contentType,omitempty"`
	ContentEncoding string             `json:"contentEncoding,omitempty"`
	MessageID       string             `json:"messageId,omitempty"`
	CorrelationID   string             `json:"correlationId,omitempty"`
	Component       string             `json:"component,omitempty"`
	Output          string             `json:"output,omitempty"`
	Duplicate       bool               `json:"duplicate,omitempty"`
	Input           string             `json:"input,omitempty"`
	FromDevice      string             `json:"connectionDeviceId,omitempty"` // to an input: who sent it
	FromModule      string             `json:"connectionModuleId,omitempty"`
	QoS             *int               `json:"qos,omitempty"` // of telemetry: 0 or 1 (the default)
}

// Message is m for the client.
func (m ScriptMessage) Message() (hubclient.Message, error) {
	body, err := base64.StdEncoding.DecodeString(m.Body)
	if err != nil {
		return hubclient.Message{}, &ArgumentError{"body", "not base64"}
	}
	if m.QoS != nil && *m.QoS != 0 && *m.QoS != 1 {
		return hubclient.Message{}, &ArgumentError{"qos", "IoT Hub takes 0 and 1"}
	}
	out := hubclient.Message{Body: body, SystemProperties: hubproto.SystemProperties{
		ContentType: m.ContentType, ContentEncoding: m.ContentEncoding, MessageID: m.MessageID,
		CorrelationID: m.CorrelationID, ComponentName: m.Component, OutputName: m.Output,
	}}
	for _, name := range sortedKeys(m.Properties) {
		property := hubproto.Property{Name: name, Null: m.Properties[name] == nil}
		if !property.Null {
			property.Value = *m.Properties[name]
		}
		out.Properties = append(out.Properties, property)
	}
	return out, nil
}

// ScriptDelivery is a delivery for JavaScript.
func ScriptDelivery(d hubclient.Delivery) ScriptMessage {
	m := ScriptMessage{
		Body: base64.StdEncoding.EncodeToString(d.Body), Properties: map[string]*string{},
		ContentType: d.ContentType, ContentEncoding: d.ContentEncoding, MessageID: d.MessageID, CorrelationID: d.CorrelationID,
		Duplicate: d.Duplicate, Input: d.Input, FromDevice: d.ConnectionDeviceID, FromModule: d.ConnectionModuleID,
	}
	for _, property := range d.Properties {
		m.Properties[property.Name] = nil
		if !property.Null {
			m.Properties[property.Name] = &property.Value
		}
	}
	return m
}

// ScriptEnrollment are the options of the JavaScript API's register.
type ScriptEnrollment struct {
	Endpoint       string          `json:"endpoint"`
	IDScope        string          `json:"idScope"`
	RegistrationID string          `json:"registrationId"`
	Key            string          `json:"key"`      // base64
	GroupKey       string          `json:"groupKey"` // base64
	SAS            string          `json:"sas"`
	Payload        json.RawMessage `json:"payload"`
}

// Enrollment is e for the client.
func (e ScriptEnrollment) Enrollment() (hubclient.Enrollment, error) {
	out := hubclient.Enrollment{
		Endpoint: e.Endpoint, IDScope: strings.TrimSpace(e.IDScope), RegistrationID: strings.TrimSpace(e.RegistrationID),
		SharedAccessSignature: e.SAS, Payload: e.Payload,
	}
	var err error
	if e.Key != "" {
		if out.Key, err = hubproto.ParseKey(e.Key); err != nil {
			return out, &ArgumentError{"key", err.Error()}
		}
	}
	if e.GroupKey != "" {
		if out.GroupKey, err = hubproto.ParseKey(e.GroupKey); err != nil {
			return out, &ArgumentError{"groupKey", err.Error()}
		}
	}
	return out, nil
}
