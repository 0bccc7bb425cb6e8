package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"time"

	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// A load is how much is exchanged in which time.
type load struct {
	telemetry, messages, desired, reported, methods int

	over  time.Duration // in which it begins, evenly
	limit time.Duration // by which everything has ended
}

// Traffic is everything that a device and a hub exchange.
type traffic struct {
	load      load
	seed      uint64
	telemetry *telemetry
	messages  *messages
	desired   *desired
	reported  *reported
	methods   *methods

	found   problems // by the reader of the hub's log
	readers sync.WaitGroup
	figures *figures
}

func newTraffic(seed uint64, l load) *traffic {
	return &traffic{
		load: l, seed: seed,
		telemetry: newTelemetry(seed, l.telemetry), messages: newMessages(l.messages),
		desired: newDesired(l.desired), reported: newReported(seed, l.reported), methods: newMethods(seed, l.methods),
		figures: &figures{seed: seed},
	}
}

// options have the device's part.
func (x *traffic) options() hubclient.Options {
	return hubclient.Options{
		Trace:     x.telemetry.trace,
		OnMessage: x.messages.handle,
		OnDesired: x.desired.handle,
		OnMethod:  x.methods.handle,
	}
}

// between says who exchanges it.
func (x *traffic) between(w *world) {
	x.telemetry.device, x.reported.device = w.device, w.device
	x.messages.hub, x.desired.hub, x.methods.hub = w.hub, w.hub, w.hub
}

// follow begins to read what the hub says: its event stream until the last word, and its log until the context ends.
func (x *traffic) follow(ctx context.Context, w *world) {
	events, operations := w.hub.Events(ctx), w.hub.Operations(ctx)
	x.readers.Go(func() {
		for event := range events {
			if !x.telemetry.read(event) {
				return
			}
		}
	})
	x.readers.Go(func() {
		for o := range operations {
			x.found.operation(o)
		}
	})
}

// run exchanges it all. The first error ends it.
func (x *traffic) run(ctx context.Context, w *world) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var workers sync.WaitGroup
	work := func(f func() error) {
		workers.Go(func() {
			if err := f(); err != nil {
				stop(err)
			}
		})
	}
	for i := range senders {
		work(func() error { return x.telemetry.send(ctx, i, x.load.over) })
	}
	for i := range reporters {
		work(func() error { return x.reported.send(ctx, i, x.load.over) })
	}
	for i := range invokers {
		work(func() error { return x.methods.invoke(ctx, i, x.load.over) })
	}
	work(func() error { return x.messages.send(ctx, x.load.over) })
	work(func() error { return x.desired.send(ctx, x.load.over) })

	// Beside them: the hub ends a connection now and then, and somebody looks at how much memory is needed.
	beside, end := context.WithCancel(ctx)
	var besides sync.WaitGroup
	besides.Go(func() { x.disconnect(beside, w) })
	besides.Go(func() { x.figures.measure(beside) })
	workers.Wait()
	end()
	besides.Wait()
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("with the device %s: %w", w.device.State().Phase, err)
	}
	return nil
}

// disconnect lets the hub end the connection every few seconds.
func (x *traffic) disconnect(ctx context.Context, w *world) {
	random := rand.New(rand.NewPCG(x.seed, 2000))
	for {
		wait := time.Second + time.Duration(random.Int64N(int64(4*time.Second)))
		if until(ctx, time.Now().Add(wait)) != nil {
			return
		}
		if w.hub.Disconnect(deviceID) {
			x.figures.byHub++
		}
	}
}

// compare compares what both sides say, once everything has ended.
func (x *traffic) compare(hubDesired, hubReported map[string]any) problems {
	found, f := x.found, x.figures // a copy: a pointer would keep all the rest
	p := &found
	f.telemetry = x.telemetry.compare(p)
	f.messages = x.messages.compare(p)
	x.desired.compare(p, hubDesired)
	f.documents, f.changes, f.desiredWrong = x.desired.documents, x.desired.changes, x.desired.wrong.total
	f.reported = x.reported.compare(p, hubReported)
	f.methods = x.methods.compare(p)
	f.connections = len(x.telemetry.sent) - 1 // one was there before
	f.load = x.load
	return found
}

// Figures are what was counted.
type figures struct {
	seed        uint64
	load        load
	took        time.Duration
	connections int // that got as far as CONNECT
	cuts        Cuts
	byHub       int // connections that the hub was told to end

	telemetry          telemetryReport
	messages           messagesReport
	documents, changes int // of the desired properties
	desiredWrong       int // of them, those that the device should not have got
	reported           reportedReport
	methods            methodsReport

	before, connected, after, ended footprint
	peak                            footprint
}

// watch notes the largest footprint. The heap is what the garbage collector found reachable.
func (f *figures) measure(ctx context.Context) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	for until(ctx, time.Now().Add(50*time.Millisecond)) == nil {
		metrics.Read(live)
		f.peak.heap = max(f.peak.heap, live[0].Value.Uint64())
		f.peak.goroutines = max(f.peak.goroutines, runtime.NumGoroutine())
	}
}

// String is the table that docs/reliability.md keeps.
func (f *figures) String() string {
	var b strings.Builder
	row := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "| %s | %s |\n", what, fmt.Sprintf(format, args...))
	}
	b.WriteString("| what | figure |\n|---|---|\n")
	row("the run", "seed %d, %.0f s", f.seed, f.took.Seconds())
	row("connections", "%d accepted by TCP, %d got as far as CONNECT", f.cuts.Connections, f.connections)
	row("cuts", "%d: %d by a TCP reset, %d by a TCP close, %d by a WebSocket close; %d of them after a silence that swallowed what was written; %d more by the hub",
		f.cuts.All(), f.cuts.Resets, f.cuts.Closes, f.cuts.Goodbyes, f.cuts.Silences, f.byHub)
	t := f.telemetry
	row("telemetry", "%d sent: %d acknowledged; %d given up on the way, of which %d arrived; %d given up before that, of which %d arrived",
		f.load.telemetry, t.acknowledged, t.unacknowledged, t.unacknowledgedArrived, t.unsent, t.unsentArrived)
	row("telemetry at the hub", "%d messages and %d duplicates (%.1f %%); acknowledged and lost: %d; out of order: %d",
		t.arrived, t.duplicates, 100*float64(t.duplicates)/float64(t.arrived), t.lost, t.disordered)
	row("cloud-to-device messages", "%d sent, %d handled and acknowledged; %d refused by the handler at first, and delivered again; %d other duplicates; out of order: %d",
		f.load.messages, f.messages.arrived, f.messages.refused, f.messages.duplicates, f.messages.disordered)
	row("desired properties", "%d changes by the service; the device got %d changes and %d whole documents; missed, twice or backwards: %d",
		f.load.desired, f.changes, f.documents, f.desiredWrong)
	row("reported properties", "%d patches: %d acknowledged, %d of them missing in the twin; %d given up, of which %d arrived",
		f.load.reported, f.reported.acknowledged, f.reported.lost, f.reported.gaveUp, f.reported.gaveUpArrived)
	row("direct methods", "%d calls: %d answered; %d found the device away or lost it, %d of them after it had run; run twice: %d",
		f.load.methods, f.methods.answered, f.methods.away, f.methods.awayButRun, f.methods.twice)
	row("goroutines", "%d connected before, %d connected after, at most %d; %d before everything, %d after everything",
		f.connected.goroutines, f.after.goroutines, f.peak.goroutines, f.before.goroutines, f.ended.goroutines)
	row("heap", "%.1f MiB connected before, %+.1f MiB connected after, at most %.1f MiB; %.1f MiB before everything, %+.1f MiB after everything",
		mib(f.connected.heap), f.after.grown(f.connected), mib(f.peak.heap), mib(f.before.heap), f.ended.grown(f.before))
	return b.String()
}

var errTimeIsUp = errors.New("the time is up")
