package e2e

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheScenarioCommand runs cmd/scenario as continuous integration does: as a program, by its files and its exit status.
func TestTheScenarioCommand(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "scenario")
	out, err := exec.Command("go", "build", "-o", program, "../cmd/scenario").CombinedOutput()
	require.NoError(t, err, "%s", out)
	write := func(name, steps string) string {
		path := filepath.Join(dir, name+".json")
		require.NoError(t, os.WriteFile(path, []byte(`{"format": "hubpanel-scenario", "version": 1, "name": "`+name+`", "steps": [`+steps+`]}`), 0o600))
		return path
	}
	run := func(args ...string) (code int, said string) {
		cmd := exec.Command(program, append([]string{"-web", "../web", "-screenshots", filepath.Join(dir, "pictures")}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			return exit.ExitCode(), string(out)
		}
		return 0, string(out)
	}
	passes := write("passes", `{"connect": {}}, {"screenshot": "connected"}, {"send": {"data": {"a": 1}}}, {"expectTelemetry": {"data": {"a": 1}}}`)
	late := write("late", `{"expect": {"state": "connected"}, "timeout": 0.2}, {"wait": 1}`)
	fails := write("fails", `{"connect": {"deviceId": "nobody"}}`)
	template := write("template", `{"send": {"template": "$.N", "variables": {"N": {"kind": "counter", "args": [1]}}}}`)

	junit, results := filepath.Join(dir, "junit.xml"), filepath.Join(dir, "results.json")
	code, said := run("-junit", junit, "-json", results, passes)
	require.Equal(t, 0, code, "%s", said)
	require.Contains(t, said, "passed in")
	var suites struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
	}
	raw, err := os.ReadFile(junit)
	require.NoError(t, err)
	require.NoError(t, xml.Unmarshal(raw, &suites))
	require.Equal(t, 4, suites.Tests)
	require.Zero(t, suites.Failures)
	var document struct {
		Scenarios []struct {
			Outcome     string
			Screenshots []string
		}
	}
	raw, err = os.ReadFile(results)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &document))
	require.Equal(t, "passed", document.Scenarios[0].Outcome)
	picture, err := os.ReadFile(document.Scenarios[0].Screenshots[0])
	require.NoError(t, err)
	_, err = png.Decode(bytes.NewReader(picture))
	require.NoError(t, err)

	code, said = run(late)
	require.Equal(t, 42, code, "%s", said)
	require.Contains(t, said, "timed-out")
	// A failure, and a document that only the page can refuse. What was played before that is in the file.
	code, said = run("-junit", junit, fails, template)
	require.Equal(t, 1, code, "%s", said)
	require.Contains(t, said, "404")
	require.Contains(t, said, "template.json: the page refuses it: The scenario is wrong: steps[0].send")
	raw, err = os.ReadFile(junit)
	require.NoError(t, err)
	require.NoError(t, xml.Unmarshal(raw, &suites))
	require.Equal(t, 1, suites.Failures)
}
