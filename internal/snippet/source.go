package snippet

import (
	"net"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// Source is a device and the message that it would send, without secrets: the input of every target.
type Source struct {
	Host, DeviceID, ModuleID string
	Ours                     bool // the hub is the emulator beside the page: its certificate is the development CA's

	Body       []byte
	System     hubproto.SystemProperties
	Properties hubproto.Properties
}

// Placeholders for values that are not known.
const (
	SomeHost   = "HUB.azure-devices.net"
	SomeDevice = "DEVICE"
)

// someKey is the placeholder for the key, which is never shown.
const someKey = "<device key>"

// Target is a tool or a library that can be the same device. Its texts hold placeholders where secrets belong.
type Target struct {
	ID, Name string // of a program or a library: the same in every language
	text     func(*Source) string
}

// Targets are all targets, in the order in which a page offers them.
var Targets = []Target{
	{"az-send", "az iot device send-d2c-message", (*Source).azSend},
	{"az-simulate", "az iot device simulate", (*Source).azSimulate},
	{"mosquitto", "mosquitto_pub", (*Source).mosquitto},
	{"node", "Node.js (azure-iot-device)", (*Source).node},
	{"python", "Python (azure-iot-device)", (*Source).python},
	{"go", "Go (hubclient)", (*Source).golang},
}

// Text returns the code of the target with this ID, or "" if there is no such target.
func Text(s *Source, target string) string {
	for _, t := range Targets {
		if t.ID == target {
			return t.text(s)
		}
	}
	return ""
}

// hubName returns the first part of the host name, which is the hub's name for az. az reaches no emulator, so a placeholder takes its
// place.
func (s *Source) hubName() string {
	name, domain, _ := strings.Cut(s.Host, ".")
	if !strings.HasPrefix(domain, "azure-devices.") {
		return "HUB"
	}
	return name
}

// bareHost returns the host without the port at which the page reached it.
func (s *Source) bareHost() string {
	if host, _, err := net.SplitHostPort(s.Host); err == nil {
		return host
	}
	return s.Host
}
