package telemetry

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// The chart's drawing, in the units of its viewBox.
const (
	chartWidth, chartHeight = 640, 220
	chartLeft, chartRight   = 52, 8
	chartTop, chartBottom   = 8, 24
	chartPlotWidth          = chartWidth - chartLeft - chartRight
	chartPlotHeight         = chartHeight - chartTop - chartBottom
	chartColumns            = chartPlotWidth / 2     // of which each shows its lowest and its highest point
	chartEvery              = 250 * time.Millisecond // how often a running chart moves
)

// viewChart draws the numbers that the device sent, once there are any.
func (room *Room) viewChart() ui.Part {
	c := room.state.chart
	if len(c.series) == 0 {
		return nil
	}
	now := room.Now()
	if c.paused.IsZero() && now.Sub(c.newest) < c.span {
		room.RedrawAt(now.Add(chartEvery).Truncate(chartEvery))
		now = now.Truncate(chartEvery) // drawings until the next move show the same
	}
	plot, table := c.plots.get(room.plotContent(now), func() (plot, table *ui.Node) { return room.viewPlot(now), room.viewChartTable(now) })
	change := func(do func()) func() { return func() { room.Update(do) } }
	button := func(id, name, sign string, do func()) *ui.Node {
		return ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID(id), ui.Label(name), ui.Attr("title", name), ui.Text(sign), ui.OnClick(change(do)))
	}
	pause, pressed := room.T("Pause"), "false"
	if !c.paused.IsZero() {
		pause, pressed = room.T("Go on"), "true"
	}
	legend := make(ui.Nodes, 0, len(c.series))
	for i, s := range c.series {
		legend = append(legend, ui.H("button.chart-key", ui.Key(s.path), ui.Attr("type", "button"), ui.TestID(fmt.Sprint("chart-key-", i)), ui.Attr("data-series", strconv.Itoa(i)),
			ui.Attr("aria-pressed", fmt.Sprint(!s.hidden)), ui.H("span.chart-swatch", ui.Attr("aria-hidden", "true")), ui.H("span", ui.Text(s.path)),
			ui.OnClick(change(func() { s.hidden = !s.hidden }))))
	}
	return ui.H("section.card.chart", ui.Key("chart"), ui.Label(room.T("Chart of what was sent")), ui.TestID("chart"),
		ui.H("header.card-head", ui.H("h3", ui.Text(room.T("Chart"))),
			ui.H("div.actions",
				button("chart-back", room.T("Earlier"), "←", func() { c.move(-0.5, room.Now()) }),
				button("chart-forward", room.T("Later"), "→", func() { c.move(0.5, room.Now()) }),
				button("chart-out", room.T("Show more time"), "−", func() { c.zoom(1) }),
				button("chart-in", room.T("Show less time"), "+", func() { c.zoom(-1) }),
				ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("chart-pause"), ui.Attr("aria-pressed", pressed), ui.Text(pause), ui.OnClick(change(func() { c.pause(room.Now()) }))),
			)),
		plot,
		ui.H("div.chart-legend", ui.Attr("role", "group"), ui.Label(room.T("Fields")), legend),
		ui.When(len(c.ignored) > 0, ui.H("p.help", ui.Text(room.T("Only the first %d numeric fields are drawn.", chartSeries)))),
		table,
	)
}

// plotCache holds the last plot and its table. They stay the same between two moves of a running chart, however often the page around
// them is drawn, and the painter skips a node that it has drawn before. The cache has a lock of its own, because views change nothing and
// run at the same time.
type plotCache struct {
	mu    sync.Mutex
	of    plotContent
	plot  *ui.Node
	table *ui.Node
}

// get returns the plot and the table of the content. It calls draw if the cache holds another content.
func (c *plotCache) get(of plotContent, draw func() (plot, table *ui.Node)) (plot, table *ui.Node) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.plot == nil || c.of != of {
		c.of = of
		c.plot, c.table = draw()
	}
	return c.plot, c.table
}

// plotContent is everything that a plot depends on.
type plotContent struct {
	to     time.Time
	span   time.Duration
	series int
	hidden uint // a bit for each series
	points int  // up to fewPoints: a chart that has just begun shows each of them at once
	lang   catalog.Lang
}

const fewPoints = 100

// plotContent returns the content of the plot at a time.
func (room *Room) plotContent(now time.Time) plotContent {
	c := room.state.chart
	_, to := c.window(now)
	of := plotContent{to: to, span: c.span, series: len(c.series), lang: room.Language}
	for i, s := range c.series {
		of.points = min(of.points+len(s.points), fewPoints)
		if s.hidden {
			of.hidden |= 1 << i
		}
	}
	return of
}

// viewPlot draws the lines. The plot can be moved and zoomed by keys and by dragging.
func (room *Room) viewPlot(now time.Time) *ui.Node {
	c := room.state.chart
	from, to := c.window(now)
	low, high := c.bounds(from, to)
	begin := from.UnixNano()
	x := func(at int64) float64 { return chartLeft + chartPlotWidth*float64(at-begin)/float64(c.span) }
	y := func(v float64) float64 { return chartTop + chartPlotHeight*(high-v)/(high-low) }
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }
	var grid, lines ui.Nodes
	for _, v := range roundNumbers(low, high, 5) {
		at := number(y(v))
		grid = append(grid,
			ui.H("line.chart-grid", ui.Attr("x1", strconv.Itoa(chartLeft)), ui.Attr("x2", strconv.Itoa(chartWidth-chartRight)), ui.Attr("y1", at), ui.Attr("y2", at)),
			ui.H("text.chart-tick", ui.Attr("x", strconv.Itoa(chartLeft-6)), ui.Attr("y", at), ui.Attr("dy", "0.32em"), ui.Attr("text-anchor", "end"), ui.Text(strconv.FormatFloat(v, 'g', 6, 64))))
	}
	for i := range 5 {
		at := from.Add(time.Duration(float64(c.span) * (float64(i) + 0.5) / 5))
		grid = append(grid, ui.H("text.chart-tick", ui.Attr("x", number(x(at.UnixNano()))), ui.Attr("y", strconv.Itoa(chartHeight-6)), ui.Attr("text-anchor", "middle"), ui.Text(at.In(room.Env.Location).Format("15:04:05"))))
	}
	for i, s := range c.series {
		if s.hidden {
			continue
		}
		points := thin(s.within(from, to), from, to, chartColumns)
		d := make([]byte, 0, 12*len(points))
		for i, point := range points {
			if i > 0 {
				d = append(d, ' ')
			}
			d = appendTenths(append(appendTenths(d, min(max(x(point.at), chartLeft), chartWidth-chartRight)), ','), y(point.value))
		}
		if len(points) == 1 {
			lines = append(lines, ui.H("circle.chart-dot", ui.Key(s.path), ui.Attr("data-series", strconv.Itoa(i)), ui.Attr("cx", number(x(points[0].at))), ui.Attr("cy", number(y(points[0].value))), ui.Attr("r", "3")))
			continue
		}
		lines = append(lines, ui.H("polyline.chart-line", ui.Key(s.path), ui.Attr("data-series", strconv.Itoa(i)), ui.Attr("points", string(d))))
	}
	return ui.H("svg.chart-plot", ui.Attr("viewBox", fmt.Sprintf("0 0 %d %d", chartWidth, chartHeight)), ui.Attr("role", "img"), ui.Attr("tabindex", "0"), ui.TestID("chart-plot"),
		ui.Label(room.T("The last %s of %d fields. Arrow keys move through time, + and − zoom, P pauses.", room.Duration(c.span), len(c.series))),
		ui.OnKeys(func(e ui.Event) {
			room.Update(func() {
				switch e.Key {
				case "+", "=":
					c.zoom(-1)
				case "-":
					c.zoom(1)
				case "p":
					c.pause(room.Now())
				case "ArrowLeft":
					c.move(-0.25, room.Now())
				case "ArrowRight":
					c.move(0.25, room.Now())
				}
			})
		}, "+", "=", "-", "p", "ArrowLeft", "ArrowRight"),
		ui.Listener{Event: "pointer", Do: room.dragChart},
		ui.H("g", ui.Key("grid"), grid), ui.H("g", ui.Key("lines"), lines))
}

// appendTenths appends a number with one digit after the point. It is faster than strconv.AppendFloat, because a plot has thousands of
// numbers.
func appendTenths(b []byte, v float64) []byte {
	if !(v >= 0 && v < 1e6) {
		return strconv.AppendFloat(b, v, 'f', 1, 64)
	}
	tenths := int64(v*10 + 0.5)
	return append(strconv.AppendInt(b, tenths/10, 10), '.', byte('0'+tenths%10))
}

// dragChart moves the window with the pointer.
func (room *Room) dragChart(e ui.Event) {
	c := room.state.chart
	if e.Phase == "move" && c.dragged < 0 {
		return // the pointer does not drag. Only the event queue changes dragged, so it can be read without the lock
	}
	room.Update(func() {
		switch e.Phase {
		case "down":
			c.dragged = e.X
		case "move":
			c.move(c.dragged-e.X, room.Now())
			c.dragged = e.X
		default:
			c.dragged = -1
		}
	})
}

// bounds returns the lowest and the highest value that is shown, with a margin. They are never the same.
func (c *chart) bounds(from, to time.Time) (low, high float64) {
	first := true
	for _, s := range c.series {
		if s.hidden {
			continue
		}
		for _, point := range s.within(from, to) {
			if first {
				low, high, first = point.value, point.value, false
			}
			low, high = min(low, point.value), max(high, point.value)
		}
	}
	if high > low {
		margin := (high - low) / 20
		return low - margin, high + margin
	}
	return low - 1, high + 1
}

// viewChartTable shows the plot as numbers.
func (room *Room) viewChartTable(now time.Time) *ui.Node {
	c := room.state.chart
	from, to := c.window(now)
	rows := make(ui.Nodes, 0, len(c.series))
	for _, s := range c.series {
		last, low, high := "—", "—", "—"
		if points := s.within(from, to); len(points) > 0 {
			least, most := points[0].value, points[0].value
			for _, point := range points {
				least, most = min(least, point.value), max(most, point.value)
			}
			number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
			last, low, high = number(points[len(points)-1].value), number(least), number(most)
		}
		rows = append(rows, ui.H("tr", ui.Key(s.path), ui.H("th", ui.Attr("scope", "row"), ui.Text(s.path)), ui.H("td", ui.Text(last)), ui.H("td", ui.Text(low)), ui.H("td", ui.Text(high))))
	}
	return ui.H("details.more", ui.H("summary", ui.TestID("chart-table"), ui.Text(room.T("In numbers"))),
		ui.H("table.chart-numbers",
			ui.H("thead", ui.H("tr", ui.H("th", ui.Attr("scope", "col"), ui.Text(room.T("Field"))), ui.H("th", ui.Attr("scope", "col"), ui.Text(room.T("Last"))),
				ui.H("th", ui.Attr("scope", "col"), ui.Text(room.T("Lowest"))), ui.H("th", ui.Attr("scope", "col"), ui.Text(room.T("Highest"))))),
			ui.H("tbody", rows)))
}
