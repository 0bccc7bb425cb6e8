package simulation

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/l10n"
)

// strictJSON converts JSON as Newtonsoft's reader accepts it to strict JSON: without comments, with names in double quotes instead of
// none or single quotes, without commas before a closing bracket. It also puts $.Name into quotes, which a Header may hold without. The
// result has the same lines, so that errors point to the right one. what names the text in errors.
func strictJSON(what *l10n.Message, s string) (json.RawMessage, error) {
	var out strings.Builder
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '"' || c == '\'':
			end := i + 1
			for end < len(s) && s[end] != c {
				if s[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end, len(s))
			if text := s[i+1 : end]; c == '\'' {
				out.WriteString(`"` + strings.ReplaceAll(strings.ReplaceAll(text, `\'`, `'`), `"`, `\"`) + `"`)
			} else {
				out.WriteString(s[i:min(end+1, len(s))])
			}
			i = end + 1
		case strings.HasPrefix(s[i:], "//"):
			for i < len(s) && s[i] != '\n' {
				i++
			}
		case strings.HasPrefix(s[i:], "/*"):
			end := strings.Index(s[i:], "*/")
			if end < 0 {
				end = len(s) - i - 2
			}
			out.WriteString(strings.Repeat("\n", strings.Count(s[i:i+end], "\n")))
			i += end + 2
		case c == ',' && beginsWithClosingBracket(s[i+1:]):
			i++
		case c == '$' || c == '_' || isAlphanumeric(c):
			end := i
			for end < len(s) && (strings.IndexByte("$_.-+", s[end]) >= 0 || isAlphanumeric(s[end])) {
				end++
			}
			bare := s[i:end]
			if json.Valid([]byte(bare)) && !strings.HasPrefix(strings.TrimSpace(s[end:]), ":") {
				out.WriteString(bare)
			} else {
				out.WriteString(`"` + bare + `"`)
			}
			i = end
		default:
			out.WriteByte(c)
			i++
		}
	}
	strict := out.String()
	var err error
	if !json.Valid([]byte(strict)) {
		err = l10n.New("%v: %v", what, jsontext.Check("This", strict))
	}
	return json.RawMessage(strict), err
}

// beginsWithClosingBracket reports whether a list or an object ends next.
func beginsWithClosingBracket(rest string) bool {
	rest = strings.TrimSpace(rest)
	return strings.HasPrefix(rest, "}") || strings.HasPrefix(rest, "]")
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// textOfRaw returns the text of a JSON string, or any other value's JSON.
func textOfRaw(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil && len(raw) > 0 && raw[0] == '"' {
		return s
	}
	return jsontext.Indent(raw)
}

// member is a member of a JSON object. A list of them keeps the order of the document, which a template shows.
type member struct {
	name string
	raw  json.RawMessage
}

// members returns the members of a JSON object. Of an empty raw there are none.
func members(raw json.RawMessage) ([]member, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, l10n.New("it is no JSON object")
	}
	var list []member
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		m := member{name: fmt.Sprint(name)}
		if err := d.Decode(&m.raw); err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}
