package page

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hubpanel/hubpanel/internal/jsontext"
)

// BodyKind is what a body is, found by looking at it: a content type may be missing, or wrong.
type BodyKind string

const (
	KindJSON   BodyKind = "json"
	KindText   BodyKind = "text"
	KindBinary BodyKind = "binary"
)

func KindOf(body []byte) BodyKind {
	switch {
	case json.Valid(body):
		return KindJSON
	case printable(body):
		return KindText
	}
	return KindBinary
}

// BodyForm is how a body is shown.
type BodyForm string

const (
	FormText BodyForm = "text"
	FormJSON BodyForm = "json"
	FormHex  BodyForm = "hex"
)

// OwnForm is how a body of the kind is shown at first.
var OwnForm = map[BodyKind]BodyForm{KindJSON: FormJSON, KindText: FormText, KindBinary: FormHex}

// Show is a body in the form. Text replaces what is not UTF-8 by U+FFFD.
func (f BodyForm) Show(body []byte) string {
	switch f {
	case FormJSON:
		return jsontext.Indent(body)
	case FormHex:
		return hexDump(body)
	}
	return strings.ToValidUTF8(string(body), "\uFFFD")
}

// hexDump is a body in lines of 16 bytes: offset, bytes, and what of them is printable ASCII.
func hexDump(body []byte) string {
	var b strings.Builder
	for at := 0; at < len(body); at += 16 {
		line := body[at:min(at+16, len(body))]
		ascii := bytes.Clone(line)
		for i, c := range ascii {
			if c < ' ' || c > '~' {
				ascii[i] = '.'
			}
		}
		fmt.Fprintf(&b, "%08x  %-47s  %s\n", at, fmt.Sprintf("% x", line), ascii)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// PayloadText shows a body by its kind: JSON indented, other text unchanged, the rest in base64.
func PayloadText(body []byte) string {
	switch {
	case len(body) == 0:
		return "(empty)"
	case json.Valid(body):
		return jsontext.Indent(body)
	case printable(body):
		return string(body)
	}
	return base64.StdEncoding.EncodeToString(body)
}

func printable(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for _, r := range string(b) {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			return false
		}
	}
	return true
}

func Milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

// PlainText is a body as it goes out: a text without its quotes.
func PlainText(data json.RawMessage) (body []byte, isText bool) {
	var s string
	if len(data) > 0 && data[0] == '"' && json.Unmarshal(data, &s) == nil {
		return []byte(s), true
	}
	return data, false
}

// ShownBody is a body for a comparison: JSON as what it is, anything else as text, or in base64 where it is none.
func ShownBody(body []byte) any {
	switch {
	case json.Valid(body):
		return json.RawMessage(bytes.Clone(body))
	case utf8.Valid(body):
		return string(body)
	}
	return body // in JSON a []byte is base64
}
