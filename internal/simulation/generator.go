package simulation

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"
)

// moment is the context of one value: the n-th of its variable (from 0), at a time, elapsed after the stream's start.
type moment struct {
	n       int
	now     time.Time
	elapsed time.Duration
	rand    *rand.Rand
}

// generator makes the values of a variable, one after the other.
type generator func(moment) string

// Arguments of a kind that are not numbers.
const (
	listOfValues = -1
	noArguments  = 0
)

// textLimit is the longest text that a variable makes, in characters.
const textLimit = 100_000

// kind is a kind of variable. All random values come from the seed of the template.
type kind struct {
	name, example string
	numbers       int // how many numbers the arguments are, or listOfValues, or noArguments
	make          func(a []float64, values []string) generator
}

// kinds are the kinds of variables. Names and meanings follow the variables of Iot-Telemetry-Simulator, so that its templates can be
// imported.
var kinds = []kind{
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

// timestamps are the forms of a timestamp, by the argument that selects each.
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
