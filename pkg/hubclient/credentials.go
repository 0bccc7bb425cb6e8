package hubclient

import (
	"log/slog"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// Credentials name a device or a module of a hub and hold its secret: exactly one of Key, SharedAccessSignature and X509.
// Printing, logging or marshalling them leaves the secret out.
type Credentials struct {
	Host     string // name[:port] of the hub, such as myhub.azure-devices.net
	DeviceID string
	ModuleID string // empty for a device
	Gateway  string // name[:port] to dial in place of Host; empty for none

	Key                   []byte `json:"-"` // the primary or secondary key, decoded
	SharedAccessSignature string `json:"-"` // a token made elsewhere; the device can be connected until it expires
	X509                  bool   // a TLS client certificate identifies the device; Options.Dial or the browser shows it
}

// ParseConnectionString reads the connection string of a device or a module. Every error is a *ConnectionStringError, which names the
// part that is wrong and what to do. The connection string of a hub's policy, which gives access to the whole hub, is refused.
func ParseConnectionString(s string) (Credentials, error) {
	c, err := hubproto.ParseConnectionString(s)
	if err != nil {
		return Credentials{}, publicError(err)
	}
	return Credentials{
		Host: c.HostName, DeviceID: c.DeviceID, ModuleID: c.ModuleID, Gateway: c.GatewayHostName,
		Key: c.SharedAccessKey, SharedAccessSignature: c.SharedAccessSignature, X509: c.X509,
	}, nil
}

// ParseKey decodes a symmetric key from base64. Its error, an *ArgumentError, contains what to do, and never the key.
func ParseKey(s string) ([]byte, error) {
	key, err := hubproto.ParseKey(s)
	if err != nil {
		return nil, wrong("key %v", err)
	}
	return key, nil
}

// DeriveDeviceKey returns the key of one device of an enrollment group, from the group's key and the device's
// registration id ("Symmetric key attestation", group enrollments).
func DeriveDeviceKey(groupKey []byte, registrationID string) []byte {
	return hubproto.DeriveDeviceKey(groupKey, registrationID)
}

// String names the device, without its secret.
func (cr Credentials) String() string {
	secret := "no secret"
	switch {
	case len(cr.Key) > 0:
		secret = "a key"
	case cr.SharedAccessSignature != "":
		secret = "a SAS token"
	case cr.X509:
		secret = "a certificate"
	}
	return cr.Host + "/" + hubproto.ClientID(cr.DeviceID, cr.ModuleID) + " with " + secret
}

// GoString is String, so that %#v shows no secret either.
func (cr Credentials) GoString() string { return "hubclient.Credentials(" + cr.String() + ")" }

// LogValue is String for package slog.
func (cr Credentials) LogValue() slog.Value { return slog.StringValue(cr.String()) }

func (cr Credentials) validate() error {
	if err := hubproto.ValidHost(cr.Host); err != nil {
		return wrong("host %v", err)
	}
	if cr.Gateway != "" {
		if err := hubproto.ValidHost(cr.Gateway); err != nil {
			return wrong("gateway %v", err)
		}
	}
	if err := hubproto.ValidDeviceID(cr.DeviceID); err != nil {
		return wrong("%v", err)
	}
	if cr.ModuleID != "" {
		if err := hubproto.ValidDeviceID(cr.ModuleID); err != nil {
			return wrong("module's %v", err)
		}
	}
	if err := oneSecret(cr.Key, cr.SharedAccessSignature, cr.X509); err != nil {
		return err
	}
	return validateToken(cr.SharedAccessSignature, hubproto.DeviceResource(cr.Host, cr.DeviceID, cr.ModuleID))
}

func oneSecret(key []byte, token string, x509 bool) error {
	given := 0
	for _, is := range []bool{len(key) > 0, token != "", x509} {
		if is {
			given++
		}
	}
	if given != 1 {
		return invalid("give exactly one of a key, a SAS token and X509")
	}
	return nil
}

func validateToken(token, resource string) error {
	if token == "" {
		return nil
	}
	sas, err := hubproto.ParseSAS(token)
	if err != nil {
		return wrong("the token %v", err)
	}
	if !sas.Covers(resource) {
		return wrong("the token is for %q, not for %q: make one for this device", sas.Resource, resource)
	}
	return nil
}

// A password is what goes into CONNECT to prove who we are.
type password struct {
	token  []byte // nil with a certificate
	expiry time.Time
	given  bool // made elsewhere: it cannot be renewed
}

// makePassword signs a token for resource, or takes the given one. now is this machine's clock, which the hub compares with
// its own.
func makePassword(now time.Time, ttl time.Duration, key []byte, token, resource, policy string) (password, error) {
	switch {
	case len(key) > 0:
		expiry := now.Add(ttl).Truncate(time.Second)
		return password{token: []byte(hubproto.SignSAS(key, resource, policy, expiry)), expiry: expiry}, nil
	case token != "":
		sas, err := hubproto.ParseSAS(token)
		if err != nil {
			return password{}, wrong("the token %v", err)
		}
		if !now.Before(sas.Expiry) {
			return password{}, &TokenExpiredError{Expiry: sas.Expiry, Now: now}
		}
		return password{token: []byte(token), expiry: sas.Expiry, given: true}, nil
	}
	return password{}, nil
}
