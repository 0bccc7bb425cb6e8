package hubservice

import (
	"context"
	"time"
)

// Network is how the page's device reaches a hub and the Device Provisioning Service.
type Network struct {
	// Dial opens MQTT's byte stream to a URL, also to the hub inside the page: see Emulator.Dialer.
	Dial Dialer
	// ServerTime asks a clock other than this machine's, so that a refusal can name a clock that is wrong. Nil means there is none to ask.
	ServerTime func(context.Context) (time.Time, error)
}

// ClientType is what the page's devices tell a hub about the program that they run in (CONNECT's DeviceClientType).
const ClientType = "hubpanel"
