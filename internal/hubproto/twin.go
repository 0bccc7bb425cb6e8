package hubproto

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hubpanel/hubpanel/internal/l10n"
)

// Limits of a twin ("Understand and use device twins", device twin size and format). Sizes are in bytes of UTF-8.
const (
	MaxTagsSize     = 8 << 10  // TwinSize of the tags
	MaxDesiredSize  = 32 << 10 // TwinSize of the desired properties
	MaxReportedSize = 32 << 10 // TwinSize of the reported properties
	MaxTwinDepth    = 10       // levels of objects
	MaxTwinKey      = 1 << 10
	MaxTwinString   = 4 << 10
	MinTwinInteger  = -4503599627370496
	MaxTwinInteger  = 4503599627370495
)

// A TwinError reports a place in a twin document that breaks a rule.
type TwinError struct {
	Path   string // such as "thermostat.setpoint"; empty for the document itself
	Reason string // what is wrong and what is allowed, in English

	reason *l10n.Message
}

func wrongTwin(path []string, reason *l10n.Message) *TwinError {
	return &TwinError{strings.Join(path, "."), reason.Error(), reason}
}

func (e *TwinError) Error() string { return e.message().Error() }

// Localize returns the message apart from its values, for a program that translates it by its English format.
func (e *TwinError) Localize() (format string, values []any) { return e.message().Localize() }

func (e *TwinError) message() *l10n.Message {
	if e.Path == "" {
		return l10n.New("twin: the document %v", e.reason)
	}
	return l10n.New("twin: %q %v", e.Path, e.reason)
}

// MergePatch returns doc changed by patch: objects merge, null deletes, and everything else, arrays too, replaces. It does not
// change its arguments; the result shares with them what the patch left alone.
func MergePatch(doc, patch map[string]any) map[string]any {
	merged := make(map[string]any, len(doc)+len(patch))
	maps.Copy(merged, doc)
	for key, value := range patch {
		switch value := value.(type) {
		case nil:
			delete(merged, key)
		case map[string]any:
			// Also when there was no object before: nulls inside the new one must not stay.
			old, _ := merged[key].(map[string]any)
			merged[key] = MergePatch(old, value)
		default:
			merged[key] = value
		}
	}
	return merged
}

// TwinSize returns the size of a document as the hub counts it: keys and strings by their bytes, numbers as 8, booleans and
// nulls as 4. Metadata and $version do not count.
func TwinSize(value any) int {
	switch value := value.(type) {
	case map[string]any:
		size := 0
		for key, member := range value {
			if !strings.HasPrefix(key, "$") {
				size += len(key) + TwinSize(member)
			}
		}
		return size
	case []any:
		size := 0
		for _, element := range value {
			size += TwinSize(element)
		}
		return size
	case string:
		return len(value)
	case bool, nil:
		return 4
	}
	return 8
}

// ValidateTwinPatch reports whether raw may patch a twin: one JSON object within the limits of this file. Its error is a
// *TwinError. Whether the patched document as a whole still fits, only the hub knows.
func ValidateTwinPatch(raw []byte) error {
	_, err := ParseTwinPatch(raw)
	return err
}

// ParseTwinPatch is ValidateTwinPatch and returns the decoded object, its numbers as json.Number.
func ParseTwinPatch(raw []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, wrongTwin(nil, l10n.New(`is empty: write a JSON object, such as {"temperature":21}`))
		}
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, wrongTwin(nil, l10n.New("is not JSON at byte %d: %v", syntax.Offset, syntax))
		}
		return nil, wrongTwin(nil, l10n.New("is not JSON: %v", err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, wrongTwin(nil, l10n.New("goes on after its end: write one JSON object"))
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, wrongTwin(nil, l10n.New(`is not an object: write a JSON object, such as {"temperature":21}`))
	}
	if err := validateTwinValue(nil, object, 1); err != nil {
		return nil, err
	}
	if size := TwinSize(object); size > MaxReportedSize {
		return nil, wrongTwin(nil, l10n.New("has %d bytes: at most %d are allowed", size, MaxReportedSize))
	}
	return object, nil
}

func validateTwinValue(path []string, value any, depth int) error {
	fail := func(reason *l10n.Message) error { return wrongTwin(path, reason) }
	switch value := value.(type) {
	case map[string]any:
		if depth > MaxTwinDepth {
			return fail(l10n.New("is nested too deeply: at most %d levels are allowed", MaxTwinDepth))
		}
		for _, key := range slices.Sorted(maps.Keys(value)) { // of several mistakes, always the first by path
			if err := validateTwinKey(key); err != nil {
				return fail(l10n.New("has a key that %v", err))
			}
			if err := validateTwinValue(append(path, key), value[key], depth+1); err != nil {
				return err
			}
		}
	case []any:
		for i, element := range value {
			inside := append(path, strconv.Itoa(i))
			if element == nil {
				return wrongTwin(inside, l10n.New("is null inside an array: null only deletes members of objects"))
			}
			if err := validateTwinValue(inside, element, depth); err != nil {
				return err
			}
		}
	case string:
		if len(value) > MaxTwinString {
			return fail(l10n.New("is a string of %d bytes: at most %d are allowed", len(value), MaxTwinString))
		}
	case json.Number:
		if strings.ContainsAny(string(value), ".eE") {
			return nil
		}
		if n, err := value.Int64(); err != nil || n < MinTwinInteger || n > MaxTwinInteger {
			return fail(l10n.New("is an integer out of range: from %d to %d are allowed", MinTwinInteger, MaxTwinInteger))
		}
	}
	return nil
}

func validateTwinKey(key string) error {
	if key == "" || len(key) > MaxTwinKey {
		return l10n.New("has %d bytes: 1 to %d are allowed", len(key), MaxTwinKey)
	}
	for _, r := range key {
		if r < ' ' || 0x7f <= r && r <= 0x9f || r == '.' || r == '$' || r == ' ' {
			return l10n.New("holds %q: control characters, dots, dollar signs and spaces are not allowed", r)
		}
	}
	return nil
}
