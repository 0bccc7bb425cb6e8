package hubclient

import (
	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

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

// A Delivery is a message that the hub has delivered: from the cloud to the device, or to a module's input.
type Delivery struct {
	Message
	ID        uint64        // identifies this delivery among those of its Client; see Options.OnAcknowledged
	QoS       mqttcodec.QoS // QoS0 or QoS1; a message of QoS 0 is not acknowledged
	Duplicate bool          // the hub has sent it before (DUP [MQTT-3.3.1-1]); the device may or may not have received it
	Input     string        // the module's input; empty for a cloud-to-device message
}
