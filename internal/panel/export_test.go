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
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// saved gives the page a place to save, and returns what is in it.
func saved(pg *person) map[string][]byte {
	files := map[string][]byte{}
	pg.saver(func(name string, data []byte) { files[name[:strings.LastIndex(name, "-20")]] = data })
	return files
}

// fullSession is a session with something everywhere, and its device's key in every place where a person could put it.
func fullSession(t *testing.T) (pg *person, files map[string][]byte, key string) {
	// A secret can be in a profile that another version of the page, or a person by hand, put into the browser's storage.
	hall, err := json.Marshal([]savefile.Profile{{Name: "hall", Host: "h.azure-devices.net", DeviceID: "dev-9", Will: true, WillBody: "sig=hunter2"}})
	require.NoError(t, err)
	pg = openWith(t, Env{Params: page.ParseParams("view=messages", ""), Local: memory{profilesKey: string(hall)}})
	files = saved(pg)
	pg.connect()
	key = base64.StdEncoding.EncodeToString(pg.credentials().Key)
	pg.typeIn("c2d-body", "the key is "+key)
	pg.click("c2d-send")
	pg.Show(page.TopicTelemetry)
	pg.typeIn("telemetry-body", fmt.Sprintf(`{"t": 1.50, "nested": {"password": "hunter2"}, "x": %q}`, key))
	pg.typeIn("telemetry-property-value-0", key)
	pg.click("telemetry-send")
	pg.Show(page.TopicTwin)
	pg.typeIn("twin-patch", fmt.Sprintf(`{"battery": 61, "sharedAccessKey": "hunter2", "other": %q}`, key))
	pg.click("twin-report")
	pg.setsUp(key)
	return pg, files, key
}

// setsUp puts something into everything that a person can set up, and the secret into each.
func (pg *person) setsUp(secret string) {
	pg.t.Helper()
	pg.Show(page.TopicTelemetry)
	pg.addSystemProperty("$.cid")
	pg.typeIn("telemetry-correlation-id", secret)
	pg.click("stream-add")
	pg.typeIn("stream-1-name", "second")
	pg.fire("stream-1-template", "toggle", ui.Event{Checked: true})
	pg.typeIn("stream-1-body", `{"n": $.N, "password": "hunter2", "k": "`+secret+`"}`)
	pg.fire("stream-1-qos", "change", ui.Event{Value: "0"})
	pg.typeIn("stream-1-count", "7")
	pg.click("stream-1-variable-add")
	last := pg.lastVariable("stream-1")
	pg.typeIn(fmt.Sprint("stream-1-variable-name-", last), "N")
	pg.fire(fmt.Sprint("stream-1-variable-kind-", last), "change", ui.Event{Value: "choice"})
	pg.typeIn(fmt.Sprint("stream-1-variable-args-", last), "SharedAccessKey=hunter2")
	pg.click("stream-1-property-add")
	pg.typeIn("stream-1-property-name-0", "unit")
	pg.typeIn("stream-1-property-value-0", secret)
	pg.typeIn("simulator-text", "IotHubConnectionString=SharedAccessKey=hunter2")
	pg.Show(page.TopicMethods)
	pg.click("method-rule-add")
	pg.typeIn("method-rule-0-name", "reboot")
	pg.typeIn("method-rule-0-status", "503")
	pg.typeIn("method-rule-0-answer", `{"key": "`+secret+`"}`)
	pg.fire("method-rule-0-mode", "change", ui.Event{Value: "silent"})
	pg.typeIn("invoke-timeout", "17")
	pg.Show(page.TopicMessages)
	pg.typeIn("c2d-correlation-id", secret)
	pg.fire("c2d-ack", "change", ui.Event{Value: "full"})
	pg.Show(page.TopicProvisioning)
	pg.typeIn("dps-key", "aHVudGVyMi1mb3ItZHBz")
	pg.Show(page.TopicTwin)
}

// lastVariable is the place of the last variable of a stream.
func (pg *person) lastVariable(stream string) int {
	n := 0
	for pg.has(fmt.Sprint(stream, "-variable-name-", n)) {
		n++
	}
	return n - 1
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
			var secrets page.Secrets
			pg.Read(func() { secrets = pg.Secrets() })
			require.Contains(t, secrets, key)
			for _, secret := range secrets {
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
		other.fire("import-file", "change", ui.Event{Files: []ui.File{{Name: "s.json", Size: int64(len(raw)), Data: raw}}})
		require.Contains(t, other.read("export-result"), "The forms are as they were")
		require.Contains(t, other.read("imported-messages"), "the key is …")
		require.Contains(t, other.read("imported-reported"), `"battery": 61`)
		require.Contains(t, other.read("imported-telemetry"), `"t": 1.50`)
		require.Contains(t, other.read("imported"), "It was MyDevice01 at hub.inpage")
		require.Equal(t, page.TopicTwin, other.Topic)
		require.Contains(t, other.value("twin-patch"), `"battery": 61`)
		other.Show(page.TopicTelemetry)
		require.Equal(t, "second", other.value("stream-1-name"))
		require.Equal(t, "0", other.chosen("stream-1-qos"))
		require.Equal(t, "7", other.value("stream-1-count"))
		other.fire("stream-1-template", "toggle", ui.Event{Checked: true})
		require.Equal(t, "choice", other.chosen(fmt.Sprint("stream-1-variable-kind-", other.lastVariable("stream-1"))))
		require.Equal(t, "unit", other.value("stream-1-property-name-0"))
		require.Equal(t, "…", other.value("stream-1-property-value-0"))
		other.fire("stream-0-template", "toggle", ui.Event{Checked: true})
		require.Equal(t, "walk", other.chosen("stream-0-variable-kind-0"))
		require.Equal(t, "…", other.value("telemetry-correlation-id"))
		other.Show(page.TopicMethods)
		require.Equal(t, "reboot", other.value("method-rule-0-name"))
		require.Equal(t, "silent", other.chosen("method-rule-0-mode"))
		rules := other.session().Rules
		require.Equal(t, "503", rules[0].Status)
		require.Len(t, rules, 2)
		require.Equal(t, "*", rules[1].Method, "it is for every other method")
		require.Equal(t, "17", other.value("invoke-timeout"))
		other.Show(page.TopicMessages)
		require.Equal(t, "full", other.chosen("c2d-ack"))
		other.click("imported-profile-use-0")
		require.Equal(t, "dev-9", other.value("connect-device-id"))
		require.False(t, other.has("imported-profile-keep-0"), "there is no storage here")
		uitest.Valid(t, other.View())
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
		pg.typeIn("stream-0-name", "mine")
		pg.fire("import-file", "change", ui.Event{Files: []ui.File{{Name: "old.json", Size: int64(len(raw)), Data: raw}}})
		require.Equal(t, page.TopicMessages, pg.Topic)
		require.Equal(t, page.ThemeDark, pg.Theme)
		var message hubclient.Message
		pg.Read(func() { message = pg.telemetry.Message() })
		require.Equal(t, "old", string(message.Body))
		require.Equal(t, "text/plain utf-16", message.ContentType+" "+message.ContentEncoding)
		require.Equal(t, hubproto.Properties{{Name: "a", Null: true}, {Name: "b", Value: "c"}}, message.Properties)
		pg.Show(page.TopicTelemetry)
		require.Len(t, checked(pg, "telemetry-qos0"), 1)
		require.Equal(t, "mine", pg.value("stream-0-name"), "a file without streams takes none away")
		pg.Show(page.TopicMethods)
		require.Equal(t, "30", pg.value("invoke-timeout"))
	})
}
