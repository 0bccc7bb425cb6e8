package connection

import (
	"encoding/base64"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// demoKey is the key of the ready-made device.
func (s *site) demoKey() string {
	_, key, _ := strings.Cut(s.emulator.Info.DeviceConnectionString, "SharedAccessKey=")
	return key
}

func (s *site) card() (card *ui.Node) {
	s.Read(func() { card = s.Card() })
	return card
}

func (s *site) value(id string) string {
	s.t.Helper()
	return uitest.Find(s.t, s.card(), id).Value
}

func TestFieldsConnectADevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.fire("way-fields", "change", ui.Event{})
		s.typeIn("connect-host", "https://hub.inpage/")
		require.Contains(t, s.text("connect-host-problem"), "slash")
		s.typeIn("connect-host", "hub.inpage")
		require.Empty(t, s.text("connect-host-problem"))
		s.typeIn("connect-device-id", deviceID)
		s.typeIn("connect-key", "???")
		require.Contains(t, s.text("connect-problem"), "base64")
		s.typeIn("connect-key", s.demoKey())
		require.Empty(t, s.text("connect-problem"))
		require.Equal(t, "Device MyDevice01 at hub.inpage.", s.text("connect-whom"))
		uitest.Valid(t, s.card())
		s.connect()
		uitest.Valid(t, s.card())
	})
}

func TestATokenIsDecodedCountedDownAndConnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		key, err := base64.StdEncoding.DecodeString(s.demoKey())
		require.NoError(t, err)
		token := hubproto.SignSAS(key, "hub.inpage/devices/MyDevice01", "", time.Now().Add(90*time.Second))
		s.fire("way-token", "change", ui.Event{})
		s.typeIn("connect-token", token)
		require.Equal(t, "hub.inpage/devices/MyDevice01", s.text("token-resource"))
		require.Equal(t, "1 min 30 s", s.text("token-left"))
		require.NotContains(t, uitest.Text(s.card()), "sig=")
		s.connect()
		require.Contains(t, s.text("token-left"), "1 min")
		s.fire("disconnect", "click", ui.Event{})
		time.Sleep(2 * time.Minute)
		require.Contains(t, s.text("token-left"), "expired")
		s.Connect()
		synctest.Wait()
		s.Read(func() {
			text, _ := s.StateText()
			require.Equal(t, "Refused: the SAS token has expired", text)
		})
	})
}

func TestTheStringIsCheckedWhileItIsTyped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		require.Equal(t, "Device MyDevice01 at hub.inpage.", s.text("connect-whom"))
		s.typeIn("connection-string", "HostName=h.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=a2V5MTIzNDU=")
		require.Contains(t, s.text("connect-problem"), "Azure portal under Devices")
		require.NotContains(t, uitest.Text(s.card()), "a2V5MTIzNDU")
		s.Connect()
		synctest.Wait()
		s.Read(func() { require.Equal(t, "connect", s.Notice.About) })
		s.fire("use-ready-made", "click", ui.Event{})
		require.Empty(t, s.text("connect-problem"))
	})
}

func TestAdvancedOptionsReachTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		for id, bad := range map[string]string{"connect-keep-alive": "1178", "connect-token-ttl": "soon", "connect-model-id": "Thermostat", "connect-endpoint": "https://x/", "connect-gateway": "a/b"} {
			s.typeIn(id, bad)
			require.NotEmpty(t, s.text("connect-problem"), id)
			s.typeIn(id, "")
			require.Empty(t, s.text("connect-problem"), id)
		}
		s.typeIn("connect-keep-alive", "30")
		s.typeIn("connect-token-ttl", "5")
		s.typeIn("connect-model-id", "dtmi:com:example:Thermostat;1")
		s.fire("connect-clean-session", "change", ui.Event{Checked: true})
		s.fire("connect-will", "change", ui.Event{Checked: true})
		s.typeIn("connect-will-body", `{"gone": true}`)
		s.connect()
		require.Equal(t, "5 min 00 s", s.text("token-left"))
		s.Read(func() {
			o := s.Options()
			require.Equal(t, 30*time.Second, o.KeepAlive)
			require.True(t, o.CleanSession)
			require.Equal(t, `{"gone": true}`, string(o.Will.Body))
			require.Equal(t, "dtmi:com:example:Thermostat;1", o.ModelID)
		})
	})
}

func TestAProfileHasNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		secrets := []string{"c3RyaW5nLWtleS0x", "ZmllbGRzLWtleS0y", "dG9rZW4tc2lnLTM"}
		s.typeIn("connection-string", "HostName=h.azure-devices.net;DeviceId=s;SharedAccessKey="+secrets[0])
		s.fire("way-token", "change", ui.Event{})
		s.typeIn("connect-token", "SharedAccessSignature sr=h.azure-devices.net%2Fdevices%2Ft&se=4000000000&sig="+secrets[2]+"%3D")
		s.fire("way-fields", "change", ui.Event{})
		s.typeIn("connect-host", "h.azure-devices.net")
		s.typeIn("connect-device-id", "f")
		s.typeIn("connect-module-id", "m")
		s.typeIn("connect-key", secrets[1])
		s.typeIn("connect-keep-alive", "77")
		for way, id := range map[string]string{"string": "s", "fields": "f", "token": "t"} {
			s.fire("way-"+way, "change", ui.Event{})
			s.Read(func() {
				pr, err := s.Form.Profile("by " + way)
				require.NoError(t, err)
				require.Equal(t, id, pr.DeviceID)
				require.Equal(t, "77", pr.KeepAlive)
				_, err = s.Form.Profile("key " + secrets[1])
				require.ErrorContains(t, err, "would hold a secret")
				require.ErrorContains(t, s.Form.CheckProfile(savefile.Profile{WillBody: secrets[0]}), "would hold a secret")
			})
		}
		s.Read(func() {
			hidden := strings.Join(s.Secrets(), " ")
			for _, secret := range secrets {
				require.Contains(t, hidden, secret)
			}
		})
		s.fire("way-fields", "change", ui.Event{})
		var pr savefile.Profile
		s.Read(func() { pr, _ = s.Form.Profile("") })
		s.Update(func() { s.Form.Apply(pr) })
		require.Equal(t, "f", s.value("connect-device-id"))
		require.Empty(t, s.value("connect-key"))
		require.Equal(t, pr, func() savefile.Profile { pr := s.Form.WholeProfile(); pr.WillBody = ""; return pr }())
	})
}

func TestATabKeepsTheSecretOfTheChosenWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		const kept = "HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=a2VwdA=="
		s.typeIn("connection-string", kept)
		secret := s.Form.Secret()
		require.Equal(t, Secret{Way: "string", Connection: kept}, secret)
		later := openSite(t)
		later.Update(func() { later.Form.Restore(s.Form.WholeProfile(), secret) })
		require.Equal(t, kept, later.value("connection-string"))

		later.Update(func() { later.Form.Restore(savefile.Profile{}, Secret{Way: "another page's"}) })
		uitest.Valid(t, later.card()) // and does not panic

		demo := openSite(t)
		demo.Update(func() { demo.Form.Restore(demo.Form.WholeProfile(), demo.Form.Secret()) })
		require.Empty(t, demo.value("connection-string"), "the hub in the page is new, and so are its keys")
	})
}

func TestAnAssignmentAsksForTheKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.Update(func() {
			s.Form.OfferAssigned(hubclient.Assignment{AssignedHub: hubservice.InPageHost, DeviceID: "assigned"})
		})
		require.Equal(t, hubservice.InPageHost, s.value("connect-host"))
		require.Equal(t, "assigned", s.value("connect-device-id"))
		_, focus := uitest.Find(t, s.card(), "connect-key").Attr("data-focus")
		require.True(t, focus)
	})
}

func TestForgetClearsEverySecretAndEndsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.connect()
		key := s.demoKey()
		s.Read(func() { require.Contains(t, s.Secrets(), key) })
		s.Update(s.Forget)
		synctest.Wait()
		s.disconnected()
		s.Read(func() { require.Empty(t, strings.Join(s.Secrets(), "")) })
		require.Empty(t, s.value("connection-string"))
		var d savefile.Document
		s.Read(func() { s.Save(&d) })
		require.Equal(t, savefile.Device{Host: hubservice.InPageHost, DeviceID: deviceID}, d.Device)
	})
}

// Drawing changes nothing: two drawings at the same moment are the same.
func TestDrawingTwiceIsTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		same := func() {
			require.Equal(t, uitest.Markup(s.card()), uitest.Markup(s.card()))
		}
		for _, way := range []string{"string", "fields", "token"} {
			s.fire("way-"+way, "change", ui.Event{})
			same()
		}
		s.fire("way-string", "change", ui.Event{})
		s.connect()
		same()
	})
}

func TestCommandsFollowTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		enabled := func() (ids []string) {
			s.Read(func() {
				for _, c := range s.Commands() {
					if c.Enabled {
						ids = append(ids, c.ID)
					}
				}
			})
			return ids
		}
		require.Equal(t, []string{"connect", "connect-with-fields", "connect-with-token"}, enabled())
		s.connect()
		require.Equal(t, []string{"disconnect"}, enabled())
		s.restart()
		s.setDial(failingDial)
		for s.bar() != "reconnecting" {
			time.Sleep(time.Millisecond)
		}
		require.Equal(t, []string{"disconnect", "try-now"}, enabled())
		s.Disconnect()
		synctest.Wait()
		var list []page.Command
		s.Read(func() { list = s.Commands() })
		list[len(list)-1].Do()
		require.True(t, s.has("connect-token"))
	})
}
