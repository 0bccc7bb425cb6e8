package panel

import (
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// tokenIdentity is whom a token's resource names: "host/devices/id" or "host/devices/id/modules/id". A token for a whole
// hub names only the host.
func tokenIdentity(resource string) (host, deviceID, moduleID string) {
	resource, _, _ = strings.Cut(resource, "/api-version=") // what old samples append
	parts := strings.Split(strings.TrimSuffix(resource, "/"), "/")
	host = parts[0]
	if len(parts) >= 3 && strings.EqualFold(parts[1], "devices") {
		deviceID = parts[2]
	}
	if len(parts) >= 5 && strings.EqualFold(parts[3], "modules") {
		moduleID = parts[4]
	}
	return host, deviceID, moduleID
}

// viewToken shows what a token says about itself; its signature is not shown.
func (p *Panel) viewToken(t hubproto.SASToken) *Node {
	signer := p.T("the device's own key")
	if t.Policy != "" {
		signer = p.T("the policy %s", t.Policy)
	}
	return h("dl.facts.token-facts", testid("token"),
		h("div", h("dt", text(p.T("Resource"))), h("dd", testid("token-resource"), text(t.Resource))),
		h("div", h("dt", text(p.T("Signed with"))), h("dd", testid("token-signer"), text(signer))),
		h("div", h("dt", text(p.T("Expires"))), h("dd", testid("token-expiry"), text(t.Expiry.In(p.env.Location).Format("2006-01-02 15:04:05 MST")))),
		p.viewExpiry(t.Expiry),
	)
}

// viewExpiry counts down to the end of a token.
func (p *Panel) viewExpiry(expiry time.Time) *Node {
	words, state := "", "valid"
	if time.Now().Before(expiry) {
		words = p.until(expiry)
	} else {
		words, state = p.T("expired: make a new token"), "expired"
	}
	return h("div", h("dt", text(p.T("Time left"))), h("dd", testid("token-left"), attr("data-token", state), text(words)))
}
