package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/cdproto/profiler"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/browser"
)

// frames is what a page under load did on the way, by its own clock, in milliseconds.
type frames struct {
	Seconds   float64
	Sent      int
	Frames    int
	Median    float64 // between two frames
	P95       float64
	Over50    int     // frames that came more than 50 ms after the one before
	LongTasks int     // of the page's thread, 50 ms or more each
	Longest   float64 // of them
	Rows      int     // of the log that is looked at in the document at the end
}

// busy is the processor time that the page's thread took of each second, in milliseconds. Unlike the frames it does not depend on
// what else the machine does.
type busy struct{ All, Script, Style, Layout float64 }

// TestAThousandMessagesASecond runs a stream of 1,000 messages a second for five seconds and counts what a person would feel:
// frames that come late and long tasks. It prints the figures,
//
//	go test ./e2e -run TestAThousandMessagesASecond -v
//
// and, where HUBPANEL_PROFILES names a folder, writes there what Chrome's profiler saw (a wasm with names: GOOS=js GOARCH=wasm
// go build -o web/hubpanel.wasm ./wasm). Figures decide nothing here, since a test must not depend on what else the machine does:
// what is held is that the load is carried, that the document stays small and that the page goes on answering.
func TestAThousandMessagesASecond(t *testing.T) {
	for _, hub := range []string{"inpage", "served"} {
		for _, tab := range []string{"telemetry", "wire", "messages"} {
			t.Run(hub+"/"+tab, func(t *testing.T) {
				pn := &person{t: t, page: browser.New(t, &browser.Options{Unrecorded: true})}
				pn.page.Open(t, serveHere(t).URL+"/?hub="+hub)
				pn.connects()
				pn.types("stream-0-interval", "10")
				pn.types("stream-0-burst", "10")
				pn.clicks("stream-0-start")
				pn.sees("device-log", "acknowledged in")
				pn.shows(tab)
				got, cpu := pn.watchesFrames(t.Name())
				pn.shows("telemetry")
				t.Logf("%+v; ms of processor time a second: %+v", got, cpu)
				if false {
					t.Log()
				}
				require.Less(t, got.Rows, 60, "only the log's window is in the document")
				pn.clicks("stream-0-stop")
				pn.shows("twin")
				pn.until(`document.querySelector('[data-testid="tab-twin"]').ariaPressed === "true"`, "the page does not answer after the load")
			})
		}
	}
}

// watchesFrames watches the page for five seconds.
func (pn *person) watchesFrames(name string) (frames, busy) {
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
	if folder != "" {
		call(profiler.Enable)
		call(profiler.Start)
	}
	before, began := metrics(), time.Now()
	got := script[frames](pn, `new Promise((resolve) => {
		const length = 5000;
		const total = () => performance.now();
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
			resolve({ Seconds: (now - began) / 1000, Frames: gaps.length,
				Median: gaps[gaps.length >> 1], P95: gaps[Math.floor(gaps.length * 0.95)], Over50: gaps.filter((g) => g > 50).length,
				LongTasks: tasks.length, Longest: Math.max(0, ...tasks),
				Rows: Math.max(...[...document.querySelectorAll('ol')].map((list) => list.children.length)) });
		};
		requestAnimationFrame(frame);
	})`)
	after, seconds := metrics(), time.Since(began).Seconds()
	if folder != "" {
		profile, err := chromedp.Call(ctx, profiler.Stop, cdp.Empty{})
		require.NoError(pn.t, err)
		raw, err := json.Marshal(profile.Profile)
		require.NoError(pn.t, err)
		path := filepath.Join(folder, filepath.Base(filepath.Dir(name))+"-"+filepath.Base(name)+".cpuprofile")
		require.NoError(pn.t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(pn.t, os.WriteFile(path, raw, 0o644))
	}
	part := func(metric string) float64 {
		return float64(int(1000 * (after[metric] - before[metric]) / seconds))
	}
	return got, busy{part("TaskDuration"), part("ScriptDuration"), part("RecalcStyleDuration"), part("LayoutDuration")}
}
