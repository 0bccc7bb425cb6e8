package connection

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

func TestTwoStartsAtOnceEndWithOneClient(t *testing.T) {
	for name, start := range map[string]func(*site){
		"the form":    func(s *site) { s.Connect() },
		"credentials": func(s *site) { s.ConnectWith(s.settings().Credentials) },
		"settings":    func(s *site) { s.Start(s.settings()) },
		"a token":     func(s *site) { s.ExpireToken(s.settings().Credentials) },
		"a scenario":  func(s *site) { s.PlayConnect(s.t.Context(), s.settings()) },
	} {
		for _, connected := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := openSite(t)
					if connected {
						s.connect()
					}
					var both sync.WaitGroup
					both.Go(func() { start(s) })
					both.Go(func() { start(s) })
					both.Wait()
					synctest.Wait()
					s.connected()
					s.Disconnect()
					synctest.Wait()
					s.disconnected()
				})
			})
		}
	}
}

func TestTheLatestStartWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.setDial(hangingDial)
		far := s.settings()
		far.Credentials.DeviceID = "far"
		s.Start(far)
		synctest.Wait()
		require.Equal(t, "dialing", s.bar())
		s.setDial(nil)
		s.Start(s.settings())
		synctest.Wait()
		s.connected()
		s.Read(func() { require.Equal(t, deviceID, s.DeviceName()) })
	})
}

func TestAStartWaitsForTheEndOfTheConnectionBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.closing = time.Second
		s.connect()
		var ended <-chan struct{}
		s.Read(func() { ended = s.Ended() })
		s.Start(s.settings())
		synctest.Wait()
		dials, open, _ := s.account()
		require.Equal(t, 1, dials)
		require.Equal(t, 1, open)
		s.Read(func() {
			require.True(t, s.Running())
			require.Nil(t, s.LiveClient(), "nothing can be sent yet")
		})
		require.Equal(t, "dialing", s.bar())
		_, err := s.Client()
		require.Equal(t, ErrNotConnected, err)

		second := s.state.connection
		s.Start(s.settings()) // the second never runs
		<-ended
		synctest.Wait()
		s.connected()
		dials, _, _ = s.account()
		require.Equal(t, 2, dials)
		require.False(t, second.began)
		require.Equal(t, 2, s.got.connecting)
		require.Contains(t, s.log(), "Disconnected: The device closed the connection.")
	})
}

// Connect after Disconnect connects, however soon it comes.
func TestConnectWhileTheConnectionIsEnding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.closing = time.Second
		s.connect()
		s.Disconnect()
		s.Connect()
		s.Connect()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		s.connected()
		dials, _, _ := s.account()
		require.Equal(t, 2, dials)
	})
}

func TestConnectLeavesAConnectionThatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.connect()
		s.Connect()
		synctest.Wait()
		s.connected()
		dials, _, _ := s.account()
		require.Equal(t, 1, dials)
	})
}

func TestDisconnectEndsEachPhase(t *testing.T) {
	for name, test := range map[string]struct {
		phase string
		reach func(s *site)
	}{
		"nothing":      {"disconnected", func(*site) {}},
		"dialing":      {"dialing", func(s *site) { s.setDial(hangingDial); s.Connect() }},
		"reconnecting": {"reconnecting", func(s *site) { s.setDial(failingDial); s.Connect() }},
		"connected":    {"connected", func(s *site) { s.Connect() }},
		"connecting": {"connecting", func(s *site) {
			wait := make(chan struct{})
			s.t.Cleanup(func() { close(wait) })
			require.NoError(s.t, s.hub.SetFaults(emulator.Faults{OnPacket: func(_ string, p mqttcodec.Packet) emulator.Verdict {
				if p.Type() == mqttcodec.SUBSCRIBE {
					<-wait
				}
				return emulator.Pass
			}}))
			s.Connect()
		}},
		"waiting": {"dialing", func(s *site) {
			s.closing = time.Second
			s.connect()
			s.Start(s.settings())
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := openSite(t)
				test.reach(s)
				synctest.Wait()
				if test.phase == "reconnecting" {
					for s.bar() != "reconnecting" {
						time.Sleep(time.Millisecond)
					}
				}
				require.Equal(t, test.phase, s.bar())
				before, _, _ := s.account()
				require.NoError(t, s.DisconnectAndWait(t.Context()))
				_, open, _ := s.account()
				require.Zero(t, open, "it has returned before the connection ended")
				require.Equal(t, "disconnected", s.bar())
				time.Sleep(10 * time.Minute)
				if name != "connecting" { // there the hub is held back
					s.disconnected()
				}
				after, _, _ := s.account()
				require.Equal(t, before, after, "it dialed afterwards")
			})
		})
	}
}

func TestDisconnectAndWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.closing = time.Second
		s.connect()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		require.ErrorIs(t, s.DisconnectAndWait(ctx), context.DeadlineExceeded)
		time.Sleep(time.Second)
		synctest.Wait()
		s.disconnected()
	})
}

// Random starts and ends from several goroutines: afterwards page and hub agree, and no two connections were ever open at once.
func TestStartsAndEndsFromEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.closing = 10 * time.Millisecond
		settings := s.settings()
		actions := []func(){
			s.Connect, s.Disconnect, s.TryNow,
			func() { s.Start(settings) },
			func() { s.ExpireToken(settings.Credentials) },
			func() { s.Occupy(t.Context(), func(ctx context.Context) { s.signIn(ctx, 5*time.Millisecond) }) },
			func() { s.PlayConnect(t.Context(), settings) },
		}
		var people sync.WaitGroup
		for person := range 4 {
			people.Go(func() {
				for i := range 30 {
					actions[(i*(person+2)+person)%len(actions)]()
					time.Sleep(time.Duration((i*7+person*3)%11) * time.Millisecond)
				}
			})
		}
		people.Wait()
		require.NoError(t, s.DisconnectAndWait(t.Context()))
		synctest.Wait()
		s.disconnected()
		s.connect()
	})
}

// signIn is a connection with the device's identity that is not the page's client.
func (s *site) signIn(ctx context.Context, lasts time.Duration) {
	conn, err := s.dialHub(ctx, "wss://hub.inpage/$iothub/websocket")
	if err != nil {
		return
	}
	defer conn.Close()
	select {
	case <-time.After(lasts):
	case <-ctx.Done():
	}
}

func TestAPanicInAHandlerIsReportedAndTheConnectionGoesOn(t *testing.T) {
	for name, test := range map[string]struct {
		arm     func(*site)
		trigger func(*site)
	}{
		"message": {
			func(s *site) {
				s.Links.Message = func(context.Context, hubclient.Delivery) error { panic("message") }
			},
			func(s *site) {
				require.NoError(s.t, s.hub.SendToDevice(s.t.Context(), deviceID, emulator.Message{Body: []byte("x")}))
			},
		},
		"desired": {
			func(s *site) { s.Links.Desired = func(context.Context, hubclient.Desired) { panic("desired") } },
			func(*site) {},
		},
		"method": {
			func(s *site) {
				s.Links.Method = func(context.Context, hubclient.Method) (hubclient.Response, error) { panic("method") }
			},
			func(s *site) { require.Equal(s.t, 500, s.invoke("reboot")) },
		},
		"state, under the lock": {
			func(s *site) { s.Links.Connected = func() { panic("connected") } },
			func(*site) {},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := openSite(t)
				test.arm(s)
				s.Connect()
				synctest.Wait()
				test.trigger(s)
				synctest.Wait()
				require.Contains(t, <-s.fatal, "Something in the panel broke")
				s.connected()
				s.Disconnect()
				synctest.Wait()
				s.disconnected()
			})
		})
	}
}

// The end of a client that panics is the end of its tenancy.
func TestAPanicInTheClientEndsItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.Links.Connecting = func() { panic("connecting") } // on the goroutine of Run
		s.Connect()
		synctest.Wait()
		require.Contains(t, <-s.fatal, "the device's connection")
		s.disconnected()
		s.Links.Connecting = func() {}
		s.connect()
	})
}

// Whatever a client reports after it was replaced, the page shows the next one.
func TestEventsOfAReplacedConnectionChangeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.connect()
		old := s.state.connection
		s.Start(s.settings())
		synctest.Wait()
		s.connected()
		got, lines := s.got, len(s.log())

		old.changed(hubclient.State{Phase: hubclient.Reconnecting, Err: io.ErrUnexpectedEOF})
		old.changed(hubclient.State{Phase: hubclient.Connected})
		require.Error(t, old.received(t.Context(), hubclient.Delivery{}), "the hub has to deliver it to the next connection")
		old.acknowledged(1)
		old.desired(t.Context(), hubclient.Desired{})
		_, err := old.called(t.Context(), hubclient.Method{})
		require.Error(t, err)
		require.Equal(t, got, s.got)
		require.Len(t, s.log(), lines)
		s.connected()
		s.Read(func() { require.Nil(t, s.Notice.Text) })
	})
}

func TestPlayConnectWaitsForTheHubsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		require.NoError(t, s.PlayConnect(t.Context(), s.settings()))
		require.Equal(t, "connected", s.bar())

		wrong := s.settings()
		wrong.Credentials.Key = []byte("not the device's key")
		var refused *hubclient.ConnectError
		require.ErrorAs(t, s.PlayConnect(t.Context(), wrong), &refused)
		require.Equal(t, mqttcodec.NotAuthorized, refused.Code)
		require.Equal(t, "refused", s.bar())
		s.Read(func() { require.Equal(t, "refused", s.PhaseName()) })

		s.setDial(hangingDial)
		result := make(chan error)
		go func() { result <- s.PlayConnect(t.Context(), s.settings()) }()
		synctest.Wait()
		s.Disconnect()
		require.Equal(t, error(ErrNotConnected), <-result)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, s.PlayConnect(ctx, s.settings()), context.DeadlineExceeded)

		invalid := s.settings()
		invalid.Credentials.DeviceID = "a b"
		require.Error(t, s.PlayConnect(t.Context(), invalid))
		s.Read(func() { require.NotNil(t, s.Notice.Text) })
	})
}

func TestATokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.connect()
		expiry := s.ExpireToken(s.settings().Credentials)
		require.Equal(t, 20*time.Second, time.Until(expiry))
		synctest.Wait()
		s.connected()
		require.Equal(t, "20 s", s.text("token-left"))
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		s.disconnected()
		s.Read(func() {
			text, _ := s.StateText()
			require.Equal(t, "Refused: the SAS token has expired", text)
			require.NotNil(t, s.Notice.Text)
		})
		require.Zero(t, s.refreshes, "a token cannot be renewed")
	})
}

func TestTheStateIsTranslatedWhenItIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.setDial(failingDial)
		s.Connect()
		for s.bar() != "reconnecting" {
			time.Sleep(time.Millisecond)
		}
		english := s.log()
		s.Update(func() { s.Language = catalog.Polish })
		polish := s.log()
		require.Equal(t, "Dialling: Opening a WebSocket to hub.inpage.", english[0])
		require.Equal(t, "Nawiązywanie połączenia", polish[0][:len("Nawiązywanie połączenia")])
		for i := range english {
			require.NotEqual(t, english[i], polish[i])
		}
		s.Read(func() { require.NotContains(t, s.Words(s.Notice.Text), "The device goes on") })
		s.Disconnect()
	})
}

func TestTryNowEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.TryNow() // without a connection it does nothing
		var block sync.Mutex
		s.setDial(func(context.Context) (bool, error) {
			block.Lock()
			defer block.Unlock()
			return false, errors.New("no route")
		})
		s.Connect()
		for dials := 0; dials < 4; dials, _, _ = s.account() { // by then the wait is some seconds
			time.Sleep(time.Second)
		}
		s.setDial(nil)
		for s.bar() != "reconnecting" {
			time.Sleep(time.Millisecond)
		}
		require.True(t, s.has("try-now"))
		s.TryNow()
		synctest.Wait()
		s.connected()
		require.Equal(t, page.Notice{}, s.Notice)
	})
}
