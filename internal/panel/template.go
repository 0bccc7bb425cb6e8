package panel

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

// template is a message with variables, made ready. It is not safe for concurrent use: its generators remember.
type template struct {
	body       templateText
	properties []templateProperty
	fixed      hubproto.Properties // the properties, where none has a variable: the same list for every message
	variables  []*templateVariable // in the order of their rows
	rand       *rand.Rand
	began      time.Time
	n          int // messages made
	device     string

	values map[string]string // of the message that was made last
	now    time.Time
}

type templateText []templatePart

type templatePart struct {
	literal  string
	variable string // then literal is empty
	quoted   bool   // it stands between JSON's quotes
}

type templateProperty struct {
	name  string
	value templateText
	null  bool
}

// templateVariable is a declared variable at work.
type templateVariable struct {
	name     string
	generate generator
	made     int    // how many values
	last     string // of them
	// shows are, of a sequence, the variables that its values stand for; "" is a value that stands for itself. shown says that a
	// sequence shows this one: then it goes on only in the messages that show it, as in Iot-Telemetry-Simulator
	// (https://github.com/Azure-Samples/Iot-Telemetry-Simulator, TelemetryValues.cs).
	shows []string
	shown bool
}

// builtIns are the variables that need no declaration (Iot-Telemetry-Simulator, README.md, "Built-in variables"). Ticks are of
// .NET: 100 ns since the year 1, local time.
var builtIns = map[string]func(t *template, now time.Time) string{
	"DeviceId":    func(t *template, _ time.Time) string { return t.device },
	"Guid":        func(t *template, _ time.Time) string { return guid(t.rand) },
	"Time":        func(_ *template, now time.Time) string { return now.UTC().Format("2006-01-02T15:04:05.0000000Z") },
	"LocalTime":   func(_ *template, now time.Time) string { return now.Format("2006-01-02T15:04:05.0000000-07:00") },
	"Ticks":       func(_ *template, now time.Time) string { return strconv.FormatInt(ticks(now), 10) },
	"Epoch":       func(_ *template, now time.Time) string { return strconv.FormatInt(now.Unix(), 10) },
	"MachineName": func(*template, time.Time) string { return "hubpanel" },
}

func ticks(now time.Time) int64 {
	const unixEpoch = 621355968000000000
	_, offset := now.Zone()
	return unixEpoch + now.UnixNano()/100 + int64(offset)*10_000_000
}

// compileTemplate makes a message ready to be made again and again. The same seed gives the same values.
func compileTemplate(body string, properties hubproto.Properties, variables []*variable, device string, seed uint64, began time.Time) (*template, error) {
	t := &template{rand: rand.New(rand.NewPCG(seed, 0)), began: began, device: device}
	for _, v := range variables {
		name := strings.TrimSpace(v.name.text)
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
	for _, v := range variables {
		if v.kind == "sequence" {
			t.link(t.variable(strings.TrimSpace(v.name.text)), v.values())
		}
	}
	names := t.names()
	t.body = parseTemplate(body, names, true)
	varies := false
	for _, property := range properties {
		value := parseTemplate(property.Value, names, false)
		varies = varies || len(value) > 1
		t.properties = append(t.properties, templateProperty{property.Name, value, property.Null})
	}
	if !varies {
		t.properties, t.fixed = nil, properties
	}
	return t, nil
}

func (t *template) variable(name string) *templateVariable {
	for _, v := range t.variables {
		if v.name == name {
			return v
		}
	}
	return nil
}

// link finds the variables that a sequence's values stand for.
func (t *template) link(sequence *templateVariable, values []string) {
	if sequence == nil { // a row without a name
		return
	}
	for i, s := range values {
		name, ok := strings.CutPrefix(s, "$.")
		other := t.variable(name)
		if !ok || other == nil || other == sequence || other.shows != nil {
			continue
		}
		if sequence.shows == nil {
			sequence.shows = make([]string, len(values))
		}
		sequence.shows[i], other.shown = name, true
	}
}

// names are those that may stand in a text, the longest first: $.Var12 is not $.Var1 with a 2 behind it.
func (t *template) names() []string {
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

// parseTemplate finds the variables in a text. In a document it minds JSON's quotes.
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

// next makes the next message, and returns its body.
func (t *template) next(now time.Time) []byte {
	t.now, t.values = now, make(map[string]string, len(t.variables))
	shown := make(map[string]bool)
	for _, v := range t.variables {
		if v.shows != nil {
			shown[v.shows[t.n%len(v.shows)]] = true
		}
	}
	for _, v := range t.variables { // every variable goes on with every message, in the order of the rows
		if !v.shown || shown[v.name] {
			v.last = v.generate(moment{v.made, now, now.Sub(t.began), t.rand})
			v.made++
		}
		t.values[v.name] = v.last
	}
	for _, v := range t.variables {
		if v.shows != nil && v.shows[t.n%len(v.shows)] != "" {
			t.values[v.name] = t.values[v.shows[t.n%len(v.shows)]]
		}
	}
	t.n++
	return t.write(t.body)
}

// bag is the application properties of the message that next made last.
func (t *template) bag() hubproto.Properties {
	if t.properties == nil {
		return t.fixed
	}
	bag := make(hubproto.Properties, len(t.properties))
	for i, property := range t.properties {
		bag[i] = hubproto.Property{Name: property.name, Value: string(t.write(property.value)), Null: property.null}
	}
	return bag
}

// write puts the values into a text. Between quotes a value is escaped as JSON asks; elsewhere it stands as it is.
func (t *template) write(parts templateText) []byte {
	var out []byte
	for _, part := range parts {
		if part.variable == "" {
			out = append(out, part.literal...)
			continue
		}
		v, ok := t.values[part.variable]
		if !ok { // one value a message, wherever it stands
			v = builtIns[part.variable](t, t.now)
			t.values[part.variable] = v
		}
		if part.quoted {
			escaped, _ := json.Marshal(v) // a string always can be
			out = append(out, escaped[1:len(escaped)-1]...)
			continue
		}
		out = append(out, v...)
	}
	return out
}
