package hubservice

import (
	"context"
	"net"
	"net/url"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// Kind is where the emulator of a page is.
type Kind int

// The kinds.
const (
	Unknown Kind = iota // not yet asked
	Served              // beside the page: it serves the page
	InPage              // inside the page
	None                // there is none: a real hub only
)

// String returns the kind as the page's data attributes have it.
func (k Kind) String() string { return [...]string{"unknown", "served", "inpage", "none"}[k] }

// InPageHost is the host name of the hub inside the page. It is nowhere in DNS, so that nothing could reach it by mistake.
const InPageHost = "hub.inpage"

// Emulator is the emulator that the page found. The cloud room finds it and changes it, under the page's lock; other rooms read it.
type Emulator struct {
	Kind   Kind
	Info   Info          // zero until it is found
	Client *Client       // nil until it is found
	Hub    *emulator.Hub // only of InPage
	// WebSocketOrigin is the page's own origin for WebSockets, such as "wss://localhost:8443": where the emulator beside the page is
	// reached. Empty means by its host name.
	WebSocketOrigin string
}

// Found reports whether there is an emulator.
func (e *Emulator) Found() bool { return e.Client != nil }

// Is reports whether a host is this emulator's.
func (e *Emulator) Is(host string) bool { return e.Found() && host == e.Info.HubHostName }

// Endpoint returns the address of a host if it is not the usual one, else "": the hub beside the page is behind the page's own origin,
// with the page's own scheme.
func (e *Emulator) Endpoint(host string) string {
	if e.Kind == Served && e.Is(host) && e.WebSocketOrigin != "" {
		return e.WebSocketOrigin + hubproto.WebSocketPath
	}
	return ""
}

// A Dialer opens MQTT's byte stream to a URL.
type Dialer = func(ctx context.Context, url string) (net.Conn, error)

// Dialer returns a dialer that reaches the hub inside the page by its name and every other host by the network. read runs its argument
// under the page's lock.
func (e *Emulator) Dialer(network Dialer, read func(func())) Dialer {
	return func(ctx context.Context, to string) (net.Conn, error) {
		var hub *emulator.Hub
		read(func() { hub = e.Hub })
		if u, err := url.Parse(to); err == nil && u.Host == InPageHost && hub != nil {
			return hub.Dial(ctx, to)
		}
		return network(ctx, to)
	}
}
