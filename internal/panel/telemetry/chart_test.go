package telemetry

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
)

func TestNumbersAreFoundByTheirPath(t *testing.T) {
	c := newChart()
	c.add(time.Unix(1, 0), []byte(`{"t":21.5,"in":{"h":60,"name":"x"},"list":[1,{"a":2}],"on":true}`))
	c.add(time.Unix(2, 0), []byte(`not JSON`))
	c.add(time.Unix(3, 0), []byte(`7`))
	got := map[string]float64{}
	for _, s := range c.series {
		require.Len(t, s.points, 1)
		got[s.path] = s.points[0].value
	}
	require.Equal(t, map[string]float64{"t": 21.5, "in.h": 60, "list[0]": 1, "list[1].a": 2, "$": 7}, got)
}

func TestAChartIsBounded(t *testing.T) {
	c := newChart()
	for i := range chartPoints + 10 {
		c.add(time.Unix(int64(i), 0), []byte(`{"a":1}`))
	}
	require.LessOrEqual(t, len(c.series[0].points), chartPoints)
	for i := range 100 {
		c.add(time.Now(), fmt.Appendf(nil, `{"field%d":1}`, i))
	}
	require.Len(t, c.series, chartSeries)
	require.LessOrEqual(t, len(c.ignored), chartSeries)
}

// However many points there are, the peaks stay.
func TestThinKeepsThePeaks(t *testing.T) {
	var points []point
	from := time.Unix(0, 0)
	for i := range 10_000 {
		points = append(points, point{from.Add(time.Duration(i) * time.Millisecond).UnixNano(), math.Sin(float64(i))})
	}
	points[5003].value, points[7001].value = 100, -100
	got := thin(points, from, from.Add(10*time.Second), 100)
	require.LessOrEqual(t, len(got), 202)
	low, high := got[0], got[0]
	for i, p := range got {
		require.True(t, i == 0 || p.at > got[i-1].at)
		if p.value < low.value {
			low = p
		}
		if p.value > high.value {
			high = p
		}
	}
	require.Equal(t, points[5003], high)
	require.Equal(t, points[7001], low)
}

func TestTicksAreRound(t *testing.T) {
	require.Equal(t, []float64{0, 20, 40, 60, 80, 100}, roundNumbers(0, 100, 5))
	require.Equal(t, []float64{-1, -0.5, 0, 0.5, 1}, roundNumbers(-1, 1, 5))
	require.Equal(t, []float64{5}, roundNumbers(5, 5, 5))
}

func TestTheChartIsPausedMovedAndZoomed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openRoom(t)
		require.Empty(t, uitest.All(v.view(), "chart"), "there is nothing to draw yet")
		v.connect()
		v.send()
		time.Sleep(5 * time.Second)
		v.send()
		require.Contains(t, v.read("chart"), "temperature")
		plot := func() string {
			name, _ := uitest.Find(t, v.view(), "chart-plot").Attr("aria-label")
			return name
		}
		require.Contains(t, plot(), "30 s of 2 fields")
		v.click("chart-in")
		require.Contains(t, plot(), "10 s")
		v.click("chart-out")
		v.click("chart-pause")
		paused := v.state.chart.paused
		require.False(t, paused.IsZero())
		v.click("chart-back")
		require.Equal(t, paused.Add(-15*time.Second), v.state.chart.paused)
		v.fire("chart-plot", "pointer", ui.Event{Phase: "down", X: 0.5})
		v.fire("chart-plot", "pointer", ui.Event{Phase: "move", X: 0.4})
		v.fire("chart-plot", "pointer", ui.Event{Phase: "up", X: 0.4})
		require.Equal(t, paused.Add(-12*time.Second), v.state.chart.paused.Round(time.Second))
		v.click("chart-forward")
		require.True(t, v.state.chart.paused.IsZero(), "at the newest point it runs again")
		v.click("chart-key-0")
		pressed, _ := uitest.Find(t, v.view(), "chart-key-0").Attr("aria-pressed")
		require.Equal(t, "false", pressed)
	})
}

func TestTheLongestSpanIsAnHour(t *testing.T) {
	c := newChart()
	for range 20 {
		c.zoom(1)
	}
	require.Equal(t, time.Hour, c.span)
	for range 20 {
		c.zoom(-1)
	}
	require.Equal(t, 2*time.Second, c.span)
}
