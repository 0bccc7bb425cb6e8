package scenario

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hubpanel/hubpanel/internal/l10n"
)

// shape is what a value of the document may be. It checks one, a value as decode makes them, and describes itself as JSON
// Schema: one table is the parser's and the schema's.
type shape interface {
	check(at string, v any) error
	schema() map[string]any
}

func wrong(at string, t *l10n.Message) error { return &Error{at, t} }

// member is a name in an object.
type member struct {
	name  string
	is    shape
	about string // for the schema
	must  bool
}

// object has members of these names and no others.
type object struct {
	members []member
	oneOf   []string // exactly one of these is there
}

func (o *object) check(at string, v any) error {
	m, ok := v.(map[string]any)
	if !ok {
		return wrong(at, l10n.New("write an object here: { and } with names and values between them"))
	}
	for _, name := range sortedKeys(m) {
		i := slices.IndexFunc(o.members, func(f member) bool { return f.name == name })
		if i < 0 {
			return wrong(join(at, name), l10n.New("there is nothing of that name here. Known are: %s", o.names()))
		}
		if err := o.members[i].is.check(join(at, name), m[name]); err != nil {
			return err
		}
	}
	for _, f := range o.members {
		if _, there := m[f.name]; f.must && !there {
			return wrong(join(at, f.name), l10n.New("it is missing and has to be there"))
		}
	}
	if len(o.oneOf) == 0 {
		return nil
	}
	var found []string
	for _, name := range o.oneOf {
		if _, there := m[name]; there {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 0:
		return wrong(at, l10n.New("it lacks what it is about. Give it one of: %s", strings.Join(o.oneOf, ", ")))
	case 1:
		return nil
	}
	return wrong(at, l10n.New("only one of these can be here: %s", strings.Join(found, ", ")))
}

func (o *object) names() string {
	var names []string
	for _, f := range o.members {
		names = append(names, f.name)
	}
	return strings.Join(names, ", ")
}

func (o *object) schema() map[string]any {
	properties, required := map[string]any{}, []any{}
	for _, f := range o.members {
		s := f.is.schema()
		if f.about != "" {
			s["description"] = f.about
		}
		properties[f.name] = s
		if f.must {
			required = append(required, f.name)
		}
	}
	s := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	if len(o.oneOf) > 0 {
		var one []any
		for _, name := range o.oneOf {
			one = append(one, map[string]any{"required": []any{name}})
		}
		s["oneOf"] = one
	}
	return s
}

// list is a list of things of one kind.
type list struct {
	of       shape
	min, max int
}

func (l list) check(at string, v any) error {
	all, ok := v.([]any)
	if !ok {
		return wrong(at, l10n.New("write a list here: [ and ] with values between them"))
	}
	if len(all) < l.min {
		return wrong(at, l10n.New("it is empty: write at least one"))
	}
	if len(all) > l.max {
		return wrong(at, l10n.New("it has %d elements, and %d are allowed", len(all), l.max))
	}
	for i, e := range all {
		if err := l.of.check(fmt.Sprintf("%s[%d]", at, i), e); err != nil {
			return err
		}
	}
	return nil
}

func (l list) schema() map[string]any {
	s := map[string]any{"type": "array", "items": l.of.schema(), "maxItems": l.max}
	if l.min > 0 {
		s["minItems"] = l.min
	}
	return s
}

// table is an object whose names are the document's own.
type table struct{ of shape }

func (t table) check(at string, v any) error {
	m, ok := v.(map[string]any)
	if !ok {
		return wrong(at, l10n.New("write an object here: { and } with names and values between them"))
	}
	for _, name := range sortedKeys(m) {
		if name == "" {
			return wrong(at, l10n.New("a name in it is empty"))
		}
		if err := t.of.check(join(at, name), m[name]); err != nil {
			return err
		}
	}
	return nil
}

func (t table) schema() map[string]any {
	return map[string]any{"type": "object", "additionalProperties": t.of.schema()}
}

// number is one from min to max.
type number struct {
	min, max float64
	whole    bool
}

func (n number) check(at string, v any) error {
	literal, ok := v.(json.Number)
	f, err := literal.Float64()
	if !ok || err != nil || f < n.min || f > n.max {
		return wrong(at, l10n.New("write a number from %v to %v", n.min, n.max))
	}
	if n.whole && strings.ContainsAny(literal.String(), ".eE-") {
		return wrong(at, l10n.New("write a whole number from %v to %v", n.min, n.max))
	}
	return nil
}

func (n number) schema() map[string]any {
	kind := "number"
	if n.whole {
		kind = "integer"
	}
	return map[string]any{"type": kind, "minimum": n.min, "maximum": n.max}
}

// boolean is true or false.
type boolean struct{}

func (boolean) check(at string, v any) error {
	if _, ok := v.(bool); !ok {
		return wrong(at, l10n.New("write true or false"))
	}
	return nil
}

func (boolean) schema() map[string]any { return map[string]any{"type": "boolean"} }

// text is a string.
type text struct {
	max     int                // bytes; 0: maxText
	empty   bool               // it may be empty
	null    bool               // it may be null
	valid   func(string) error // what else is asked of it
	pattern string             // of valid, for the schema
}

func (t text) limit() int {
	if t.max > 0 {
		return t.max
	}
	return maxText
}

func (t text) check(at string, v any) error {
	if v == nil && t.null {
		return nil
	}
	s, ok := v.(string)
	if !ok {
		return wrong(at, l10n.New("write a text in quotes"))
	}
	if s == "" && !t.empty {
		return wrong(at, l10n.New("the text is empty"))
	}
	if len(s) > t.limit() {
		return wrong(at, l10n.New("the text has %d bytes, and %d are allowed", len(s), t.limit()))
	}
	if t.valid != nil && s != "" {
		if err := t.valid(s); err != nil {
			return wrong(at, l10n.New("%v", err))
		}
	}
	return nil
}

func (t text) schema() map[string]any {
	s := map[string]any{"type": "string"}
	if t.null {
		s["type"] = []any{"string", "null"}
	}
	if !t.empty {
		s["minLength"] = 1
	}
	if t.pattern != "" {
		s["pattern"] = t.pattern
	}
	return s
}

// word is one of some.
type word []string

func (w word) check(at string, v any) error {
	if s, ok := v.(string); !ok || !slices.Contains(w, s) {
		return wrong(at, l10n.New("write one of these: %s", strings.Join(w, ", ")))
	}
	return nil
}

func (w word) schema() map[string]any {
	all := make([]any, len(w))
	for i, s := range w {
		all[i] = s
	}
	return map[string]any{"enum": all}
}

// anything is any JSON, or any object.
type anything struct{ object bool }

func (a anything) check(at string, v any) error {
	if _, ok := v.(map[string]any); a.object && !ok {
		return wrong(at, l10n.New("write an object here: { and } with names and values between them"))
	}
	return nil
}

func (a anything) schema() map[string]any {
	if a.object {
		return map[string]any{"type": "object"}
	}
	return map[string]any{}
}

// translated is a Text.
type translated struct{}

var languages = []string{"en", "pl", "zh-Hans", "zh-Hant"}

func (translated) forms() (one text, many *object) {
	many = &object{}
	for _, l := range languages {
		many.members = append(many.members, member{name: l, is: text{}, must: l == "en"})
	}
	return text{}, many
}

func (t translated) check(at string, v any) error {
	one, many := t.forms()
	if _, ok := v.(map[string]any); ok {
		return many.check(at, v)
	}
	return one.check(at, v)
}

func (t translated) schema() map[string]any {
	one, many := t.forms()
	return map[string]any{"oneOf": []any{one.schema(), many.schema()}}
}

// pattern is what something is compared with: see match.go.
type pattern struct{}

func (pattern) check(at string, v any) error { return checkPattern(at, v) }

func (pattern) schema() map[string]any { return map[string]any{} }

// join is the path of a member.
func join(at, name string) string {
	if strings.ContainsAny(name, ".[]\" ") || name == "" {
		return fmt.Sprintf("%s[%q]", at, name)
	}
	if at == "" {
		return name
	}
	return at + "." + name
}
