package panel

import (
	"fmt"
	"strconv"
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
)

// The chart's drawing, in the units of its viewBox.
const (
	chartWidth, chartHeight = 640, 220
	chartLeft, chartRight   = 52, 8
	chartTop, chartBottom   = 8, 24
	chartPlotWidth          = chartWidth - chartLeft - chartRight
	chartPlotHeight         = chartHeight - chartTop - chartBottom
	chartColumns            = chartPlotWidth / 2     // each shows its lowest and its highest point
	chartEvery              = 250 * time.Millisecond // how often a running chart moves
)

// viewChart draws the numbers that the device sent.
func (p *Panel) viewChart() part {
	c := &p.telemetry.chart
	if len(c.series) == 0 {
		return nil
	}
	now := p.now()
	if c.paused.IsZero() && now.Sub(c.newest) < c.span {
		p.redrawAt(now.Add(chartEvery).Truncate(chartEvery))
		now = now.Truncate(chartEvery) // what is drawn between stays as it is
	}
	drawing, numbers := p.plotted(now)
	change := func(do func()) func() { return func() { p.update(do) } }
	button := func(id, name, sign string, do func()) *Node {
		return h("button.quiet", attr("type", "button"), testid(id), label(name), attr("title", name), text(sign), onClick(change(do)))
	}
	pause, pressed := p.T("Pause"), "false"
	if !c.paused.IsZero() {
		pause, pressed = p.T("Go on"), "true"
	}
	legend := make(nodes, 0, len(c.series))
	for i, s := range c.series {
		legend = append(legend, h("button.chart-key", key(s.path), attr("type", "button"), testid(fmt.Sprint("chart-key-", i)), attr("data-series", strconv.Itoa(i)),
			attr("aria-pressed", fmt.Sprint(!s.hidden)), h("span.chart-swatch", attr("aria-hidden", "true")), h("span", text(s.path)),
			onClick(change(func() { s.hidden = !s.hidden }))))
	}
	return h("section.card.chart", key("chart"), label(p.T("Chart of what was sent")), testid("chart"),
		h("header.card-head", h("h3", text(p.T("Chart"))),
			h("div.actions",
				button("chart-back", p.T("Earlier"), "←", func() { c.move(-0.5, p.now()) }),
				button("chart-forward", p.T("Later"), "→", func() { c.move(0.5, p.now()) }),
				button("chart-out", p.T("Show more time"), "−", func() { c.zoom(1) }),
				button("chart-in", p.T("Show less time"), "+", func() { c.zoom(-1) }),
				h("button.quiet", attr("type", "button"), testid("chart-pause"), attr("aria-pressed", pressed), text(pause), onClick(change(func() { c.pause(p.now()) }))),
			)),
		drawing,
		h("div.chart-legend", attr("role", "group"), label(p.T("Fields")), legend),
		when(len(c.left) > 0, h("p.help", text(p.T("Only the first %d numeric fields are drawn.", chartSeries)))),
		numbers,
	)
}

// plot is the drawing and its numbers as they were made last. They stay the same between two moves of a running chart, however
// often the page around them is drawn: the painter passes over a node that it has seen.
type plot struct {
	of               plotted
	drawing, numbers *Node
}

// plotted is all that a drawing depends on.
type plotted struct {
	to     time.Time
	span   time.Duration
	series int
	hidden uint // a bit for each series
	points int  // up to fewPoints: a chart that has just begun shows each of them at once
	lang   catalog.Lang
}

const fewPoints = 100

// plotted returns the drawing at a time, and its numbers.
func (p *Panel) plotted(now time.Time) (drawing, numbers *Node) {
	c := &p.telemetry.chart
	_, to := c.window(now)
	of := plotted{to: to, span: c.span, series: len(c.series), lang: p.lang}
	for i, s := range c.series {
		of.points = min(of.points+len(s.points), fewPoints)
		if s.hidden {
			of.hidden |= 1 << i
		}
	}
	if c.plot.drawing == nil || c.plot.of != of {
		c.plot = plot{of, p.viewPlot(now), p.viewChartTable(now)}
	}
	return c.plot.drawing, c.plot.numbers
}

// viewPlot is the drawing. It can be moved and zoomed by keys and by dragging.
func (p *Panel) viewPlot(now time.Time) *Node {
	c := &p.telemetry.chart
	from, to := c.window(now)
	low, high := c.bounds(from, to)
	begin := from.UnixNano()
	x := func(at int64) float64 { return chartLeft + chartPlotWidth*float64(at-begin)/float64(c.span) }
	y := func(v float64) float64 { return chartTop + chartPlotHeight*(high-v)/(high-low) }
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }
	var grid, lines nodes
	for _, v := range roundNumbers(low, high, 5) {
		at := number(y(v))
		grid = append(grid,
			h("line.chart-grid", attr("x1", strconv.Itoa(chartLeft)), attr("x2", strconv.Itoa(chartWidth-chartRight)), attr("y1", at), attr("y2", at)),
			h("text.chart-tick", attr("x", strconv.Itoa(chartLeft-6)), attr("y", at), attr("dy", "0.32em"), attr("text-anchor", "end"), text(strconv.FormatFloat(v, 'g', 6, 64))))
	}
	for i := range 5 {
		at := from.Add(time.Duration(float64(c.span) * (float64(i) + 0.5) / 5))
		grid = append(grid, h("text.chart-tick", attr("x", number(x(at.UnixNano()))), attr("y", strconv.Itoa(chartHeight-6)), attr("text-anchor", "middle"), text(at.In(p.env.Location).Format("15:04:05"))))
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
			lines = append(lines, h("circle.chart-dot", key(s.path), attr("data-series", strconv.Itoa(i)), attr("cx", number(x(points[0].at))), attr("cy", number(y(points[0].value))), attr("r", "3")))
			continue
		}
		lines = append(lines, h("polyline.chart-line", key(s.path), attr("data-series", strconv.Itoa(i)), attr("points", string(d))))
	}
	return h("svg.chart-plot", attr("viewBox", fmt.Sprintf("0 0 %d %d", chartWidth, chartHeight)), attr("role", "img"), attr("tabindex", "0"), testid("chart-plot"),
		label(p.T("The last %s of %d fields. Arrow keys move through time, + and − zoom, P pauses.", p.duration(c.span), len(c.series))),
		onKeys(func(e Event) {
			p.update(func() {
				switch e.Key {
				case "+", "=":
					c.zoom(-1)
				case "-":
					c.zoom(1)
				case "p":
					c.pause(p.now())
				case "ArrowLeft":
					c.move(-0.25, p.now())
				case "ArrowRight":
					c.move(0.25, p.now())
				}
			})
		}, "+", "=", "-", "p", "ArrowLeft", "ArrowRight"),
		Listener{Event: "pointer", Do: p.dragChart},
		h("g", key("grid"), grid), h("g", key("lines"), lines))
}

// appendTenths appends a number with one digit behind the point. It is strconv.AppendFloat for what a drawing has thousands of.
func appendTenths(b []byte, v float64) []byte {
	if !(v >= 0 && v < 1e6) {
		return strconv.AppendFloat(b, v, 'f', 1, 64)
	}
	tenths := int64(v*10 + 0.5)
	return append(strconv.AppendInt(b, tenths/10, 10), '.', byte('0'+tenths%10))
}

// dragChart moves the window with the pointer that holds it.
func (p *Panel) dragChart(e Event) {
	c := &p.telemetry.chart
	if e.Phase == "move" && c.dragged < 0 {
		return // nobody holds it: nothing to draw. Only the event queue changes dragged
	}
	p.update(func() {
		switch e.Phase {
		case "down":
			c.dragged = e.X
		case "move":
			c.move(c.dragged-e.X, p.now())
			c.dragged = e.X
		default:
			c.dragged = -1
		}
	})
}

// bounds are the lowest and highest value that is shown, never the same.
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

// viewChartTable says in numbers what the plot shows.
func (p *Panel) viewChartTable(now time.Time) *Node {
	c := &p.telemetry.chart
	from, to := c.window(now)
	rows := make(nodes, 0, len(c.series))
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
		rows = append(rows, h("tr", key(s.path), h("th", attr("scope", "row"), text(s.path)), h("td", text(last)), h("td", text(low)), h("td", text(high))))
	}
	return h("details.more", h("summary", testid("chart-table"), text(p.T("In numbers"))),
		h("table.chart-numbers",
			h("thead", h("tr", h("th", attr("scope", "col"), text(p.T("Field"))), h("th", attr("scope", "col"), text(p.T("Last"))),
				h("th", attr("scope", "col"), text(p.T("Lowest"))), h("th", attr("scope", "col"), text(p.T("Highest"))))),
			h("tbody", rows)))
}
