package main

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/scenario"
)

// What needs no browser is tested here; the program as a process, in Chrome, in e2e.

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{nil, "name the file"},
		{[]string{"-nonsense", "x.json"}, "-nonsense"},
		{[]string{"-timeout", "0s", "x.json"}, "-timeout"},
		{[]string{"-timeout-exit-code", "256", "x.json"}, "from 0 to 255"},
	} {
		var out, stderr bytes.Buffer
		require.Equal(t, exitUsage, run(t.Context(), c.args, &out, &stderr))
		require.Contains(t, stderr.String(), c.says)
	}
	var out, stderr bytes.Buffer
	require.Equal(t, exitPassed, run(t.Context(), []string{"-h"}, &out, &stderr))
	require.Contains(t, stderr.String(), "-junit")
}

func TestWrongDocumentsAreToldBeforeAnythingStarts(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first.json"), filepath.Join(dir, "second.json")
	require.NoError(t, os.WriteFile(first, []byte(`{"format": "hubpanel-scenario", "version": 1, "name": "x", "steps": [{"wait": "y"}]}`), 0o600))
	require.NoError(t, os.WriteFile(second, []byte(`{`), 0o600))
	var out, stderr bytes.Buffer
	require.Equal(t, exitFailed, run(t.Context(), []string{"-web", dir, first, second, filepath.Join(dir, "none.json")}, &out, &stderr))
	require.Contains(t, stderr.String(), "first.json: steps[0].wait: write a number")
	require.Contains(t, stderr.String(), "second.json: the document is not JSON: line 1, column")
	require.Contains(t, stderr.String(), "none.json")
}

func TestAPageThatIsNotBuilt(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "index.html"), []byte("<!doctype html>"), 0o600))
	var out, stderr bytes.Buffer
	require.Equal(t, exitUsage, run(t.Context(), []string{"-web", dir, "../../internal/scenario/builtin/methods.json"}, &out, &stderr))
	require.Contains(t, stderr.String(), "make wasm")
}

func TestExitCodes(t *testing.T) {
	of := func(outcomes ...scenario.Outcome) (list []played) {
		for _, o := range outcomes {
			list = append(list, played{Result: scenario.Result{Outcome: o}})
		}
		return list
	}
	o := &options{timeoutExitCode: 42}
	require.Equal(t, 0, o.exitCode(of(scenario.Passed, scenario.Passed)))
	require.Equal(t, 42, o.exitCode(of(scenario.Passed, scenario.TimedOut)))
	require.Equal(t, 1, o.exitCode(of(scenario.Failed, scenario.TimedOut)), "a failure counts for more")
	require.Equal(t, 1, o.exitCode(of(scenario.TimedOut, scenario.Failed)))
	require.Equal(t, 1, o.exitCode(of(scenario.Stopped)))
	complained := of(scenario.Passed)
	complained[0].Problems = []string{"violation: script-src"}
	require.Equal(t, 1, o.exitCode(complained))
}

func TestJUnit(t *testing.T) {
	r := played{File: "a/b.json", Problems: []string{"error: <oops>"}, Result: scenario.Result{
		Name: "b", Outcome: scenario.TimedOut, Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Seconds: 6.5,
		Steps: []scenario.StepResult{
			{Index: 1, Action: "connect", Title: "It \"connects\"", Outcome: scenario.Passed, Seconds: 1},
			{Index: 2, Action: "expect", Outcome: scenario.TimedOut, Seconds: 5, Text: "Late.\x00", Expected: []byte(`{"a":1}`), Got: []byte(`null`), Differs: []string{"a"}},
			{Index: 3, Action: "wait", Outcome: scenario.NotRun},
		}}}
	dir := t.TempDir()
	o := &options{junit: filepath.Join(dir, "deep", "j.xml"), json: filepath.Join(dir, "r.json")}
	require.NoError(t, o.write([]played{r}))
	raw, err := os.ReadFile(o.junit)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(raw), "<?xml"))
	var read junitSuites
	require.NoError(t, xml.Unmarshal(raw, &read), "%s", raw)
	require.Equal(t, 4, read.Tests)
	require.Equal(t, 2, read.Failed)
	suite := read.Suites[0]
	require.Equal(t, "a/b.json", suite.File)
	require.Equal(t, "2026-01-02T03:04:05Z", suite.Started)
	require.Equal(t, 1, suite.Skipped)
	require.Equal(t, `01 connect: It "connects"`, suite.Cases[0].Name)
	require.Equal(t, "timed-out", suite.Cases[1].Failure.Kind)
	require.Contains(t, suite.Cases[1].Failure.Text, `expected {"a":1}`)
	require.NotNil(t, suite.Cases[2].Skipped)
	require.Equal(t, "error: <oops>", suite.Cases[3].Failure.Text)
	document, err := os.ReadFile(o.json)
	require.NoError(t, err)
	require.Contains(t, string(document), `"outcome": "timed-out"`)
	require.Contains(t, string(document), `"file": "a/b.json"`)
}
