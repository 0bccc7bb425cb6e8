package panel

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// secrets are those that the page knows at the moment, to keep them out of what leaves it: a short or odd one has no shape by
// which hubproto.Redact could know it.
type secrets []string

// secretsLocked collects them. The caller holds the lock.
func (p *Panel) secretsLocked() secrets {
	var list secrets
	add := func(s string) {
		if s = strings.TrimSpace(s); len(s) >= 4 {
			list = append(list, s, url.QueryEscape(s))
		}
	}
	key := func(k []byte) {
		if len(k) > 0 {
			add(base64.StdEncoding.EncodeToString(k))
		}
	}
	key(p.device.credentials.Key)
	add(p.device.credentials.SharedAccessSignature)
	key(p.cloud.service.SharedAccessKey)
	add(p.dps.key.text)
	add(trimmed(&p.dps.token))
	add(p.device.form.key.text)
	add(p.device.form.token.text)
	for _, s := range []string{p.device.connection.text, p.cloud.info.DeviceConnectionString, p.cloud.info.ServiceConnectionString, p.cloud.info.ProvisioningServiceConnectionString} {
		for _, part := range strings.Split(s, ";") {
			switch name, value, _ := strings.Cut(strings.TrimSpace(part), "="); strings.ToLower(name) {
			case "sharedaccesskey", "sharedaccesssignature":
				add(value)
			}
		}
	}
	return list
}

// clean is a text without secrets: those that are known, and what hubproto.Redact finds.
func (s secrets) clean(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, hubproto.Redacted)
	}
	return hubproto.Redact(text)
}

// cleanJSON is a decoded JSON document without secrets. A member whose name says that it is one loses its value, whatever it
// looks like.
func (s secrets) cleanJSON(v any) any {
	switch v := v.(type) {
	case string:
		return s.clean(v)
	case []any:
		for i := range v {
			v[i] = s.cleanJSON(v[i])
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, value := range v {
			_, nested := value.(map[string]any)
			if probe := name + "=value"; !nested && value != nil && hubproto.Redact(probe) != probe {
				value = hubproto.Redacted
			}
			out[s.clean(name)] = s.cleanJSON(value)
		}
		return out
	}
	return v
}
