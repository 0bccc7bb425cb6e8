package telemetry

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// systemKeys are the system properties that a device may set on telemetry, by their keys in a property bag, in the order in which a
// person needs them ("Communicate with your IoT hub using the MQTT protocol", sending device-to-cloud messages; "Create and read IoT Hub
// messages"). The service sets iothub-ack and the ids of the connection.
var systemKeys = []string{"$.ct", "$.ce", "$.mid", "$.cid", "$.uid", "$.to", "$.exp", "$.ctime", "$.on", "$.sub", "$.ifid", "$.schema", "$.diagid", "$.diagctx"}

// systemRow is a system property in the composer. An empty one is not sent.
type systemRow struct {
	key   string // one of systemKeys
	value ui.Field
}

// systemRows are the system properties of the composed message.
type systemRows struct {
	rows   []*systemRow
	choice string // the key of the row to add; empty: the first of systemKeys without a row
}

// newSystemRows returns the two properties that a routing query on the body needs, and an empty message-id.
func newSystemRows() systemRows {
	var r systemRows
	r.set("$.ct", "application/json")
	r.set("$.ce", "utf-8")
	r.set("$.mid", "")
	return r
}

// row returns the row of a property, or nil.
func (r *systemRows) row(key string) *systemRow {
	for _, row := range r.rows {
		if row.key == key {
			return row
		}
	}
	return nil
}

// set sets a property, and adds a row for it if there is none.
func (r *systemRows) set(key, value string) {
	row := r.row(key)
	if row == nil {
		row = &systemRow{key: key}
		r.rows = append(r.rows, row)
	}
	row.value.Set(value)
}

func (r *systemRows) remove(key string) {
	r.rows = slices.DeleteFunc(r.rows, func(row *systemRow) bool { return row.key == key })
}

// missing returns the keys of the properties without a row.
func (r *systemRows) missing() []string {
	return slices.DeleteFunc(slices.Clone(systemKeys), func(key string) bool { return r.row(key) != nil })
}

// next returns the key of the row to add, or "" if there is a row for each property.
func (r *systemRows) next() string {
	missing := r.missing()
	if slices.Contains(missing, r.choice) || len(missing) == 0 {
		return r.choice
	}
	return missing[0]
}

// properties returns the properties that are not empty.
func (r *systemRows) properties() hubproto.SystemProperties {
	var s hubproto.SystemProperties
	for _, row := range r.rows {
		s.Set(row.key, strings.TrimSpace(row.value.Text))
	}
	return s
}

// check returns an error if the hub would not accept a property. module is set if the connection is a module's.
func (r *systemRows) check(module bool) error {
	for _, row := range r.rows {
		if err := row.check(module); err != nil {
			return err
		}
	}
	return nil
}

// messageIDPunctuation are the characters that a message-id may hold in addition to ASCII letters and digits ("Create and read IoT Hub
// messages", system properties).
const messageIDPunctuation = "-:.+%_#*?!(),=@;$'"

func (row *systemRow) check(module bool) error {
	name, v := page.SystemName(row.key), strings.TrimSpace(row.value.Text)
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
			if c > unicode.MaxASCII || !page.IsAlphanumeric(byte(c)) && !strings.ContainsRune(messageIDPunctuation, c) {
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
