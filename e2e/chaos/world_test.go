package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

const deviceID = "dev-1"

// A world is a hub and a device with a network between them: real WebSockets over loopback.
type world struct {
	t       *testing.T
	hub     *emulator.Hub
	network *Network
	server  *httptest.Server
	host    string // as the server is called
	device  *hubclient.Client

	stop  context.CancelFunc
	ended chan error // Run's result
}

// newWorld starts a hub on a calm network and makes its device, which does not run yet.
func newWorld(t *testing.T, seed uint64, o hubclient.Options) *world {
	t.Helper()
	w := &world{t: t, hub: &emulator.Hub{}, network: NewNetwork(seed), ended: make(chan error, 1)}
	w.server = httptest.NewUnstartedServer(w.hub)
	w.server.Listener = w.network.Listener(w.server.Listener)
	w.server.Start()
	w.host = strings.TrimPrefix(w.server.URL, "http://")

	registered, err := w.hub.PutDevice(t.Context(), emulator.Device{DeviceID: deviceID})
	require.NoError(t, err)
	key, err := hubclient.ParseKey(registered.Authentication.SymmetricKey.PrimaryKey)
	require.NoError(t, err)
	o.Dial = w.network.Dial(wsconn.Dial)
	o.MaxTakeovers = -1 // a hub that is cut off again and again looks like one that another client takes over
	o.Backoff = func(int) time.Duration { return rand.N(50 * time.Millisecond) }
	w.device, err = hubclient.New(hubclient.Credentials{Host: w.host, DeviceID: deviceID, Key: key}, &o)
	require.NoError(t, err)
	return w
}

// run begins the device's life.
func (w *world) run() {
	ctx, stop := context.WithCancel(w.t.Context())
	w.stop = stop
	go func() { w.ended <- w.device.Run(ctx) }()
}

// end ends the device's life and closes everything.
func (w *world) end() {
	w.t.Helper()
	w.stop()
	require.NoError(w.t, <-w.ended, "the hub never refused the device")
	require.NoError(w.t, w.hub.Close())
	w.server.Close()
}

// fillLogs fills what the hub keeps a bounded number of, telemetry and its operations log, so that memory can be compared before
// and after.
func (w *world) fillLogs(ctx context.Context) {
	w.t.Helper()
	const kept = 10_000
	filling := make([]hubclient.Message, kept)
	for i := range filling {
		filling[i] = message(i)
		filling[i].Body = append([]byte("no number: "), filling[i].Body...)
	}
	require.NoError(w.t, w.device.SendBatch(ctx, filling))
	for range kept {
		_, err := w.hub.Purge(ctx, deviceID)
		require.NoError(w.t, err)
	}
}

// twin reads the device's twin as a service does.
func (w *world) twin() (desired, reported map[string]any) {
	w.t.Helper()
	text, err := w.hub.PolicyKey(w.t.Context(), emulator.PolicyOwner)
	require.NoError(w.t, err)
	key, err := hubproto.ParseKey(text)
	require.NoError(w.t, err)
	answer := w.hub.Do(w.t.Context(), &emulator.Request{
		Method: "GET", Path: "/twins/" + deviceID, Query: map[string][]string{"api-version": {hubproto.APIVersion}}, Host: w.host,
		Header: map[string]string{"Authorization": hubproto.SignSAS(key, w.host, emulator.PolicyOwner, time.Now().Add(time.Hour))},
	})
	require.Equal(w.t, 200, answer.Status, "%s", answer.Body)
	var twin struct {
		Properties struct{ Desired, Reported map[string]any }
	}
	require.NoError(w.t, json.Unmarshal(answer.Body, &twin))
	return twin.Properties.Desired, twin.Properties.Reported
}

// queue is how many messages wait for the device.
func (w *world) queue() int {
	w.t.Helper()
	d, err := w.hub.Device(deviceID)
	require.NoError(w.t, err)
	return d.CloudToDeviceMessageCount
}

// wait waits until something is so.
func (w *world) wait(ctx context.Context, what string, so func() bool) {
	w.t.Helper()
	for !so() {
		if until(ctx, time.Now().Add(5*time.Millisecond)) != nil {
			w.t.Fatalf("%s: still not so when the time was up", what)
		}
	}
}

// waitForGoroutines waits until there are no more than so many: those that end do so in their own time.
func (w *world) waitForGoroutines(ctx context.Context, most int) {
	w.t.Helper()
	for runtime.NumGoroutine() > most {
		if until(ctx, time.Now().Add(5*time.Millisecond)) != nil {
			pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
			w.t.Fatalf("%d goroutines are left, there were %d before", runtime.NumGoroutine(), most)
		}
	}
}

// A footprint is what the process needs.
type footprint struct {
	goroutines int
	heap       uint64 // bytes in reachable objects
}

func measure() footprint {
	runtime.GC()
	runtime.GC() // what the first one took out of sync.Pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return footprint{runtime.NumGoroutine(), m.HeapAlloc}
}

func mib(bytes uint64) float64 { return float64(bytes) / (1 << 20) }

// grown is the growth of the heap in MiB.
func (f footprint) grown(since footprint) float64 {
	return (float64(f.heap) - float64(since.heap)) / (1 << 20)
}

// Problems are what was found wrong. They belong to one goroutine at a time, and only the first ones are kept.
type problems struct {
	list  []string
	total int
}

func (p *problems) add(format string, args ...any) {
	p.total++
	if p.total <= 20 {
		text := fmt.Sprintf(format, args...)
		p.list = append(p.list, text[:min(len(text), 300)])
	}
}

// take adds what others found.
func (p *problems) merge(others *problems) {
	p.total += others.total
	p.list = append(p.list, others.list...)
}

// operation objects to a line of the hub's log that tells of more than connections that broke: the hub must find no fault in what
// the device sends.
func (p *problems) operation(o emulator.Operation) {
	switch o.StatusCode {
	case 200, 201, 204: // done
	case deviceNotOnline:
	case 404104: // the connection ended
	case 400027: // the same device connected again, before the end of the old connection was noticed
	default:
		p.add("the hub: %s %s %d: %s", o.Category, o.Name, o.StatusCode, o.Description)
	}
	if o.Lost > 0 {
		p.add("the test read too slowly and missed %d lines of the hub's log", o.Lost)
	}
}

// until waits until a time has come.
func until(ctx context.Context, at time.Time) error {
	t := time.NewTimer(time.Until(at))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
