package connection

import (
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// tokenIdentity returns the parts of a token's resource: "host/devices/id" or "host/devices/id/modules/id". A token for a whole
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

// tokenView shows the content of a token; its signature is not shown.
func tokenView(p *page.Page, t hubproto.SASToken) *ui.Node {
	signer := p.T("the device's own key")
	if t.Policy != "" {
		signer = p.T("the policy %s", t.Policy)
	}
	return ui.H("dl.facts.token-facts", ui.TestID("token"),
		ui.H("div", ui.H("dt", ui.Text(p.T("Resource"))), ui.H("dd", ui.TestID("token-resource"), ui.Text(t.Resource))),
		ui.H("div", ui.H("dt", ui.Text(p.T("Signed with"))), ui.H("dd", ui.TestID("token-signer"), ui.Text(signer))),
		ui.H("div", ui.H("dt", ui.Text(p.T("Expires"))), ui.H("dd", ui.TestID("token-expiry"), ui.Text(t.Expiry.In(p.Env.Location).Format("2006-01-02 15:04:05 MST")))),
		expiryFact(p, t.Expiry),
	)
}

// expiryFact counts down to the end of a token.
func expiryFact(p *page.Page, expiry time.Time) *ui.Node {
	text, state := "", "valid"
	if time.Now().Before(expiry) {
		text = p.Until(expiry)
	} else {
		text, state = p.T("expired: make a new token"), "expired"
	}
	return ui.H("div", ui.H("dt", ui.Text(p.T("Time left"))), ui.H("dd", ui.TestID("token-left"), ui.Attr("data-token", state), ui.Text(text)))
}
