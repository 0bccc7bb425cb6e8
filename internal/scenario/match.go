package scenario

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/hubpanel/hubpanel/internal/l10n"
)

// operators are what an object in a pattern may ask instead of naming members. Two may stand together where that makes sense.
var operators = map[string]shape{
	"$any":    boolean{},                  // true: whatever it is, it is there
	"$absent": boolean{},                  // true: it is not there
	"$exact":  anything{},                 // this and no member more
	"$like":   text{empty: true},          // a text, in which * stands for any characters and ? for one
	"$near":   number{-1e15, 1e15, false}, // a number
	"$within": number{0, 1e15, false},     // of $near: how far off it may be
	"$min":    number{-1e15, 1e15, false},
	"$max":    number{-1e15, 1e15, false},
}

// hubNames begin with a dollar sign too, but are the hub's own members of a twin.
var hubNames = []string{"$version", "$metadata", "$lastUpdated", "$lastUpdatedVersion"}

// isOperator says whether an object of a pattern is one of operators.
func isOperator(m map[string]any) bool {
	for name := range m {
		if strings.HasPrefix(name, "$") && !slices.Contains(hubNames, name) {
			return true
		}
	}
	return false
}

func checkPattern(at string, v any) error {
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			if err := checkPattern(at+"["+strconv.Itoa(i)+"]", e); err != nil {
				return err
			}
		}
	case map[string]any:
		if isOperator(v) {
			return checkOperator(at, v)
		}
		for _, name := range sortedKeys(v) {
			if err := checkPattern(join(at, name), v[name]); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkOperator(at string, m map[string]any) error {
	for _, name := range sortedKeys(m) {
		is, ok := operators[name]
		if !ok {
			return wrong(join(at, name), l10n.New("no comparison is called that. There are: %s", strings.Join(sortedKeys(operators), ", ")))
		}
		if err := is.check(join(at, name), m[name]); err != nil {
			return err
		}
		if name == "$any" || name == "$absent" {
			if m[name] != true {
				return wrong(join(at, name), l10n.New("only true makes sense here"))
			}
		}
	}
	names := sortedKeys(m)
	switch strings.Join(names, " ") {
	case "$near $within", "$max $min":
	case "$within", "$near":
		return wrong(at, l10n.New("$near and $within stand together"))
	default:
		if len(names) > 1 {
			return wrong(at, l10n.New("only one of these can be here: %s", strings.Join(names, ", ")))
		}
	}
	return nil
}

// match compares what was expected with what came. Members that nobody expects are let through, unless $exact asks. It returns
// the paths at which the two differ, none for a match. there is false where nothing came.
func match(at string, want, got any, there bool) []string {
	if m, ok := want.(map[string]any); ok && isOperator(m) {
		if operate(m, got, there) {
			return nil
		}
		return []string{at}
	}
	if !there {
		return []string{at}
	}
	switch want := want.(type) {
	case map[string]any:
		have, ok := got.(map[string]any)
		if !ok {
			return []string{at}
		}
		var differ []string
		for _, name := range sortedKeys(want) {
			v, there := have[name]
			differ = append(differ, match(join(at, name), want[name], v, there)...)
		}
		return differ
	case []any:
		have, ok := got.([]any)
		if !ok || len(have) != len(want) {
			return []string{at}
		}
		var differ []string
		for i := range want {
			differ = append(differ, match(at+"["+strconv.Itoa(i)+"]", want[i], have[i], true)...)
		}
		return differ
	}
	if equal(want, got) {
		return nil
	}
	return []string{at}
}

func operate(m map[string]any, got any, there bool) bool {
	if m["$absent"] == true {
		return !there
	}
	if !there {
		return false
	}
	if m["$any"] == true {
		return true
	}
	if want, ok := m["$exact"]; ok {
		return equal(want, got)
	}
	if like, ok := m["$like"].(string); ok {
		s, isText := got.(string)
		return isText && wildcard([]rune(like), []rune(s))
	}
	n, ok := float(got)
	if !ok {
		return false
	}
	if near, ok := float(m["$near"]); ok {
		within, _ := float(m["$within"])
		return near-within <= n && n <= near+within
	}
	low, hasLow := float(m["$min"])
	high, hasHigh := float(m["$max"])
	return (!hasLow || n >= low) && (!hasHigh || n <= high)
}

func float(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

// equal compares exactly. Numbers are equal by their value, whole ones to the last digit.
func equal(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name, v := range a {
			other, there := b[name]
			if !there || !equal(v, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case json.Number:
		b, ok := b.(json.Number)
		if !ok || a == b {
			return ok
		}
		if !strings.ContainsAny(string(a+b), ".eE") {
			return false
		}
		x, okX := float(a)
		y, okY := float(b)
		return okX && okY && x == y
	}
	return a == b
}

// wildcard matches a text with a pattern in which * stands for any characters and ? for one. It goes back to the last star only,
// so that its time is bounded by the product of the lengths.
func wildcard(pattern, s []rune) bool {
	p, i, star, from := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// generic makes any value one of decode's: what is compared has json.Numbers in it.
func generic(v any) (any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	in := json.NewDecoder(strings.NewReader(string(raw)))
	in.UseNumber()
	var out any
	err = in.Decode(&out)
	return out, err
}
