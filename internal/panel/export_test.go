package panel

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
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
	return pg, files, key
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
		valid(t, other.View())
		other.click("import-close")
		require.False(t, other.has("imported"))
	})
}

func TestAWrongSessionIsRefusedByItsPlace(t *testing.T) {
	long := `{"format":"hubpanel-session","version":1,"methods":[` + strings.Repeat("{},", importLimit) + `{}]}`
	for _, c := range []struct{ name, file, want string }{
		{"no JSON", "{\n  oops", "line 2, column 3"},
		{"something else", `{"format": "har"}`, "no session of hubpanel"},
		{"a later one", `{"format":"hubpanel-session","version":2}`, "version 2"},
		{"a wrong kind", `{"format":"hubpanel-session","version":1,"settings":{"qos0":"yes"}}`, "settings.qos0 is a JSON string"},
		{"a wrong element", `{"format":"hubpanel-session","version":1,"deviceLog":[{}, {"what": 5}]}`, "deviceLog, element 2: what is a JSON number"},
		{"an unknown member", `{"format":"hubpanel-session","version":1,"key":"x"}`, `unknown field "key"`},
		{"no list", `{"format":"hubpanel-session","version":1,"telemetry":{}}`, "telemetry is not a list"},
		{"too much", long, "at most 20000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseSession([]byte(c.file))
			require.ErrorContains(t, err, c.want)
		})
	}
}
