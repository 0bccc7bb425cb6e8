package simulation

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/hubpanel/hubpanel/internal/l10n"
)

// Variable declares the values of $.Name in a template.
type Variable struct {
	Name string
	Kind string // one of Kinds
	Args string // the kind's arguments: numbers or values separated by commas, or values as a JSON array
}

// Kinds returns the names of all kinds of variables.
func Kinds() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}

// Example returns arguments that a variable of a kind can have, such as "20, 0.5, 15, 25" for walk. It is empty for a kind that has no
// arguments, or that does not exist.
func Example(kind string) string {
	for _, k := range kinds {
		if k.name == kind {
			return k.example
		}
	}
	return ""
}

// values returns the arguments as a list: the elements of a JSON array, whose texts may hold commas, or what is separated by commas.
func (v *Variable) values() []string {
	text := strings.TrimSpace(v.Args)
	var list []any
	if strings.HasPrefix(text, "[") && decodeNumbers(text, &list) == nil && len(list) > 0 {
		values := make([]string, len(list))
		for i, element := range list {
			s, ok := element.(string)
			if !ok {
				raw, _ := json.Marshal(element) // it was decoded from JSON
				s = string(raw)
			}
			values[i] = s
		}
		return values
	}
	values := strings.Split(text, ",")
	for i := range values {
		values[i] = strings.TrimSpace(values[i])
	}
	return values
}

// decodeNumbers decodes JSON whose numbers keep their digits.
func decodeNumbers(text string, into any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}

// compile reads the arguments and returns the variable's generator.
func (v *Variable) compile() (generator, error) {
	name := strings.TrimSpace(v.Name)
	for _, kind := range kinds {
		if kind.name != v.Kind {
			continue
		}
		values, numbers := v.values(), []float64(nil)
		if kind.numbers > 0 {
			for _, s := range values {
				if f, err := strconv.ParseFloat(s, 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
					numbers = append(numbers, f)
				}
			}
			if len(numbers) != kind.numbers || len(values) != kind.numbers || v.Kind == "sine" && numbers[2] <= 0 {
				return nil, l10n.New("the variable %s needs numbers with commas between them, for example %s", name, kind.example)
			}
		}
		switch {
		case v.Kind == "text" && (numbers[0] < 0 || numbers[0] > textLimit):
			return nil, l10n.New("the variable %s: a text has from 0 to %d characters", name, textLimit)
		case v.Kind == "timestamp" && timestamps[values[0]] == nil:
			return nil, l10n.New("the variable %s: a timestamp is iso (ISO 8601), ms or s (since 1970)", name)
		}
		return kind.make(numbers, values), nil
	}
	return nil, l10n.New("the variable %s is of no known kind", name)
}
