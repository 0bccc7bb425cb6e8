package emulator

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// proof is the evidence that a device presents when it connects. It has a token or the certificate of its TLS connection; a token counts when it
// has both.
type proof struct {
	registrationID string // at DPS
	host           string // the host name that the device used
	token          *hubproto.SASToken
	certificate    *certificate
}

// certificate is the part of a TLS client certificate that authentication needs, without crypto/x509.
type certificate struct {
	commonName string
	sha1       string // thumbprints, upper-case hex
	sha256     string
	signedBy   func(der []byte) bool // reports whether the chain that was shown leads to this CA certificate
}

// oneOf reports whether the certificate is one of a pair.
func (c *certificate) oneOf(pair *X509Pair) bool {
	if c == nil || pair == nil {
		return false
	}
	for _, own := range []*X509Certificate{pair.Primary, pair.Secondary} {
		if own == nil {
			continue
		}
		sum := sha256.Sum256(own.der())
		if strings.EqualFold(hex.EncodeToString(sum[:]), c.sha256) {
			return true
		}
	}
	return false
}

// signedByEither reports whether a CA of a pair signed the certificate.
func (c *certificate) signedByEither(pair *X509Pair) bool {
	if c == nil || pair == nil {
		return false
	}
	return slices.ContainsFunc([]*X509Certificate{pair.Primary, pair.Secondary}, func(ca *X509Certificate) bool {
		return ca != nil && c.signedBy(ca.der())
	})
}

// verified is an identity whose proof was checked, for as long as its entry does not change.
type verified struct {
	device *identity
	etag   string // of the entry
	method string // of authentication, as telemetry names it
}

func unauthorized(format string, args ...any) *cause {
	return &cause{code: 401002, text: hubproto.Redact(fmt.Sprintf(format, args...))}
}

// verify checks the proof of a device ("dev-1") or module ("dev-1/mod-1"), and returns why it may not connect. It computes signatures
// without the lock; stillVerified then checks that the entry is still the same.
func (h *Hub) verify(id string, p proof) (verified, *cause) {
	h.mu.Lock()
	device, why := h.admissible(id)
	if why != nil {
		h.mu.Unlock()
		return verified{}, why
	}
	entry, keys := device.Device, device.keys // the keys are replaced, never changed in place
	h.mu.Unlock()
	method, why := h.checkProof(&entry, keys, p)
	if why != nil {
		return verified{}, why
	}
	return verified{device, entry.ETag, method}, nil
}

// stillVerified reports whether the result of verify is still valid. h.mu is held.
func (h *Hub) stillVerified(v verified) bool {
	device, why := h.admissible(v.device.ID())
	return why == nil && device == v.device && device.ETag == v.etag
}

// admissible returns an identity that may connect, or why it may not, whatever it shows. h.mu is held.
func (h *Hub) admissible(id string) (*identity, *cause) {
	device, err := h.find(id)
	if err != nil {
		e := asError(err)
		return nil, &cause{code: e.Code, text: e.Message}
	}
	if device.Status == StatusDisabled || device.parent != nil && device.parent.Status == StatusDisabled {
		return nil, &cause{code: 403001, text: "the device is disabled: enable it in the registry"}
	}
	return device, nil
}

// checkProof returns the method by which a device has proved its identity, or why it has not.
func (h *Hub) checkProof(d *Device, keys [2][]byte, p proof) (method string, why *cause) {
	token, byKey, byCertificate := p.token, methodDeviceKey, methodDeviceCertificate
	if d.ModuleID != "" {
		byKey, byCertificate = methodModuleKey, methodModuleCertificate
	}
	switch {
	case d.Authentication.Type != AuthSAS && token == nil:
		if reason := h.checkCertificate(d, p.certificate); reason != "" {
			return "", unauthorized("%s", reason)
		}
		return byCertificate, nil
	case token == nil:
		return "", unauthorized("the device authenticates with a SAS token, and CONNECT has no password")
	}
	resource := hubproto.DeviceResource(p.host, d.DeviceID, d.ModuleID)
	if !token.Covers(resource) {
		return "", unauthorized("the token is for %q, the user name asks for %q", token.Resource, resource)
	}
	if token.Policy != "" {
		if err := h.checkPolicy(*token, rightDevice); err != nil {
			return "", unauthorized("%s", err.Message)
		}
		return methodHubKey, nil
	}
	if d.Authentication.Type != AuthSAS {
		return "", unauthorized("the device authenticates with an X.509 certificate, not with a token")
	}
	if !signedByEither(*token, keys) {
		why := unauthorized("the token's signature was not made with a key of this device over its sr and se fields as they are: check the key")
		why.reason = ReasonWrongSignature
		return "", why
	}
	return byKey, nil
}

// How telemetry describes the authentication of its sender.
const (
	methodHubKey            = `{"scope":"hub","type":"sas","issuer":"iothub","acceptingIpFilterRule":null}`
	methodDeviceKey         = `{"scope":"device","type":"sas","issuer":"iothub","acceptingIpFilterRule":null}`
	methodModuleKey         = `{"scope":"module","type":"sas","issuer":"iothub","acceptingIpFilterRule":null}`
	methodDeviceCertificate = `{"scope":"device","type":"x509Certificate","issuer":"iothub","acceptingIpFilterRule":null}`
	methodModuleCertificate = `{"scope":"module","type":"x509Certificate","issuer":"iothub","acceptingIpFilterRule":null}`
)

func (h *Hub) checkCertificate(d *Device, c *certificate) (reason string) {
	if c == nil {
		return "the device authenticates with an X.509 certificate, and the connection has none: connect over TLS and show it"
	}
	if d.Authentication.Type == AuthCA {
		switch {
		case c.commonName != d.DeviceID:
			return "the certificate's common name is " + strconv.Quote(c.commonName) + ": it has to be the device id"
		case !slices.ContainsFunc(h.settings.Load().cas, c.signedBy):
			return "the certificate was not signed by a CA that the hub trusts"
		}
		return ""
	}
	for _, print := range []string{d.Authentication.X509Thumbprint.PrimaryThumbprint, d.Authentication.X509Thumbprint.SecondaryThumbprint} {
		if print != "" && (print == c.sha1 || print == c.sha256) {
			return ""
		}
	}
	return "the certificate's thumbprint (SHA-1 " + c.sha1 + ", SHA-256 " + c.sha256 + ") is not one of the device's"
}
