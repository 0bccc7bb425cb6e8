package panel

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

func TestFieldsConnectADevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		pg.fire("way-fields", "change", ui.Event{})
		pg.typeIn("connect-host", "https://hub.inpage/")
		require.Contains(t, pg.read("connect-host-problem"), "slash")
		pg.typeIn("connect-host", "hub.inpage")
		require.Empty(t, pg.read("connect-host-problem"))
		pg.typeIn("connect-device-id", "MyDevice01")
		pg.typeIn("connect-key", "???")
		require.Contains(t, pg.read("connect-problem"), "base64")
		pg.typeIn("connect-key", pg.demoKey())
		require.Empty(t, pg.read("connect-problem"))
		require.Equal(t, "Device MyDevice01 at hub.inpage.", pg.read("connect-whom"))
		uitest.Valid(t, pg.View())
		pg.connect()
	})
}

func TestATokenIsDecodedCountedDownAndConnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		key, err := base64.StdEncoding.DecodeString(pg.demoKey())
		require.NoError(t, err)
		expiry := time.Now().Add(90 * time.Second)
		token := hubproto.SignSAS(key, "hub.inpage/devices/MyDevice01", "", expiry)
		pg.fire("way-token", "change", ui.Event{})
		pg.typeIn("connect-token", token)
		require.Equal(t, "hub.inpage/devices/MyDevice01", pg.read("token-resource"))
		require.Equal(t, "1 min 30 s", pg.read("token-left"))
		require.NotContains(t, uitest.Text(pg.View()), "sig=")
		pg.connect()
		require.Contains(t, pg.read("token-left"), "1 min")
		pg.click("disconnect")
		time.Sleep(2 * time.Minute)
		require.Contains(t, pg.read("token-left"), "expired")
		pg.click("connect")
		require.Equal(t, "Refused: the SAS token has expired", pg.read("state"))
	})
}

func TestTheStringIsCheckedWhileItIsTyped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		require.Equal(t, "Device MyDevice01 at hub.inpage.", pg.read("connect-whom"))
		pg.typeIn("connection-string", "HostName=h.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=a2V5MTIzNDU=")
		require.Contains(t, pg.read("connect-problem"), "Azure portal under Devices")
		require.NotContains(t, uitest.Text(pg.View()), "a2V5MTIzNDU")
		pg.click("use-ready-made")
		require.Empty(t, pg.read("connect-problem"))
	})
}

func TestAdvancedOptionsReachTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		for id, bad := range map[string]string{"connect-keep-alive": "1178", "connect-token-ttl": "soon", "connect-model-id": "Thermostat", "connect-endpoint": "https://x/", "connect-gateway": "a/b"} {
			pg.typeIn(id, bad)
			require.NotEmpty(t, pg.read("connect-problem"), id)
			pg.typeIn(id, "")
			require.Empty(t, pg.read("connect-problem"), id)
		}
		pg.typeIn("connect-keep-alive", "30")
		pg.typeIn("connect-token-ttl", "5")
		pg.typeIn("connect-model-id", "dtmi:com:example:Thermostat;1")
		pg.fire("connect-clean-session", "change", ui.Event{Checked: true})
		pg.fire("connect-will", "change", ui.Event{Checked: true})
		pg.typeIn("connect-will-body", `{"gone": true}`)
		pg.connect()
		require.Equal(t, "5 min 00 s", pg.read("token-left"))
		var o hubclient.Options
		pg.Read(func() { o = pg.connection.Options() })
		require.Equal(t, 30*time.Second, o.KeepAlive)
		require.True(t, o.CleanSession)
		require.Equal(t, `{"gone": true}`, string(o.Will.Body))
		require.Equal(t, "dtmi:com:example:Thermostat;1", o.ModelID)
	})
}

func TestTheWaitForTheNextAttemptIsCountedDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		draws := make(chan struct{}, 1000)
		pg := openWith(t, Env{
			Dial:    func(context.Context, string) (net.Conn, error) { return nil, errors.New("no route") },
			Changed: func() { draws <- struct{}{} },
		})
		pg.typeIn("connection-string", "HostName=far.azure-devices.net;DeviceId=d;SharedAccessKey=a2V5MTIzNDU=")
		pg.click("connect")
		for !strings.Contains(pg.read("state"), "Reconnecting in") {
			time.Sleep(time.Second / 10)
		}
		require.Regexp(t, `^Reconnecting in \d+ s \(attempt \d+\)$`, pg.read("state"))
		pg.click("try-now")
		pg.click("disconnect")
		require.Equal(t, "Not connected", pg.read("state"))

		for len(draws) > 0 {
			<-draws
		}
		time.Sleep(time.Minute)
		require.LessOrEqual(t, len(draws), 1, "nothing counts, so nothing is drawn")
	})
}

func TestACountdownIsDrawnOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		draws := make(chan struct{}, 1000)
		p := New(Env{Changed: func() { draws <- struct{}{} }})
		t.Cleanup(p.Close)
		began := time.Now()
		end := began.Add(3500 * time.Millisecond)
		var seen []string
		for time.Now().Before(end) {
			p.Read(func() { seen = append(seen, p.Until(end)) })
			<-draws
		}
		require.Equal(t, []string{"4 s", "3 s", "2 s", "1 s"}, seen)
		require.Equal(t, 3500*time.Millisecond, time.Since(began))
	})
}

func TestProfilesHoldNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		local, session := memory{"other": "not ours"}, memory{}
		env := Env{Local: local, Session: session}
		pg := openWith(t, env)
		secrets := []string{"c3RyaW5nLWtleS0x", "ZmllbGRzLWtleS0y", "dG9rZW4tc2lnLTM", "Z3JvdXAta2V5LTQ="}
		pg.typeIn("connection-string", "HostName=h.azure-devices.net;DeviceId=s;SharedAccessKey="+secrets[0])
		pg.fire("way-token", "change", ui.Event{})
		pg.typeIn("connect-token", "SharedAccessSignature sr=h.azure-devices.net%2Fdevices%2Ft&se=4000000000&sig="+secrets[2]+"%3D")
		pg.Show(page.TopicProvisioning)
		pg.typeIn("dps-key", secrets[3])
		pg.fire("way-fields", "change", ui.Event{})
		pg.typeIn("connect-host", "h.azure-devices.net")
		pg.typeIn("connect-device-id", "f")
		pg.typeIn("connect-module-id", "m")
		pg.typeIn("connect-key", secrets[1])
		pg.typeIn("connect-keep-alive", "77")
		for _, way := range []string{"string", "fields", "token"} {
			pg.fire("way-"+way, "change", ui.Event{})
			pg.typeIn("profile-name", "by "+way)
			pg.click("profile-save")
			require.Empty(t, pg.read("notice"))
		}
		require.Len(t, pg.all("profile"), 3)
		require.Contains(t, local[profilesKey], `"keepAliveSeconds":"77"`)
		for _, s := range []memory{local, session} {
			for key, value := range s {
				for _, secret := range secrets {
					require.NotContains(t, key+value, secret)
				}
			}
		}
		require.Contains(t, pg.read("stored-local"), profilesKey)
		require.NotContains(t, pg.read("stored-local"), "other")

		pg.typeIn("profile-name", "key "+secrets[1])
		pg.click("profile-save")
		require.Contains(t, pg.read("notice"), "would hold a secret")

		later := openWith(t, env)
		require.Len(t, later.all("profile"), 3)
		later.click("profile-use-1")
		require.Equal(t, "f", later.find("connect-device-id").Value)
		require.Empty(t, later.find("connect-key").Value)
		later.click("profile-remove-0")
		require.Len(t, later.all("profile"), 2)
		uitest.Valid(t, later.View())
	})
}

func TestASecretIsKeptInTheTabOnlyByChoice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		local, session := memory{}, memory{"other": "not ours"}
		env := Env{Local: local, Session: session}
		pg := openWith(t, env)
		pg.connect()
		pg.click("disconnect")
		require.Equal(t, memory{"other": "not ours"}, session)

		pg.fire("keep-secret", "change", ui.Event{Checked: true})
		require.Contains(t, session[tabKey], pg.demoKey())
		require.NotContains(t, pg.read("stored-session"), pg.demoKey())
		reloaded := openWith(t, env)
		require.Equal(t, reloaded.readyMade(), reloaded.find("connection-string").Value, "the hub in the page is new, and so are its keys")
		reloaded.typeIn("connection-string", "HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=a2VwdA==")
		reloaded.fire("keep-secret", "change", ui.Event{Checked: true})
		reloaded = openWith(t, env)
		require.Contains(t, reloaded.find("connection-string").Value, "a2VwdA==")
		_, checked := reloaded.find("keep-secret").Attr("checked")
		require.True(t, checked)

		reloaded.Show(page.TopicProvisioning)
		reloaded.SetTheme(page.ThemeDark)
		reloaded.click("use-ready-made")
		reloaded.connect()
		reloaded.run("forget-everything")
		require.Equal(t, "Not connected", reloaded.read("state"))
		require.Empty(t, local)
		require.Equal(t, memory{"other": "not ours"}, session, "other pages of the origin keep what is theirs")
		require.Empty(t, reloaded.find("connection-string").Value)
		require.Empty(t, reloaded.find("dps-key").Value)
		require.Empty(t, reloaded.credentials().Key)
	})
}

func TestWithoutStorageThePageExplains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, env := range []Env{{}, {Local: memory{}, Session: memory{}, Params: page.ParseParams("embed=1", "")}} {
			pg := openWith(t, env)
			require.Contains(t, pg.read("stored-nothing"), "Nothing can be kept")
			require.False(t, pg.has("keep-secret"))
			pg.SetLang(catalog.Polish)
			require.True(t, env.Local == nil || len(env.Local.Keys()) == 0)
		}
	})
}

func TestPreferencesAreKeptAndALinkGoesBeforeThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		local := memory{}
		openWith(t, Env{Local: local})
		require.Empty(t, local, "nothing is kept before a person chooses")
		pg := openWith(t, Env{Local: local})
		pg.fire("language", "change", ui.Event{Value: "pl"})
		pg.fire("theme", "change", ui.Event{Value: "dark"})

		later := openWith(t, Env{Local: local, Languages: []string{"en"}, Params: page.ParseParams("", "")})
		require.Equal(t, catalog.Polish, later.Lang())
		require.Equal(t, page.ThemeDark, later.Theme)
		linked := openWith(t, Env{Local: local, Params: page.ParseParams("lang=en&theme=light", "")})
		require.Equal(t, catalog.English, linked.Lang())
		require.Equal(t, page.ThemeLight, linked.Theme)
	})
}

func TestProvisioningShowsTheDerivedKeyAndTheCountdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var copied []string
		pg := openWith(t, Env{Params: page.ParseParams("view=provisioning", ""), Copy: func(_ context.Context, s string) error {
			copied = append(copied, s)
			return nil
		}})
		pg.fire("dps-group", "change", ui.Event{})
		group, err := hubproto.ParseKey(pg.info().Demo.Group.PrimaryKey)
		require.NoError(t, err)
		key := base64.StdEncoding.EncodeToString(hubproto.DeriveDeviceKey(group, pg.value("dps-registration-id")))
		require.NotContains(t, pg.read("dps-derived-key"), key)
		pg.click("dps-derived-copy")
		pg.fire("dps-derived-reveal", "change", ui.Event{Checked: true})
		require.Equal(t, key, pg.read("dps-derived-key"))
		require.True(t, slices.Equal([]string{key}, copied))

		pg.click("dps-only")
		require.Regexp(t, `Asking again in \d s`, pg.read("dps-countdown"))
		uitest.Valid(t, pg.View())
		time.Sleep(20 * time.Second)
		synctest.Wait()
		require.False(t, pg.has("dps-countdown"))
		require.Equal(t, "Not connected", pg.read("state"))
		pg.click("dps-connect")
		require.Contains(t, pg.read("state"), "Connected since")
		require.False(t, pg.has("dps-connect"))
	})
}

func TestASecondEnrollmentKeepsWhatThePersonTyped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=provisioning")
		pg.typeIn("dps-key", "bXkgb3duIGtleQ==")
		pg.typeIn("dps-registration-id", "mine")
		pg.fire("dps-group", "change", ui.Event{})
		require.Equal(t, "bXkgb3duIGtleQ==", pg.find("dps-key").Value)
		require.Equal(t, "mine", pg.find("dps-registration-id").Value)
	})
}
