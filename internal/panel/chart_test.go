package panel

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
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
	require.LessOrEqual(t, len(c.left), chartSeries)
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
		pg := openPage(t, "")
		require.False(t, pg.has("chart"), "there is nothing to draw yet")
		pg.connect()
		pg.click("telemetry-send")
		time.Sleep(5 * time.Second)
		pg.click("telemetry-send")
		require.Contains(t, pg.read("chart"), "temperature")
		plot := func() string { name, _ := pg.find("chart-plot").Attr("aria-label"); return name }
		require.Contains(t, plot(), "30 s of 2 fields")
		pg.click("chart-in")
		require.Contains(t, plot(), "10 s")
		pg.click("chart-out")
		pg.click("chart-pause")
		paused := pg.telemetry.chart.paused
		require.False(t, paused.IsZero())
		pg.click("chart-back")
		require.Equal(t, paused.Add(-15*time.Second), pg.telemetry.chart.paused)
		pg.fire("chart-plot", "pointer", Event{Phase: "down", X: 0.5})
		pg.fire("chart-plot", "pointer", Event{Phase: "move", X: 0.4})
		pg.fire("chart-plot", "pointer", Event{Phase: "up", X: 0.4})
		require.Equal(t, paused.Add(-12*time.Second), pg.telemetry.chart.paused.Round(time.Second))
		pg.click("chart-forward")
		require.True(t, pg.telemetry.chart.paused.IsZero(), "at the newest point it runs again")
		pg.click("chart-key-0")
		pressed, _ := pg.find("chart-key-0").Attr("aria-pressed")
		require.Equal(t, "false", pressed)
	})
}
