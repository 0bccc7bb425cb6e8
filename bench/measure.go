package main

import (
	"fmt"
	"runtime"
	"slices"
	"time"
)

// A result is what one codec takes for one packet of a workload.
type result struct {
	Op       string  // "decode" or "encode"
	Workload string  // its name
	Codec    string  // its name
	Nanos    float64 // the median of the passes, by the clock of the report
	Bytes    float64 // allocated
	Allocs   float64
}

// passTime is how long a codec has at a workload in each pass.
const passTime = 20 * time.Millisecond

// warmup is how many passes are not counted: V8 compiles wasm for speed only while it runs, and an allocator needs time
// to settle. The first also finds how many packets fit into passTime.
const warmup = 3

// measure runs every codec at every workload, once in each of passes.
func measure(passes int) ([]result, error) {
	runtime.GOMAXPROCS(1)
	var runs []*run
	for _, w := range measured() {
		for _, c := range codecs {
			if next := decodeNext(c, w); next != nil {
				runs = append(runs, &run{result: result{Op: "decode", Workload: w.name, Codec: c.name}, next: next})
			}
			if next := encodeNext(c, w); next != nil {
				runs = append(runs, &run{result: result{Op: "encode", Workload: w.name, Codec: c.name}, next: next})
			}
		}
	}
	for range warmup + passes {
		for _, r := range runs {
			if err := r.pass(); err != nil {
				return nil, fmt.Errorf("%s, %s, %s: %w", r.Op, r.Workload, r.Codec, err)
			}
		}
	}
	results := make([]result, len(runs))
	for i, r := range runs {
		r.Nanos = median(r.nanos[warmup:])
		results[i] = r.result
	}
	return results, nil
}

// A run is one codec at one workload.
type run struct {
	result
	next  func(n int) error // n packets
	steps int               // packets in a pass
	nanos []float64         // per step, of each pass
}

func (r *run) pass() error {
	if r.steps == 0 {
		if err := r.calibrate(); err != nil {
			return err
		}
	}
	runtime.GC() // what another codec left behind is not this one's to clear
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := now()
	if err := r.next(r.steps); err != nil {
		return err
	}
	took := now() - start
	runtime.ReadMemStats(&after)
	n := float64(r.steps)
	r.nanos = append(r.nanos, float64(took)/n)
	r.Bytes = float64(after.TotalAlloc-before.TotalAlloc) / n
	r.Allocs = float64(after.Mallocs-before.Mallocs) / n
	return nil
}

// calibrate doubles the packets until they take a quarter of passTime, and concludes from that.
func (r *run) calibrate() error {
	for r.steps = 1; ; r.steps *= 2 {
		start := now()
		if err := r.next(r.steps); err != nil {
			return err
		}
		if took := now() - start; took > passTime/4 {
			r.steps = int(float64(r.steps)*float64(passTime)/float64(took)) + 1
			return nil
		}
	}
}

func decodeNext(c codec, w workload) func(int) error {
	if c.decoder == nil {
		return nil
	}
	next := c.decoder(w.wire)
	return func(n int) error { _, err := next(n); return err }
}

func encodeNext(c codec, w workload) func(int) error {
	if c.encoder == nil {
		return nil
	}
	next := c.encoder(w.packets)
	if next == nil {
		return nil
	}
	return func(n int) error { _, err := next(n); return err }
}

func median(x []float64) float64 {
	x = slices.Clone(x)
	slices.Sort(x)
	if n := len(x); n%2 == 0 {
		return (x[n/2-1] + x[n/2]) / 2
	}
	return x[len(x)/2]
}
