package savefile

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

func TestANewDocumentIsReadAgain(t *testing.T) {
	d := New(time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC))
	raw, err := json.Marshal(d)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "null", "an empty list is a list")
	again, err := Parse(raw)
	require.NoError(t, err)
	require.Equal(t, Format, again.Format)
	require.Equal(t, Version, again.Version)
	require.True(t, again.Exported.Equal(d.Exported))
}

func TestAFullDocumentIsReadAgain(t *testing.T) {
	value := "v"
	d := New(time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC))
	d.Device = Device{Host: "h", DeviceID: "d", ModuleID: "m", Gateway: "g"}
	d.Settings.Telemetry, d.Settings.QoS0 = "body", true
	d.Settings.System = []Property{{Name: "$.ct", Value: &value}}
	d.Twin = &Twin{Desired: map[string]any{"a": "b"}, Reported: map[string]any{"c": "d"}, DesiredVersion: 3, ReportedVersion: 4}
	d.ToDevice = []Body{{At: d.Exported, Body: "x", Input: "i"}}
	d.Stored = []Body{{At: d.Exported, DeviceID: "d", Sequence: 5, System: map[string]any{"content-type": "t"}}}
	d.Methods = []Call{{At: d.Exported, Name: "reboot", Request: "1", Status: 200, Response: "2"}}
	d.Log = []Entry{{At: d.Exported, Kind: "sent", What: "Telemetry", Note: "n"}}
	d.Hub = []Entry{{At: d.Exported, Kind: "state", What: "deviceConnect"}}
	d.Dropped = 6
	d.Streams = []Stream{{Name: "s", Variables: []Variable{{Name: "N", Kind: "walk", Values: "1"}}, Properties: []Property{{Name: "p"}}}}
	d.Rules = []Rule{{Method: "*", Mode: "answer", Status: "200", Payload: "{}", Delay: "7"}}
	d.Profiles = []Profile{{Name: "hall", Host: "h", DeviceID: "d", Will: true, WillBody: "w"}}
	raw, err := json.Marshal(d)
	require.NoError(t, err)
	again, err := Parse(raw)
	require.NoError(t, err)
	require.Equal(t, d, again)
}

// TestVersion1IsRead reads a file as the page wrote it before it had streams, rules and profiles.
func TestVersion1IsRead(t *testing.T) {
	d, err := Parse([]byte(`{"format":"hubpanel-session","version":1,"exported":"2026-11-01T10:00:00Z","device":{"host":"h","deviceId":"d"},
		"settings":{"view":"messages","theme":"dark","lang":"pl","telemetry":"old","contentType":"text/plain","contentEncoding":"utf-16","qos0":true,
		"properties":[{"name":"a","value":null},{"name":"b","value":"c"}],"reportedPatch":"{}","desiredPatch":"{}","tagsPatch":"{}","cloudToDevice":"x","methodName":"m","methodPayload":"1"},
		"cloudToDevice":[],"telemetry":[],"methods":[],"deviceLog":[],"operationsLog":[]}`))
	require.NoError(t, err)
	require.Equal(t, 1, d.Version)
	require.Equal(t, "text/plain utf-16", d.Settings.ContentType+" "+d.Settings.ContentEncoding)
	require.True(t, d.Settings.QoS0)
	require.Equal(t, hubproto.Properties{{Name: "a", Null: true}, {Name: "b", Value: "c"}}, Bag(d.Settings.Properties))
	require.Nil(t, d.Streams, "a file without streams differs from one with none")
}

func TestAWrongSessionIsRefusedByItsPlace(t *testing.T) {
	long := `{"format":"hubpanel-session","version":1,"methods":[` + strings.Repeat("{},", importLimit) + `{}]}`
	for _, c := range []struct{ name, file, want string }{
		{"no JSON", "{\n  oops", "line 2, column 3"},
		{"something else", `{"format": "har"}`, "no session of hubpanel"},
		{"a later one", `{"format":"hubpanel-session","version":3}`, "version 3, and this page reads versions 1 to 2"},
		{"a wrong kind", `{"format":"hubpanel-session","version":1,"settings":{"qos0":"yes"}}`, "settings.qos0 is a JSON string"},
		{"a wrong element", `{"format":"hubpanel-session","version":1,"deviceLog":[{}, {"what": 5}]}`, "deviceLog, element 2: what is a JSON number"},
		{"an unknown member", `{"format":"hubpanel-session","version":1,"key":"x"}`, `unknown field "key"`},
		{"no list", `{"format":"hubpanel-session","version":1,"telemetry":{}}`, "telemetry is not a list"},
		{"too much", long, "at most 20000"},
		{"too many streams", strings.NewReplacer("methods", "streams", `"version":1`, `"version":2`).Replace(long), "at most 200"},
		{"a wrong stream", `{"format":"hubpanel-session","version":2,"streams":[{"variables":[{"name":1}]}]}`, "streams, element 1: variables.name is a JSON number"},
		{"a secret's place", `{"format":"hubpanel-session","version":2,"profiles":[{"key":"x"}]}`, `profiles, element 1: json: unknown field "key"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.file))
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestBodies(t *testing.T) {
	for _, body := range [][]byte{nil, []byte("text ż"), {0xff, 0x00, 0xfe}} {
		var b Body
		b.SetBody(body)
		require.Equal(t, string(body), string(b.Bytes()))
		require.Equal(t, body != nil && body[0] == 0xff, b.Base64 != "", "base64 is for what is not UTF-8")
	}
	redacted := Body{Base64: "…"}
	require.Equal(t, "…", string(redacted.Bytes()), "a redacted body is shown as it is")
}

func TestPropertyBags(t *testing.T) {
	bag := hubproto.Properties{{Name: "a", Null: true}, {Name: "b"}, {Name: "c", Value: "d"}}
	raw, err := json.Marshal(FromBag(bag))
	require.NoError(t, err)
	require.JSONEq(t, `[{"name":"a","value":null},{"name":"b","value":""},{"name":"c","value":"d"}]`, string(raw))
	require.Equal(t, bag, Bag(FromBag(bag)))
}
