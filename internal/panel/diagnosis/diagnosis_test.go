package diagnosis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/doctor"
	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// shown is the room on a page with a hub inside it, and with a device whose connection belongs to the test.
type shown struct {
	*Room
	t   *testing.T
	hub *emulator.Hub

	form      string // the connection string in the form
	connected bool
	occupied  int                // how often the doctor got the connection
	interrupt context.CancelFunc // what somebody who connects does
	packets   atomic.Int64
}

func open(t *testing.T) *shown {
	t.Helper()
	s := &shown{t: t, hub: &emulator.Hub{HostName: hubservice.InPageHost}}
	info, err := hubservice.OpenInPage(t.Context(), s.hub)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.hub.Close()) })
	p := page.New(page.Env{Changed: func() {}, Location: time.UTC, Fatal: func(sentence, detail string) { t.Error(sentence, detail) }}, "en")
	t.Cleanup(p.Close)
	e := &hubservice.Emulator{Kind: hubservice.InPage, Client: &hubservice.Client{}, Info: info}
	s.form = e.Info.DeviceConnectionString
	s.Room = New(p, e, Probes{Secure: true, Browser: "a test"}, hubservice.Network{Dial: s.hub.Dial})
	s.Links = Links{
		Running:   func() bool { return s.connected },
		Connected: func() bool { return s.connected },
		Device: func() (hubclient.Credentials, hubclient.Options, error) {
			credentials, err := hubclient.ParseConnectionString(s.form)
			return credentials, hubclient.Options{}, err
		},
		Occupy: func(ctx context.Context, run func(context.Context)) error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			s.Update(func() { s.occupied, s.interrupt = s.occupied+1, cancel })
			run(ctx)
			return nil
		},
		Traced: func(hubclient.Traced) { s.packets.Add(1) },
	}
	p.Go("the operations log", func(ctx context.Context) {
		for o := range s.hub.Operations(ctx) {
			if o.Level != emulator.LevelInformation && o.DeviceID != "" {
				s.UpdateSoon(func() {
					s.HubTrouble(Trouble{DeviceID: o.DeviceID, StatusCode: o.StatusCode, Reason: string(o.Reason), OperationName: o.Name, Description: o.Description})
				})
			}
		}
	})
	synctest.Wait()
	return s
}

// view returns the card.
func (s *shown) view() (n *ui.Node) {
	s.Read(func() { n = s.Card() })
	return n
}

func (s *shown) read(id string) string { return uitest.Text(uitest.Find(s.t, s.view(), id)) }

func (s *shown) fire(id, event string, e ui.Event) {
	s.t.Helper()
	for _, l := range uitest.Find(s.t, s.view(), id).Events {
		if l.Event == event {
			l.Do(e)
			synctest.Wait()
			return
		}
	}
	s.t.Fatalf("%s has no %s", id, event)
}

// examined presses a button that begins an examination, and lets it run to its end.
func (s *shown) examined(button string) (cause, sure string) {
	s.t.Helper()
	s.fire(button, "click", ui.Event{})
	require.NoError(s.t, s.Await(s.t.Context(), func() bool { return !s.Running() }))
	v := uitest.Find(s.t, s.view(), "verdict")
	cause, _ = v.Attr("data-cause")
	sure, _ = v.Attr("data-sure")
	return cause, sure
}

func TestAnExamination(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		copied := ""
		s.Env.Copy = func(_ context.Context, text string) error { copied = text; return nil }
		cause, sure := s.examined("diagnose-run")
		require.Equal(t, []string{"fine", "certain"}, []string{cause, sure})
		require.Contains(t, s.read("stage-https"), "There is no network between")
		require.Contains(t, s.read("stage-connack"), "return code 0")
		require.Positive(t, s.packets.Load(), "its packets are on the wire tab")
		uitest.Valid(t, s.view())

		ready := s.form
		s.form = strings.Replace(ready, "SharedAccessKey=", "SharedAccessKey=AAAA", 1)
		cause, sure = s.examined("diagnose-run")
		require.Equal(t, []string{"wrong-key", "certain"}, []string{cause, sure})
		require.Contains(t, s.read("verdict-from"), "The hub's log says")
		report := s.read("diagnose-report")
		s.fire("diagnose-copy", "click", ui.Event{})
		require.Equal(t, strings.TrimSpace(report), strings.TrimSpace(copied))
		require.Contains(t, report, "wrong-key")
		require.NotContains(t, report, strings.Split(s.form, "SharedAccessKey=")[1])
		require.Contains(t, s.read("diagnose-copied"), "It is on the clipboard.")
		s.Update(func() { s.Language = catalog.Polish })
		require.NotContains(t, s.read("diagnose-copied"), "It is on the clipboard.", "the result is in the page's language")
		s.Update(func() { s.Language = catalog.English })

		s.form = "HostName=h.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=a2V5MTIzNDU="
		cause, _ = s.examined("diagnose-run")
		require.Equal(t, "hub-string", cause)
	})
}

// A connection that works is ended only when the person agrees.
func TestTheDoctorAsksBeforeItEndsAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		s.connected = true
		cause, _ := s.examined("diagnose-run")
		require.Equal(t, "network-fine", cause)
		require.Contains(t, s.read("stage-connack"), "not yet")
		require.Zero(t, s.occupied, "the connection was left alone")
		cause, _ = s.examined("diagnose-agree")
		require.Equal(t, "fine", cause)
		require.Equal(t, 1, s.occupied)

		s.connected = false
		s.examined("diagnose-run")
		require.Equal(t, 2, s.occupied, "nothing may connect as the device beside the doctor")
	})
}

// slowToEnd is a network whose connections are never made, and whose attempts take a second to end.
func (s *shown) slowToEnd() (dialling *atomic.Int64) {
	dialling = new(atomic.Int64)
	s.network.Dial = func(ctx context.Context, _ string) (net.Conn, error) {
		dialling.Add(1)
		defer dialling.Add(-1)
		<-ctx.Done()
		time.Sleep(time.Second) // of the bubble's clock
		return nil, ctx.Err()
	}
	return dialling
}

func TestStopWaitsForTheExamination(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		require.NoError(t, s.Stop(t.Context()), "nothing runs")
		dialling := s.slowToEnd()
		s.diagnose(false)
		synctest.Wait()
		require.Contains(t, s.read("verdict-wait"), "Examining")
		require.Positive(t, dialling.Load())

		soon, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		require.ErrorIs(t, s.Stop(soon), context.DeadlineExceeded)
		require.NoError(t, s.Stop(t.Context()))
		require.Zero(t, dialling.Load(), "nothing of it runs any more")
		cause, _ := uitest.Find(t, s.view(), "verdict").Attr("data-cause")
		require.Equal(t, "stopped", cause)
	})
}

func TestTheStopButton(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		s.slowToEnd()
		s.fire("diagnose-run", "click", ui.Event{})
		s.diagnose(false) // does nothing
		s.fire("diagnose-stop", "click", ui.Event{})
		require.NoError(t, s.Await(t.Context(), func() bool { return !s.Running() }))
		verdict := uitest.Find(t, s.view(), "verdict")
		cause, _ := verdict.Attr("data-cause")
		require.Equal(t, "stopped", cause)
		count, _ := verdict.Attr("data-examination")
		require.Equal(t, "1", count)
	})
}

// TestSomebodyConnects has the owner of the connection end the doctor.
func TestSomebodyConnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		dialling := s.slowToEnd()
		s.diagnose(false)
		synctest.Wait()
		require.Positive(t, dialling.Load())
		s.interrupt()
		require.NoError(t, s.Await(t.Context(), func() bool { return !s.Running() }))
		require.Zero(t, dialling.Load())

		s.Links.Occupy = func(context.Context, func(context.Context)) error { return context.Canceled }
		cause, _ := s.examined("diagnose-run")
		require.Equal(t, "stopped", cause, "somebody connected before it began")
	})
}

func TestForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		s.examined("diagnose-run")
		s.Update(s.Forget)
		require.Contains(t, uitest.Text(s.view()), "Not examined yet.")

		s.slowToEnd()
		s.diagnose(false)
		synctest.Wait()
		s.Update(s.Forget)
		require.NoError(t, s.Await(t.Context(), func() bool { return !s.Running() }))
		require.Contains(t, uitest.Text(s.view()), "Not examined yet.", "its result is not shown")
		require.NotContains(t, fmt.Sprintf("%+v", s.state.evidence), hubservice.InPageHost)
	})
}

func TestTheConsole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		s.Update(func() {
			s.state.examined = true
			s.state.evidence = doctor.Evidence{Subject: doctor.Subject{Host: "h.azure-devices.net"}, Findings: map[doctor.Stage]doctor.Finding{
				doctor.StageHTTPS: {Outcome: doctor.Failed}, doctor.StageUpgrade: {Outcome: doctor.Failed}}}
		})
		s.fire("diagnose-console", "input", ui.Event{Value: "hello"})
		require.Contains(t, s.read("diagnose-console-problem"), "names no cause")
		s.fire("diagnose-console", "input", ui.Event{Value: "net::ERR_CERT_AUTHORITY_INVALID"})
		cause, _ := uitest.Find(t, s.view(), "verdict").Attr("data-cause")
		require.Equal(t, "tls-not-trusted", cause)
		require.Empty(t, uitest.All(s.view(), "diagnose-console-problem"))
	})
}

func TestTheLongerCheck(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 5 * time.Minute, "1": time.Minute, "60": time.Hour, "0": 0, "61": 0, "x": 0, "1.5": 0} {
		got, err := idleTime(text)
		require.Equal(t, want, got, text)
		require.Equal(t, want == 0, err != nil, text)
	}
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		s.fire("diagnose-minutes", "input", ui.Event{Value: "x"})
		s.fire("diagnose-idle", "click", ui.Event{})
		require.ErrorContains(t, s.Notice.Text, "the time is not a whole number from 1 to 60")
		s.fire("diagnose-minutes", "input", ui.Event{Value: "2"})
		began := time.Now()
		s.examined("diagnose-idle")
		require.GreaterOrEqual(t, time.Since(began), 2*time.Minute)
		outcome, _ := uitest.Find(t, s.view(), "stage-idle").Attr("data-outcome")
		require.Equal(t, string(doctor.OK), outcome)
		require.Equal(t, 1, s.occupied)
	})
}

// TestLinksAreRemembered follows the device's own connections.
func TestLinksAreRemembered(t *testing.T) {
	h := new(history)
	at := time.Unix(0, 0)
	up, down := hubclient.State{Phase: hubclient.Connected}, hubclient.State{Phase: hubclient.Reconnecting, Err: &hubclient.LinkError{Err: io.EOF}}
	for i := range historyLimit + 5 {
		h.stateChanged(at, down, up)
		h.heard = at.Add(time.Second)
		h.stateChanged(at.Add(time.Duration(i)*time.Minute), up, down)
	}
	require.Len(t, h.links, historyLimit)
	last := h.links[historyLimit-1]
	require.Equal(t, doctor.Link{Lasted: 24 * time.Minute, Quiet: 24*time.Minute - time.Second, Clean: true}, last)

	h.stateChanged(at, down, up)
	h.stateChanged(at, up, hubclient.State{Phase: hubclient.Reconnecting})
	require.True(t, h.links[historyLimit-1].Planned)
	h.stateChanged(at, down, up)
	h.stateChanged(at, up, hubclient.State{Phase: hubclient.Reconnecting, Err: errors.New("lost")})
	require.False(t, h.links[historyLimit-1].Clean)
	h.stateChanged(at, down, hubclient.State{Phase: hubclient.Dialing})
	require.Len(t, h.links, historyLimit, "an attempt is not a connection")
}

func TestTroubleIsRemembered(t *testing.T) {
	var l troubleLog
	for i := range troubleLimit + 10 {
		l.add(Trouble{DeviceID: fmt.Sprint("device", i%2), StatusCode: i})
	}
	require.Len(t, l.since(0, "device1"), troubleLimit/2, "the newest are kept")
	require.Equal(t, []doctor.HubLine{{Code: troubleLimit + 9}}, l.since(troubleLimit+8, "device1"))
	require.Empty(t, l.since(l.count, "device1"))
	require.Empty(t, l.since(0, "another"))
}

// TestViewsChangeNothing draws at the same time, for the race detector.
func TestViewsChangeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		s.examined("diagnose-run")
		var drawings sync.WaitGroup
		for range 8 {
			drawings.Go(func() { s.view() })
		}
		drawings.Wait()
	})
}
