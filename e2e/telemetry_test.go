package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// TestAStreamRunsInThePage: a stream of a template goes out by itself, and the page says how fast and what became of it.
func TestAStreamRunsInThePage(t *testing.T) {
	pn := visit(t, serveHere(t).URL, "/?view=telemetry")
	pn.holdsStill()
	pn.connects()
	pn.types("stream-0-interval", "1")
	pn.types("stream-0-count", "2000")
	pn.clicks("stream-0-start")
	pn.sees("stream-0-state", "Done: 2000 messages. 2000 sent, 2000 acknowledged, 0 failed")
	pn.sees("recent-messages", "acknowledged in")
	t.Log(pn.reads("stream-0-state"))
	pn.unfolds("stream-0-template")
	pn.sees("stream-0-preview", `"temperature": 20,`)
	pn.types("stream-0-body", "{\n  \"a\": $.Nothing\n}")
	pn.sees("stream-0-body-problem", "line 2")
	for _, width := range []int64{1280, 380, 320} {
		pn.do(chromedp.EmulateViewport(width, 900))
		require.LessOrEqual(t, script[int64](pn, `document.documentElement.scrollWidth`), width, "wider than the page")
		if folder := os.Getenv("HUBPANEL_PICTURES"); folder != "" && folder != "1" {
			pn.picture(filepath.Join(folder, "streams-"+map[int64]string{1280: "1280", 380: "380", 320: "320"}[width]+".png"))
		}
	}
}

// TestSystemPropertiesByTheirNames: each says what it means, and what the hub would not take is told before it is sent.
func TestSystemPropertiesByTheirNames(t *testing.T) {
	pn := visit(t, serveHere(t).URL, "/?view=telemetry")
	pn.holdsStill()
	pn.connects()
	pn.sees("telemetry-system", "content-type = application/json")
	pn.clicks("telemetry-system")
	pn.sees("telemetry-system-row", "$body in a routing query")
	pn.chooses("telemetry-system-choice", "$.ctime")
	pn.sees("telemetry-system-meaning", "When the device made the message")
	pn.clicks("telemetry-system-add")
	pn.clicks("telemetry-creation-time-fill")
	pn.chooses("telemetry-system-choice", "$.sub")
	pn.clicks("telemetry-system-add")
	pn.types("telemetry-component", "thermostat1")
	pn.types("telemetry-message-id", "no spaces")
	pn.sees("telemetry-message-id-problem", "use ASCII letters, digits and")
	for _, width := range []int64{1280, 380} {
		pn.do(chromedp.EmulateViewport(width, 900))
		require.LessOrEqual(t, script[int64](pn, `document.documentElement.scrollWidth`), width)
		if folder := os.Getenv("HUBPANEL_PICTURES"); folder != "" && folder != "1" {
			pn.picture(filepath.Join(folder, fmt.Sprintf("system-%d.png", width)))
		}
	}
	pn.clicks("telemetry-message-id-fill")
	pn.seesNo("telemetry-message-id-problem", "use ASCII")
	pn.clicks("telemetry-send")
	pn.sees("event", "thermostat1")
	pn.sees("recent-messages", "acknowledged in")
}

// TestASimulatorsConfigurationRuns imports a docker command of Iot-Telemetry-Simulator, lets it run at QoS 0, and looks at the chart:
// by mouse, by touch and by keys.
func TestASimulatorsConfigurationRuns(t *testing.T) {
	pn := visit(t, serveHere(t).URL, "/?view=telemetry")
	pn.holdsStill()
	pn.connects()
	pn.clicks("simulator")
	pn.types("simulator-text", `docker run -e "IotHubConnectionString=HostName=h;SharedAccessKey=Y2FuYXJ5" -e Template="{ \"temp\": $.Temp }" -e Variables="[{name: \"Temp\", random: true, max: 25, min: 23}]" -e Interval=20 -e MessageCount=20 x`)
	pn.clicks("simulator-import")
	pn.sees("simulator-result", "1 stream was added")
	pn.sees("simulator-note", "keeps no hub's key")
	require.NotContains(t, script[string](pn, `document.body.innerText`), "Y2FuYXJ5")
	pn.chooses("stream-1-qos", "0")
	pn.clicks("stream-1-start")
	pn.sees("stream-1-state", "Done: 20 messages. 20 sent, 20 written")
	pn.sees("recent-messages", "written (QoS 0")
	pn.sees("rate-total", "20")
	if folder := os.Getenv("HUBPANEL_PICTURES"); folder != "" && folder != "1" {
		for _, width := range []int64{1280, 380} {
			pn.do(chromedp.EmulateViewport(width, 900))
			pn.picture(filepath.Join(folder, fmt.Sprintf("simulator-%d.png", width)))
		}
		pn.do(chromedp.EmulateViewport(1280, 900))
	}

	shows := func(part string) {
		t.Helper()
		pn.until(fmt.Sprintf(`document.querySelector(%s)?.getAttribute("aria-label").includes(%s)`, quoted(testID("chart-plot")), quoted(part)), "the chart does not show "+part)
	}
	paused := func(want bool) {
		t.Helper()
		pn.until(fmt.Sprintf(`document.querySelector(%s)?.ariaPressed === "%t"`, quoted(testID("chart-pause")), want), fmt.Sprintf("pressed is not %t", want))
	}
	shows("The last 30 s")
	pn.clicks("chart-in")
	shows("The last 10 s")
	pn.clicks("chart-pause")
	paused(true)
	pn.clicks("chart-pause")
	paused(false)
	script[bool](pn, fmt.Sprintf(`(document.querySelector(%s).focus(), true)`, quoted(testID("chart-plot"))))
	pn.strikes("-")
	shows("The last 30 s")
	pn.strikes("+")
	shows("The last 10 s")
	pn.strikes("p")
	paused(true)
	pn.strikes("p")
	paused(false)
	// A finger takes hold of the plot and draws it to the right, into the past: it stands still there.
	pn.aims(testID("chart-plot"))
	box := script[[]float64](pn, fmt.Sprintf(`(() => { const b = document.querySelector(%s).getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; })()`, quoted(testID("chart-plot"))))
	touch := func(kind input.DispatchTouchEventType, at float64) {
		t.Helper()
		points := []*input.TouchPoint{}
		if kind != input.DispatchTouchEventTypeTouchEnd {
			points = append(points, &input.TouchPoint{X: box[0] + box[2]*at, Y: box[1] + box[3]/2})
		}
		_, err := chromedp.Call(pn.page.Context(), input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points})
		require.NoError(t, err)
	}
	touch(input.DispatchTouchEventTypeTouchStart, 0.3)
	for _, at := range []float64{0.4, 0.5, 0.6} {
		touch(input.DispatchTouchEventTypeTouchMove, at)
	}
	touch(input.DispatchTouchEventTypeTouchEnd, 0.6)
	paused(true)
}
