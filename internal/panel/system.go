package panel

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
)

// systemKeys are the system properties that a device may set on telemetry, in the order in which a person needs them
// (protocol.md section 3; iothub-ack and the connection's ids are set by others).
var systemKeys = []string{"$.ct", "$.ce", "$.mid", "$.cid", "$.uid", "$.to", "$.exp", "$.ctime", "$.on", "$.sub", "$.ifid", "$.schema", "$.diagid", "$.diagctx"}

// systemRow is a system property in the composer. An empty one is not sent.
type systemRow struct {
	key   string // in a property bag, such as "$.mid"
	value field
}

// systemRows are the system properties of the composed message, and which one could be added next.
type systemRows struct {
	rows   []*systemRow
	choice string // empty: the first that is not there
}

// newSystemRows sets what a routing query on the body needs, and leaves room for the id that most people look for.
func newSystemRows() systemRows {
	var r systemRows
	r.set("$.ct", "application/json")
	r.set("$.ce", "utf-8")
	r.set("$.mid", "")
	return r
}

func (r *systemRows) row(key string) *systemRow {
	for _, row := range r.rows {
		if row.key == key {
			return row
		}
	}
	return nil
}

// set gives a property a value, in a row of its own.
func (r *systemRows) set(key, value string) {
	row := r.row(key)
	if row == nil {
		row = &systemRow{key: key}
		r.rows = append(r.rows, row)
	}
	row.value.set(value)
}

func (r *systemRows) remove(key string) {
	r.rows = slices.DeleteFunc(r.rows, func(row *systemRow) bool { return row.key == key })
}

// missing are the properties without a row.
func (r *systemRows) missing() []string {
	return slices.DeleteFunc(slices.Clone(systemKeys), func(key string) bool { return r.row(key) != nil })
}

// next is the property that Add would add.
func (r *systemRows) next() string {
	missing := r.missing()
	if slices.Contains(missing, r.choice) || len(missing) == 0 {
		return r.choice
	}
	return missing[0]
}

// properties are those that are set.
func (r *systemRows) properties() hubproto.SystemProperties {
	var s hubproto.SystemProperties
	for _, row := range r.rows {
		s.Set(row.key, strings.TrimSpace(row.value.text))
	}
	return s
}

// check says what the hub would not understand. module says whether the identity is a module's.
func (r *systemRows) check(module bool) error {
	for _, row := range r.rows {
		if err := row.check(module); err != nil {
			return err
		}
	}
	return nil
}

// messageIDPunctuation is what a message-id may hold beside ASCII letters and digits ("Create and read IoT Hub messages",
// system properties).
const messageIDPunctuation = "-:.+%_#*?!(),=@;$'"

func (row *systemRow) check(module bool) error {
	name, v := systemName(row.key), strings.TrimSpace(row.value.text)
	if v == "" {
		return nil
	}
	if i := strings.IndexFunc(v, unicode.IsControl); i >= 0 {
		return l10n.New("%s holds a control character: take it out", name)
	}
	switch row.key {
	case "$.mid":
		if n := len([]rune(v)); n > hubproto.MaxMessageIDLength {
			return l10n.New("%s has %d characters: at most %d are allowed", name, n, hubproto.MaxMessageIDLength)
		}
		for _, c := range v {
			if c > unicode.MaxASCII || !isAlphanumeric(byte(c)) && !strings.ContainsRune(messageIDPunctuation, c) {
				return l10n.New("%s holds %q: use ASCII letters, digits and %s", name, c, messageIDPunctuation)
			}
		}
	case "$.exp", "$.ctime":
		if _, err := time.Parse(time.RFC3339, v); err != nil {
			return l10n.New("%s is no time as ISO 8601 has it, for example %s", name, "2026-01-31T12:00:00Z")
		}
	case "$.on":
		if !module {
			return l10n.New("%s is set, but the device is no module: only modules have outputs", name)
		}
	case "$.ct":
		if kind, rest, ok := strings.Cut(v, "/"); !ok || kind == "" || rest == "" || strings.ContainsRune(kind, ' ') {
			return l10n.New("%s is no media type, for example %s", name, "application/json")
		}
	}
	return nil
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// isJSON says whether a content type is JSON's, whatever its parameters.
func isJSON(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/json")
}

// systemName is a system property's name at the service side.
func systemName(key string) string {
	for _, property := range hubproto.SystemPropertyTable {
		if property.Key == key {
			return property.Name
		}
	}
	return key
}

// isModuleLocked says whether the identity of the session, or of the next one, is a module's.
func (p *Panel) isModuleLocked() bool {
	if p.device.running() {
		return p.device.credentials.ModuleID != ""
	}
	next, _ := p.device.formCredentials()
	return next.ModuleID != ""
}
