package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"time"
)

// plan is the extent of the measurement.
type plan struct {
	idle, senders, rounds int
	duration              time.Duration // of a round of telemetry
	compare               string        // the folder of another revision of this module; empty for none
}

// The figures to beat.
const (
	goalIdle   = 5_000
	goalMemory = 16 << 10 // bytes for an idle connection
	goalRate   = 20_000   // messages a second
)

func main() {
	var p plan
	flag.IntVar(&p.idle, "idle", goalIdle, "idle connections")
	flag.IntVar(&p.senders, "senders", 100, "connections that send telemetry")
	flag.IntVar(&p.rounds, "rounds", 5, "how often telemetry is measured")
	flag.DurationVar(&p.duration, "for", 4*time.Second, "how long a round of telemetry lasts")
	flag.StringVar(&p.compare, "compare", "", "`folder` of another revision of this repository, such as a git worktree, to measure beside this one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, p, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench/hub:", err)
		os.Exit(1)
	}
}

// load is the cost of telemetry in the rounds.
type load struct{ rate, cpu []float64 } // messages a second; µs of the server's CPU time a message

// results are those of one server.
type results struct {
	server
	fresh, full int64 // bytes resident, without and with the idle connections
	connected   time.Duration
	single, all load
}

func run(ctx context.Context, p plan, w io.Writer) error {
	dir, err := os.MkdirTemp("", "hub")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	starts := []func(context.Context, string, plan) (server, error){emulatorFrom("emulator", "../..")}
	if p.compare != "" {
		starts = append(starts, emulatorFrom("other revision", p.compare))
	}
	if mosquitto == "" {
		fmt.Fprintln(os.Stderr, "bench/hub: MOSQUITTO IS NOT INSTALLED, so the emulator is measured alone (Debian: apt-get install mosquitto)")
	} else {
		starts = append(starts, startMosquitto)
	}
	var all []*results
	for _, start := range starts {
		fmt.Fprintln(os.Stderr, "bench/hub: idle connections")
		r, err := measureIdle(ctx, dir, p, start)
		if err != nil {
			return err
		}
		all = append(all, r)
	}
	// Fresh processes for the telemetry, both at once: while one works the other waits.
	for i, start := range starts {
		s, err := start(ctx, dir, p)
		if err != nil {
			return err
		}
		defer s.stop()
		all[i].server = s
	}
	for round := range p.rounds {
		for _, r := range all {
			fmt.Fprintf(os.Stderr, "bench/hub: telemetry, round %d of %d: %s\n", round+1, p.rounds, r.name)
			if err := r.single.measure(ctx, r.server, p, 1); err != nil {
				return err
			}
			if err := r.all.measure(ctx, r.server, p, window); err != nil {
				return err
			}
		}
	}
	write(w, p, all)
	return nil
}

func measureIdle(ctx context.Context, dir string, p plan, start func(context.Context, string, plan) (server, error)) (*results, error) {
	s, err := start(ctx, dir, p)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	r := &results{server: s, fresh: s.fresh}
	began := time.Now()
	devices, err := connectAll(ctx, s, p.idle)
	defer closeAll(devices)
	if err != nil {
		return nil, err
	}
	r.connected = time.Since(began)
	r.full, err = s.settledMemory(ctx)
	return r, err
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// write prints the tables.
func write(w io.Writer, p plan, all []*results) {
	verdict := func(ok bool) string {
		if ok {
			return "reached"
		}
		return "**missed**"
	}
	emulator := all[0]
	rate := median(emulator.single.rate)
	fmt.Fprintf(w, "| | to beat | measured | |\n|---|--:|--:|---|\n")
	fmt.Fprintf(w, "| idle device connections in one process | %d | %d | %s |\n", goalIdle, p.idle, verdict(p.idle >= goalIdle))
	memory := float64(emulator.full-emulator.fresh) / float64(p.idle)
	fmt.Fprintf(w, "| memory per idle connection, KiB | %d | %.1f | %s |\n", goalMemory>>10, memory/1024, verdict(memory <= goalMemory))
	fmt.Fprintf(w, "| telemetry messages a second from %d connections | %d | %.0f | %s |\n\n", p.senders, goalRate, rate, verdict(rate >= goalRate))

	header, line := "| |", "|---|"
	for _, r := range all {
		header += " " + r.name + " |"
		line += "--:|"
	}
	for _, r := range all[1:] {
		header += " emulator / " + r.name + " |"
		line += "--:|"
	}
	fmt.Fprintln(w, header+"\n"+line)
	row := func(name, format string, figure func(*results) float64) {
		fmt.Fprintf(w, "| %s |", name)
		for _, r := range all {
			fmt.Fprintf(w, " "+format+" |", figure(r))
		}
		for _, r := range all[1:] {
			fmt.Fprintf(w, " %.2f |", figure(all[0])/figure(r))
		}
		fmt.Fprintln(w)
	}
	const mib, kib = 1 << 20, 1 << 10
	row("fresh process, MiB", "%.1f", func(r *results) float64 { return float64(r.fresh) / mib })
	row(fmt.Sprintf("with %d idle connections, MiB", p.idle), "%.1f", func(r *results) float64 { return float64(r.full) / mib })
	row("**memory per idle connection, KiB**", "%.1f", func(r *results) float64 { return float64(r.full-r.fresh) / float64(p.idle) / kib })
	row("connecting them all, s", "%.1f", func(r *results) float64 { return r.connected.Seconds() })
	row("messages a second, each in a WebSocket message", "%.0f", func(r *results) float64 { return median(r.single.rate) })
	row("**CPU per message, µs**", "%.1f", func(r *results) float64 { return median(r.single.cpu) })
	row(fmt.Sprintf("messages a second, %d in a WebSocket message", window), "%.0f", func(r *results) float64 { return median(r.all.rate) })
	row("CPU per message, µs", "%.1f", func(r *results) float64 { return median(r.all.cpu) })
}
