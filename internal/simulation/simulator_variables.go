package simulation

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/savefile"
)

// variables returns the variables that the configuration declares.
func (s *Import) variables(c *simulatorConfig) ([]savefile.Variable, error) {
	raw := c.raw("Variables")
	if len(raw) == 0 {
		return []savefile.Variable{{Name: "Counter", Kind: "counter", Values: "1, 1"}}, nil // the simulator's default
	}
	if text := textOfRaw(raw); raw[0] == '"' {
		var err error
		if raw, err = strictJSON(l10n.New("Variables"), text); err != nil {
			return nil, err
		}
	}
	var all []json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, l10n.New("Variables is not a list")
	}
	list := make([]savefile.Variable, 0, len(all))
	for i, element := range all {
		v, err := s.variable(element)
		if err != nil {
			return nil, savefile.Misplaced(l10n.New("Variables, element %d", i+1), err)
		}
		list = append(list, v)
	}
	return list, nil
}

// variable reads one variable. The first of these members decides its kind, as in the simulator: sequence, random, customLengthString,
// values; without any of them it is a counter.
func (s *Import) variable(raw json.RawMessage) (savefile.Variable, error) {
	list, err := members(raw)
	if err != nil {
		return savefile.Variable{}, l10n.New("it is no JSON object")
	}
	var v savefile.Variable
	has := map[string]string{}
	var values []string
	for _, m := range list {
		switch name := strings.ToLower(m.name); name {
		case "name":
			v.Name = textOfRaw(m.raw)
		case "values":
			var elements []json.RawMessage
			if json.Unmarshal(m.raw, &elements) != nil {
				return v, l10n.New("its values are not a list")
			}
			for _, e := range elements {
				values = append(values, textOfRaw(e))
			}
		case "random", "randomdouble", "sequence", "min", "max", "step", "customlengthstring":
			has[name] = textOfRaw(m.raw)
		default:
			s.note(l10n.New("The variable %s: %s was left out, nobody knows it.", v.Name, m.name))
		}
	}
	if strings.TrimSpace(v.Name) == "" {
		return v, l10n.New("it has no name")
	}
	for _, name := range []string{"min", "max", "step", "customlengthstring"} {
		if text, ok := has[name]; ok {
			if _, err := strconv.ParseFloat(text, 64); err != nil {
				return v, l10n.New("its %s is no number", name)
			}
		}
	}
	isTrue := func(name string) bool { return strings.EqualFold(has[name], "true") }
	or := func(name, otherwise string) string {
		if text, ok := has[name]; ok {
			return text
		}
		return otherwise
	}
	used := []string{}
	switch {
	case isTrue("sequence"):
		if len(values) == 0 {
			return v, l10n.New("it is a sequence without values")
		}
		v.Kind, v.Values = "sequence", listText(values)
	case isTrue("random") || isTrue("randomdouble"):
		v.Kind = "random"
		bounds := []string{"0", "2147483647"} // of .NET's Random.Next
		if isTrue("randomdouble") {
			v.Kind, bounds = "uniform", []string{"0", "1"}
		}
		low, _ := strconv.ParseFloat(has["min"], 64)
		high, _ := strconv.ParseFloat(has["max"], 64)
		switch _, lower := has["min"]; {
		case lower && has["max"] != "" && high > low:
			bounds = []string{has["min"], has["max"]}
		case lower || has["max"] != "":
			s.note(l10n.New("The variable %s: min and max count only if both are there and max is more; as in the simulator, it is drawn from %s to %s.", v.Name, bounds[0], bounds[1]))
		}
		v.Values = strings.Join(bounds, ", ")
		used = []string{"min", "max"}
	case has["customlengthstring"] != "":
		v.Kind, v.Values = "text", has["customlengthstring"]
	case len(values) > 0:
		v.Kind, v.Values = "choice", listText(values)
	default:
		v.Kind, v.Values = "counter", or("min", "1")+", "+or("step", "1")
		used = []string{"min", "step"}
	}
	for _, name := range []string{"min", "max", "step"} {
		if _, ok := has[name]; ok && !slices.Contains(used, name) {
			s.note(l10n.New("The variable %s: %s has no effect on it, as in the simulator.", v.Name, name))
		}
	}
	return v, nil
}

// listText returns a list of values as a variable's arguments: separated by commas, or as a JSON array if a value needs it.
func listText(values []string) string {
	odd := slices.ContainsFunc(values, func(v string) bool {
		return v == "" || strings.Contains(v, ",") || strings.TrimSpace(v) != v || strings.HasPrefix(v, "[")
	})
	if !odd {
		return strings.Join(values, ", ")
	}
	raw, _ := json.Marshal(values) // strings can always be encoded
	return string(raw)
}
