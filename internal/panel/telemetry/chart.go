package telemetry

import (
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// Limits of a chart.
const (
	chartSeries = 8        // fields; the chart ignores any more
	chartPoints = 20_000   // of each field; beyond, the oldest are dropped
	chartBody   = 64 << 10 // bytes of a body; a longer one is ignored
	chartDepth  = 6        // of nested objects and lists
)

// chart keeps the numeric fields of the messages that the device sent, each field by its path in the JSON.
type chart struct {
	series  []*series
	ignored map[string]bool // fields beyond chartSeries, at most as many again
	span    time.Duration   // how much time is shown
	paused  time.Time       // the right edge while the chart is paused; zero: it runs, and the right edge is now
	newest  time.Time       // of all points
	dragged float64         // the last place of the pointer while it drags, 0 to 1; below 0: it does not drag
	plots   plotCache
}

// series is one field.
type series struct {
	path   string
	hidden bool
	points []point
}

// point holds no pointer, so that the garbage collector skips the 160,000 points of a full chart.
type point struct {
	at    int64 // Unix time in ns
	value float64
}

// chartSpans are the time spans that a chart can show.
var chartSpans = []time.Duration{2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

func newChart() *chart { return &chart{span: 30 * time.Second, dragged: -1} }

// add adds the numbers in a body. A body that is not JSON, or too long, has none.
func (c *chart) add(at time.Time, body []byte) {
	if len(body) > chartBody {
		return
	}
	var v any
	if json.Unmarshal(body, &v) != nil {
		return
	}
	c.newest = at
	c.walk(at, "", v, 0)
}

func (c *chart) walk(at time.Time, path string, v any, depth int) {
	switch v := v.(type) {
	case float64:
		c.point(at, path, v)
	case map[string]any:
		if depth < chartDepth {
			for _, name := range slices.Sorted(maps.Keys(v)) {
				below := name
				if path != "" {
					below = path + "." + name
				}
				c.walk(at, below, v[name], depth+1)
			}
		}
	case []any:
		if depth < chartDepth {
			for i, element := range v[:min(len(v), chartSeries)] {
				c.walk(at, path+"["+strconv.Itoa(i)+"]", element, depth+1)
			}
		}
	}
}

func (c *chart) point(at time.Time, path string, v float64) {
	if path == "" {
		path = "$" // the body is a number
	}
	i := slices.IndexFunc(c.series, func(s *series) bool { return s.path == path })
	if i < 0 {
		if len(c.series) == chartSeries {
			if c.ignored == nil {
				c.ignored = make(map[string]bool)
			}
			if len(c.ignored) < chartSeries {
				c.ignored[path] = true
			}
			return
		}
		i = len(c.series)
		c.series = append(c.series, &series{path: path})
	}
	s := c.series[i]
	if len(s.points) == chartPoints {
		s.points = append(s.points[:0], s.points[chartPoints/8:]...) // an eighth at a time
	}
	s.points = append(s.points, point{at.UnixNano(), v})
}

// window returns the time that is shown.
func (c *chart) window(now time.Time) (from, to time.Time) {
	to = c.paused
	if to.IsZero() {
		to = now
	}
	return to.Add(-c.span), to
}

// within returns the points of a time, and one on each side so that lines continue to the edge.
func (s *series) within(from, to time.Time) []point {
	byTime := func(p point, t int64) int { return cmp.Compare(p.at, t) }
	first, _ := slices.BinarySearchFunc(s.points, from.UnixNano(), byTime)
	last, _ := slices.BinarySearchFunc(s.points, to.UnixNano(), byTime)
	return s.points[max(first-1, 0):min(last+1, len(s.points))]
}

// thin returns at most two points for each column of the screen: the lowest and the highest.
func thin(points []point, from, to time.Time, columns int) []point {
	if len(points) <= 2*columns {
		return points
	}
	out := make([]point, 0, 2*columns+2)
	begin, width := from.UnixNano(), int64(to.Sub(from))/int64(columns)
	for i := 0; i < len(points); {
		end := points[i].at - (points[i].at-begin)%width + width // of the column
		low, high := i, i
		for ; i < len(points) && points[i].at < end; i++ {
			if points[i].value < points[low].value {
				low = i
			}
			if points[i].value > points[high].value {
				high = i
			}
		}
		out = append(out, points[min(low, high)])
		if low != high {
			out = append(out, points[max(low, high)])
		}
	}
	return out
}

// roundNumbers returns about n round numbers from low to high.
func roundNumbers(low, high float64, n int) []float64 {
	if !(high > low) {
		return []float64{low}
	}
	step := math.Pow(10, math.Floor(math.Log10((high-low)/float64(n))))
	for _, factor := range []float64{1, 2, 5, 10} {
		if (high-low)/(step*factor) <= float64(n) {
			step *= factor
			break
		}
	}
	var list []float64
	for i := math.Ceil(low / step); i*step <= high+step/1e6; i++ {
		list = append(list, i*step+0) // never -0
	}
	return list
}

// zoom selects a span that is by steps longer, or shorter if by is negative.
func (c *chart) zoom(by int) {
	i := max(slices.Index(chartSpans, c.span), 0)
	c.span = chartSpans[min(max(i+by, 0), len(chartSpans)-1)]
}

// pause pauses the chart, or resumes it.
func (c *chart) pause(now time.Time) {
	if c.paused.IsZero() {
		c.paused = now
	} else {
		c.paused = time.Time{}
	}
}

// move moves the window through time by a part of its width and pauses the chart. At the current time it runs again.
func (c *chart) move(by float64, now time.Time) {
	_, to := c.window(now)
	to = to.Add(time.Duration(by * float64(c.span)))
	if !to.Before(now) {
		c.paused = time.Time{}
		return
	}
	c.paused = to
}
