package panel

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/panel/diagnosis"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
)

// examined presses a button that begins an examination, and lets it run to its end.
func (pg *person) examined(button string) (cause, sure string) {
	pg.t.Helper()
	pg.click(button)
	time.Sleep(time.Minute) // of the bubble's clock
	synctest.Wait()
	v := pg.find("verdict")
	cause, _ = v.Attr("data-cause")
	sure, _ = v.Attr("data-sure")
	return cause, sure
}

func TestDoctorInThePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=diagnose")
		copied := ""
		pg.clipboard(&copied)
		pressed, _ := pg.find("tab-diagnose").Attr("aria-pressed")
		require.Equal(t, "true", pressed, "the link's view is shown")
		cause, sure := pg.examined("diagnose-run")
		require.Equal(t, []string{"fine", "certain"}, []string{cause, sure})
		require.Contains(t, pg.read("stage-https"), "There is no network between")
		require.Contains(t, pg.read("stage-connack"), "return code 0")
		uitest.Valid(t, pg.View())

		// Its packets are on the wire tab, without the password.
		pg.Show(page.TopicWire)
		require.NotEmpty(t, pg.all("wire-record"))
		require.NotContains(t, pg.read("wire-record"), "sig=")
		pg.Show(page.TopicDiagnose)

		ready := pg.readyMade()
		c, err := hubproto.ParseConnectionString(ready)
		require.NoError(t, err)
		c.SharedAccessKey[0] ^= 1
		pg.typeIn("connection-string", c.String())
		cause, sure = pg.examined("diagnose-run")
		require.Equal(t, []string{"wrong-key", "certain"}, []string{cause, sure})
		require.Contains(t, pg.read("verdict-from"), "The hub's log says")
		report := pg.read("diagnose-report")
		pg.click("diagnose-copy")
		require.Equal(t, strings.TrimSpace(report), strings.TrimSpace(copied))
		require.Contains(t, report, "wrong-key")
		require.NotContains(t, report, strings.Split(c.String(), "SharedAccessKey=")[1])

		pg.typeIn("connection-string", "HostName=h.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=a2V5MTIzNDU=")
		cause, _ = pg.examined("diagnose-run")
		require.Equal(t, "hub-string", cause)
	})
}

// A connection that works is ended only when the person agrees, and comes back by itself.
func TestDoctorAsksFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=diagnose")
		pg.connect()
		cause, _ := pg.examined("diagnose-run")
		require.Equal(t, "network-fine", cause)
		require.Contains(t, pg.read("stage-connack"), "not yet")
		require.Empty(t, pg.all("diagnose-links"), "the connection was left alone")
		cause, _ = pg.examined("diagnose-agree")
		require.Equal(t, "fine", cause)
		require.Contains(t, pg.read("state"), "Connected since")
		require.Contains(t, pg.read("diagnose-links"), "ended by the device")
	})
}

func TestDoctorIsOffered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		c, err := hubproto.ParseConnectionString(pg.readyMade())
		require.NoError(t, err)
		c.DeviceID = "nobody"
		pg.typeIn("connection-string", c.String())
		pg.click("connect")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		cause, _ := pg.examined("notice-why")
		require.Equal(t, "device-unknown", cause)
	})
}

func TestDoctorStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openWith(t, Env{
			Params: page.ParseParams("view=diagnose", ""),
			Dial:   func(ctx context.Context, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() },
			Probes: diagnosis.Probes{Reach: func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }},
		})
		pg.typeIn("connection-string", "HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=a2V5MTIzNDU=")
		pg.click("diagnose-run")
		require.Contains(t, pg.read("verdict-wait"), "Examining")
		pg.click("diagnose-stop")
		cause, _ := pg.find("verdict").Attr("data-cause")
		require.Equal(t, "stopped", cause)
	})
}

func TestDoctorReadsTheConsole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nothing := errors.New("failed to fetch")
		pg := openWith(t, Env{
			Params: page.ParseParams("view=diagnose", ""),
			Dial:   func(context.Context, string) (net.Conn, error) { return nil, nothing },
			Probes: diagnosis.Probes{Reach: func(context.Context, string) error { return nothing }},
		})
		pg.typeIn("connection-string", "HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=a2V5MTIzNDU=")
		pg.examined("diagnose-run")
		for _, stage := range []string{"stage-https", "stage-upgrade"} {
			require.Equal(t, "failed", pg.attr(stage, "data-outcome"))
		}
		pg.typeIn("diagnose-console", "hello")
		require.Contains(t, pg.read("diagnose-console-problem"), "names no cause")
		pg.typeIn("diagnose-console", "net::ERR_CERT_AUTHORITY_INVALID")
		cause, _ := pg.find("verdict").Attr("data-cause")
		require.Equal(t, "tls-not-trusted", cause)
		require.False(t, pg.has("diagnose-console-problem"))
	})
}
