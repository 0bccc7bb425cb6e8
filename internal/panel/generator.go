package panel

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n"
)

// A variable is a row that declares what $.Name stands for in a template. Names and meanings follow the Variables of
// Iot-Telemetry-Simulator, so that its templates work as they are.
type variable struct {
	id   int
	name field
	kind string // of generatorKinds
	args field  // as the kind asks: numbers or values with commas between them, or values as a JSON array
}

// moment is what a value is made for: the n-th of its variable (from 0), at a time, elapsed after the stream's start.
type moment struct {
	n       int
	now     time.Time
	elapsed time.Duration
	rand    *rand.Rand
}

type generator func(moment) string

// How many arguments a kind has, where it is not a number of numbers.
const (
	listOfValues = -1
	noArguments  = 0
)

// textLimit is the longest text that a variable makes, in characters.
const textLimit = 100_000

// generatorKinds are the kinds of variables with an example of their arguments. All that is drawn comes from the stream's seed.
var generatorKinds = []struct {
	kind, example string
	numbers       int // how many numbers the arguments are, or listOfValues
	make          func(a []float64, values []string) generator
}{
	{"walk", "20, 0.5, 15, 25", 4, func(a []float64, _ []string) generator {
		at := a[0]
		return func(m moment) string {
			if m.n > 0 {
				at = min(max(at+(2*m.rand.Float64()-1)*a[1], a[2]), a[3])
			}
			return decimal(at)
		}
	}},
	{"sine", "50, 60, 60", 3, func(a []float64, _ []string) generator {
		return func(m moment) string {
			return decimal((a[0]+a[1])/2 + (a[1]-a[0])/2*math.Sin(2*math.Pi*m.elapsed.Seconds()/a[2]))
		}
	}},
	{"random", "0, 100", 2, func(a []float64, _ []string) generator {
		return func(m moment) string { return plain(math.Floor(a[0] + m.rand.Float64()*(a[1]-a[0]))) }
	}},
	{"uniform", "0, 1", 2, func(a []float64, _ []string) generator {
		return func(m moment) string { return plain(math.Round((a[0]+m.rand.Float64()*(a[1]-a[0]))*1e6) / 1e6) }
	}},
	{"counter", "1, 1", 2, func(a []float64, _ []string) generator {
		return func(m moment) string { return plain(a[0] + float64(m.n)*a[1]) }
	}},
	{"choice", "on, off", listOfValues, func(_ []float64, values []string) generator {
		return func(m moment) string { return values[m.rand.IntN(len(values))] }
	}},
	{"sequence", "open, half, closed", listOfValues, func(_ []float64, values []string) generator {
		return func(m moment) string { return values[m.n%len(values)] }
	}},
	{"timestamp", "iso", listOfValues, func(_ []float64, values []string) generator {
		return func(m moment) string { return timestamps[values[0]](m.now) }
	}},
	{"uuid", "", noArguments, func([]float64, []string) generator {
		return func(m moment) string { return guid(m.rand) }
	}},
	{"text", "12", 1, func(a []float64, _ []string) generator {
		const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
		return func(m moment) string {
			s := make([]byte, int(a[0]))
			for i := range s {
				s[i] = letters[m.rand.IntN(len(letters))]
			}
			return string(s)
		}
	}},
}

// timestamps are the forms of a timestamp.
var timestamps = map[string]func(time.Time) string{
	"iso": func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") },
	"ms":  func(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) },
	"s":   func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) },
}

func decimal(f float64) string { return plain(math.Round(f*100) / 100) }

func plain(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// guid is a random UUID of version 4 (RFC 9562 section 5.4).
func guid(r *rand.Rand) string {
	a, b := r.Uint64()&^0xf000|0x4000, r.Uint64()&^(0xc<<60)|0x8<<60
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&(1<<48-1))
}

// values are the row's arguments as a list: a JSON array, whose texts may hold commas, or what stands between commas.
func (v *variable) values() []string {
	text := strings.TrimSpace(v.args.text)
	var list []any
	if strings.HasPrefix(text, "[") && decodeNumbers(text, &list) == nil && len(list) > 0 {
		values := make([]string, len(list))
		for i, element := range list {
			s, ok := element.(string)
			if !ok {
				raw, _ := json.Marshal(element) // it was JSON before
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

// compile reads the row's arguments.
func (v *variable) compile() (generator, error) {
	name := strings.TrimSpace(v.name.text)
	for _, kind := range generatorKinds {
		if kind.kind != v.kind {
			continue
		}
		values, numbers := v.values(), []float64(nil)
		if kind.numbers > 0 {
			for _, s := range values {
				if f, err := strconv.ParseFloat(s, 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
					numbers = append(numbers, f)
				}
			}
			if len(numbers) != kind.numbers || len(values) != kind.numbers || v.kind == "sine" && numbers[2] <= 0 {
				return nil, l10n.New("the variable %s needs numbers with commas between them, for example %s", name, kind.example)
			}
		}
		switch {
		case v.kind == "text" && (numbers[0] < 0 || numbers[0] > textLimit):
			return nil, l10n.New("the variable %s: a text has from 0 to %d characters", name, textLimit)
		case v.kind == "timestamp" && timestamps[values[0]] == nil:
			return nil, l10n.New("the variable %s: a timestamp is iso (ISO 8601), ms or s (since 1970)", name)
		}
		return kind.make(numbers, values), nil
	}
	return nil, l10n.New("the variable %s is of no known kind", name)
}
