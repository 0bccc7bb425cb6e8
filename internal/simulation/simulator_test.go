package simulation

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/savefile"
)

// notesOf returns the notes of an import in one text.
func notesOf(s Import) string {
	var b strings.Builder
	for _, note := range s.Notes {
		b.WriteString(note.Error() + "\n")
	}
	return b.String()
}

// compiled returns the template of an imported stream, as the device dev-1 sends it.
func compiled(t *testing.T, e savefile.Stream) *Template {
	t.Helper()
	source := sourceOf(&e)
	source.DeviceID = "dev-1"
	tpl, err := Compile(source, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	require.NoError(t, err)
	return tpl
}

// firstOf returns the bodies of the first messages of an imported stream.
func firstOf(t *testing.T, e savefile.Stream, n int) (bodies []string) {
	t.Helper()
	tpl := compiled(t, e)
	for range n {
		bodies = append(bodies, string(tpl.Next(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))))
	}
	return bodies
}

// The examples of the simulator's README: a docker command, with Variables as Newtonsoft reads them.
func TestTheReadmesDockerCommandBecomesAStream(t *testing.T) {
	s, err := ParseSimulator(`docker run -it -e "IotHubConnectionString=HostName=h.azure-devices.net;SharedAccessKeyName=device;SharedAccessKey=Y2FuYXJ5" \
  -e Template="{ \"deviceId\": \"$.DeviceId\", \"temp\": $.Temp, \"Counter\": $.Counter, \"engine\": \"$.Engine\" }" \
  -e MessageCount=5 --env=Interval=250 -e Header='{ "level": "warm", "t": $.Temp }' \
  -e Variables="[{name: \"Temp\", \"random\": true, \"max\": 25, \"min\": 23}, {\"name\":\"Counter\", \"min\":100}, {name:\"Engine\", values: [\"on\", \"off\"]}]" mcr.microsoft.com/x`)
	require.NoError(t, err)
	require.Len(t, s.Streams, 1)
	e := s.Streams[0]
	require.Equal(t, []string{"250", "5", "1"}, []string{e.Interval, e.Count, e.Burst})
	require.Equal(t, []savefile.Variable{{Name: "Temp", Kind: "random", Values: "23, 25"}, {Name: "Counter", Kind: "counter", Values: "100, 1"}, {Name: "Engine", Kind: "choice", Values: "on, off"}}, e.Variables)
	bodies := firstOf(t, e, 2)
	require.Regexp(t, `^{ "deviceId": "dev-1", "temp": 2[34], "Counter": 100, "engine": "(on|off)" }$`, bodies[0])
	require.Contains(t, bodies[1], `"Counter": 101`)
	tpl := compiled(t, e)
	tpl.Next(time.Now())
	level, _ := tpl.Bag().Get("level")
	temperature, _ := tpl.Bag().Get("t")
	require.Equal(t, "warm", level)
	require.Regexp(t, `^2[34]$`, temperature, "a header's variable has the message's value")
	require.Contains(t, notesOf(s), "IotHubConnectionString was not read")
	require.NotContains(t, notesOf(s), "Y2FuYXJ5")
}

// A configuration file in the form of the simulator's own test files: comments, payloads of devices, intervals.
func TestAConfigurationFileWithPayloads(t *testing.T) {
	s, err := ParseSimulator(`// two devices
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
	require.Len(t, s.Streams, 2)
	require.Equal(t, []string{"10000", "0"}, []string{s.Streams[0].Interval, s.Streams[0].Count})
	bodies := firstOf(t, s.Streams[0], 3)
	require.JSONEq(t, `{"value": "1", "z": {"a": 1.50}}`, bodies[0])
	require.JSONEq(t, `{"value": "true", "z": {"a": 1.50}}`, bodies[1])
	require.JSONEq(t, `{"value": "2", "z": {"a": 1.50}}`, bodies[2], "a variable goes on when a sequence shows it")
	require.Equal(t, "21667", s.Streams[1].Interval)
	bodies = firstOf(t, s.Streams[1], 1)
	require.JSONEq(t, `{"value": "myfixvalue"}`, bodies[0])
	for _, want := range []string{"several devices", "the device sim000001 alone", "mean, 21667 ms", "DuplicateEvery was left out", "PartitionKey was left out: it is for Event Hubs", "Colour was left out"} {
		require.Contains(t, notesOf(s), want)
	}
}

func TestPayloadsByTheirShare(t *testing.T) {
	binary := base64.StdEncoding.EncodeToString([]byte{0xff, 0, 1})
	s, err := ParseSimulator(fmt.Sprintf("# a comment\nexport Interval=1000\nMessageCount=100\nOther='a;$.Counter'\n"+
		"PayloadDistribution=fixSize(20, 12) template(50, default) template(20, Other) fix(10, %s)\nTemplate={\"n\": $.Counter}\n", binary))
	require.NoError(t, err)
	require.Len(t, s.Streams, 3)
	got := []string{}
	for _, e := range s.Streams {
		got = append(got, strings.Join([]string{e.Name, e.Interval, e.Count, e.ContentType}, " "))
	}
	// The payload that was left out has no share.
	require.Equal(t, []string{"simulator-1 4500 22 text/plain", "simulator-2 1800 56 application/json", "simulator-3 4500 22 text/plain"}, got)
	bodies := firstOf(t, s.Streams[0], 1)
	require.Len(t, bodies[0], 12)
	bodies = firstOf(t, s.Streams[2], 2)
	require.Equal(t, []string{"a;1", "a;2"}, bodies)
	require.Contains(t, notesOf(s), "3 bytes was left out: they are no text")
	require.Contains(t, notesOf(s), "streams of their own here")
	require.Contains(t, notesOf(s), "12 bytes of payload 1 are letters and digits")
}

func TestVariablesAsTheSimulatorReadsThem(t *testing.T) {
	s, err := ParseSimulator(`[{"name":"a","random":true}, {"name":"b","randomDouble":"true","min":1,"max":2}, {"name":"c","customLengthString":7}, {name:'d', values:['x, y', 2, true]},
		{"name":"e","min":5,"max":9,"step":-2}, {"name":"f","sequence":true,"values":["u","v"]}, {"name":"g","random":true,"min":9,"max":3}, {"name":"h","colour":1}]`)
	require.NoError(t, err)
	require.Equal(t, []savefile.Variable{
		{Name: "a", Kind: "random", Values: "0, 2147483647"}, {Name: "b", Kind: "uniform", Values: "1, 2"}, {Name: "c", Kind: "text", Values: "7"}, {Name: "d", Kind: "choice", Values: `["x, y","2","true"]`},
		{Name: "e", Kind: "counter", Values: "5, -2"}, {Name: "f", Kind: "sequence", Values: "u, v"}, {Name: "g", Kind: "random", Values: "0, 2147483647"}, {Name: "h", Kind: "counter", Values: "1, 1"},
	}, s.Streams[0].Variables)
	for _, want := range []string{"The variable e: max has no effect", "The variable g: min and max count only if", "The variable h: colour was left out"} {
		require.Contains(t, notesOf(s), want)
	}
	bodies := firstOf(t, s.Streams[0], 1)
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
		_, err := ParseSimulator(text)
		require.ErrorContains(t, err, want, text)
	}
}

func FuzzParseSimulator(f *testing.F) {
	f.Add(`{'Variables': [{name: "x", values: [1, 2,]}], /* */ "Template": {"a": $.x}}`)
	f.Add("docker run -e Interval=1 -e \"Template={\\\"a\\\": 1}\" ^\n x")
	f.Add("PayloadDistribution=fixSize(1,2) fix(3,YQ==)")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSimulator(text)
		if err == nil {
			require.NotEmpty(t, s.Streams)
		}
	})
}
