package panel

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
)

// indented is JSON on several lines. Numbers keep their digits: the text is moved, not parsed. Anything else stays as it is.
func indented(raw []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return string(raw)
	}
	return b.String()
}

// oneLine is a short form of a text for a list.
func oneLine(s string, limit int) string {
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

// payloadText shows a body as what it is: JSON indented, other text as it stands, the rest in base64.
func payloadText(body []byte) string {
	switch {
	case len(body) == 0:
		return "(empty)"
	case json.Valid(body):
		return indented(body)
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

// checkJSON says where JSON is wrong, in lines and columns as an editor counts them.
func checkJSON(what, s string) error {
	var v any
	err := json.Unmarshal([]byte(s), &v)
	if err == nil {
		return nil
	}
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return l10n.New("%v is not JSON: %v", &l10n.Message{Format: what}, err)
	}
	upTo := s[:min(int(max(syntax.Offset-1, 0)), len(s))]
	line := 1 + strings.Count(upTo, "\n")
	column := 1 + utf8.RuneCountInString(upTo[strings.LastIndex(upTo, "\n")+1:])
	return l10n.New("%v is not JSON: line %d, column %d: %v", &l10n.Message{Format: what}, line, column, mistake{syntax, s[len(upTo):]})
}

// mistake is what is wrong with JSON in a place. In English it is as encoding/json says it.
type mistake struct {
	*json.SyntaxError
	rest string // from the place on
}

func (m mistake) Localize() (format string, values []any) {
	r, n := utf8.DecodeRuneInString(m.rest)
	if n == 0 || strings.TrimSpace(m.rest) == "" {
		return l10n.New("it ends too early").Localize()
	}
	return l10n.New("%q does not belong there", r).Localize()
}

// checkObject is checkJSON for a patch, which must be an object.
func checkObject(what, s string) error {
	if err := checkJSON(what, s); err != nil {
		return err
	}
	if !strings.HasPrefix(strings.TrimSpace(s), "{") {
		return l10n.New("%v must be a JSON object, for example %s", &l10n.Message{Format: what}, `{"interval": 10}`)
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func clock(t time.Time) string { return t.Format("15:04:05.000") }

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

// propertyRow is a row of the property editor.
type propertyRow struct {
	id          int
	name, value field
	null        bool // it has no value, which is not the empty one
}

// propertyRows is a property bag as a person edits it.
type propertyRows struct {
	rows []*propertyRow
	next int
}

func (r *propertyRows) add(name, value string) {
	row := &propertyRow{id: r.next}
	r.next++
	row.name.set(name)
	row.value.set(value)
	r.rows = append(r.rows, row)
}

func (r *propertyRows) remove(id int) {
	for i, row := range r.rows {
		if row.id == id {
			r.rows = append(r.rows[:i], r.rows[i+1:]...)
			return
		}
	}
}

// list is the bag: rows without a name are not in it.
func (r *propertyRows) list() hubproto.Properties {
	var list hubproto.Properties
	for _, row := range r.rows {
		if name := strings.TrimSpace(row.name.text); name != "" {
			property := hubproto.Property{Name: name, Null: row.null}
			if !row.null {
				property.Value = row.value.text
			}
			list = append(list, property)
		}
	}
	return list
}
