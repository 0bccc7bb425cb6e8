package simulation

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
)

// Template makes messages that differ in the values of their variables. Make it with Compile. It is not safe for concurrent use,
// because its generators have state.
type Template struct {
	body       templateText
	properties []templateProperty
	fixed      hubproto.Properties // the properties if none has a variable: the same list for every message
	variables  []*templateVariable // in the order of their declaration
	rand       *rand.Rand
	began      time.Time
	n          int // messages made
	device     string

	values map[string]string // of the last message
	now    time.Time         // the time of the last message
}

// templateText is a text, taken apart into literals and variables.
type templateText []templatePart

type templatePart struct {
	literal  string
	variable string // the variable's name; then literal is empty
	quoted   bool   // the variable is inside a JSON string
}

type templateProperty struct {
	name  string
	value templateText
	null  bool
}

// templateVariable is a declared variable with its state.
type templateVariable struct {
	name     string
	generate generator
	made     int    // the number of values so far
	last     string // the last value
	// refersTo holds, for each value of a sequence, the variable that the value refers to, or "". referred is set if a sequence
	// refers to this variable. Such a variable advances only in the messages that show it, as in Iot-Telemetry-Simulator
	// (https://github.com/Azure-Samples/Iot-Telemetry-Simulator, TelemetryValues.cs).
	refersTo []string
	referred bool
}

// builtIns are the variables that need no declaration (Iot-Telemetry-Simulator, README.md, "Built-in variables").
var builtIns = map[string]func(t *Template, now time.Time) string{
	"DeviceId":    func(t *Template, _ time.Time) string { return t.device },
	"Guid":        func(t *Template, _ time.Time) string { return guid(t.rand) },
	"Time":        func(_ *Template, now time.Time) string { return now.UTC().Format("2006-01-02T15:04:05.0000000Z") },
	"LocalTime":   func(_ *Template, now time.Time) string { return now.Format("2006-01-02T15:04:05.0000000-07:00") },
	"Ticks":       func(_ *Template, now time.Time) string { return strconv.FormatInt(ticks(now), 10) },
	"Epoch":       func(_ *Template, now time.Time) string { return strconv.FormatInt(now.Unix(), 10) },
	"MachineName": func(*Template, time.Time) string { return "hubpanel" },
}

// ticks returns a time in .NET's ticks: units of 100 ns since the year 1, in local time.
func ticks(now time.Time) int64 {
	const unixEpoch = 621355968000000000
	_, offset := now.Zone()
	return unixEpoch + now.UnixNano()/100 + int64(offset)*10_000_000
}

// Source is a template before it is compiled.
type Source struct {
	Body       string              // $.Name is replaced by the value of the variable of that name
	Properties hubproto.Properties // application properties; $.Name in a value is replaced as well
	Variables  []Variable          // one without a name is ignored
	DeviceID   string              // the value of $.DeviceId
	Seed       uint64              // the same seed makes the same random values
}

// Compile prepares a template, so that Next makes one message after the other. began is the start of the stream, from which sine
// counts. An error names the variable that is wrong.
func Compile(source Source, began time.Time) (*Template, error) {
	t := &Template{rand: rand.New(rand.NewPCG(source.Seed, 0)), began: began, device: source.DeviceID}
	for _, v := range source.Variables {
		name := strings.TrimSpace(v.Name)
		if name == "" {
			continue
		}
		if t.variable(name) != nil {
			return nil, l10n.New("the variable %s is declared twice", name)
		}
		g, err := v.compile()
		if err != nil {
			return nil, err
		}
		t.variables = append(t.variables, &templateVariable{name: name, generate: g})
	}
	for _, v := range source.Variables {
		if v.Kind == "sequence" {
			t.link(t.variable(strings.TrimSpace(v.Name)), v.values())
		}
	}
	names := t.names()
	t.body = parseTemplate(source.Body, names, true)
	varies := false
	for _, property := range source.Properties {
		value := parseTemplate(property.Value, names, false)
		varies = varies || len(value) > 1
		t.properties = append(t.properties, templateProperty{property.Name, value, property.Null})
	}
	if !varies {
		t.properties, t.fixed = nil, source.Properties
	}
	return t, nil
}

func (t *Template) variable(name string) *templateVariable {
	for _, v := range t.variables {
		if v.name == name {
			return v
		}
	}
	return nil
}

// link finds the variables that a sequence's values refer to.
func (t *Template) link(sequence *templateVariable, values []string) {
	if sequence == nil { // it has no name
		return
	}
	for i, s := range values {
		name, ok := strings.CutPrefix(s, "$.")
		other := t.variable(name)
		if !ok || other == nil || other == sequence || other.refersTo != nil {
			continue
		}
		if sequence.refersTo == nil {
			sequence.refersTo = make([]string, len(values))
		}
		sequence.refersTo[i], other.referred = name, true
	}
}

// names returns the names of all variables, the longest first: $.Var12 is not $.Var1 followed by a 2.
func (t *Template) names() []string {
	var names []string
	for _, v := range t.variables {
		names = append(names, v.name)
	}
	for name := range builtIns {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	return names
}

// parseTemplate finds the variables in a text. document is set for a text that may be JSON, in which strings are quoted.
func parseTemplate(s string, names []string, document bool) templateText {
	var parts templateText
	quoted, start := false, 0
next:
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"' && document:
			quoted = !quoted
		case strings.HasPrefix(s[i:], "$."):
			for _, name := range names {
				if strings.HasPrefix(s[i+2:], name) {
					parts = append(parts, templatePart{literal: s[start:i]}, templatePart{variable: name, quoted: quoted})
					i += 1 + len(name)
					start = i + 1
					continue next
				}
			}
		}
	}
	return append(parts, templatePart{literal: s[start:]})
}

// Next makes the next message and returns its body.
func (t *Template) Next(now time.Time) []byte {
	t.now, t.values = now, make(map[string]string, len(t.variables))
	shown := make(map[string]bool)
	for _, v := range t.variables {
		if v.refersTo != nil {
			shown[v.refersTo[t.n%len(v.refersTo)]] = true
		}
	}
	for _, v := range t.variables { // in their order, so that a seed always gives the same values
		if !v.referred || shown[v.name] {
			v.last = v.generate(moment{v.made, now, now.Sub(t.began), t.rand})
			v.made++
		}
		t.values[v.name] = v.last
	}
	for _, v := range t.variables {
		if v.refersTo != nil && v.refersTo[t.n%len(v.refersTo)] != "" {
			t.values[v.name] = t.values[v.refersTo[t.n%len(v.refersTo)]]
		}
	}
	t.n++
	return t.write(t.body)
}

// Bag returns the application properties of the message that Next made last.
func (t *Template) Bag() hubproto.Properties {
	if t.properties == nil {
		return t.fixed
	}
	bag := make(hubproto.Properties, len(t.properties))
	for i, property := range t.properties {
		bag[i] = hubproto.Property{Name: property.name, Value: string(t.write(property.value)), Null: property.null}
	}
	return bag
}

// write replaces the variables of a text by their values. Inside a JSON string a value is escaped; elsewhere it is inserted as it is.
func (t *Template) write(parts templateText) []byte {
	var out []byte
	for _, part := range parts {
		if part.variable == "" {
			out = append(out, part.literal...)
			continue
		}
		v, ok := t.values[part.variable]
		if !ok { // a built-in variable has one value in a message, however often it occurs
			v = builtIns[part.variable](t, t.now)
			t.values[part.variable] = v
		}
		if part.quoted {
			escaped, _ := json.Marshal(v) // a string can always be encoded
			out = append(out, escaped[1:len(escaped)-1]...)
			continue
		}
		out = append(out, v...)
	}
	return out
}
