package provisioning

import (
	"context"
	"encoding/base64"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/connection"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/readymade"
	"github.com/hubpanel/hubpanel/internal/scenario"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// site is the room beside the real connection room, with a hub and its provisioning service at the other end.
type site struct {
	*Room
	t          *testing.T
	connection *connection.Room
	hub        *emulator.Hub
	copied     []string
	changed    func() // runs at each change; may be nil

	mu                    sync.Mutex
	registrations         int // how often DPS was dialed
	connections           int // how often the hub was
	open, peak, refreshes int
}

func openSite(t *testing.T) *site {
	s := &site{t: t, hub: &emulator.Hub{}}
	t.Cleanup(func() { s.hub.Close() })
	info, err := hubservice.OpenInPage(t.Context(), s.hub)
	require.NoError(t, err)
	service, err := hubservice.New(hubservice.FetchFrom(s.hub, hubservice.InPageHost), &info)
	require.NoError(t, err)
	e := &hubservice.Emulator{Kind: hubservice.InPage, Info: info, Client: service, Hub: s.hub}
	changed := func() {
		if s.changed != nil {
			s.changed()
		}
	}
	p := page.New(page.Env{Changed: changed, Yield: func() {}, Location: time.UTC,
		Fatal: func(sentence, detail string) { t.Error(sentence, detail) },
		Copy:  func(_ context.Context, text string) error { s.copied = append(s.copied, text); return nil },
	})
	t.Cleanup(p.Close)
	dial := e.Dialer(nil, p.Read)
	s.Room = New(p, e, hubservice.Network{Dial: func(ctx context.Context, url string) (net.Conn, error) {
		s.mu.Lock()
		s.registrations++
		s.mu.Unlock()
		return dial(ctx, url)
	}})
	s.connection = connection.New(p, e, hubservice.Network{Dial: func(ctx context.Context, url string) (net.Conn, error) {
		conn, err := dial(ctx, url)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.connections++
		s.open++
		s.peak = max(s.peak, s.open)
		return &countedConn{Conn: conn, site: s}, nil
	}})
	s.Links = Links{
		Running: s.connection.Running, Credentials: s.connection.Credentials,
		Connect: s.connection.ConnectWithLocked, FillForm: s.connection.Form.OfferAssigned,
		RefreshDevices: func(context.Context) { s.mu.Lock(); s.refreshes++; s.mu.Unlock() },
		TokenView:      s.connection.TokenView,
	}
	s.connection.Links = connection.Links{
		Message:      func(context.Context, hubclient.Delivery) error { return nil },
		Acknowledged: func(uint64) {},
		Desired:      func(context.Context, hubclient.Desired) {},
		Method: func(context.Context, hubclient.Method) (hubclient.Response, error) {
			return hubclient.Response{}, nil
		},
		Trace: func(hubclient.Traced) {}, Connecting: func() {}, Connected: func() {},
		StateChanged: func(_, _ hubclient.State) {}, StoreSecret: func() {},
		RefreshEmulator: func(context.Context) error { return nil },
		Profiles:        func() *ui.Node { return ui.H("details", ui.Key("profiles")) },
	}
	s.Update(func() { s.OfferEnrollment(EnrollmentIndividual) })
	return s
}

// countedConn takes itself out of the account when it is closed.
type countedConn struct {
	net.Conn
	site *site
	once sync.Once
}

func (c *countedConn) Close() error {
	c.once.Do(func() { c.site.mu.Lock(); c.site.open--; c.site.mu.Unlock() })
	return c.Conn.Close()
}

// demo is the emulator's individual enrollment.
func (s *site) demo() readymade.Individual { return s.emulator.Info.Demo.Individual }

func (s *site) card() (card *ui.Node) {
	s.Read(func() { card = s.Card() })
	return card
}

func (s *site) has(id string) bool { return len(uitest.All(s.card(), id)) > 0 }

func (s *site) text(id string) string {
	s.t.Helper()
	return uitest.Text(uitest.Find(s.t, s.card(), id))
}

func (s *site) value(id string) string { s.t.Helper(); return uitest.Find(s.t, s.card(), id).Value }

func (s *site) fire(id, event string, e ui.Event) {
	s.t.Helper()
	n := uitest.Find(s.t, s.card(), id)
	_, disabled := n.Attr("disabled")
	require.False(s.t, disabled, "%s is disabled", id)
	for _, l := range n.Events {
		if l.Event == event {
			s.Handle(l.Do, e)
			synctest.Wait()
			return
		}
	}
	require.Fail(s.t, "no such listener", "%s has no listener for %s", id, event)
}

func (s *site) typeIn(id, text string) { s.t.Helper(); s.fire(id, "input", ui.Event{Value: text}) }

// settle lets a registration come to its end.
func (s *site) settle() {
	time.Sleep(20 * time.Second)
	synctest.Wait()
}

// state of the connection, by its name.
func (s *site) bar() (name string) {
	s.Read(func() { _, name = s.connection.StateText() })
	return name
}

// one requires that the assigned device is connected once.
func (s *site) one() {
	s.t.Helper()
	require.Equal(s.t, "connected", s.bar())
	require.Equal(s.t, 1, s.open)
	require.Equal(s.t, 1, s.peak, "two connections of one identity at the same time")
}

func TestRegisterAndConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.RegisterDevice()
		s.settle()
		require.Contains(t, s.text("dps-assigned"), s.demo().RegistrationID)
		s.one()
		require.False(t, s.has("dps-connect"), "it is connected")
		require.Equal(t, 1, s.refreshes)
		s.Read(func() { require.Equal(t, s.demo().RegistrationID, s.connection.Credentials().DeviceID) })
	})
}

// H1: two quick clicks, before the page is drawn again.
func TestTwoClicksOnConnectToItStartOneClient(t *testing.T) {
	for _, running := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := openSite(t)
			if running {
				ready, err := hubclient.ParseConnectionString(s.emulator.Info.DeviceConnectionString)
				require.NoError(t, err)
				s.connection.ConnectWith(ready)
				synctest.Wait()
			}
			before := s.connections
			s.RegisterOnly()
			s.settle()
			click := uitest.Find(t, s.card(), "dps-connect").Events[0].Do
			s.Handle(click, ui.Event{})
			s.Handle(click, ui.Event{})
			synctest.Wait()
			s.one()
			require.Equal(t, before+1, s.connections)
			s.Handle(click, ui.Event{}) // the page was not drawn yet
			synctest.Wait()
			require.Equal(t, before+1, s.connections)

			s.connection.Disconnect()
			time.Sleep(time.Minute) // a second client would come back by then
			synctest.Wait()
			require.Equal(t, "disconnected", s.bar())
			device, err := s.hub.Device(s.demo().RegistrationID)
			require.NoError(t, err)
			require.EqualValues(t, "Disconnected", device.ConnectionState, "page and hub agree")
			require.Zero(t, s.open)
		})
	}
}

func TestClicksFromEverywhereStartOneClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.RegisterOnly()
		s.settle()
		var people sync.WaitGroup
		for range 10 {
			people.Go(s.ConnectAssigned)
		}
		people.Wait()
		synctest.Wait()
		s.one()
		require.Equal(t, 1, s.connections)
	})
}

func TestTwoClicksOnRegisterRegisterOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		var people sync.WaitGroup
		people.Go(s.RegisterDevice)
		people.Go(s.RegisterOnly)
		people.Go(s.RegisterDevice)
		people.Wait()
		s.settle()
		require.Equal(t, 1, s.registrations)
		require.True(t, s.has("dps-assigned"))
	})
}

func TestCancelEndsTheRegistrationAndItsConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.RegisterDevice()
		synctest.Wait()
		s.fire("dps-cancel", "click", ui.Event{})
		require.True(t, s.has("dps-failure"))
		s.settle()
		require.False(t, s.has("dps-assigned"))
		require.Zero(t, s.connections)
		s.RegisterDevice() // and another one can begin
		s.settle()
		s.one()
	})
}

// Cancel may come between the service's last answer and the connect.
func TestCancelAfterTheAnswerConnectsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		var canceled atomic.Bool
		s.changed = func() {
			answered := false
			s.Read(func() {
				steps := s.state.steps
				answered = len(steps) > 0 && steps[len(steps)-1].Kind == hubclient.StepAssigned
			})
			if answered {
				canceled.Store(true)
				s.CancelRegistration()
			}
		}
		s.RegisterDevice()
		s.settle()
		require.True(t, canceled.Load())
		require.False(t, s.has("dps-assigned"))
		require.True(t, s.has("dps-failure"))
		require.Zero(t, s.connections)
	})
}

func TestForgetLeavesNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.Update(func() { s.OfferEnrollment(EnrollmentGroup) })
		s.RegisterOnly()
		s.settle()
		var assigned []byte
		s.Read(func() {
			assigned = s.Assignment().Credentials.Key
			require.Contains(t, s.Secrets(), base64.StdEncoding.EncodeToString(assigned))
			require.Contains(t, s.Secrets(), s.state.derivedKey())
			require.Contains(t, s.Secrets(), s.emulator.Info.Demo.Group.PrimaryKey)
		})
		s.RegisterOnly()
		synctest.Wait()
		s.Update(s.Forget)
		s.settle()
		s.Read(func() {
			require.Nil(t, s.Assignment())
			require.Empty(t, strings.Join(s.Secrets(), ""))
		})
		require.Empty(t, s.value("dps-key"))
	})
}

func TestAScenarioRegisters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		demo := s.demo()
		s.RegisterOnly() // a registration that runs is in the way
		synctest.Wait()
		require.NoError(t, s.PlayRegister(t.Context(), &scenario.Register{RegistrationID: demo.RegistrationID}, demo.PrimaryKey))
		s.Read(func() { require.Equal(t, demo.RegistrationID, s.Assignment().DeviceID) })

		wrong := base64.StdEncoding.EncodeToString([]byte("not the enrollment's key"))
		var refused *hubclient.ConnectError
		err := s.PlayRegister(t.Context(), &scenario.Register{RegistrationID: demo.RegistrationID}, wrong)
		require.ErrorAs(t, err, &refused, "an error, and not a sentence of the page")
		s.Read(func() { require.Nil(t, s.Assignment()) })

		require.Error(t, s.PlayRegister(t.Context(), &scenario.Register{RegistrationID: demo.RegistrationID}, "???"))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, s.PlayRegister(ctx, &scenario.Register{RegistrationID: demo.RegistrationID}, demo.PrimaryKey), context.DeadlineExceeded)
		synctest.Wait()
		s.Read(func() { require.Nil(t, s.state.running, "it was canceled") })

		group := s.emulator.Info.Demo.Group
		require.NoError(t, s.PlayRegister(t.Context(), &scenario.Register{RegistrationID: group.RegistrationID, EnrollmentGroupID: "any"}, group.PrimaryKey))
	})
}

// A person who has no key, only a token from somebody who has: the token names the registration, opens DPS, and no hub.
func TestProvisioningWithAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		demo := s.demo()
		key, err := hubproto.ParseKey(demo.PrimaryKey)
		require.NoError(t, err)
		sign := func(resource, policy string) string {
			return hubproto.SignSAS(key, resource, policy, time.Now().Add(time.Hour))
		}
		resource := hubproto.RegistrationResource(s.emulator.Info.IDScope, demo.RegistrationID)
		s.fire("dps-token", "change", ui.Event{})
		require.False(t, s.has("dps-key"))

		s.typeIn("dps-sas", "SharedAccessSignature sr=x")
		require.Contains(t, s.text("dps-sas-problem"), "without its sig field")
		s.typeIn("dps-sas", sign("hub.example/devices/d", ""))
		require.Contains(t, s.text("dps-sas-problem"), "DPS wants one for {ID scope}/registrations/")
		s.typeIn("dps-sas", sign(resource, ""))
		require.Contains(t, s.text("dps-sas-problem"), `DPS wants "registration"`)
		s.RegisterDevice()
		require.Contains(t, s.text("dps-failure"), `DPS wants "registration"`, "nothing is sent")
		s.Update(func() { s.Language = catalog.Polish })
		require.NotContains(t, s.text("dps-failure"), "DPS wants", "the failure is translated when it is shown")
		s.Update(func() { s.Language = catalog.English })
		require.Zero(t, s.registrations)

		s.typeIn("dps-id-scope", "")
		s.typeIn("dps-registration-id", "")
		token := sign(resource, hubproto.DPSPolicy)
		s.typeIn("dps-sas", token)
		require.Empty(t, s.text("dps-sas-problem"))
		require.Equal(t, resource, s.text("token-resource"))
		require.Contains(t, s.text("token-left"), "60 min")
		require.Equal(t, demo.RegistrationID, s.value("dps-registration-id"), "the token says it")
		s.RegisterDevice()
		s.settle()
		require.Contains(t, s.text("dps-assigned"), demo.RegistrationID)
		require.Equal(t, "disconnected", s.bar(), "the token opens no hub")
		require.False(t, s.has("dps-connect"))

		s.fire("dps-fill", "click", ui.Event{})
		s.Read(func() {
			card := s.connection.Card()
			require.Equal(t, s.Assignment().AssignedHub, uitest.Find(t, card, "connect-host").Value)
			require.Equal(t, demo.RegistrationID, uitest.Find(t, card, "connect-device-id").Value)
			require.Contains(t, s.Room.Secrets(), token)
		})
		s.Update(s.Forget)
		require.Empty(t, s.value("dps-sas"))
	})
}

func TestTheDerivedKeyAndTheCountdownAreShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.fire("dps-group", "change", ui.Event{})
		var key string
		s.Read(func() { key = s.state.derivedKey() })
		require.NotEmpty(t, key)
		require.NotContains(t, s.text("dps-derived-key"), key)
		s.fire("dps-derived-copy", "click", ui.Event{})
		s.fire("dps-derived-reveal", "change", ui.Event{Checked: true})
		require.Equal(t, key, s.text("dps-derived-key"))
		require.Equal(t, []string{key}, s.copied)

		s.fire("dps-only", "click", ui.Event{})
		require.Regexp(t, `Asking again in \d s`, s.text("dps-countdown"))
		uitest.Valid(t, s.card())
		require.Equal(t, uitest.Markup(s.card()), uitest.Markup(s.card()))
		s.settle()
		require.False(t, s.has("dps-countdown"))
		require.Equal(t, "disconnected", s.bar())
		s.fire("dps-connect", "click", ui.Event{})
		s.one()
		require.False(t, s.has("dps-connect"))
	})
}

func TestASecondEnrollmentKeepsWhatThePersonTyped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.typeIn("dps-key", "bXkgb3duIGtleQ==")
		s.typeIn("dps-registration-id", "mine")
		s.fire("dps-group", "change", ui.Event{})
		require.Equal(t, "bXkgb3duIGtleQ==", s.value("dps-key"))
		require.Equal(t, "mine", s.value("dps-registration-id"))
	})
}

func TestANewEnrollmentReplacesOnlyTheOldOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		old := s.emulator.Info
		restarted := &emulator.Hub{}
		t.Cleanup(func() { restarted.Close() })
		now, err := hubservice.OpenInPage(t.Context(), restarted)
		require.NoError(t, err)
		s.Update(func() { s.emulator.Info = now; s.OfferNewEnrollment(&old) })
		require.Equal(t, now.Demo.Individual.PrimaryKey, s.value("dps-key"))
		require.NotEqual(t, old.Demo.Individual.PrimaryKey, s.value("dps-key"))

		s.typeIn("dps-key", "bXkgb3duIGtleQ==")
		s.Update(func() { s.OfferNewEnrollment(&now) })
		require.Equal(t, "bXkgb3duIGtleQ==", s.value("dps-key"))
	})
}
