package jsontext

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Indent returns JSON on several lines. Numbers keep their digits, because the text is moved and not parsed. A text that is not JSON is
// returned as it is.
func Indent(raw []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return string(raw)
	}
	return b.String()
}

// OneLine returns a text without line breaks, shortened to at most limit characters.
func OneLine(s string, limit int) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(s)) == nil {
		s = b.String()
	}
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > limit {
		return string([]rune(s)[:limit-1]) + "…"
	}
	return s
}

// Document returns an object as indented JSON.
func Document(m map[string]any) string {
	if len(m) == 0 {
		return "{}"
	}
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(raw)
}
