//go:build !js

package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"

	"github.com/hubpanel/hubpanel/e2e/browser"
)

//go:embed page
var page embed.FS

// measureChrome serves a page on mux in which the clients take turns, and waits for its results.
func measureChrome(ctx context.Context, mux *http.ServeMux, url string, chosen []task, rounds int) (*results, error) {
	dir, err := os.MkdirTemp("", "bench-client")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := buildWasm(ctx, dir); err != nil {
		return nil, err
	}
	withMQTTJS := true
	switch err := fetchMQTTJS(ctx, dir); {
	case errors.Is(err, exec.ErrNotFound):
		fmt.Fprintln(os.Stderr, "bench/client: Node.js's npm is not installed: MQTT.js IS NOT MEASURED")
		withMQTTJS = false
	case err != nil:
		return nil, err
	}

	var names []string
	for _, t := range chosen {
		names = append(names, string(t))
	}
	files, err := fs.Sub(page, "page")
	if err != nil {
		return nil, err
	}
	reports := make(chan pageReport)
	var tab *browser.Page
	mux.Handle("GET /", http.FileServerFS(files))
	mux.Handle("GET /built/", http.StripPrefix("/built/", http.FileServer(http.Dir(dir))))
	mux.HandleFunc("POST /report", func(w http.ResponseWriter, r *http.Request) {
		var report pageReport
		if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&report); err != nil {
			report.Error = err.Error()
		}
		if report.Client != "" { // the page waits for the answer, so nothing else is counted
			if report.cpu, err = mainThread(tab.Context()); err != nil {
				report.Error = err.Error()
			}
		}
		select {
		case reports <- report:
		case <-r.Context().Done():
		}
	})

	b, err := browser.Start(ctx, &browser.Options{Unrecorded: true, Flags: []string{"js-flags=--expose-gc"}})
	if err != nil {
		return nil, err
	}
	defer b.Close()
	if tab, err = b.NewPage(); err != nil {
		return nil, err
	}
	if _, err := chromedp.Call(tab.Context(), performance.Enable, performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks}); err != nil {
		return nil, err
	}
	if err := chromedp.Do(tab.Context(), chromedp.Navigate(fmt.Sprintf("%s?rounds=%d&mqttjs=%t&messages=%d&bodySize=%d&tasks=%s", url, rounds, withMQTTJS, messages, bodySize, strings.Join(names, ",")))); err != nil {
		return nil, err
	}
	r, before := &results{}, 0.0
	for {
		select {
		case report := <-reports:
			switch {
			case report.Error != "":
				return nil, fmt.Errorf("the page says: %s\n%s", report.Error, tab)
			case report.Done:
				return r, nil
			case report.Client == "":
				fmt.Fprintf(os.Stderr, "bench/client: Chromium, round %d of %d\n", report.Round, rounds)
			case report.Begins:
				before = report.cpu
			default:
				r.add(report.Task, report.Client, report.Milliseconds)
				r.addCPU(report.Task, report.Client, report.cpu-before)
			}
		case <-tab.Context().Done():
			return nil, fmt.Errorf("the page is gone: %w", tab.Context().Err())
		}
	}
}

// A pageReport is a message from the page: the begin of a round or of a client's turn, a time, an error or the end.
type pageReport struct {
	Round        int     `json:"round"`
	Task         task    `json:"task"`
	Client       string  `json:"client"`
	Begins       bool    `json:"begins"`
	Milliseconds float64 `json:"milliseconds"`
	Error        string  `json:"error"`
	Done         bool    `json:"done"`

	cpu float64 // milliseconds that the page's main thread has worked so far
}

// mainThread returns how many milliseconds of a processor's time the tasks of a page's main thread have taken.
func mainThread(ctx context.Context) (float64, error) {
	all, err := chromedp.Call(ctx, performance.GetMetrics, cdp.Empty{})
	if err != nil {
		return 0, err
	}
	for _, m := range all.Metrics {
		if m.Name == "TaskDuration" {
			return 1000 * m.Value, nil
		}
	}
	return 0, errors.New("the browser does not tell how long its tasks took")
}

// buildWasm builds this program for the browser, with the profile that the page is built with, beside its toolchain's wasm_exec.js.
func buildWasm(ctx context.Context, dir string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-pgo", "../../wasm/default.pgo", "-o", filepath.Join(dir, "client.wasm"), ".")
	cmd.Env, cmd.Stderr = append(os.Environ(), "GOOS=js", "GOARCH=wasm"), os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("building for the browser (run this in bench/client): %w", err)
	}
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env GOROOT: %w", err)
	}
	b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "wasm_exec.js"), b, 0o600)
}
