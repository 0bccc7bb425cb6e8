package panel

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// notesOf are a configuration's notes in one text.
func notesOf(s *simulated) string {
	var b strings.Builder
	for _, note := range s.notes {
		b.WriteString(note.Error() + "\n")
	}
	return b.String()
}

// firstOf are the first messages of an imported stream.
func firstOf(t *testing.T, e exportedStream, n int) (bodies []string, st *telemetryStream) {
	t.Helper()
	st = &telemetryStream{}
	st.restore(e)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tpl, err := st.template("dev-1", now)
	require.NoError(t, err)
	for range n {
		bodies = append(bodies, string(tpl.next(now)))
	}
	return bodies, st
}

// The examples of the simulator's README: a docker command, with Variables as Newtonsoft reads them.
func TestTheReadmesDockerCommandBecomesAStream(t *testing.T) {
	s, err := parseSimulator(`docker run -it -e "IotHubConnectionString=HostName=h.azure-devices.net;SharedAccessKeyName=device;SharedAccessKey=Y2FuYXJ5" \
  -e Template="{ \"deviceId\": \"$.DeviceId\", \"temp\": $.Temp, \"Counter\": $.Counter, \"engine\": \"$.Engine\" }" \
  -e MessageCount=5 --env=Interval=250 -e Header='{ "level": "warm", "t": $.Temp }' \
  -e Variables="[{name: \"Temp\", \"random\": true, \"max\": 25, \"min\": 23}, {\"name\":\"Counter\", \"min\":100}, {name:\"Engine\", values: [\"on\", \"off\"]}]" mcr.microsoft.com/x`)
	require.NoError(t, err)
	require.Len(t, s.streams, 1)
	e := s.streams[0]
	require.Equal(t, []string{"250", "5", "1"}, []string{e.Interval, e.Count, e.Burst})
	require.Equal(t, []exportedVariable{{"Temp", "random", "23, 25"}, {"Counter", "counter", "100, 1"}, {"Engine", "choice", "on, off"}}, e.Variables)
	bodies, st := firstOf(t, e, 2)
	require.Regexp(t, `^{ "deviceId": "dev-1", "temp": 2[34], "Counter": 100, "engine": "(on|off)" }$`, bodies[0])
	require.Contains(t, bodies[1], `"Counter": 101`)
	tpl, err := st.template("dev-1", time.Now())
	require.NoError(t, err)
	tpl.next(time.Now())
	level, _ := tpl.bag().Get("level")
	temperature, _ := tpl.bag().Get("t")
	require.Equal(t, "warm", level)
	require.Regexp(t, `^2[34]$`, temperature, "a header's variable has the message's value")
	require.Contains(t, notesOf(s), "IotHubConnectionString was not read")
	require.NotContains(t, notesOf(s), "Y2FuYXJ5")
}

// A configuration file in the form of the simulator's own test files: comments, payloads of devices, intervals.
func TestAConfigurationFileWithPayloads(t *testing.T) {
	s, err := parseSimulator(`// two devices
{
  "Variables": [
    { "name": "Value", "sequence": true, "values": [ "$.Counter", "true", "$.Counter" ] },
    { "name": "Counter" },
  ],
  "intervals": { "sim000001": 10000, "sim000002": [ 20000, 30000, 15000 ] }, /* ms */
  "Payloads": [
    { "type": "template", "deviceId": "sim000001", "template": { "value": "$.Value", "z": { "a": 1.50 } } },
    { "type": "fix", "deviceId": "sim000002", "value": { "value": "myfixvalue" } }
  ],
  "MessageCount": "0",
  "DeviceCount": 2, "DuplicateEvery": 3, "PartitionKey": "x", "Colour": "red"
}`)
	require.NoError(t, err)
	require.Len(t, s.streams, 2)
	require.Equal(t, []string{"10000", "0"}, []string{s.streams[0].Interval, s.streams[0].Count})
	bodies, _ := firstOf(t, s.streams[0], 3)
	require.JSONEq(t, `{"value": "1", "z": {"a": 1.50}}`, bodies[0])
	require.JSONEq(t, `{"value": "true", "z": {"a": 1.50}}`, bodies[1])
	require.JSONEq(t, `{"value": "2", "z": {"a": 1.50}}`, bodies[2], "a variable goes on when a sequence shows it")
	require.Equal(t, "21667", s.streams[1].Interval)
	bodies, _ = firstOf(t, s.streams[1], 1)
	require.JSONEq(t, `{"value": "myfixvalue"}`, bodies[0])
	for _, want := range []string{"several devices", "the device sim000001 alone", "mean, 21667 ms", "DuplicateEvery was left out", "PartitionKey was left out: it is for Event Hubs", "Colour was left out"} {
		require.Contains(t, notesOf(s), want)
	}
}

func TestPayloadsByTheirShare(t *testing.T) {
	binary := base64.StdEncoding.EncodeToString([]byte{0xff, 0, 1})
	s, err := parseSimulator(fmt.Sprintf("# a comment\nexport Interval=1000\nMessageCount=100\nOther='a;$.Counter'\n"+
		"PayloadDistribution=fixSize(20, 12) template(50, default) template(20, Other) fix(10, %s)\nTemplate={\"n\": $.Counter}\n", binary))
	require.NoError(t, err)
	require.Len(t, s.streams, 3)
	got := []string{}
	for _, e := range s.streams {
		got = append(got, strings.Join([]string{e.Name, e.Interval, e.Count, e.ContentType}, " "))
	}
	// The part that cannot be is no part of the whole.
	require.Equal(t, []string{"simulator-1 4500 22 text/plain", "simulator-2 1800 56 application/json", "simulator-3 4500 22 text/plain"}, got)
	bodies, _ := firstOf(t, s.streams[0], 1)
	require.Len(t, bodies[0], 12)
	bodies, _ = firstOf(t, s.streams[2], 2)
	require.Equal(t, []string{"a;1", "a;2"}, bodies)
	require.Contains(t, notesOf(s), "3 bytes was left out: they are no text")
	require.Contains(t, notesOf(s), "streams of their own here")
	require.Contains(t, notesOf(s), "12 bytes of payload 1 are letters and digits")
}

func TestVariablesAsTheSimulatorReadsThem(t *testing.T) {
	s, err := parseSimulator(`[{"name":"a","random":true}, {"name":"b","randomDouble":"true","min":1,"max":2}, {"name":"c","customLengthString":7}, {name:'d', values:['x, y', 2, true]},
		{"name":"e","min":5,"max":9,"step":-2}, {"name":"f","sequence":true,"values":["u","v"]}, {"name":"g","random":true,"min":9,"max":3}, {"name":"h","colour":1}]`)
	require.NoError(t, err)
	require.Equal(t, []exportedVariable{
		{"a", "random", "0, 2147483647"}, {"b", "uniform", "1, 2"}, {"c", "text", "7"}, {"d", "choice", `["x, y","2","true"]`},
		{"e", "counter", "5, -2"}, {"f", "sequence", "u, v"}, {"g", "random", "0, 2147483647"}, {"h", "counter", "1, 1"},
	}, s.streams[0].Variables)
	for _, want := range []string{"The variable e: max has no effect", "The variable g: min and max count only if", "The variable h: colour was left out"} {
		require.Contains(t, notesOf(s), want)
	}
	bodies, _ := firstOf(t, s.streams[0], 1)
	require.Contains(t, bodies[0], `"deviceId": "dev-1"`, "without a Template, the simulator's own")
}

func TestAWrongConfigurationSaysWhere(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "there is no configuration",
		"hello":                "no configuration of Iot-Telemetry-Simulator",
		"{\n \"Interval\": }":  "line 2",
		`{"Interval": "soon"}`: "Interval is no whole number",
		`{"Interval": 0}`:      "more than 0",
		`{"Variables": {}}`:    "Variables is not a list",
		`{"Variables": [{}]}`:  "Variables, element 1: it has no name",
		`{"Variables": [{"name":"x","sequence":true}]}`:                 "a sequence without values",
		`{"Variables": [{"name":"x","min":"a"}]}`:                       "its min is no number",
		`{"Payloads": [{"type":"other"}]}`:                              "Payloads, element 1: its type is",
		`{"Payloads": [{"type":"fix","value":"x","distribution":"y"}]}`: "no percentage",
		`{"Header": "no object"}`:                                       "Header",
		"PayloadDistribution=template(50, Missing)":                     "there is no template Missing",
		"PayloadDistribution=fix(100, ???)":                             "nothing of this configuration",
		"{ 'a":                                                          "line 1",
	} {
		_, err := parseSimulator(text)
		require.ErrorContains(t, err, want, text)
	}
}

func FuzzParseSimulator(f *testing.F) {
	f.Add(`{'Variables': [{name: "x", values: [1, 2,]}], /* */ "Template": {"a": $.x}}`)
	f.Add("docker run -e Interval=1 -e \"Template={\\\"a\\\": 1}\" ^\n x")
	f.Add("PayloadDistribution=fixSize(1,2) fix(3,YQ==)")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseSimulator(text)
		if err == nil {
			require.NotEmpty(t, s.streams)
		}
	})
}

func TestAConfigurationIsImportedInThePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=telemetry")
		pg.connect()
		pg.typeIn("simulator-text", "{")
		pg.click("simulator-import")
		require.Contains(t, pg.read("simulator-result"), "line 1")
		file := `{"Template": "{\"n\": $.N}", "Variables": [{"name": "N", "min": 7}], "MessageCount": 2, "Interval": 100, "DeviceCount": 5}`
		pg.fire("simulator-file", "change", Event{Files: []File{{Name: "c.json", Size: int64(len(file)), Data: []byte(file)}}})
		require.Contains(t, pg.read("simulator-result"), "1 stream was added")
		require.Contains(t, pg.read("simulator-note"), "several devices")
		require.Empty(t, pg.find("simulator-text").Value, "what was read is gone from the form")
		require.Equal(t, `{"n": 7}`, pg.read("stream-1-preview"))
		pg.click("stream-1-start")
		time.Sleep(time.Second)
		synctest.Wait()
		require.Contains(t, pg.read("stream-1-state"), "Done: 2 messages.")
		valid(t, pg.View())
	})
}
