package connection

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/readymade"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

const deviceID = "MyDevice01" // the ready-made device

// site is a room with a hub at its other end, and an account of the connections between them.
type site struct {
	*Room
	t     *testing.T
	fatal chan string // sentences of Env.Fatal

	mu         sync.Mutex
	hub        *emulator.Hub
	dials      int
	open, peak int                                                    // connections now, and at most at once
	dial       func(ctx context.Context) (bool, error)                // if set: false fails the dial
	closing    time.Duration                                          // how long a connection takes to close
	got        struct{ messages, desired, connecting, connected int } // calls of the Links
	refreshes  int
}

func openSite(t *testing.T) *site {
	s := &site{t: t, fatal: make(chan string, 10), hub: newHub(t)}
	info, err := hubservice.OpenInPage(t.Context(), s.hub)
	require.NoError(t, err)
	service, err := hubservice.New(hubservice.FetchFrom(s.hub, hubservice.InPageHost), &info)
	require.NoError(t, err)
	e := &hubservice.Emulator{Kind: hubservice.InPage, Info: info, Client: service}
	p := page.New(page.Env{Changed: func() {}, Yield: func() {}, Fatal: func(sentence, _ string) { s.fatal <- sentence }, Location: time.UTC})
	t.Cleanup(p.Close)
	s.Room = New(p, e, hubservice.Network{Dial: s.dialHub})
	s.Links = Links{
		Message:      func(context.Context, hubclient.Delivery) error { s.got.messages++; return nil },
		Acknowledged: func(uint64) {},
		Desired:      func(context.Context, hubclient.Desired) { s.got.desired++ },
		Method: func(context.Context, hubclient.Method) (hubclient.Response, error) {
			return hubclient.Response{Status: 200}, nil
		},
		Trace:        func(hubclient.Traced) {},
		Connecting:   func() { s.got.connecting++ },
		Connected:    func() { s.got.connected++ },
		StateChanged: func(_, _ hubclient.State) {},
		StoreSecret:  func() {},
		RefreshEmulator: func(ctx context.Context) (err error) {
			s.Update(func() {
				s.refreshes++
				old := e.Info.DeviceConnectionString
				e.Info, err = readymade.Describe(ctx, s.currentHub(), hubservice.InPageHost)
				s.Form.OfferReadyMade(old, e.Info.DeviceConnectionString)
			})
			return err
		},
		Profiles: func() *ui.Node { return ui.H("details", ui.Key("profiles")) },
	}
	s.Update(func() { s.Form.OfferReadyMade("", info.DeviceConnectionString) })
	return s
}

func newHub(t *testing.T) *emulator.Hub {
	hub := &emulator.Hub{HostName: hubservice.InPageHost, AssigningTime: -1}
	require.NoError(t, readymade.Prepare(t.Context(), hub))
	t.Cleanup(func() { hub.Close() })
	return hub
}

func (s *site) currentHub() *emulator.Hub {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hub
}

// dialHub is the network of the site.
func (s *site) dialHub(ctx context.Context, url string) (net.Conn, error) {
	s.mu.Lock()
	s.dials++
	dial := s.dial
	s.mu.Unlock()
	if dial != nil {
		if ok, err := dial(ctx); !ok {
			return nil, err
		}
	}
	conn, err := s.currentHub().Dial(ctx, url)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open++
	s.peak = max(s.peak, s.open)
	return &countedConn{Conn: conn, site: s}, nil
}

// countedConn takes itself out of the account when it is closed, or when the hub refuses the device: a connection that was refused has no
// identity, and may still be closing while the next one begins.
type countedConn struct {
	net.Conn
	site *site
	once sync.Once
}

func (c *countedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if refused := n >= 4 && b[0] == byte(mqttcodec.CONNACK)<<4 && b[3] != 0; refused {
		c.once.Do(c.uncount)
	}
	return n, err
}

func (c *countedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		time.Sleep(c.site.closing)
		c.uncount()
	})
	return err
}

func (c *countedConn) uncount() {
	c.site.mu.Lock()
	c.site.open--
	c.site.mu.Unlock()
}

// setDial changes what happens before each dial from now on.
func (s *site) setDial(dial func(ctx context.Context) (bool, error)) {
	s.mu.Lock()
	s.dial = dial
	s.mu.Unlock()
}

var errNoRoute = errors.New("no route")

func hangingDial(ctx context.Context) (bool, error) { <-ctx.Done(); return false, ctx.Err() }
func failingDial(context.Context) (bool, error)     { return false, errNoRoute }

func (s *site) account() (dials, open, peak int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials, s.open, s.peak
}

// settings are those of the form.
func (s *site) settings() (settings Settings) {
	s.Read(func() {
		var err error
		settings, err = s.Form.Settings()
		require.NoError(s.t, err)
	})
	return settings
}

// bar returns the state in the bar, by its name.
func (s *site) bar() (name string) {
	s.Read(func() { _, name = s.StateText() })
	return name
}

// connect connects the form's device.
func (s *site) connect() {
	s.t.Helper()
	s.Connect()
	synctest.Wait()
	s.connected()
}

// connected requires that page and hub agree on one connection.
func (s *site) connected() {
	s.t.Helper()
	_, open, peak := s.account()
	require.Equal(s.t, "connected", s.bar())
	require.Equal(s.t, 1, open)
	require.Equal(s.t, 1, peak, "two connections of one identity at the same time")
	require.Equal(s.t, "Connected", s.seenByHub())
	require.Empty(s.t, s.fatal)
}

// disconnected requires that page and hub agree on none.
func (s *site) disconnected() {
	s.t.Helper()
	_, open, peak := s.account()
	require.NotEqual(s.t, "connected", s.bar())
	require.Zero(s.t, open)
	require.LessOrEqual(s.t, peak, 1, "two connections of one identity at the same time")
	require.Equal(s.t, "Disconnected", s.seenByHub())
	s.Read(func() {
		require.False(s.t, s.Running())
		require.Nil(s.t, s.LiveClient())
		require.Nil(s.t, s.state.owner.current)
	})
}

// seenByHub returns the state of the ready-made device's connection in the hub's registry.
func (s *site) seenByHub() string {
	d, err := s.currentHub().Device(deviceID)
	require.NoError(s.t, err)
	return string(d.ConnectionState)
}

// log returns the device's log, a line each.
func (s *site) log() (lines []string) {
	s.Read(func() {
		for _, e := range s.DeviceLog.Entries {
			lines = append(lines, s.Words(e.What)+": "+s.Words(e.Summary))
		}
	})
	return lines
}

func (s *site) text(id string) (text string) {
	s.t.Helper()
	s.Read(func() { text = uitest.Text(uitest.Find(s.t, s.Card(), id)) })
	return text
}

func (s *site) has(id string) (has bool) {
	s.Read(func() { has = len(uitest.All(s.Card(), id)) > 0 })
	return has
}

// fire does what an event on an element does.
func (s *site) fire(id, event string, e ui.Event) {
	s.t.Helper()
	var n *ui.Node
	s.Read(func() { n = uitest.Find(s.t, s.Card(), id) })
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

// invoke calls a direct method of the ready-made device.
func (s *site) invoke(method string) (status int) {
	status, _, err := s.currentHub().Invoke(s.t.Context(), deviceID, method, json.RawMessage("null"))
	require.NoError(s.t, err)
	return status
}
