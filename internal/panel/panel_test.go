package panel

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
)

func TestTheReadyMadeDeviceConnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		require.Equal(t, "emulator inside the page", pg.read("hub-kind"))
		require.Contains(t, pg.find("connection-string").Value, "HostName=hub.inpage;DeviceId=")
		require.Equal(t, "Not connected", pg.read("state"))

		pg.connect()
		require.Equal(t, "MyDevice01", pg.read("device-name"))
		require.Equal(t, "hub.inpage", pg.read("hub-name"))
		require.Contains(t, pg.read("cloud-log"), "MyDevice01", "the hub's operations log tells of the connection")

		pg.click("disconnect")
		require.Equal(t, "Not connected", pg.read("state"))
		pg.connect() // and again
	})
}

func TestTelemetryReachesTheCloudSide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=telemetry")
		pg.connect()
		pg.typeIn("telemetry-body", `{"temperature": 19.25}`)
		pg.typeIn("telemetry-property-name-0", "room")
		pg.typeIn("telemetry-property-value-0", "hall 2/east")
		pg.click("telemetry-property-add")
		pg.typeIn("telemetry-property-name-1", "alert")
		pg.typeIn("telemetry-message-id", "m-1")
		pg.click("telemetry-send")

		require.Contains(t, pg.read("device-log"), "acknowledged in ")
		event := pg.read("event")
		require.Contains(t, event, `"temperature": 19.25`)
		require.Contains(t, event, "room = hall 2/east")
		require.Contains(t, event, "alert = ")
		require.Contains(t, event, "m-1")
		require.Contains(t, event, "application/json")

		pg.fire("telemetry-qos0", "change", ui.Event{Checked: true})
		pg.click("telemetry-send")
		require.Len(t, pg.all("event"), 2)
		require.Contains(t, pg.read("device-log"), "QoS 0 has no acknowledgement")
	})
}

func TestACloudToDeviceMessageArrivesAndIsCompleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=messages")
		pg.connect()
		pg.typeIn("c2d-body", "close the valve")
		pg.typeIn("c2d-message-id", "c-7")
		pg.typeIn("c2d-property-name-0", "Urgency")
		pg.typeIn("c2d-property-value-0", "")
		pg.click("c2d-send")

		require.Contains(t, pg.read("c2d-result"), "The hub has it")
		message := pg.read("message")
		require.Contains(t, message, "close the valve")
		require.Contains(t, message, `Urgency = ""`)
		require.Contains(t, message, "message-id = c-7")
		require.Contains(t, message, "completed")
		require.Empty(t, queued(t, pg), "the hub's queue is empty: PUBACK completed the message")
	})
}

// queued is what the hub still holds for the ready-made device, by its own registry.
func queued(t *testing.T, pg *person) string {
	device, err := pg.emulator.Client.Device(t.Context(), "MyDevice01")
	require.NoError(t, err)
	if device.CloudToDeviceMessageCount == 0 {
		return ""
	}
	return fmt.Sprint(device.CloudToDeviceMessageCount, " messages")
}

func TestTheTwin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=twin")
		pg.connect()
		require.Equal(t, "$version 1", pg.read("twin-desired-version"))
		require.Equal(t, "$version 1", pg.read("twin-reported-version"))

		pg.typeIn("twin-patch", `{"battery": 60, "old": "x"}`)
		pg.click("twin-report")
		require.Equal(t, "$version 2", pg.read("twin-reported-version"))
		require.Contains(t, pg.read("twin-reported"), `"old": "x"`)

		pg.typeIn("twin-patch", `{"battery": 61, "old": null}`)
		pg.click("twin-report")
		require.Equal(t, "$version 3", pg.read("twin-reported-version"))
		require.NotContains(t, pg.read("twin-reported"), "old", "null deletes")
		require.Contains(t, pg.read("cloud-twin"), `"battery": 61`)
		require.NotContains(t, pg.read("cloud-twin"), `"old"`)

		pg.typeIn("desired-patch", `{"interval": 5}`)
		pg.click("desired-update")
		require.Equal(t, "$version 2", pg.read("twin-desired-version"))
		require.Contains(t, pg.read("twin-desired"), `"interval": 5`)
		require.Contains(t, pg.read("device-log"), "Desired properties")

		pg.click("twin-read") // what the hub says now is what the device had put together
		require.Equal(t, "$version 2", pg.read("twin-desired-version"))
		require.Equal(t, "$version 3", pg.read("twin-reported-version"))
		require.Contains(t, pg.read("twin-reported"), `"battery": 61`)
	})
}

func TestADirectMethodIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=methods")
		pg.connect()
		pg.typeIn("method-status", "202")
		pg.typeIn("method-answer", `{"will": "do"}`)
		pg.typeIn("invoke-name", "reboot")
		pg.typeIn("invoke-payload", `{"delay": 3}`)
		pg.click("invoke")

		require.Contains(t, pg.read("invoke-result"), "The device answered 202")
		require.Contains(t, pg.read("invoke-result"), `"will": "do"`)
		require.Contains(t, pg.read("method-call"), "reboot")
		require.Contains(t, pg.read("method-call"), `"delay": 3`)

		pg.typeIn("method-status", "soon")
		pg.click("invoke")
		require.Contains(t, pg.read("invoke-result"), "The device answered 500")
		require.Contains(t, pg.read("notice"), "status is a whole number")

		pg.click("disconnect")
		pg.click("invoke")
		require.Contains(t, pg.read("invoke-result"), "isn't online", "nobody is there to answer")
		require.NotContains(t, pg.read("invoke-result"), "{")
	})
}

func TestRegistration(t *testing.T) {
	for _, way := range []string{"individual", "group"} {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pg := openPage(t, "view=provisioning")
				pg.fire("dps-"+way, "change", ui.Event{})
				registrationID := pg.find("dps-registration-id").Value
				require.NotEmpty(t, registrationID)
				pg.click("dps-register")
				require.True(t, pg.has("dps-step"))
				time.Sleep(20 * time.Second) // the service takes its time, and says so
				synctest.Wait()

				require.False(t, pg.has("dps-failure"), "it failed")
				steps := ""
				for _, n := range pg.all("dps-step") {
					steps += uitest.Text(n) + "\n"
				}
				require.Contains(t, steps, "202")
				require.Contains(t, steps, "retry-after")
				require.Contains(t, pg.read("dps-assigned"), "Assigned to hub.inpage as "+registrationID)
				require.Contains(t, pg.read("state"), "Connected since", "it connects with what it was given")
				require.Equal(t, registrationID, pg.read("device-name"))
			})
		})
	}
}

func TestBadInputGetsASentenceAndThePageStaysUsable(t *testing.T) {
	for _, c := range []struct{ name, connection, want string }{
		{"nothing", "", "connection string"},
		{"a part is missing", "HostName=hub.inpage;SharedAccessKey=a2V5MTIzNDU=", "DeviceId"},
		{"a hub-level string", "HostName=hub.inpage;SharedAccessKeyName=iothubowner;SharedAccessKey=a2V5MTIzNDU=", "device's own"},
		{"a key that is not base64", "HostName=hub.inpage;DeviceId=MyDevice01;SharedAccessKey=???", "base64"},
		{"a wrong key", "HostName=hub.inpage;DeviceId=MyDevice01;SharedAccessKey=a2V5MTIzNDU=", "refused"},
		{"an expired token", "HostName=hub.inpage;DeviceId=MyDevice01;SharedAccessSignature=SharedAccessSignature sr=hub.inpage%2Fdevices%2FMyDevice01&sig=abc%3D&se=1", "expired"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pg := openPage(t, "")
				good := pg.find("connection-string").Value
				pg.typeIn("connection-string", c.connection)
				pg.click("connect")
				time.Sleep(10 * time.Minute) // a refusal may be tried again a few times before it is final
				synctest.Wait()
				notice := pg.read("notice")
				require.Contains(t, notice, c.want)
				require.NotContains(t, notice, "a2V5MTIzNDU", "no secret in an error")
				require.NotContains(t, pg.read("device-log"), "a2V5MTIzNDU")

				pg.typeIn("connection-string", good)
				pg.connect()
				require.Empty(t, pg.read("notice"), "success clears it")
			})
		})
	}
}

func TestWrongDocumentsNeverLeaveThePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		pg.connect()
		pg.typeIn("telemetry-body", "{\n  \"a\": 1,\n  oops\n}")
		pg.click("telemetry-send")
		require.Contains(t, pg.read("notice"), "line 3, column 3")
		require.False(t, pg.has("event"))

		pg.Show(page.TopicTwin)
		pg.typeIn("twin-patch", "[1]")
		pg.click("twin-report")
		require.Contains(t, pg.read("notice"), "must be a JSON object")
		pg.typeIn("desired-patch", `"x"`)
		pg.click("desired-update")
		require.Contains(t, pg.read("desired-result"), "must be a JSON object")

		pg.Show(page.TopicMethods)
		pg.typeIn("invoke-timeout", "4")
		pg.click("invoke")
		require.Contains(t, pg.read("invoke-result"), "from 5 to 300")
	})
}

func TestAPanicIsReportedAndThePanelGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		pg.Handle(func(ui.Event) { panic("sig=topsecret") }, ui.Event{})
		pg.Go("a goroutine", func(context.Context) { panic(errors.New("boom")) })
		synctest.Wait()
		require.Len(t, pg.fatal, 2)
		require.Contains(t, <-pg.fatal, "Reload the page")
		pg.connect()
	})
}

func TestTheHubBesideThePageIsAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := openPage(t, "hub=inpage") // its hub plays the one behind the page
		pg := openWith(t, Env{Fetch: hubservice.FetchFrom(inner.hub(), hubservice.InPageHost), Params: page.ParseParams("", "")})
		require.Equal(t, "emulator beside the page", pg.read("hub-kind"))

		nobody := func(context.Context, *hubservice.FetchRequest) (*hubservice.FetchResponse, error) {
			return nil, errors.New("nobody there")
		}
		pg = openWith(t, Env{Fetch: nobody, Params: page.ParseParams("hub=served", "")})
		require.Equal(t, "no emulator", pg.read("hub-kind"))
		require.Contains(t, pg.read("notice"), "make run")
		require.Contains(t, pg.read("cloud-commands"), "az iot hub monitor-events")
	})
}

func TestEveryViewIsWellFormed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		for _, connected := range []bool{false, true} {
			if connected {
				pg.connect()
			}
			for _, topic := range page.Topics {
				pg.Show(topic.Topic)
				uitest.Valid(t, pg.View())
			}
		}
	})
}

func TestParams(t *testing.T) {
	require.Equal(t, page.Params{View: page.TopicTelemetry, Theme: page.ThemeAuto}, page.ParseParams("", ""))
	require.Equal(t, page.Params{View: page.TopicTwin, Theme: page.ThemeDark, Hub: "inpage", Embed: true}, page.ParseParams("view=twin&theme=dark&hub=inpage&embed=1", ""))
	require.Equal(t, page.Params{View: page.TopicTelemetry, Theme: page.ThemeAuto}, page.ParseParams("view=nonsense&theme=x&hub=y&monkey=1", "section"))
	require.Equal(t, page.Params{View: page.TopicDiagnose, Theme: page.ThemeAuto, Patience: 2 * time.Second}, page.ParseParams("view=diagnose&patience=2", ""))
	for _, patience := range []string{"0", "-1", "61", "2s", "1e1"} {
		require.Zero(t, page.ParseParams("patience="+patience, "").Patience, patience)
	}
	for _, query := range []string{
		"key=a2V5", "SharedAccessKey=abc", "cs=HostName%3Dh%3BDeviceId%3Dd%3BSharedAccessKey%3Dabc", "view=sig%3Dabc", "x=%zz&sig=abc", "password=x",
	} {
		require.True(t, page.ParseParams(query, "").Refused, query)
	}
	require.True(t, page.ParseParams("", "SharedAccessKey=abc").Refused)
	require.False(t, page.ParseParams("monkey=1&view=twin", "").Refused)
}

func TestTheJournalIsBounded(t *testing.T) {
	var j page.Journal
	for i := range journalLimit + 5 {
		j.Add(time.Now(), page.StateChange, l10n.Verbatim("x"), l10n.Verbatim(fmt.Sprint(i)), nil)
	}
	require.Len(t, j.Entries, journalLimit)
	require.Equal(t, 5, j.Dropped)
	require.Equal(t, "5", catalog.English.Words(j.Entries[0].Summary))
}
