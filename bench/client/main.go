//go:build !js

package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 7, "how often everything is measured; at least 5 for a median that means something")
	skip := flag.String("skip", "", "what to leave out: native or chrome")
	only := flag.String("tasks", "", "the tasks to play, those whose names begin so: send, receive, send-batched, ...; all when empty")
	profile := flag.String("profile", "", "write a CPU profile of hubclient at the tasks to this file, and nothing else (see `make profile`)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *rounds, *skip, *only, *profile); err != nil {
		fmt.Fprintln(os.Stderr, "bench/client:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rounds int, skip, only, profile string) error {
	chosen := slices.DeleteFunc(slices.Clone(tasks), func(t task) bool { return !strings.HasPrefix(string(t), only) })
	if len(chosen) == 0 {
		return fmt.Errorf("no task's name begins with %q: there are %s", only, tasks)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	for _, t := range tasks {
		mux.HandleFunc("GET /"+string(t), playHub)
	}
	server := &http.Server{Handler: mux}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		server.Close()
		<-served
	}()
	address := listener.Addr().String()

	if profile != "" {
		return profileHubclient(ctx, "ws://"+address+"/", profile, chosen)
	}
	fmt.Printf("%d messages of %d B, median of %d rounds; %s, %s/%s, %d CPUs.\n", messages, bodySize, rounds,
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	if skip != "native" {
		results, err := measureNative(ctx, "ws://"+address+"/", chosen, rounds)
		if err != nil {
			return err
		}
		results.write(os.Stdout, "Native")
	}
	if skip != "chrome" {
		results, err := measureChrome(ctx, mux, "http://"+address+"/", chosen, rounds)
		if err != nil {
			return err
		}
		results.write(os.Stdout, "In Chromium")
	}
	return nil
}

// measureNative lets the native clients take turns.
func measureNative(ctx context.Context, url string, chosen []task, rounds int) (*results, error) {
	clients := []struct {
		name string
		run  func(context.Context, string, task) (time.Duration, error)
	}{{ours, runHubclient}, {pahoGo, runPaho}}
	r := &results{}
	for round := range rounds {
		fmt.Fprintf(os.Stderr, "bench/client: native, round %d of %d\n", round+1, rounds)
		for _, t := range chosen {
			if t != sendBatched && t != sendSingle {
				continue // paho takes part in sending only
			}
			for i := range clients {
				c := clients[(i+round)%len(clients)]
				runtime.GC() // what another client left behind is not this one's to clear
				took, err := c.run(ctx, url+string(t), t)
				if err != nil {
					return nil, fmt.Errorf("%s: %s: %w", c.name, t, err)
				}
				r.add(t, c.name, float64(took.Microseconds())/1000)
			}
		}
	}
	return r, nil
}
