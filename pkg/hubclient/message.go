package hubclient

import "github.com/hubpanel/hubpanel/internal/hubproto"

type (
	// A Message is telemetry, or a message to a device or to a module's input: system properties, application
	// properties and a body. Together they have at most 256 KiB.
	Message = hubproto.Message

	// SystemProperties are the properties with a meaning to the hub, by name.
	SystemProperties = hubproto.SystemProperties

	// A Property is an application property; null, empty and set values are told apart.
	Property = hubproto.Property

	// Properties are application properties in the order in which they were sent.
	Properties = hubproto.Properties
)

// A Delivery is a message that has come in: from the cloud to the device, or to a module's input.
type Delivery struct {
	Message
	Duplicate bool   // the hub says that it has tried before (DUP [MQTT-3.3.1-1]); the device may or may not have seen it
	Input     string // the module's input; empty for a cloud-to-device message
}
