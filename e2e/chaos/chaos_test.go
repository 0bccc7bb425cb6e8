package chaos

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// How much is exchanged: in make test, and in make chaos.
var (
	shortLoad = load{telemetry: 800, messages: 60, desired: 60, reported: 60, methods: 60, over: 4 * time.Second, limit: time.Minute}
	wholeLoad = load{telemetry: 10_000, messages: 500, desired: 500, reported: 500, methods: 500, over: 80 * time.Second, limit: 2 * time.Minute}
)

// maxGrowth bounds, in MiB, what the heap may grow by from one quiet moment of a connected device to a later one, and from before
// everything to after everything: it is what the runtime and this test keep.
const maxGrowth = 2.0

// settings reads what the environment asks for.
func settings(t *testing.T) (l load, seed uint64) {
	t.Helper()
	switch size := os.Getenv("HUBPANEL_CHAOS"); size {
	case "":
		l = shortLoad
	case "whole":
		l = wholeLoad
	default:
		t.Fatalf("HUBPANEL_CHAOS is %q: set it to whole, or to nothing for a short run", size)
	}
	seed = uint64(rand.Uint32())
	if given := os.Getenv("HUBPANEL_CHAOS_SEED"); given != "" {
		var err error
		seed, err = strconv.ParseUint(given, 10, 64)
		require.NoError(t, err, "HUBPANEL_CHAOS_SEED is a number")
	}
	return l, seed
}

// TestChaos lets a device and the hub exchange everything there is over a network that breaks about once a second, and then
// compares what both sides say. With HUBPANEL_CHAOS=whole it does so for longer; HUBPANEL_CHAOS_SEED repeats a plan.
func TestChaos(t *testing.T) {
	load, seed := settings(t)
	t.Logf("seed %d: repeat with HUBPANEL_CHAOS_SEED=%[1]d", seed)
	started := time.Now()
	ctx, cancel := context.WithTimeoutCause(t.Context(), load.limit, errTimeIsUp)
	defer cancel()
	traffic := newTraffic(seed, load)
	figures := traffic.figures // kept when the rest may be collected
	figures.before = measure()

	w := newWorld(t, seed, traffic.options())
	traffic.between(w)
	w.run()
	w.fillLogs(ctx)
	_, err := w.device.Report(ctx, []byte(`{"calm":true}`))
	require.NoError(t, err)
	w.wait(ctx, "the device has read the desired properties", traffic.desired.begun)
	figures.connected = measure()

	reading, stopReading := context.WithCancel(ctx)
	defer stopReading()
	traffic.follow(reading, w)
	w.network.SetRough(true)
	require.NoError(t, traffic.run(ctx, w))
	w.network.SetRough(false)

	// What the handler refused comes again on the next connection.
	traffic.messages.calm.Store(true)
	w.hub.Disconnect(deviceID)
	require.NoError(t, w.device.Send(ctx, hubclient.Message{Body: []byte(lastWord)}))
	w.wait(ctx, "the device has taken every message", func() bool { return w.queue() == 0 })
	w.wait(ctx, "the device knows the last desired properties", traffic.desired.arrived)
	stopReading()
	traffic.readers.Wait()
	w.waitForGoroutines(ctx, figures.connected.goroutines)
	figures.after = measure()
	hubDesired, hubReported := w.twin()
	figures.cuts = w.network.Cuts()

	w.end()
	w.waitForGoroutines(ctx, figures.before.goroutines)
	problems := traffic.compare(hubDesired, hubReported)
	figures.took = time.Since(started)
	figures.ended = measure()
	if len(problems.list) > 0 {
		t.Errorf("%d problems, beginning with:\n%s", problems.total, strings.Join(problems.list, "\n"))
	}
	require.Less(t, figures.after.grown(figures.connected), maxGrowth, "MiB of heap, connected, before and after")
	require.Less(t, figures.ended.grown(figures.before), maxGrowth, "MiB of heap, before and after everything")
	t.Logf("figures:\n%s", figures)
}
