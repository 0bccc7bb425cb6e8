package page

import (
	"crypto/rand"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// DescribeMessage is a message in full, for the detail of a journal's line.
func DescribeMessage(system *hubproto.SystemProperties, properties hubproto.Properties, body []byte) string {
	s := describeSystem(system)
	for _, property := range properties {
		s += PropertyText(property) + "\n"
	}
	if s != "" {
		s += "\n"
	}
	return s + PayloadText(body)
}

// PropertyText returns a property as a line. A null property, an empty one and one with a value look different.
func PropertyText(p hubproto.Property) string {
	switch {
	case p.Null:
		return p.Name + " (null)"
	case p.Value == "":
		return p.Name + " = \"\""
	}
	return p.Name + " = " + p.Value
}

// describeSystem is the properties of a message that are set, a line each: the names at the service side.
func describeSystem(s *hubproto.SystemProperties) string {
	var b strings.Builder
	for _, property := range hubproto.SystemPropertyTable {
		if v, ok := s.Get(property.Key); ok {
			b.WriteString(property.Name + ": " + v + "\n")
		}
	}
	return b.String()
}

func IsAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// IsJSON says whether a content type is JSON's, whatever its parameters.
func IsJSON(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/json")
}

// SystemName is a system property's name at the service side.
func SystemName(key string) string {
	for _, property := range hubproto.SystemPropertyTable {
		if property.Key == key {
			return property.Name
		}
	}
	return key
}

// NewMessageID returns a random message-id: the prefix and eight letters and digits.
func NewMessageID(prefix string) string { return prefix + strings.ToLower(rand.Text()[:8]) }
