package panel

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"strconv"
	"strings"
	"time"
)

// A variable is a row that declares what $.Name stands for in a template. Names and meanings follow the Variables of
// Iot-Telemetry-Simulator, so that its templates work as they are.
type variable struct {
	id   int
	name field
	kind string // of generatorKinds
	args field  // numbers or values with commas between them, as the kind asks
}

// generator makes a variable's value for the n-th message (from 0), elapsed after the stream's start.
type generator func(n int, elapsed time.Duration, r *rand.Rand) string

// generatorKinds are the kinds of variables with an example of their arguments.
var generatorKinds = []struct {
	kind, example string
	numbers       int // how many numbers the arguments are; -1: a list of values
	make          func(a []float64, values []string) generator
}{
	{"walk", "20, 0.5, 15, 25", 4, func(a []float64, _ []string) generator {
		at := a[0]
		return func(n int, _ time.Duration, r *rand.Rand) string {
			if n > 0 {
				at = min(max(at+(2*r.Float64()-1)*a[1], a[2]), a[3])
			}
			return decimal(at)
		}
	}},
	{"sine", "50, 60, 60", 3, func(a []float64, _ []string) generator {
		return func(_ int, elapsed time.Duration, _ *rand.Rand) string {
			return decimal((a[0]+a[1])/2 + (a[1]-a[0])/2*math.Sin(2*math.Pi*elapsed.Seconds()/a[2]))
		}
	}},
	{"random", "0, 100", 2, func(a []float64, _ []string) generator {
		return func(_ int, _ time.Duration, r *rand.Rand) string {
			return strconv.FormatFloat(math.Floor(a[0]+r.Float64()*(a[1]-a[0])), 'f', -1, 64)
		}
	}},
	{"counter", "1, 1", 2, func(a []float64, _ []string) generator {
		return func(n int, _ time.Duration, _ *rand.Rand) string {
			return strconv.FormatFloat(a[0]+float64(n)*a[1], 'f', -1, 64)
		}
	}},
	{"choice", "on, off", -1, func(_ []float64, values []string) generator {
		return func(_ int, _ time.Duration, r *rand.Rand) string { return values[r.IntN(len(values))] }
	}},
	{"sequence", "open, half, closed", -1, func(_ []float64, values []string) generator {
		return func(n int, _ time.Duration, _ *rand.Rand) string { return values[n%len(values)] }
	}},
	{"text", "12", 1, func(a []float64, _ []string) generator {
		const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
		return func(_ int, _ time.Duration, r *rand.Rand) string {
			s := make([]byte, min(max(int(a[0]), 0), 1000))
			for i := range s {
				s[i] = letters[r.IntN(len(letters))]
			}
			return string(s)
		}
	}},
}

func decimal(f float64) string { return strconv.FormatFloat(math.Round(f*100)/100, 'f', -1, 64) }

// compile reads the row's arguments.
func (v *variable) compile() (generator, error) {
	name := strings.TrimSpace(v.name.text)
	for _, kind := range generatorKinds {
		if kind.kind != v.kind {
			continue
		}
		values := strings.Split(v.args.text, ",")
		numbers := make([]float64, 0, len(values))
		for i, s := range values {
			values[i] = strings.TrimSpace(s)
			f, err := strconv.ParseFloat(values[i], 64)
			if kind.numbers >= 0 && (err != nil || math.IsNaN(f) || math.IsInf(f, 0)) {
				return nil, tell("the variable %s needs numbers with commas between them, for example %s", name, kind.example)
			}
			numbers = append(numbers, f)
		}
		if kind.numbers >= 0 && len(numbers) != kind.numbers || v.kind == "sine" && numbers[2] <= 0 {
			return nil, tell("the variable %s needs numbers with commas between them, for example %s", name, kind.example)
		}
		return kind.make(numbers, values), nil
	}
	return nil, tell("the variable %s is of no known kind", name)
}

// template is a text with variables, made ready. It is not safe for concurrent use: its generators remember.
type template struct {
	parts  []templatePart
	names  []string // the declared variables, in their order
	values map[string]generator
	rand   *rand.Rand
	began  time.Time
	n      int // messages made
	device string
}

type templatePart struct {
	literal  string
	variable string // then literal is empty
	quoted   bool   // it stands between JSON's quotes
}

// builtIns are the variables that need no declaration. Ticks are of .NET: 100 ns since the year 1, local time.
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

// guid is a random UUID of version 4 (RFC 9562 section 5.4).
func guid(r *rand.Rand) string {
	a, b := r.Uint64()&^0xf000|0x4000, r.Uint64()&^(0xc<<60)|0x8<<60
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&(1<<48-1))
}

// compileTemplate makes a template ready to make messages. The same seed gives the same values.
func compileTemplate(body string, variables []*variable, device string, seed uint64, began time.Time) (*template, error) {
	t := &template{values: map[string]generator{}, rand: rand.New(rand.NewPCG(seed, 0)), began: began, device: device}
	for _, v := range variables {
		name := strings.TrimSpace(v.name.text)
		if name == "" {
			continue
		}
		if _, twice := t.values[name]; twice {
			return nil, tell("the variable %s is declared twice", name)
		}
		g, err := v.compile()
		if err != nil {
			return nil, err
		}
		t.names, t.values[name] = append(t.names, name), g
	}
	known := append([]string(nil), t.names...)
	for name := range builtIns {
		known = append(known, name)
	}
	// The longest name first: $.Var12 is not $.Var1 with a 2 behind it.
	sort.Slice(known, func(i, j int) bool { return len(known[i]) > len(known[j]) })
	t.parse(body, known)
	return t, nil
}

func (t *template) parse(body string, known []string) {
	quoted, start := false, 0
next:
	for i := 0; i < len(body); i++ {
		switch {
		case body[i] == '\\' && quoted:
			i++
		case body[i] == '"':
			quoted = !quoted
		case strings.HasPrefix(body[i:], "$."):
			for _, name := range known {
				if strings.HasPrefix(body[i+2:], name) {
					t.parts = append(t.parts, templatePart{literal: body[start:i]}, templatePart{variable: name, quoted: quoted})
					i += 1 + len(name)
					start = i + 1
					continue next
				}
			}
		}
	}
	t.parts = append(t.parts, templatePart{literal: body[start:]})
}

// next makes the next message's body. Between quotes a value is escaped as JSON asks; elsewhere it stands as it is.
func (t *template) next(now time.Time) []byte {
	values := make(map[string]string, len(t.names))
	for _, name := range t.names { // every variable goes on with every message, in the order of the rows
		values[name] = t.values[name](t.n, now.Sub(t.began), t.rand)
	}
	t.n++
	var body []byte
	for _, part := range t.parts {
		if part.variable == "" {
			body = append(body, part.literal...)
			continue
		}
		v, declared := values[part.variable]
		if !declared {
			v = builtIns[part.variable](t, now)
		}
		if part.quoted {
			escaped, _ := json.Marshal(v) // a string always can be
			body = append(body, escaped[1:len(escaped)-1]...)
			continue
		}
		body = append(body, v...)
	}
	return body
}
