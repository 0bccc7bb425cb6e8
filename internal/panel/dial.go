package panel

import (
	"context"
	"net"
	"net/url"

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
