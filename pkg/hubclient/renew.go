package hubclient

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// A renewal is the result of Options.RenewCredentials.
type renewal struct {
	refusal     error // the error that the function was called with
	credentials Credentials
	err         error
}

// renewable reports whether other credentials may overcome the refusal.
func renewable(refusal error) bool {
	var expired *TokenExpiredError
	if errors.As(refusal, &expired) {
		return true
	}
	var connect *ConnectError
	return errors.As(refusal, &connect) && (connect.Code == mqttcodec.BadUserNameOrPassword || connect.Code == mqttcodec.NotAuthorized)
}

// requestCredentials calls RenewCredentials on a goroutine of its own. The phase stays as it is until it returns.
func (l *loop) requestCredentials(refusal error) {
	ctx, cancel := context.WithCancel(l.ctx)
	l.cancelRenewal = cancel
	result := make(chan renewal, 1)
	l.renewing = result
	go func() {
		r := renewal{refusal: refusal}
		r.credentials, r.err = l.c.o.RenewCredentials(ctx, refusal)
		result <- r
	}()
}

// credentialsReceived continues after requestCredentials.
func (l *loop) credentialsReceived(r renewal) {
	l.renewing = nil
	l.cancelRenewal()
	if l.ctx.Err() != nil {
		l.ending = true
		return
	}
	if r.err == nil {
		r.err = l.c.checkRenewed(r.credentials)
	}
	switch {
	case r.err != nil:
		l.log.Warn("credentials are not renewed", "error", hubproto.Redact(r.err.Error()))
	case !l.credentials.equal(r.credentials):
		l.log.Info("credentials are renewed")
		l.credentials, l.url = r.credentials, endpointURL(l.c.o.Endpoint, r.credentials)
		if l.unproven { // the last renewal did not help
			l.failed(r.refusal)
			return
		}
		l.unproven = true
		l.dial()
		return
	}
	var expired *TokenExpiredError
	if errors.As(r.refusal, &expired) {
		l.refuse(r.refusal)
		return
	}
	l.failed(r.refusal)
}

// checkRenewed reports what is wrong with credentials that RenewCredentials returned.
func (c *Client) checkRenewed(cr Credentials) error {
	if !strings.EqualFold(cr.Host, c.cr.Host) || cr.DeviceID != c.cr.DeviceID || cr.ModuleID != c.cr.ModuleID {
		return invalid("RenewCredentials returned credentials of another identity: return those of %s/%s", c.cr.Host, c.identity())
	}
	return cr.validate()
}

func (cr Credentials) equal(other Credentials) bool {
	return cr.Gateway == other.Gateway && cr.X509 == other.X509 && cr.SharedAccessSignature == other.SharedAccessSignature && bytes.Equal(cr.Key, other.Key)
}
