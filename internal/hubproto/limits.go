package hubproto

import "time"

// API versions that this project speaks.
const (
	APIVersion    = "2021-04-12" // IoT Hub, device and service side
	DPSAPIVersion = "2019-03-31" // DPS, device side
)

// Limits of the services, from "Understand IoT Hub quotas and throttling", "Create and read IoT Hub messages",
// "Understand direct methods" and "Azure DPS limits". Sizes are in bytes.
const (
	MaxIDLength        = 128       // device, module and registration ids and method names, which are ASCII
	MaxMessageIDLength = 128       // of a message id, which is ASCII
	MaxTelemetrySize   = 256 << 10 // body, property names and values, and system property values together
	MaxDeviceboundBody = 64 << 10  // a cloud-to-device message's body
	MaxMethodPayload   = 128 << 10 // a direct method's payload, in each direction
	MaxDPSMessage      = 96 << 10  // a message to or from DPS

	// MaxServerKeepAlive is how long the hub waits at most for a packet; MaxKeepAlive is the largest keep-alive interval
	// whose one and a half fold still fits into it ("Use MQTT to communicate with IoT Hub", default keep-alive).
	MaxServerKeepAlive = 1767 * time.Second
	MaxKeepAlive       = 1177 * time.Second

	// MaxClockSkew is how far a device's clock may be off before the hub refuses its SAS tokens.
	MaxClockSkew = 5 * time.Minute
)
