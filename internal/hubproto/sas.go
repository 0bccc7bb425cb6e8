package hubproto

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n"
)

const (
	sasPrefix = "SharedAccessSignature "

	// maxExpiry is the last second of the year 9999, where the services' own clock type ends.
	maxExpiry = 253402300799

	// DPSPolicy is the policy name (skn) in a device's token for DPS.
	DPSPolicy = "registration"
)

// A SASToken is a shared access signature token taken apart ("Control access to IoT Hub with SAS", token structure).
type SASToken struct {
	Resource string // what it opens, decoded, such as "myhub.azure-devices.net/devices/dev-1"
	Policy   string // the policy whose key signed it; empty when it was a device's own key
	Expiry   time.Time

	// The signed text, exactly as it is in the token: clients differ in how they escape it, and decoding and
	// encoding it again would break the signatures of some.
	signed    string
	signature []byte
}

// SignSAS returns a token for resource, an un-escaped path such as "myhub.azure-devices.net/devices/dev-1", that is valid
// until expiry (whole seconds). policy is empty when key is a device's own. The token is a secret.
func SignSAS(key []byte, resource, policy string, expiry time.Time) string {
	sr := escape(resource)
	se := strconv.FormatInt(expiry.Unix(), 10)
	sig := base64.StdEncoding.EncodeToString(sum(key, sr+"\n"+se))
	token := sasPrefix + "sr=" + sr + "&sig=" + escape(sig) + "&se=" + se
	if policy != "" {
		token += "&skn=" + escape(policy)
	}
	return token
}

// ParseSAS reads a token: its fields in any order, their names in any letter case. It does not check the signature
// (SignedBy) nor the time (Expiry). Its errors contain what to do, and never the token.
func ParseSAS(token string) (SASToken, error) {
	token = strings.TrimSpace(token)
	if len(token) < len(sasPrefix) || !strings.EqualFold(token[:len(sasPrefix)], sasPrefix) {
		return SASToken{}, l10n.New("is not a SAS token: it begins with \"SharedAccessSignature sr=\"")
	}
	var sr, sig, se, skn string
	for field := range strings.SplitSeq(token[len(sasPrefix):], "&") {
		name, value, _ := strings.Cut(field, "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "sr":
			sr = value
		case "sig":
			sig = value
		case "se":
			se = value
		case "skn":
			skn = value
		}
	}
	for _, field := range []struct{ name, value string }{{"sr", sr}, {"sig", sig}, {"se", se}} {
		if field.value == "" {
			return SASToken{}, l10n.New("is a SAS token without its %s field: copy the whole token", field.name)
		}
	}
	t := SASToken{signed: sr + "\n" + se}
	var err error
	if t.Resource, err = unescape(sr); err != nil {
		return SASToken{}, l10n.New("has an sr field with a broken % escape: copy the whole token")
	}
	if t.Policy, err = unescape(skn); err != nil {
		return SASToken{}, l10n.New("has an skn field with a broken % escape: copy the whole token")
	}
	seconds, err := strconv.ParseInt(se, 10, 64)
	if err != nil || seconds < 0 || seconds > maxExpiry {
		return SASToken{}, l10n.New("has an se field that is not a time: it is whole seconds since 1970, not milliseconds")
	}
	t.Expiry = time.Unix(seconds, 0).UTC()
	// The service decodes fields as a form does: a raw plus is a space to it, and the signature fails.
	raw, err := url.QueryUnescape(sig)
	if err == nil {
		t.signature, err = base64.StdEncoding.DecodeString(raw)
	}
	if err != nil {
		return SASToken{}, l10n.New("has a sig field that is not percent-encoded base64: write + as %2B, / as %2F and = as %3D")
	}
	return t, nil
}

// SignedBy reports whether key made t's signature. It takes the same time whatever the answer.
func (t SASToken) SignedBy(key []byte) bool {
	return hmac.Equal(t.signature, sum(key, t.signed))
}

// Covers reports whether t opens resource: it is t's own resource or lies below it. The host's letter case does not
// matter, and neither does the "/api-version=…" that old samples append to the resource.
func (t SASToken) Covers(resource string) bool {
	scope := strings.TrimSuffix(t.Resource, "/")
	if i := strings.LastIndex(scope, "/api-version="); i >= 0 {
		scope = scope[:i]
	}
	scopeHost, scopePath, _ := strings.Cut(scope, "/")
	host, path, _ := strings.Cut(resource, "/")
	if scopeHost == "" || !strings.EqualFold(scopeHost, host) {
		return false
	}
	rest, ok := strings.CutPrefix(path, scopePath)
	return ok && (scopePath == "" || rest == "" || rest[0] == '/')
}

// DeriveDeviceKey returns the key of one device of an enrollment group: HMAC-SHA256 of the registration id under the
// group's key ("Symmetric key attestation", group enrollments).
func DeriveDeviceKey(groupKey []byte, registrationID string) []byte {
	return sum(groupKey, registrationID)
}

// DeviceResource names a device, or a module when moduleID is not empty, in a token.
func DeviceResource(host, deviceID, moduleID string) string {
	r := host + "/devices/" + deviceID
	if moduleID != "" {
		r += "/modules/" + moduleID
	}
	return r
}

// RegistrationResource names a DPS registration in a token.
func RegistrationResource(idScope, registrationID string) string {
	return idScope + "/registrations/" + registrationID
}

func sum(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
