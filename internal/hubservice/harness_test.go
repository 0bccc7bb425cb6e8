package hubservice

import (
	"context"
	"io"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// A site is the page's origin: an emulator that can be restarted, behind a carrier whose event streams can be broken.
type site struct {
	t *testing.T

	mu      sync.Mutex
	hub     *emulator.Hub
	info    Info
	streams []io.Closer
	paths   []string // of the streams that were opened
}

func newSite(t *testing.T) *site {
	s := &site{t: t}
	s.restart()
	t.Cleanup(func() { require.NoError(t, s.hub.Close()) })
	return s
}

// restart replaces the hub by one with other keys.
func (s *site) restart() {
	s.t.Helper()
	hub := new(emulator.Hub)
	info, err := OpenInPage(s.t.Context(), hub)
	require.NoError(s.t, err)
	s.mu.Lock()
	old := s.hub
	s.hub, s.info = hub, info
	s.mu.Unlock()
	if old != nil {
		require.NoError(s.t, old.Close())
	}
}

func (s *site) now() (*emulator.Hub, Info) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hub, s.info
}

// fetch is a Fetch.
func (s *site) fetch(ctx context.Context, r *FetchRequest) (*FetchResponse, error) {
	hub, _ := s.now()
	res, err := FetchFrom(hub, InPageHost)(ctx, r)
	if err == nil && res.Header["content-type"] == "text/event-stream" {
		s.mu.Lock()
		s.streams, s.paths = append(s.streams, res.Body), append(s.paths, r.Path)
		s.mu.Unlock()
	}
	return res, err
}

// breakStreams breaks the event streams that are open.
func (s *site) breakStreams() {
	s.mu.Lock()
	streams := s.streams
	s.streams = nil
	s.mu.Unlock()
	for _, c := range streams {
		c.Close()
	}
}

func (s *site) client() *Client {
	s.t.Helper()
	_, info := s.now()
	c, err := New(s.fetch, &info)
	require.NoError(s.t, err)
	return c
}

// connect connects the ready-made device and returns its client.
func (s *site) connect() *hubclient.Client {
	s.t.Helper()
	hub, info := s.now()
	credentials, err := hubclient.ParseConnectionString(info.DeviceConnectionString)
	require.NoError(s.t, err)
	client, err := hubclient.New(credentials, &hubclient.Options{Dial: hub.Dial})
	require.NoError(s.t, err)
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); client.Run(ctx) }()
	s.t.Cleanup(func() { cancel(); <-done })
	return client
}
