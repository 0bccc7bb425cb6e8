package hubproto

import (
	"net"
	"strings"
)

const (
	// WebSocketPath is where the hub and DPS take MQTT over WebSocket; the dollar sign is literal.
	WebSocketPath = "/$iothub/websocket"

	// NoClientCertQuery makes the service not ask for a TLS client certificate, which a page could not give.
	NoClientCertQuery = "iothub-no-client-cert=true"

	// DPSGlobalHost is the provisioning service's global device endpoint.
	DPSGlobalHost = "global.azure-devices-provisioning.net"
)

// WebSocketURL returns the address to dial for host, a name[:port]: always wss on port 443 unless host has another,
// except that a loopback host with another port than 443 is the emulator, which speaks plain ws there.
func WebSocketURL(host string) string {
	return WebSocketCertURL(host) + "?" + NoClientCertQuery
}

// WebSocketCertURL is WebSocketURL for a device that shows a TLS client certificate.
func WebSocketCertURL(host string) string {
	scheme := "wss"
	if name, port, err := net.SplitHostPort(host); err == nil && port != "443" && IsLoopback(name) {
		scheme = "ws"
	}
	return scheme + "://" + host + WebSocketPath
}

// IsLoopback reports whether host, with or without a port, is this machine: localhost, 127.0.0.0/8 or ::1.
func IsLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func isDPSHost(host string) bool {
	return strings.Contains(strings.ToLower(host), ".azure-devices-provisioning.")
}
