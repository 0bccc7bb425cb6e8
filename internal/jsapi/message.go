package jsapi

import (
	"encoding/base64"
	"maps"
	"slices"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// A message is a message as JavaScript has it, in both directions. A null property has a null value.
type message struct {
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
	FromDevice      string             `json:"connectionDeviceId,omitempty"` // the sender of a message to an input
	FromModule      string             `json:"connectionModuleId,omitempty"`
	QoS             *int               `json:"qos,omitempty"` // of telemetry: 0 or 1 (the default)
}

// telemetry returns the message for the client.
func (m *message) telemetry() (out hubclient.Message, err error) {
	if out.Body, err = base64.StdEncoding.DecodeString(m.Body); err != nil {
		return out, &ArgumentError{"body", "not base64"}
	}
	if m.QoS != nil && *m.QoS != 0 && *m.QoS != 1 {
		return out, &ArgumentError{"qos", "IoT Hub takes 0 and 1"}
	}
	out.ContentType, out.ContentEncoding = m.ContentType, m.ContentEncoding
	out.MessageID, out.CorrelationID = m.MessageID, m.CorrelationID
	out.ComponentName, out.OutputName = m.Component, m.Output
	for _, name := range slices.Sorted(maps.Keys(m.Properties)) {
		property := hubproto.Property{Name: name, Null: m.Properties[name] == nil}
		if !property.Null {
			property.Value = *m.Properties[name]
		}
		out.Properties = append(out.Properties, property)
	}
	return out, nil
}

// received returns a delivery as JavaScript has it.
func received(d hubclient.Delivery) message {
	m := message{
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
