package cloud

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// An emulator that was restarted has new keys: the cloud side takes them, and the connect form gets the device's new one.
func TestARestartedEmulatorIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		r := open(t, page.TopicTelemetry, s.fetch)
		t.Cleanup(r.Page.Close)
		r.Start()
		synctest.Wait()
		require.Equal(t, hubservice.Served, r.emulator.Kind)
		device := r.dialSite(t, s)
		require.NoError(t, device.Send(t.Context(), hubclient.Message{Body: []byte("before")}))
		synctest.Wait()
		require.Len(t, r.All("event"), 1)
		old := r.connectionString

		s.restart()
		synctest.Wait()
		require.Equal(t, "event stream closed", r.Text("cloud-live"))
		time.Sleep(time.Minute)
		synctest.Wait()
		require.NotEqual(t, old, r.connectionString)
		require.Equal(t, r.emulator.Info.DeviceConnectionString, r.connectionString)
		require.Equal(t, "event stream open", r.Text("cloud-live"))
		var lines []string
		for _, e := range r.DeviceLog.Entries {
			if e.Summary != nil && strings.Contains(e.Summary.Error(), "restarted") {
				lines = append(lines, e.Summary.Error())
			}
		}
		require.Len(t, lines, 1, "it is one line")

		device = r.dialSite(t, s)
		require.NoError(t, device.Send(t.Context(), hubclient.Message{Body: []byte("after")}))
		synctest.Wait()
		require.Len(t, r.All("event"), 2, "the number of the second is that of the first")
		require.NotContains(t, r.Text("event"), "before")
		r.View()
		r.Read(func() { require.Zero(t, r.Telemetry.dropped, "nothing is counted as missed") })
	})
}

// A request that the emulator refuses because it was restarted is made again with the new key.
func TestARequestAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		r := open(t, page.TopicTelemetry, s.fetch)
		t.Cleanup(r.Page.Close)
		r.Start()
		synctest.Wait()
		s.restart()
		require.NoError(t, r.Registry.Load(t.Context()))
	})
}

func (r *testRoom) dialSite(t *testing.T, s *site) *hubclient.Client {
	t.Helper()
	hub := s.now()
	r.network.Dial = hub.Dial
	return r.connect(t)
}

// Callers at the same time share one request, and one that gives up does not end it for the others.
func TestRefreshIsOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		r := open(t, page.TopicTelemetry, s.fetch)
		t.Cleanup(r.Page.Close)
		r.Start()
		synctest.Wait()
		s.restart()
		hold := make(chan struct{})
		s.mu.Lock()
		s.infos, s.holdInfo = 0, hold
		s.mu.Unlock()

		impatient, giveUp := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := r.Refresh(impatient)
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		synctest.Wait()
		for range 5 {
			wg.Go(func() {
				if restarted, err := r.Refresh(t.Context()); err != nil || !restarted {
					t.Error(restarted, err)
				}
			})
		}
		synctest.Wait()
		giveUp()
		synctest.Wait()
		close(hold)
		wg.Wait()
		require.Equal(t, 1, s.infos)
		restarted, err := r.Refresh(t.Context())
		require.NoError(t, err)
		require.False(t, restarted)
	})
}

func TestAnErrorOfTheSearchCanBeTriedAgain(t *testing.T) {
	s := func(t *testing.T, r *testRoom, mend func(), want string) {
		t.Helper()
		t.Cleanup(r.Page.Close)
		r.Start()
		synctest.Wait()
		require.Contains(t, r.Text("cloud-failed"), want)
		require.Equal(t, "no emulator", r.KindText().Error())
		require.NotNil(t, r.Notice.Text)
		r.Click("cloud-retry")
		require.Contains(t, r.Text("cloud-failed"), want, "it is still so")
		mend()
		r.Click("cloud-retry")
		require.True(t, r.Has("cloud-live"))
		require.Nil(t, r.Notice.Text)
	}
	t.Run("no answer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			origin, down := newSite(t), true
			r := open(t, page.TopicTelemetry, func(ctx context.Context, q *hubservice.FetchRequest) (*hubservice.FetchResponse, error) {
				if down {
					return nil, errors.New("offline")
				}
				return origin.fetch(ctx, q)
			})
			r.Env.Params.Hub = "served"
			s(t, r, func() { down = false }, "offline")
		})
	})
	t.Run("a key that is not one", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			origin, broken := newSite(t), true
			r := open(t, page.TopicTelemetry, func(ctx context.Context, q *hubservice.FetchRequest) (*hubservice.FetchResponse, error) {
				res, err := origin.fetch(ctx, q)
				if err == nil && broken && q.Path == "/emulator/info" {
					raw, err := io.ReadAll(res.Body)
					res.Body = io.NopCloser(strings.NewReader(strings.ReplaceAll(string(raw), "SharedAccessKey=", "SharedAccessKey=%")))
					return res, err
				}
				return res, err
			})
			s(t, r, func() { broken = false }, "SharedAccessKey")
		})
	})
	t.Run("a hub inside the page that does not open", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := open(t, page.TopicTelemetry, nil)
			var store emulator.Store = brokenStore{}
			r.newHub = func() *emulator.Hub { return &emulator.Hub{Store: store} }
			s(t, r, func() { store = nil }, "the disk")
			r.Page.Close()
			require.NoError(t, r.emulator.Hub.Close())
		})
	})
}

// brokenStore is a store that cannot be read.
type brokenStore struct{}

func (brokenStore) Each(context.Context, func(string, []byte) error) error {
	return errors.New("the disk does not answer")
}

func (brokenStore) Commit(context.Context, []emulator.Write) error {
	return errors.New("the disk does not answer")
}

// A device of another hub does not change what the cloud side is about.
func TestTheTargetIsADeviceOfTheEmulator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := openInPage(t, page.TopicTelemetry)
		r.Update(func() { r.SetTarget("contoso.azure-devices.net", "theirs", "") })
		require.Equal(t, readyMade, r.Target())
		r.Update(func() { r.SetTarget(hubservice.InPageHost, readyMade, "pump") })
		require.Equal(t, readyMade+"/pump", r.Target())

		r.Update(func() { r.credentials = hubclient.Credentials{Host: "contoso.azure-devices.net", DeviceID: "theirs"} })
		require.Contains(t, r.Text("cloud-commands"), "-d theirs")
	})
}
