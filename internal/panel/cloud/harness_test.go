package cloud

import (
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/panel/page/pagetest"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

const readyMade = "MyDevice01"

// testRoom is a cloud side with a person, and the other rooms' parts in short.
type testRoom struct {
	*Room
	*pagetest.Person
	credentials      hubclient.Credentials // of a connection
	connectionString string                // in the connect form
	refused          []hubservice.Operation
}

// open returns a cloud side that has not looked for its emulator yet.
func open(t *testing.T, topic page.Topic, fetch hubservice.Fetch) *testRoom {
	t.Helper()
	p, e := pagetest.Open(t, topic), new(hubservice.Emulator)
	r := &testRoom{}
	r.Room = New(p, e, Network{Fetch: fetch, Dial: e.Dialer(func(context.Context, string) (net.Conn, error) { return nil, net.ErrClosed }, p.Read)})
	r.Person = pagetest.Use(t, p, r.Room, r.Pane)
	r.Links = Links{
		Running:     func() bool { return r.credentials.DeviceID != "" },
		Credentials: func() hubclient.Credentials { return r.credentials },
		Found:       func() { r.connectionString = e.Info.DeviceConnectionString },
		InfoChanged: func(old, now *hubservice.Info) {
			if r.connectionString == old.DeviceConnectionString {
				r.connectionString = now.DeviceConnectionString
			}
		},
		UseConnectionString: func(s string) { r.connectionString = s },
		UseEnrollment:       func(bool) {},
		ExpireToken:         func() {},
		Stored:              func(*hubservice.StoredEvent) {},
		Refused:             func(o *hubservice.Operation) { r.refused = append(r.refused, *o) },
	}
	return r
}

// openInPage returns a cloud side of a hub inside the page.
func openInPage(t *testing.T, topic page.Topic) *testRoom {
	t.Helper()
	r := open(t, topic, nil)
	r.Start()
	synctest.Wait()
	require.Equal(t, hubservice.InPage, r.emulator.Kind)
	t.Cleanup(func() { r.Page.Close(); require.NoError(t, r.emulator.Hub.Close()) })
	return r
}

// connect connects the ready-made device, until the end of the test.
func (r *testRoom) connect(t *testing.T) *hubclient.Client {
	t.Helper()
	credentials, err := hubclient.ParseConnectionString(r.emulator.Info.DeviceConnectionString)
	require.NoError(t, err)
	client, err := hubclient.New(credentials, &hubclient.Options{Dial: r.network.Dial, OnMessage: func(context.Context, hubclient.Delivery) error { return nil }})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); client.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	synctest.Wait()
	return client
}

// A site is the page's origin: an emulator that can be restarted.
type site struct {
	t *testing.T

	mu       sync.Mutex
	hub      *emulator.Hub
	infos    int // how often it was asked for its info
	holdInfo chan struct{}
}

func newSite(t *testing.T) *site {
	s := &site{t: t}
	s.restart()
	t.Cleanup(func() { require.NoError(t, s.now().Close()) })
	return s
}

// restart replaces the hub by one with other keys.
func (s *site) restart() {
	s.t.Helper()
	hub := new(emulator.Hub)
	_, err := hubservice.OpenInPage(s.t.Context(), hub)
	require.NoError(s.t, err)
	s.mu.Lock()
	old := s.hub
	s.hub = hub
	s.mu.Unlock()
	if old != nil {
		require.NoError(s.t, old.Close())
	}
}

func (s *site) now() *emulator.Hub {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hub
}

func (s *site) fetch(ctx context.Context, r *hubservice.FetchRequest) (*hubservice.FetchResponse, error) {
	if r.Path == "/emulator/info" {
		s.mu.Lock()
		s.infos++
		hold := s.holdInfo
		s.mu.Unlock()
		if hold != nil {
			<-hold
		}
	}
	return hubservice.FetchFrom(s.now(), hubservice.InPageHost)(ctx, r)
}
