package hubproto

import (
	"strings"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/iothub"
)

// The properties of messages, which package iothub declares.
type (
	Property         = iothub.Property
	Properties       = iothub.Properties
	SystemProperties = iothub.SystemProperties
	SystemProperty   = iothub.SystemProperty
)

// SystemPropertyTable is iothub.SystemPropertyTable. Read only.
var SystemPropertyTable = iothub.SystemPropertyTable()

// AppendBag adds a property bag to dst: system properties first, names and values percent-encoded as every SDK does, so
// "$.mid" is "%24.mid" there. s may be nil.
func AppendBag(dst []byte, s *SystemProperties, p Properties) []byte {
	start := len(dst)
	separate := func() {
		if len(dst) > start {
			dst = append(dst, '&')
		}
	}
	if s != nil {
		for key, value := range s.All() {
			separate()
			dst = appendEscaped(append(appendEscaped(dst, key), '='), value)
		}
	}
	for i := range p {
		separate()
		dst = appendEscaped(dst, p[i].Name)
		if !p[i].Null {
			dst = appendEscaped(append(dst, '='), p[i].Value)
		}
	}
	return dst
}

// ParseBag reads a property bag. It drops one leading question mark and one trailing slash, which some senders add, and
// skips empty fields. A key that starts with "$." and has no field in SystemProperties stays among the Properties.
func ParseBag(bag string) (SystemProperties, Properties, error) {
	var s SystemProperties
	var p Properties
	bag = strings.TrimSuffix(strings.TrimPrefix(bag, "?"), "/")
	if bag == "" {
		return s, nil, nil
	}
	for field := range strings.SplitSeq(bag, "&") {
		if field == "" {
			continue
		}
		name, value, set := strings.Cut(field, "=")
		name, err := unescape(name)
		if err == nil {
			value, err = unescape(value)
		}
		if err != nil {
			return SystemProperties{}, nil, l10n.New("property bag has a broken % escape: percent-encode names and values, % itself as %25")
		}
		if !s.Set(name, value) {
			p = append(p, Property{Name: name, Value: value, Null: !set})
		}
	}
	return s, p, nil
}
