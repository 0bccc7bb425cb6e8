package page

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// Secrets are those that the page knows at the moment, to keep them out of what leaves it: a short or odd one has no shape by
// which hubproto.Redact could know it.
type Secrets []string

// Clean is a text without secrets: those that are known, and what hubproto.Redact finds.
func (s Secrets) Clean(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, hubproto.Redacted)
	}
	return hubproto.Redact(text)
}

// cleanJSON is a decoded JSON document without secrets. A member whose name says that it is one loses its value, whatever it
// looks like.
func (s Secrets) cleanJSON(v any) any {
	switch v := v.(type) {
	case string:
		return s.Clean(v)
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
			out[s.Clean(name)] = s.cleanJSON(value)
		}
		return out
	}
	return v
}

// Document is a value as JSON that ends with a line feed, without secrets.
func (s Secrets) Document(v any, indent string) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // so that numbers keep their digits
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	err = e.Encode(s.cleanJSON(tree))
	return b.Bytes(), err
}

// secretsFrom returns the secrets with their forms in URLs. Very short ones are left out: replacing them would destroy any text.
func secretsFrom(list []string) Secrets {
	var secrets Secrets
	for _, s := range list {
		if s = strings.TrimSpace(s); len(s) >= 4 {
			secrets = append(secrets, s, url.QueryEscape(s))
		}
	}
	return secrets
}

// SecretsIn returns the keys and tokens in a connection string, also in one that is not whole.
func SecretsIn(connectionString string) (secrets []string) {
	for part := range strings.SplitSeq(connectionString, ";") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(part), "="); strings.ToLower(name) {
		case "sharedaccesskey", "sharedaccesssignature":
			secrets = append(secrets, value)
		}
	}
	return secrets
}
