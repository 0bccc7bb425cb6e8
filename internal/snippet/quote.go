package snippet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Every value in a snippet goes through one of these functions, so that no device id, property or body can become code.

// bashWord returns a word of bash that means s and nothing else. It keeps line feeds as they are, so that a document stays readable.
// A word cannot hold NUL, so NULs are left out.
func bashWord(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && breaksLine(r) }) {
		return bashLine(s)
	}
	return bashQuoted(s)
}

// bashLine is bashWord on a single line without control characters, for the comment of a program in any language.
func bashLine(s string) string {
	if !strings.ContainsFunc(s, breaksLine) {
		return bashQuoted(s)
	}
	var b strings.Builder
	b.WriteString("$'") // ANSI-C quoting
	for _, r := range s {
		switch {
		case r == 0:
		case r == '\\' || r == '\'':
			b.WriteByte('\\')
			b.WriteRune(r)
		case breaksLine(r): // byte by byte, since \u depends on the locale
			for _, c := range []byte(string(r)) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + "'"
}

// breaksLine reports whether a character is a control character, or ends a line in one of the languages.
func breaksLine(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

// bashQuoted quotes what holds no control characters, except line feeds.
func bashQuoted(s string) string {
	needsQuotes := func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_./:@%+,", r))
	}
	if s != "" && !strings.ContainsFunc(s, needsQuotes) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// scriptString returns a string literal of JavaScript and of Python alike: JSON's, with U+2028 and U+2029 escaped.
func scriptString(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string can always be encoded
	return strings.TrimSpace(b.String())
}

// goString returns a string literal of Go.
func goString(s string) string { return strconv.Quote(s) }
