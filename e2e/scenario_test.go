package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/scenario"
)

// TestScenariosOnTheStaticSite runs every built-in scenario in the page of a plain web host: one as a person does, who came
// by a link and then drops a file, the others as a program.
func TestScenariosOnTheStaticSite(t *testing.T) {
	pn := visit(t, serveStatic(t, "/docs"), "/docs/?scenario=first-steps")
	pn.sees("scenario", "First steps")
	require.Equal(t, "Not connected", pn.reads("state"), "a link runs nothing")
	pn.clicks("scenario-quick")
	pn.clicks("scenario-run")
	pn.sees("scenario-result", "Passed in")

	for _, d := range scenario.Builtins() {
		if d.Name == "first-steps" {
			continue
		}
		result := script[string](pn, `(async () => {
			window.steps = [];
			const result = await hubpanel.runScenario(`+quoted(d.Name)+`, { onStep: (s) => steps.push(s.outcome) });
			return JSON.stringify(result, null, 2);
		})()`)
		var r scenario.Result
		require.NoError(t, json.Unmarshal([]byte(result), &r))
		require.Equal(t, scenario.Passed, r.Outcome, "%s", result)
		require.Equal(t, len(d.Steps), script[int](pn, `steps.filter((outcome) => outcome === "passed").length`))
		pn.sees("scenario", d.Title["en"])
	}

	// A file that is dropped anywhere, and what is wrong with the next.
	raw, err := os.ReadFile("../internal/scenario/builtin/methods.json")
	require.NoError(t, err)
	drop := func(name, text string) {
		script[bool](pn, `(() => {
			const files = new DataTransfer();
			files.items.add(new File([`+quoted(text)+`], `+quoted(name)+`));
			document.querySelector("h1").dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: files }));
			return true;
		})()`)
	}
	drop("mine.json", string(raw))
	pn.sees("scenario", "mine.json")
	drop("broken.json", `{"format": "hubpanel-scenario", "version": 1, "name": "x", "steps": [{"wait": "soon"}]}`)
	pn.sees("scenario-problem", "steps[0].wait: write a number from 0 to 600")

	pn.do(chromedp.EmulateViewport(380, 900))
	require.LessOrEqual(t, script[int64](pn, `document.documentElement.scrollWidth`), int64(380), "the steps fit on a phone")

	// What a program gets of one that cannot begin, of one that fails, and of one that it stops.
	require.Equal(t, "scenario", script[string](pn, `hubpanel.runScenario("nothing").catch((e) => e.code)`))
	require.Equal(t, "scenario", script[string](pn, `hubpanel.runScenario({ steps: [] }).catch((e) => e.code)`))
	require.Equal(t, "failed 404", script[string](pn, `hubpanel.runScenario({ format: "hubpanel-scenario", version: 1, name: "x",
		steps: [{ connect: { deviceId: "nobody" } }] }).then((r) => r.outcome + " " + /\d+/.exec(r.steps[0].text))`))
	require.Equal(t, "stopped", script[string](pn, `(() => {
		const stop = new AbortController();
		const run = hubpanel.runScenario({ format: "hubpanel-scenario", version: 1, name: "x", steps: [{ screenshot: "a" }, { wait: 100 }] },
			{ signal: stop.signal, onScreenshot: async () => { stop.abort(); } });
		return run.then((r) => r.outcome);
	})()`))
}

// TestAScenarioWithoutAPanel runs one in somebody's page, which shows nothing of it.
func TestAScenarioWithoutAPanel(t *testing.T) {
	host := serveHere(t).URL
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(`<!doctype html><title>somebody's</title><link rel="icon" href="data:,">`))
	}))
	defer page.Close()
	pn := visitUnasked(t, page.URL, "/")
	require.Equal(t, "passed", script[string](pn, `(async () => {
		const { load } = await import("`+host+`/hubpanel.js");
		return (await (await load()).runScenario("twin-sync")).outcome;
	})()`))
	require.NoError(t, pn.page.Problems(page.URL, host))
}
