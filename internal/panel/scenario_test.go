package panel

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/panel/scenarios"
	"github.com/hubpanel/hubpanel/internal/scenario"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
)

// steps makes a document of steps, about a device of its own.
func steps(list string) string {
	return `{"format": "hubpanel-scenario", "version": 1, "name": "mine", "timeout": 1000, "stepTimeout": 5,
		"hub": {"devices": [{"deviceId": "mine-1", "tags": {"a": 1}, "desired": {"interval": 3}}]}, "steps": [` + list + `]}`
}

// play plays a document to its end.
func (pg *person) play(document string, o scenarios.Options) scenario.Result {
	pg.t.Helper()
	d, err := FindScenario(document)
	require.NoError(pg.t, err)
	result, err := pg.PlayScenario(pg.t.Context(), d, o)
	require.NoError(pg.t, err)
	synctest.Wait()
	return result
}

// faulty reports whether faults are in force.
func (pg *person) faulty() bool {
	synctest.Wait()
	f := pg.hub().CurrentFaults()
	faulty := f.Delay > 0 || f.Drop > 0 || f.Throttle || f.Refuse != 0
	require.Equal(pg.t, faulty, pg.has("faults-on"), "the page shows it")
	return faulty
}

// report is a result as a test's failure shows it.
func report(r scenario.Result) string {
	raw, _ := json.MarshalIndent(r, "", "  ")
	return string(raw)
}

func TestEveryBuiltInScenarioRunsToItsEnd(t *testing.T) {
	for _, d := range scenario.Builtins() {
		t.Run(d.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pg := openPage(t, "scenario="+d.Name)
				require.Contains(t, pg.read("scenario"), d.Title["en"])
				require.Equal(t, "Not connected", pg.read("state"), "a link runs nothing")
				pg.click("scenario-run")
				for range 600 {
					if !pg.has("scenario-stop") {
						break
					}
					time.Sleep(time.Second)
					uitest.Valid(t, pg.View())
				}
				require.Contains(t, pg.read("scenario-result"), "Passed in ", "%s", uitest.Text(pg.find("scenario")))
				require.Len(t, pg.all("scenario-step"), len(d.Steps))
				require.False(t, pg.faulty(), "what it broke is whole again")
			})
		})
	}
}

// A second run begins as the first did: what the first left is made anew.
func TestAScenarioRunsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		for range 2 {
			for _, d := range scenario.Builtins() {
				result, err := pg.PlayScenario(t.Context(), d, scenarios.Options{})
				require.NoError(t, err)
				require.Equal(t, scenario.Passed, result.Outcome, "%s", report(result))
			}
		}
	})
}

func TestScenarioSteps(t *testing.T) {
	for _, c := range []struct {
		name, steps string
		outcome     scenario.Outcome
		why         string // of the last  step that ran
		differs     string
	}{
		{"the twin that it began with", `{"connect": {}}, {"expect": {"twin": {"tags": {"a": 1}, "desired": {"interval": 3, "$version": 2}}}}`, scenario.Passed, "", ""},
		{"a twin that is another", `{"connect": {}}, {"expect": {"twin": {"tags": {"a": 2}}}}`, scenario.TimedOut, "did not come within 5 s", "tags.a"},
		{"a device that there is not", `{"connect": {"deviceId": "nobody"}}`, scenario.Failed, "404", ""},
		{"sending without a connection", `{"send": {"data": 1}}`, scenario.Failed, "not connected", ""},
		{"a refusal", `{"fault": {"refuse": 5}}, {"connect": {}}`, scenario.Failed, "refused", ""},
		{"a refusal is a state", `{"connect": {}}, {"fault": {"refuse": 5, "cut": true}}, {"expect": {"state": "refused"}, "timeout": 300}`, scenario.Passed, "", ""},
		{"a hub that is away for good", `{"fault": {"refuse": 3}}, {"connect": {}, "timeout": 30}`, scenario.TimedOut, "not done within 30 s", ""},
		{"an answer that is another", `{"connect": {}}, {"answer": {"methodName": "m", "methodResponsePayload": {"a": 1}}},
			{"invoke": {"methodName": "m", "expect": {"payload": {"a": 2}}}}`, scenario.Failed, "not what is expected", "payload.a"},
		{"an error as an answer", `{"connect": {}}, {"answer": {"methodName": "*", "methodResponseCode": 500}}, {"invoke": {"methodName": "m"}}`, scenario.Failed, "not what is expected", "status"},
		{"a device that is away", `{"invoke": {"methodName": "m"}}`, scenario.Failed, "404", ""},
		{"nothing is expected twice", `{"connect": {}}, {"send": {"data": {"n": 1}}}, {"expectTelemetry": {"data": {"n": 1}}}, {"expectTelemetry": {"data": {"n": 1}}}`, scenario.TimedOut, "did not come", ""},
		{"what is expected is the next that fits", `{"connect": {}}, {"send": {"data": {"n": 1}}}, {"send": {"data": {"n": 2}, "qos": 0}}, {"expectTelemetry": {"data": {"n": 2}}}`, scenario.Passed, "", ""},
		{"properties without a value", `{"connect": {}}, {"c2d": {"data": {"x": 1}, "properties": {"a": null, "b": ""}}}, {"expect": {"message": {"data": {"x": 1}, "properties": {"a": null, "b": ""}}}}`, scenario.Passed, "", ""},
		{"a message waits for the device", `{"c2d": {"data": "queued", "ack": "full", "expiry": 60}}, {"connect": {}}, {"expect": {"message": {"data": "queued"}}}`, scenario.Passed, "", ""},
		{"reported properties", `{"connect": {"initReportedProperties": {"a": {"b": 1}}}}, {"expect": {"reported": {"a": {"b": 1}, "$version": 2}}}, {"report": {"a": null}}, {"expect": {"twin": {"reported": {"a": {"$absent": true}}}}}`, scenario.Passed, "", ""},
		{"going away", `{"connect": {}}, {"disconnect": {}}, {"expect": {"state": "disconnected"}}`, scenario.Passed, "", ""},
		{"coming back", `{"connect": {}}, {"fault": {"cut": true}}, {"expect": {"state": "reconnecting"}}, {"expect": {"state": "connected"}, "timeout": 60}`, scenario.Passed, "", ""},
		{"nothing to cut", `{"fault": {"cut": true}}`, scenario.Failed, "404", ""},
		{"an assignment that there is not", `{"connect": {"assigned": true}}`, scenario.Failed, "register first", ""},
		{"an enrollment that there is not", `{"register": {"registrationId": "nobody"}}`, scenario.Failed, "404", ""},
		{"many at once", `{"connect": {}}, {"send": {"template": "{\"n\": $.N}", "variables": {"N": {"kind": "counter", "args": [1, 1]}}, "msgCount": 2500}}, {"expectTelemetry": {"data": {"n": {"$any": true}}, "count": 2500}}`, scenario.Passed, "", ""},
		{"a template that is no JSON, and says so", `{"connect": {}}, {"send": {"template": "n=$.N", "variables": {"N": {"kind": "counter", "args": [1, 1]}}, "contentType": "text/plain", "msgCount": 2}}, {"expectTelemetry": {"data": "n=2", "systemProperties": {"content-type": "text/plain"}}}`, scenario.Passed, "", ""},
		{"a picture where nobody takes any", `{"screenshot": "x"}, {"wait": 1}`, scenario.Passed, "", ""},
		{"the whole takes too long", `{"wait": 100, "timeout": 3}`, scenario.TimedOut, "within 3 s", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pg := openPage(t, "")
				result := pg.play(steps(c.steps), scenarios.Options{})
				require.Equal(t, c.outcome, result.Outcome, "%s", report(result))
				uitest.Valid(t, pg.View())
				if c.outcome == scenario.Passed {
					return
				}
				last := result.Steps[0]
				for _, s := range result.Steps {
					if s.Outcome != scenario.NotRun {
						last = s
					}
				}
				require.Contains(t, last.Text, c.why)
				require.Equal(t, c.differs, strings.Join(last.Differs, ","))
				require.Contains(t, pg.read("scenario-why"), c.why)
				if c.differs != "" {
					require.Contains(t, pg.read("scenario-differs"), c.differs)
				}
			})
		})
	}
}

func TestTheDocumentedScenarioPasses(t *testing.T) {
	docs, err := os.ReadFile("../../docs/scenarios.md")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(docs), "```json\n")
	example, _, ok := strings.Cut(rest, "```")
	require.True(t, ok)
	synctest.Test(t, func(t *testing.T) {
		result := openPage(t, "").play(example, scenarios.Options{})
		require.Equal(t, scenario.Passed, result.Outcome, "%s", report(result))
	})
}

func TestTheSameSeedSendsTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		send := `{"connect": {}}, {"send": {"template": "{\"t\": $.T, \"id\": \"$.Guid\"}", "variables": {"T": {"kind": "random", "args": [0, 1000000]}}, "msgCount": 5%s}}`
		bodies := func(seed string) (list []string) {
			pg.play(steps(fmt.Sprintf(send, seed)), scenarios.Options{})
			events := pg.stored()
			for _, e := range events[len(events)-5:] {
				list = append(list, e.Body)
			}
			return list
		}
		first := bodies(`, "seed": 4`)
		require.Equal(t, first, bodies(`, "seed": 4`))
		require.NotEqual(t, first, bodies(`, "seed": 5`))
	})
}

func TestAScenarioIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		pg.scenarios.Show(mustFind(t, steps(`{"fault": {"throttle": true}}, {"wait": 100}, {"connect": {}}`)), "")
		pg.click("scenario-run")
		time.Sleep(10 * time.Second)
		require.True(t, pg.faulty())
		current, _ := pg.all("scenario-step")[1].Attr("aria-current")
		require.Equal(t, "step", current)
		_, err := pg.PlayScenario(t.Context(), scenario.Builtin("methods"), scenarios.Options{})
		require.ErrorContains(t, err, "runs already")
		var unusable *scenario.UnusableError
		require.ErrorAs(t, err, &unusable, "which JavaScript gets with the code scenario")
		pg.click("scenario-stop")
		require.Contains(t, pg.read("scenario-result"), "Stopped after 1")
		for i, want := range []string{"passed", "stopped", "not-run"} {
			outcome, _ := pg.all("scenario-step")[i].Attr("data-outcome")
			require.Equal(t, want, outcome)
		}
		require.False(t, pg.faulty(), "its faults end with it")

		// Another takes its place, and the page goes with the one that is shown.
		pg.click("scenario-run")
		d := scenario.Builtin("methods")
		result, err := pg.ReplaceScenario(t.Context(), d, scenarios.Options{})
		require.NoError(t, err)
		require.Equal(t, scenario.Passed, result.Outcome)
		require.Equal(t, fmt.Sprintf("%[1]d of %[1]d", len(d.Steps)), pg.read("scenario-progress"))
		pg.click("scenario-close")
		require.True(t, pg.has("scenarios"))
	})
}

func mustFind(t *testing.T, text string) *scenario.Document {
	t.Helper()
	d, err := FindScenario(text)
	require.NoError(t, err)
	return d
}

// Closing the page ends what plays, and waits for it.
func TestThePageIsClosedWhileAScenarioRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		ended := make(chan scenario.Outcome, 1)
		d := mustFind(t, steps(`{"connect": {}}, {"wait": 100}`))
		go func() {
			result, _ := pg.PlayScenario(context.Background(), d, scenarios.Options{})
			ended <- result.Outcome
		}()
		time.Sleep(time.Second)
		pg.Close()
		require.Equal(t, scenario.Stopped, <-ended)
	})
}

func TestAScenarioNeverRunsOnARealHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := func(ctx context.Context, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
		pg := openWith(t, Env{Dial: silent, Params: page.ParseParams("hub=inpage", "")})
		pg.typeIn("connection-string", "HostName=real.azure-devices.net;DeviceId=d;SharedAccessKey=c2VjcmV0c2VjcmV0c2VjcmV0")
		pg.click("connect")
		running := false
		result := pg.play(steps(`{"wait": 1}`), scenarios.Options{})
		require.Equal(t, scenario.Failed, result.Outcome)
		require.Contains(t, result.Text, "disconnect the device first")
		require.Equal(t, scenario.NotRun, result.Steps[0].Outcome)
		require.Contains(t, pg.read("scenario-result"), "disconnect the device first")
		pg.Read(func() { running = pg.connection.Running() })
		require.True(t, running, "the person's device goes on")
	})
	synctest.Test(t, func(t *testing.T) {
		nobody := func(context.Context, *hubservice.FetchRequest) (*hubservice.FetchResponse, error) {
			return nil, context.Canceled
		}
		result := openWith(t, Env{Fetch: nobody, Params: page.ParseParams("hub=served", "")}).play(steps(`{"wait": 1}`), scenarios.Options{})
		require.Contains(t, result.Text, "there is none behind this page")
	})
}

func TestPicturesAreTakenByWhoeverCan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		var names []string
		var outcomes []scenario.Outcome
		result := pg.play(steps(`{"screenshot": "one"}, {"screenshot": "two"}`), scenarios.Options{
			Shoot:  func(_ context.Context, name string) error { names = append(names, name); return nil },
			OnStep: func(r scenario.StepResult) { outcomes = append(outcomes, r.Outcome) },
		})
		require.Equal(t, scenario.Passed, result.Outcome)
		require.Equal(t, []string{"one", "two"}, names)
		require.Equal(t, []scenario.Outcome{scenario.Passed, scenario.Passed}, outcomes)
	})
}

func TestFilesAreRecognizedByTheirFormat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "lang=pl")
		pg.drop("mine.json", steps(`{"title": {"en": "one", "pl": "raz"}, "wait": 1}`))
		require.Contains(t, pg.read("scenario"), "mine.json")
		require.Contains(t, pg.read("scenario-step"), "raz")

		pg.drop("broken.json", steps(`{"wait": "x"}`))
		require.Contains(t, pg.read("scenario-problem"), "broken.json: scenariusz jest błędny: steps[0].wait: wpisz liczbę")
		require.Contains(t, pg.read("scenario"), "mine.json", "the one that was there stays")

		pg.drop("template.json", steps(`{"wait": 1}, {"send": {"template": "{$.N}", "variables": {"N": {"kind": "counter", "args": [1]}}}}`))
		require.Contains(t, pg.read("scenario-problem"), "steps[1].send: ")

		pg.drop("words.json", steps(`{"send": {"template": "n=$.N", "msgCount": 2}}`))
		require.Contains(t, pg.read("scenario-problem"), "words.json")

		pg.drop("session.json", `{"format": "hubpanel-session", "version": 9}`)
		require.Contains(t, pg.read("export-result"), "9")
	})
}

func TestALinkToAScenarioThatThereIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "scenario=nothing")
		require.Contains(t, pg.read("scenario-problem"), "There is no scenario of the name nothing.")
		pg.click("scenario-show-methods")
		require.Contains(t, pg.read("scenario"), "Direct methods")
	})
}
