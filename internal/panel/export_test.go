package panel

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// saved gives the page a place to save, and returns what is in it.
func saved(pg *page) map[string][]byte {
	files := map[string][]byte{}
	pg.env.Save = func(name, _ string, data []byte) { files[name[:strings.LastIndex(name, "-20")]] = data }
	return files
}

// fullSession is a session with something everywhere, and its device's key in every place where a person could put it.
func fullSession(t *testing.T) (pg *page, files map[string][]byte, key string) {
	pg = openPage(t, "view=messages")
	files = saved(pg)
	pg.connect()
	key = base64.StdEncoding.EncodeToString(pg.device.credentials.Key)
	pg.typeIn("c2d-body", "the key is "+key)
	pg.click("c2d-send")
	pg.Show(TopicTelemetry)
	pg.typeIn("telemetry-body", fmt.Sprintf(`{"t": 1.50, "nested": {"password": "hunter2"}, "x": %q}`, key))
	pg.typeIn("telemetry-property-value-0", key)
	pg.click("telemetry-send")
	pg.Show(TopicTwin)
	pg.typeIn("twin-patch", fmt.Sprintf(`{"battery": 61, "sharedAccessKey": "hunter2", "other": %q}`, key))
	pg.click("twin-report")
	pg.setsUp(key)
	return pg, files, key
}

// setsUp puts something into everything that a person can set up, and the secret into each.
func (pg *page) setsUp(secret string) {
	pg.update(func() {
		tel := &pg.telemetry
		tel.system.set("$.cid", secret)
		st := tel.streams.add()
		st.name.set("second")
		st.body.set(`{"n": $.N, "password": "hunter2", "k": "` + secret + `"}`)
		st.qos0 = true
		st.count.set("7")
		st.addVariable("N", "choice")
		st.variables[len(st.variables)-1].args.set("SharedAccessKey=hunter2")
		st.properties.add("unit", secret)
		pg.methods.rules.add("reboot")
		rule := pg.methods.rules.list[0]
		rule.mode, rule.status.text = ruleSilent, "503"
		rule.payload.set(`{"key": "` + secret + `"}`)
		pg.cloud.message.correlationID.set(secret)
		pg.cloud.message.ack = "full"
		pg.cloud.invoke.timeout.set("17")
		pg.dps.key.set("aHVudGVyMi1mb3ItZHBz")
		tel.streams.simulator.text.set("IotHubConnectionString=SharedAccessKey=hunter2")
		pg.kept.profiles = append(pg.kept.profiles, profile{Name: "hall", Host: "h.azure-devices.net", DeviceID: "dev-9", Will: true, WillBody: "sig=hunter2 " + secret})
	})
}

func TestNoSecretIsExported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg, files, key := fullSession(t)
		for _, id := range []string{"export-session", "export-device-log", "export-cloud-log"} {
			pg.click(id)
			require.Contains(t, pg.read("export-result"), "without secrets")
		}
		require.Len(t, files, 3)
		for name, data := range files {
			require.NotContains(t, string(data), key, name)
			require.NotContains(t, string(data), "hunter2", name)
			require.NotContains(t, string(data), "aHVudGVyMi1mb3ItZHBz", name)
			for _, secret := range pg.secretsLocked() {
				require.NotContains(t, string(data), secret, name)
			}
		}
		lines := strings.Split(strings.TrimSpace(string(files["hubpanel-device-log"])), "\n")
		require.Greater(t, len(lines), 5)
		for _, line := range lines {
			require.True(t, json.Valid([]byte(line)), line)
		}
		require.Contains(t, string(files["hubpanel-session"]), "1.50", "numbers keep their digits")
	})
}

func TestASessionIsOpenedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg, files, _ := fullSession(t)
		pg.click("export-session")
		raw := files["hubpanel-session"]

		other := openPage(t, "")
		other.fire("import-file", "change", Event{Files: []File{{Name: "s.json", Size: int64(len(raw)), Data: raw}}})
		require.Contains(t, other.read("export-result"), "The forms are as they were")
		require.Contains(t, other.read("imported-messages"), "the key is …")
		require.Contains(t, other.read("imported-reported"), `"battery": 61`)
		require.Contains(t, other.read("imported-telemetry"), `"t": 1.50`)
		require.Contains(t, other.read("imported"), "It was MyDevice01 at hub.inpage")
		require.Equal(t, TopicTwin, other.topic)
		require.Contains(t, other.find("twin-patch").Value, `"battery": 61`)
		require.Equal(t, "second", other.telemetry.streams.list[1].name.text)
		st := other.telemetry.streams.list[1]
		require.True(t, st.qos0)
		require.Equal(t, "7", st.count.text)
		require.Equal(t, "choice", st.variables[len(st.variables)-1].kind)
		unit, _ := st.properties.list().Get("unit")
		require.Equal(t, "…", unit)
		require.Equal(t, "walk", other.telemetry.streams.list[0].variables[0].kind)
		rule := other.methods.rules.of("reboot")
		require.Equal(t, ruleSilent, rule.mode)
		require.Equal(t, "503", rule.status.text)
		require.Equal(t, "*", other.methods.rules.of("any").name.text)
		require.Equal(t, "…", other.telemetry.system.row("$.cid").value.text)
		require.Equal(t, "17", other.cloud.invoke.timeout.text)
		require.Equal(t, "full", other.cloud.message.ack)
		other.click("imported-profile-use-0")
		require.Equal(t, "dev-9", other.device.form.deviceID.text)
		require.False(t, other.has("imported-profile-keep-0"), "there is no storage here")
		valid(t, other.View())
		other.click("import-close")
		require.False(t, other.has("imported"))
	})
}

// TestAnOldSessionIsOpened reads a file of version 1, as the page wrote it in 2026: what it did not know stays as it is.
func TestAnOldSessionIsOpened(t *testing.T) {
	raw := []byte(`{"format":"hubpanel-session","version":1,"exported":"2026-11-01T10:00:00Z","device":{"host":"h","deviceId":"d"},
		"settings":{"view":"messages","theme":"dark","lang":"pl","telemetry":"old","contentType":"text/plain","contentEncoding":"utf-16","qos0":true,
		"properties":[{"name":"a","value":null},{"name":"b","value":"c"}],"reportedPatch":"{}","desiredPatch":"{}","tagsPatch":"{}","cloudToDevice":"x","methodName":"m","methodPayload":"1"},
		"cloudToDevice":[],"telemetry":[],"methods":[],"deviceLog":[],"operationsLog":[]}`)
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		pg.telemetry.streams.list[0].name.set("mine")
		pg.fire("import-file", "change", Event{Files: []File{{Name: "old.json", Size: int64(len(raw)), Data: raw}}})
		require.Equal(t, TopicMessages, pg.topic)
		require.Equal(t, "old", pg.telemetry.body.text)
		system := pg.telemetry.system.properties()
		require.Equal(t, "text/plain utf-16", system.ContentType+" "+system.ContentEncoding)
		require.True(t, pg.telemetry.qos0)
		require.Equal(t, hubproto.Properties{{Name: "a", Null: true}, {Name: "b", Value: "c"}}, pg.telemetry.properties.list())
		require.Equal(t, "mine", pg.telemetry.streams.list[0].name.text, "a file without streams takes none away")
		require.Equal(t, "30", pg.cloud.invoke.timeout.text)
	})
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
			_, err := parseSession([]byte(c.file))
			require.ErrorContains(t, err, c.want)
		})
	}
}
