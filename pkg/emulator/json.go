package emulator

import (
	"bytes"
	"encoding/json"
	"maps"
)

// encodeJSON is json.Marshal for values that always can be encoded, without its escapes for HTML.
func encodeJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // a type of this package that cannot be JSON
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// with returns a copy of doc that has one more member.
func with(doc map[string]any, name string, value any) map[string]any {
	doc = maps.Clone(doc)
	if doc == nil {
		doc = make(map[string]any, 1)
	}
	doc[name] = value
	return doc
}
