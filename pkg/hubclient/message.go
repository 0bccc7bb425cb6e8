package hubclient

import (
	"github.com/hubpanel/hubpanel/pkg/iothub"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// A Message is telemetry, or a message to a device or to a module's input. The body, the names and values of the properties
// and the values of the system properties have at most 256 KiB together ("Create and read IoT Hub messages").
type Message struct {
	iothub.SystemProperties
	Properties iothub.Properties // application properties
	Body       []byte
}

// A Delivery is a message that the hub has delivered: from the cloud to the device, or to a module's input.
type Delivery struct {
	Message
	ID        uint64        // identifies this delivery among those of its Client; see Options.OnAcknowledged
	QoS       mqttcodec.QoS // QoS0 or QoS1; a message of QoS 0 is not acknowledged
	Duplicate bool          // the hub has sent it before (DUP [MQTT-3.3.1-1]); the device may or may not have received it
	Input     string        // the module's input; empty for a cloud-to-device message
}
