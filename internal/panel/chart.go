package panel

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"
)

// A chart keeps the numeric fields of the messages that the device sent, each field by its path in the JSON.
const (
	chartSeries = 8        // fields; more of them are counted and not drawn
	chartPoints = 20_000   // of each field; the oldest go
	chartBody   = 64 << 10 // bytes of a body that is looked into
	chartDepth  = 6        // of objects and lists in each other
)

type chart struct {
	series  []*series
	left    map[string]bool // fields that there was no room for; at most chartSeries of them are remembered
	span    time.Duration   // how much time is shown
	paused  time.Time       // the right edge while the chart stands still; zero: now
	newest  time.Time       // of all points
	dragged float64         // where the pointer took hold, 0 to 1; below 0: nowhere
	plot    plot
}

// series is one field.
type series struct {
	path   string
	hidden bool
	points []point
}

// point is small and holds no pointer: a full chart has 160,000 of them, and the garbage collector need not look at any.
type point struct {
	at    int64 // Unix time in ns
	value float64
}

// chartSpans are what zooming goes through.
var chartSpans = []time.Duration{2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

func newChart() chart { return chart{span: 30 * time.Second, dragged: -1} }

// add takes the numbers out of a body. What is no JSON, or too long, has none.
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
			for _, name := range sortedKeys(v) {
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
			if c.left == nil {
				c.left = make(map[string]bool)
			}
			if len(c.left) < chartSeries {
				c.left[path] = true
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

// window is the time that is shown.
func (c *chart) window(now time.Time) (from, to time.Time) {
	to = c.paused
	if to.IsZero() {
		to = now
	}
	return to.Add(-c.span), to
}

// within are the points of a time, and one on each side so that lines go to the edge.
func (s *series) within(from, to time.Time) []point {
	byTime := func(p point, t int64) int { return cmp.Compare(p.at, t) }
	first, _ := slices.BinarySearchFunc(s.points, from.UnixNano(), byTime)
	last, _ := slices.BinarySearchFunc(s.points, to.UnixNano(), byTime)
	return s.points[max(first-1, 0):min(last+1, len(s.points))]
}

// thin leaves at most the lowest and the highest point of each of columns: what a screen can show of many.
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

// roundNumbers are round numbers from low to high, about n of them.
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

// zoom shows less time, or more.
func (c *chart) zoom(by int) {
	i := max(slices.Index(chartSpans, c.span), 0)
	c.span = chartSpans[min(max(i+by, 0), len(chartSpans)-1)]
}

// pause stops the chart where it is, or lets it go on.
func (c *chart) pause(now time.Time) {
	if c.paused.IsZero() {
		c.paused = now
	} else {
		c.paused = time.Time{}
	}
}

// move takes the window through time, by a part of its width, and stops it; at the newest point it runs again.
func (c *chart) move(by float64, now time.Time) {
	_, to := c.window(now)
	to = to.Add(time.Duration(by * float64(c.span)))
	if !to.Before(now) {
		c.paused = time.Time{}
		return
	}
	c.paused = to
}
