package panel

import (
	"context"
	"net"
	"net/url"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

type dialFunc = func(ctx context.Context, url string) (net.Conn, error)

// dialer is how this panel's device reaches a hub: the one inside the page by its name, every other by the network.
func (env *Env) dialer(p *Panel) dialFunc {
	network := env.Dial
	if network == nil {
		network = wsconn.Dial
	}
	return func(ctx context.Context, to string) (net.Conn, error) {
		p.mu.Lock()
		hub := p.inPage
		p.mu.Unlock()
		if u, err := url.Parse(to); err == nil && u.Host == inPageHost && hub != nil {
			return hub.Dial(ctx, to)
		}
		return network(ctx, to)
	}
}

// endpoint is where a host is dialled, if that is not its usual address: the hub beside the page is behind the page's own
// origin, with the page's own scheme. The caller holds the lock.
func (p *Panel) endpoint(host string) string {
	if p.hub == hubServed && host == p.cloud.info.HubHostName && p.env.WebSocketOrigin != "" {
		return p.env.WebSocketOrigin + hubproto.WebSocketPath
	}
	return ""
}
