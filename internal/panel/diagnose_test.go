package panel

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/doctor"
	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// examined presses a button that begins an examination, and lets it run to its end.
func (pg *page) examined(button string) (cause, sure string) {
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
		pg.env.Copy = func(_ context.Context, s string) error { copied = s; return nil }
		pressed, _ := pg.find("tab-diagnose").Attr("aria-pressed")
		require.Equal(t, "true", pressed, "the link's view is shown")
		cause, sure := pg.examined("diagnose-run")
		require.Equal(t, []string{"fine", "certain"}, []string{cause, sure})
		require.Contains(t, pg.read("stage-https"), "There is no network between")
		require.Contains(t, pg.read("stage-connack"), "return code 0")
		valid(t, pg.View())

		// Its packets are on the wire tab, without the password.
		pg.Show(TopicWire)
		require.NotEmpty(t, pg.all("wire-record"))
		require.NotContains(t, pg.read("wire-record"), "sig=")
		pg.Show(TopicDiagnose)

		ready := pg.device.connection.text
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
		c, err := hubproto.ParseConnectionString(pg.device.connection.text)
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
		pg := &page{t: t, fatal: make(chan string, 10)}
		pg.Panel = New(Env{
			Params: ParseParams("view=diagnose", ""),
			Dial:   func(ctx context.Context, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() },
			Probes: Probes{Reach: func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }},
		})
		defer pg.Close()
		pg.Start()
		synctest.Wait()
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
		pg := openPage(t, "view=diagnose")
		pg.update(func() {
			pg.diagnosis.has = true
			pg.diagnosis.evidence = doctor.Evidence{Subject: doctor.Subject{Host: "h.azure-devices.net"}, Findings: map[doctor.Stage]doctor.Finding{
				doctor.StageHTTPS: {Outcome: doctor.Failed}, doctor.StageUpgrade: {Outcome: doctor.Failed}}}
		})
		pg.typeIn("diagnose-console", "hello")
		require.Contains(t, pg.read("diagnose-console-problem"), "names no cause")
		pg.typeIn("diagnose-console", "net::ERR_CERT_AUTHORITY_INVALID")
		cause, _ := pg.find("verdict").Attr("data-cause")
		require.Equal(t, "tls-not-trusted", cause)
		require.False(t, pg.has("diagnose-console-problem"))
	})
}

// What the device's own life tells the doctor.
func TestLinksAreRemembered(t *testing.T) {
	d := newDiagnosis()
	at := time.Unix(0, 0)
	up, down := hubclient.State{Phase: hubclient.Connected}, hubclient.State{Phase: hubclient.Reconnecting, Err: &hubclient.LinkError{Err: io.EOF}}
	for i := range keptLinks + 5 {
		d.linkChanged(at, down, up)
		d.heard = at.Add(time.Second)
		d.linkChanged(at.Add(time.Duration(i)*time.Minute), up, down)
	}
	require.Len(t, d.links, keptLinks)
	last := d.links[keptLinks-1]
	require.Equal(t, doctor.Link{Lasted: 24 * time.Minute, Quiet: 24*time.Minute - time.Second, Clean: true}, last)

	d.linkChanged(at, down, up)
	d.linkChanged(at, up, hubclient.State{Phase: hubclient.Reconnecting})
	require.True(t, d.links[keptLinks-1].Planned)
	d.linkChanged(at, down, up)
	d.linkChanged(at, up, hubclient.State{Phase: hubclient.Reconnecting, Err: errors.New("lost")})
	require.False(t, d.links[keptLinks-1].Clean)
	d.linkChanged(at, down, hubclient.State{Phase: hubclient.Dialing})
	require.Len(t, d.links, keptLinks, "an attempt is no connection")
}
