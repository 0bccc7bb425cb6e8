package scenario

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// around makes a document of a step.
func around(step string) string {
	return `{"format": "hubpanel-scenario", "version": 1, "name": "x", "steps": [` + step + `]}`
}

func TestWrongDocumentsAreRefusedWithThePlace(t *testing.T) {
	for _, c := range []struct{ name, document, path, says string }{
		{"no JSON", "{\n  \"format\": ,\n}", "", "line 2, column 13"},
		{"nothing", "", "", "not JSON"},
		{"something behind it", around(`{"wait": 1}`) + "{}", "", "not JSON"},
		{"a list", "[]", "format", "no scenario"},
		{"a session", `{"format": "hubpanel-session", "version": 1}`, "format", "no scenario"},
		{"another version", `{"format": "hubpanel-scenario", "version": 2}`, "version", "version 2"},
		{"no version", `{"format": "hubpanel-scenario"}`, "version", "version 1 is read here"},
		{"no name", `{"format": "hubpanel-scenario", "version": 1, "steps": [{"wait": 1}]}`, "name", "missing"},
		{"a name for no file", strings.Replace(around(`{"wait": 1}`), `"x"`, `"../x"`, 1), "name", "letters"},
		{"no steps", `{"format": "hubpanel-scenario", "version": 1, "name": "x", "steps": []}`, "steps", "empty"},
		{"too many steps", around(strings.Repeat(`{"wait": 1},`, maxSteps) + `{"wait": 1}`), "steps", "201 elements"},
		{"an unknown member", around(`{"wait": 1, "waitt": 2}`), "steps[0].waitt", "Known are: title, timeout"},
		{"a step of nothing", around(`{"title": "x"}`), "steps[0]", "connect, disconnect"},
		{"a step of two things", around(`{"wait": 1, "disconnect": {}}`), "steps[0]", "disconnect, wait"},
		{"a name twice", around(`{"send": {"data": 1, "data": 2}}`), "steps[0].send.data", "twice"},
		{"not a number", around(`{"wait": "1"}`), "steps[0].wait", "a number from 0 to 600"},
		{"too long a wait", around(`{"wait": 601}`), "steps[0].wait", "from 0 to 600"},
		{"a negative time", around(`{"wait": -1}`), "steps[0].wait", "from 0"},
		{"not a whole number", around(`{"send": {"data": 1, "msgCount": 1.5}}`), "steps[0].send.msgCount", "whole number"},
		{"no body", around(`{"send": {}}`), "steps[0].send", "data or a template"},
		{"two bodies", around(`{"send": {"data": 1, "template": "x"}}`), "steps[0].send", "data or a template"},
		{"variables for nothing", around(`{"send": {"data": 1, "variables": {"A": {"kind": "walk", "args": [1]}}}}`), "steps[0].send.variables", "template"},
		{"an unknown generator", around(`{"send": {"template": "$.A", "variables": {"A": {"kind": "lorem", "args": []}}}}`), "steps[0].send.variables.A.kind", "walk, sine"},
		{"a comma in an argument", around(`{"send": {"template": "$.A", "variables": {"A": {"kind": "choice", "args": ["a,b"]}}}}`), "steps[0].send.variables.A.args[0]", "comma"},
		{"QoS 0 of many", around(`{"send": {"data": 1, "msgCount": 2, "qos": 0}}`), "steps[0].send.qos", "QoS 1"},
		{"QoS 2", around(`{"send": {"data": 1, "qos": 2}}`), "steps[0].send.qos", "from 0 to 1"},
		{"an id for many", around(`{"send": {"data": 1, "msgCount": 2, "messageId": "a"}}`), "steps[0].send", "single message"},
		{"an encoding for many", around(`{"send": {"template": "x", "contentEncoding": "utf-16"}}`), "steps[0].send", "single message"},
		{"a property that is a number", around(`{"send": {"data": 1, "properties": {"a": 1}}}`), "steps[0].send.properties.a", "in quotes"},
		{"a device that cannot be", around(`{"connect": {"deviceId": "a b"}}`), "steps[0].connect.deviceId", "use ASCII letters"},
		{"two devices", around(`{"connect": {"deviceId": "a", "assigned": true}}`), "steps[0].connect", "only one"},
		{"a model that is none", around(`{"connect": {"modelId": "x"}}`), "steps[0].connect.modelId", "DTMI"},
		{"a patch that is a list", around(`{"report": [1]}`), "steps[0].report", "object"},
		{"a share above one", around(`{"fault": {"drop": 5}}`), "steps[0].fault.drop", "from 0 to 1"},
		{"an expectation of nothing", around(`{"expect": {}}`), "steps[0].expect", "state, desired"},
		{"an unknown state", around(`{"expect": {"state": "online"}}`), "steps[0].expect.state", "connected"},
		{"an unknown comparison", around(`{"expect": {"desired": {"a": {"$regex": "x"}}}}`), `steps[0].expect.desired.a.$regex`, "$like"},
		{"half a comparison", around(`{"expect": {"desired": {"a": [{"$near": 1}]}}}`), "steps[0].expect.desired.a[0]", "together"},
		{"two comparisons", around(`{"expect": {"desired": {"a": {"$any": true, "$like": "x"}}}}`), "steps[0].expect.desired.a", "only one"},
		{"a comparison with false", around(`{"expect": {"desired": {"a": {"$any": false}}}}`), "steps[0].expect.desired.a.$any", "only true"},
		{"a title without English", around(`{"title": {"pl": "x"}, "wait": 1}`), "steps[0].title.en", "missing"},
		{"a title in no language of the page", around(`{"title": {"en": "x", "de": "x"}, "wait": 1}`), "steps[0].title.de", "zh-Hans"},
		{"a key", around(`{"send": {"data": "HostName=h;DeviceId=d;SharedAccessKey=c2VjcmV0c2VjcmV0c2VjcmV0"}}`), "", "holds a key"},
		{"a token", around(`{"send": {"data": "SharedAccessSignature sr=h&sig=c2VjcmV0c2VjcmV0&se=1"}}`), "", "holds a key"},
		{"too large", around(`{"send": {"data": "` + strings.Repeat("x", MaxSize) + `"}}`), "", "are allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := Parse([]byte(c.document))
			require.Nil(t, d)
			var wrong *Error
			require.ErrorAs(t, err, &wrong)
			require.Equal(t, c.path, wrong.Path, "%v", err)
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "c2VjcmV0")
		})
	}
}

func TestWhatIsLeftOutHasAMeaning(t *testing.T) {
	d, err := Parse([]byte(around(`{"send": {"data": null, "msgCount": 100, "msgInterval": 0.5}}, {"title": "a word", "expect": {"state": "connected"}}`)))
	require.NoError(t, err)
	require.Empty(t, d.Device())
	require.Equal(t, defaultTimeout, d.Patience())
	require.Equal(t, defaultStepTime+50e9, d.patience(&d.Steps[0]), "sending takes its time")
	require.JSONEq(t, "null", string(d.Steps[0].Send.Data), "null is a body")
	require.Equal(t, "a word", d.Steps[1].Title.In("pl"))
}

// everything names every member of the format once.
const everything = `{"$schema": "s", "format": "hubpanel-scenario", "version": 1, "name": "all", "title": "t", "description": {"en": "d", "pl": "d"},
	"timeout": 1, "stepTimeout": 1, "seed": 1,
	"hub": {"devices": [{"deviceId": "a", "tags": {}, "desired": {}}],
		"enrollments": [{"registrationId": "r", "deviceId": "d", "tags": {}, "desired": {}}],
		"enrollmentGroups": [{"enrollmentGroupId": "g", "tags": {}, "desired": {}}]},
	"steps": [
	{"title": "t", "timeout": 1, "deviceId": "a", "connect": {"deviceId": "a", "cleanSession": true, "modelId": "dtmi:a;1", "initReportedProperties": {}}},
	{"connect": {"assigned": true}}, {"disconnect": {}},
	{"register": {"registrationId": "r", "enrollmentGroupId": "g", "payload": 1}},
	{"send": {"data": 1, "properties": {"a": null}, "messageId": "m", "correlationId": "c", "contentType": "t", "contentEncoding": "e", "qos": 0}},
	{"send": {"template": "$.A", "variables": {"A": {"kind": "walk", "args": [1, 2, 3, "4"]}}, "seed": 3, "msgCount": 2, "msgInterval": 1}},
	{"report": {}}, {"answer": {"methodName": "m", "methodResponseCode": 200, "methodResponsePayload": 1, "delay": 1}},
	{"expectTelemetry": {"data": 1, "properties": {}, "systemProperties": {}, "count": 1}},
	{"c2d": {"data": 1, "properties": {"a": "b"}, "messageId": "m", "correlationId": "c", "expiry": 1, "ack": "full"}},
	{"desired": {}}, {"invoke": {"methodName": "m", "methodPayload": 1, "responseTimeout": 5, "expect": {}}},
	{"expect": {"state": "connected"}}, {"expect": {"desired": 1}}, {"expect": {"reported": 1}}, {"expect": {"twin": 1}}, {"expect": {"message": 1}}, {"expect": {"method": 1}},
	{"wait": 1}, {"fault": {"delay": 1, "drop": 0.5, "throttle": true, "refuse": 3, "cut": true}}, {"screenshot": "s"}]}`

// What the format lets through, the types hold: decoding is strict about unknown members.
func TestTheTypesHoldTheFormat(t *testing.T) {
	d, err := Parse([]byte(everything))
	require.NoError(t, err)
	v, err := decode([]byte(everything))
	require.NoError(t, err)
	named := map[string]bool{}
	var walk func(is shape, v any)
	walk = func(is shape, v any) {
		switch is := is.(type) {
		case *object:
			for name, v := range v.(map[string]any) {
				for _, f := range is.members {
					if f.name == name {
						named[strings.Join([]string{is.names(), name}, "/")] = true
						walk(f.is, v)
					}
				}
			}
		case list:
			for _, e := range v.([]any) {
				walk(is.of, e)
			}
		case table:
			for _, e := range v.(map[string]any) {
				walk(is.of, e)
			}
		}
	}
	walk(format, v)
	var missing []string
	var each func(is shape)
	each = func(is shape) {
		switch is := is.(type) {
		case *object:
			for _, f := range is.members {
				if !named[is.names()+"/"+f.name] {
					missing = append(missing, f.name)
				}
				each(f.is)
			}
		case list:
			each(is.of)
		case table:
			each(is.of)
		}
	}
	each(format)
	require.Empty(t, missing, "the document of this test names every member")

	seen := map[Action]bool{}
	for i := range d.Steps {
		seen[d.Steps[i].Action()] = true
	}
	for _, f := range format.members[len(format.members)-1].is.(list).of.(*object).oneOf {
		require.True(t, seen[Action(f)], "no step is a %s", f)
	}
}

func TestThePublishedSchemaIsTheFormat(t *testing.T) {
	const path = "../../docs/scenario.schema.json"
	if os.Getenv("HUBPANEL_WRITE_SCHEMA") != "" {
		require.NoError(t, os.WriteFile(path, Schema(), 0o644))
	}
	published, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(Schema()), string(published), "write it again: HUBPANEL_WRITE_SCHEMA=1 go test ./internal/scenario")
	require.True(t, json.Valid(published))
}

// The documentation's examples are documents, or steps.
func TestTheDocumentedExamplesAreRead(t *testing.T) {
	docs, err := os.ReadFile("../../docs/scenarios.md")
	require.NoError(t, err)
	examples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(string(docs), -1)
	require.GreaterOrEqual(t, len(examples), 2)
	for _, e := range examples {
		text := e[1]
		if !Is([]byte(text)) {
			text = around(text)
		}
		_, err := Parse([]byte(text))
		require.NoError(t, err, "%s", text)
	}
	for _, f := range format.members[len(format.members)-1].is.(list).of.(*object).oneOf {
		require.Contains(t, string(docs), "| `"+f+"` |", "the step %s is not explained", f)
	}
	for name := range operators {
		require.Contains(t, string(docs), `"`+name+`"`, "the comparison %s is not explained", name)
	}
}

func TestBuiltins(t *testing.T) {
	require.Len(t, Builtins(), len(builtinNames))
	for i, d := range Builtins() {
		require.Equal(t, builtinNames[i], d.Name, "the file's name is the scenario's")
		require.Equal(t, d, Builtin(d.Name))
		for _, l := range languages {
			require.NotEmpty(t, d.Title[l], "%s has no title in %s", d.Name, l)
			require.NotEmpty(t, d.Description[l])
			for j := range d.Steps {
				require.NotEmpty(t, d.Steps[j].Title[l], "%s, step %d has no title in %s", d.Name, j+1, l)
			}
		}
	}
	require.Nil(t, Builtin("nothing"))
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(everything))
	for _, name := range builtinNames {
		raw, err := builtinFiles.ReadFile("builtin/" + name + ".json")
		require.NoError(f, err)
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := Parse(raw)
		if err != nil {
			require.Nil(t, d)
			return
		}
		require.NotEmpty(t, d.Steps)
		for i := range d.Steps {
			require.Positive(t, d.patience(&d.Steps[i]))
		}
	})
}
