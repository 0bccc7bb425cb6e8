package panel

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
)

// "Forget everything" leaves no secret on any tab, in a saved session, in the page's own list of secrets or in the browser's storage:
// neither of the connection form, nor of the registration, nor a hub's key that was pasted with a configuration of the simulator.
func TestForgetEverythingLeavesNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		local, session := memory{}, memory{}
		pg := openWith(t, Env{Params: page.ParseParams("view=telemetry", ""), Local: local, Session: session})
		files := saved(pg)
		secrets := map[string]string{
			"of the hub":            "aHViLWtleS1vZi1hLXBlcnNvbg==",
			"of a connection":       "ZGV2aWNlLWtleS1vZi1hLXBlcnNvbg==",
			"in a field":            "ZmllbGQta2V5LW9mLWEtcGVyc29u",
			"of the registration":   "ZHBzLWtleS1vZi1hLXBlcnNvbg==",
			"of the ready-made one": pg.demoKey(),
			"in an imported stream": "dGVtcGxhdGUta2V5LW9mLWEtcGVyc29u",
		}
		signed := func(resource, policy string) string {
			return hubproto.SignSAS([]byte("a key of a person"), resource, policy, time.Now().Add(time.Hour))
		}
		token := signed("h.azure-devices.net/devices/d", "")
		registrationToken := signed(hubproto.RegistrationResource("0ne00000001", "r"), hubproto.DPSPolicy)
		for name, token := range map[string]string{"of a token": token, "of a token for DPS": registrationToken} {
			_, signature, _ := strings.Cut(token, "sig=")
			secrets[name], _, _ = strings.Cut(signature, "&")
		}

		pg.connect()
		pg.click("disconnect")
		pg.typeIn("simulator-text", `{"Template": "{\"k\": \"`+secrets["in an imported stream"]+`\"}"}`)
		pg.click("simulator-import")
		pg.fire("stream-1-template", "toggle", ui.Event{Checked: true})
		require.Contains(t, pg.value("stream-1-body"), secrets["in an imported stream"])
		pg.typeIn("simulator-text", `{"IotHubConnectionString": "HostName=h.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=`+secrets["of the hub"]+`"`)
		pg.click("simulator-import") // it is not whole, so it stays in the form
		require.Contains(t, pg.read("simulator-result"), "line 1")
		pg.fire("way-fields", "change", ui.Event{})
		pg.typeIn("connect-key", secrets["in a field"])
		pg.fire("way-token", "change", ui.Event{})
		pg.typeIn("connect-token", token)
		pg.fire("way-string", "change", ui.Event{})
		pg.typeIn("connection-string", "HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey="+secrets["of a connection"])
		pg.fire("keep-secret", "change", ui.Event{Checked: true})
		pg.Show(page.TopicProvisioning)
		pg.typeIn("dps-key", secrets["of the registration"])
		pg.fire("dps-token", "change", ui.Event{})
		pg.typeIn("dps-sas", registrationToken)
		pg.Show(page.TopicTelemetry)
		require.Contains(t, uitest.Markup(pg.View()), secrets["of the hub"])
		require.Contains(t, session[tabKey], secrets["of a connection"])

		pg.run("forget-everything")
		pg.run("export-session")
		pg.run("export-device-log")
		pg.run("export-cloud-log")
		require.Len(t, files, 3)
		where := map[string]string{}
		for name, data := range files {
			where[name] = string(data)
		}
		for _, topic := range page.Topics {
			pg.Show(topic.Topic)
			for _, way := range []string{"string", "fields", "token"} {
				pg.fire("way-"+way, "change", ui.Event{})
				where[string(topic.Topic)+", "+way] = uitest.Markup(pg.View())
			}
		}
		pg.Show(page.TopicProvisioning)
		for _, way := range []string{"individual", "group", "token"} {
			pg.fire("dps-"+way, "change", ui.Event{})
			where["provisioning, "+way] = uitest.Markup(pg.View())
		}
		// The file itself leaves out what the rooms know as secrets, so that the document before that is looked at too.
		raw, err := json.Marshal(pg.session())
		require.NoError(t, err)
		where["the session before it is cleaned"] = string(raw)
		raw, err = json.Marshal([]memory{local, session})
		require.NoError(t, err)
		where["storage"] = string(raw)
		for place, text := range where {
			for name, secret := range secrets {
				require.NotContains(t, text, secret, "%s, %s", place, name)
			}
		}
		require.Empty(t, local)
		require.Empty(t, session)
		pg.Read(func() {
			require.Empty(t, pg.connection.Credentials().Key)
			for name, secret := range secrets {
				if name != "of the ready-made one" { // it is the emulator's own
					require.NotContains(t, pg.secrets(), secret, name)
				}
			}
		})
	})
}
