package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/cdproto/profiler"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/browser"
)

// frames is what a page did on the way, by its own clock, in milliseconds.
type frames struct {
	Seconds   float64
	Frames    int
	Median    float64 // between two frames
	P95       float64
	Over50    int     // frames that came more than 50 ms after the one before
	LongTasks int     // of the page's thread, 50 ms or more each
	Longest   float64 // of them
	Own       float64 // the most processor time that one task of the page's thread took: without what the machine did in between
	Rows      int     // of the longest list in the document at the end
}

// busy is the processor time that the page's thread took of each second, in milliseconds. Unlike the frames it hardly depends on
// what else the machine does.
type busy struct{ All, Script, Style, Layout int }

// watchSeconds is for how long frames are watched: long enough to see that the page lives, and where HUBPANEL_LOAD_SECONDS says so, long
// enough for figures.
func watchSeconds(t testing.TB) int {
	text := os.Getenv("HUBPANEL_LOAD_SECONDS")
	if text == "" {
		return 1
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, "HUBPANEL_LOAD_SECONDS is a whole number")
	return n
}

// TestAThousandMessagesASecond runs a stream of 1,000 messages a second and counts what a person would feel: frames that come late
// and long tasks. Beside it stand two yardsticks, the same page at rest, and the same page while plain JavaScript exchanges the
// rows of its lists ten times a second. It prints the figures,
//
//	HUBPANEL_LOAD_SECONDS=5 go test ./e2e -run TestAThousandMessagesASecond -v
//
// and, where HUBPANEL_PROFILES names a folder, writes there what Chrome's profiler saw (names of Go's functions are in a wasm built
// by GOOS=js GOARCH=wasm go build -o web/hubpanel.wasm ./wasm). Figures decide nothing here, since a test must not depend on what
// else the machine does: what is held is that the load is carried, that the document stays small and that the page answers.
func TestAThousandMessagesASecond(t *testing.T) {
	tabs := []string{"telemetry", "wire", "messages"}
	if watchSeconds(t) == 1 { // nobody looks at the figures
		tabs = tabs[:1]
	}
	for _, hub := range []string{"inpage", "served"} {
		for _, tab := range tabs {
			t.Run(hub+"/"+tab, func(t *testing.T) {
				pn := &person{t: t, page: browser.New(t, &browser.Options{Unrecorded: true})}
				pn.page.Open(t, serveHere(t).URL+"/?hub="+hub)
				pn.connects()
				pn.types("stream-0-interval", "10")
				pn.types("stream-0-burst", "10")
				pn.shows(tab)
				pn.watchesFrames("at rest", "")
				pn.shows("telemetry")
				pn.clicks("stream-0-start")
				pn.sees("device-log", "acknowledged in")
				pn.shows(tab)
				got := pn.watchesFrames("1,000 messages a second", hub+"-"+tab)
				pn.shows("telemetry")
				pn.clicks("stream-0-stop")
				pn.sees("stream-0-state", "Stopped after")
				require.Less(t, got.Rows, 60, "only the lists' windows are in the document")
				sent, err := strconv.Atoi(pn.reads("rate-total"))
				require.NoError(t, err)
				require.Greater(t, sent, 200*watchSeconds(t), "there was no load")
				pn.sees("stream-0-state", " 0 failed, 0 on their way")
				t.Log(pn.reads("stream-0-state"))

				pn.shows(tab)
				script[bool](pn, `setInterval(() => {
					for (const list of document.querySelectorAll("ol")) list.replaceChildren(...[...list.children].slice(0, 30).map((row) => row.cloneNode(true)));
				}, 100) > 0`)
				pn.watchesFrames("the lists' rows exchanged by JavaScript", "")
			})
		}
	}
}

// watchesFrames watches the page for watchSeconds, and prints what it saw.
func (pn *person) watchesFrames(what, profile string) frames {
	pn.t.Helper()
	ctx := pn.page.Context()
	call := func(cmd cdp.Command[cdp.Empty, cdp.Empty]) {
		_, err := chromedp.Call(ctx, cmd, cdp.Empty{})
		require.NoError(pn.t, err)
	}
	_, err := chromedp.Call(ctx, performance.Enable, performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks})
	require.NoError(pn.t, err)
	metrics := func() map[string]float64 {
		got, err := chromedp.Call(ctx, performance.GetMetrics, cdp.Empty{})
		require.NoError(pn.t, err)
		m := map[string]float64{}
		for _, metric := range got.Metrics {
			m[metric.Name] = metric.Value
		}
		return m
	}
	folder := os.Getenv("HUBPANEL_PROFILES")
	profiled := folder != "" && profile != ""
	if profiled {
		call(profiler.Enable)
		call(profiler.Start)
	}
	tasks := pn.traces()
	before, began := metrics(), time.Now()
	got := script[frames](pn, fmt.Sprintf(`new Promise((resolve) => {
		const length = 1000 * %d;
		const gaps = [], tasks = [];
		const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((e) => e.duration)));
		observer.observe({ type: "longtask" });
		const began = performance.now();
		let last = began;
		const frame = () => {
			const now = performance.now();
			gaps.push(now - last);
			last = now;
			if (now - began < length) {
				requestAnimationFrame(frame);
				return;
			}
			observer.disconnect();
			gaps.sort((a, b) => a - b);
			const round = (ms) => Math.round(ms * 10) / 10;
			resolve({ Seconds: round((now - began) / 1000), Frames: gaps.length, Median: round(gaps[gaps.length >> 1]),
				P95: round(gaps[Math.floor(gaps.length * 0.95)]), Over50: gaps.filter((g) => g > 50).length,
				LongTasks: tasks.length, Longest: Math.max(0, ...tasks),
				Rows: Math.max(0, ...[...document.querySelectorAll("ol")].map((list) => list.children.length)) });
		};
		requestAnimationFrame(frame);
	})`, watchSeconds(pn.t)))
	after, seconds := metrics(), time.Since(began).Seconds()
	if profiled {
		got, err := chromedp.Call(ctx, profiler.Stop, cdp.Empty{})
		require.NoError(pn.t, err)
		raw, err := json.Marshal(got.Profile)
		require.NoError(pn.t, err)
		require.NoError(pn.t, os.MkdirAll(folder, 0o755))
		require.NoError(pn.t, os.WriteFile(filepath.Join(folder, profile+".cpuprofile"), raw, 0o644))
	}
	got.Own = tasks()
	part := func(metric string) int { return int(1000 * (after[metric] - before[metric]) / seconds) }
	pn.t.Logf("%s: %+v; ms of the thread's time a second: %+v", what, got,
		busy{part("TaskDuration"), part("ScriptDuration"), part("RecalcStyleDuration"), part("LayoutDuration")})
	return got
}

// traces has the browser note every task, and returns a function that ends that and gives the most processor time, in
// milliseconds, that one task of a page's main thread took. The browser has one page.
func (pn *person) traces() func() float64 {
	pn.t.Helper()
	type thread struct{ process, id int64 } // sandboxed processes number their threads alike
	main, longest := map[thread]bool{}, map[thread]int64{}
	done := make(chan struct{})
	ctx, stop := context.WithCancel(pn.page.Context())
	require.NoError(pn.t, chromedp.Listen(ctx, func(e any) {
		switch e := e.(type) {
		case *tracing.EventDataCollected:
			for _, raw := range e.Value {
				var task struct {
					Name    string `json:"name"`
					Process int64  `json:"pid"`
					Thread  int64  `json:"tid"`
					Own     int64  `json:"tdur"` // microseconds
					Args    struct {
						Name string `json:"name"`
					} `json:"args"`
				}
				if json.Unmarshal(raw, &task) != nil {
					continue
				}
				on := thread{task.Process, task.Thread}
				switch {
				case task.Name == "thread_name" && task.Args.Name == "CrRendererMain":
					main[on] = true
				case strings.HasSuffix(task.Name, "RunTask") && task.Own > 0:
					longest[on] = max(longest[on], task.Own)
				}
			}
		case *tracing.EventTracingComplete:
			close(done)
		}
	}))
	_, err := chromedp.Call(pn.page.Context(), tracing.Start, tracing.StartParams{TransferMode: tracing.StartTransferModeReportEvents,
		TraceConfig: &tracing.TraceConfig{IncludedCategories: []string{"toplevel"}}})
	require.NoError(pn.t, err)
	return func() float64 {
		defer stop()
		_, err := chromedp.Call(pn.page.Context(), tracing.End, cdp.Empty{})
		require.NoError(pn.t, err)
		<-done
		most := int64(0)
		for on := range main {
			most = max(most, longest[on])
		}
		return float64(most) / 1000
	}
}
