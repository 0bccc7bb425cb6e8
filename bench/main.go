//go:build !js

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	worker := flag.Bool("worker", false, "measure natively and print JSON, nothing else")
	passes := flag.Int("passes", 7, "how often everything is measured; at least 5 for a median that means something")
	skip := flag.String("skip", "", "what to leave out, of: chrome, node (comma-separated)")
	flag.StringVar(&only, "only", "", "measure this workload alone, such as \"mixed stream\"")
	wasmexec := flag.String("wasmexec", "", "the program that runs wasm in Chrome; built from ../e2e/wasmexec if not given")
	profile := flag.String("profile", "", "write a CPU profile of mqttcodec at the mixed stream to this file, and nothing else (see `make profile`)")
	output := flag.String("o", "", "write the tables to this file instead of the standard output")
	flag.Parse()
	var err error
	if *profile != "" {
		err = profileReader(*profile)
	} else if *worker {
		err = work(*passes)
	} else {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		err = drive(ctx, *passes, strings.Split(*skip, ","), *wasmexec, *output)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// drive runs the workers one after the other, so that they do not disturb each other, and writes the tables.
func drive(ctx context.Context, passes int, skip []string, wasmexec, output string) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	args := []string{"-passes", fmt.Sprint(passes), "-only", only}

	self, err := os.Executable()
	if err != nil {
		return err
	}
	var t tables
	if t.native, err = runWorker(ctx, "native", self, append(args, "-worker")...); err != nil {
		return err
	}
	wasm := filepath.Join(dir, "bench.wasm")
	if err := build(ctx, wasm, ".", "GOOS=js", "GOARCH=wasm"); err != nil {
		return err
	}
	if !slices.Contains(skip, "chrome") {
		if wasmexec == "" {
			wasmexec = filepath.Join(dir, "wasmexec")
			cmd := exec.CommandContext(ctx, "go", "build", "-o", wasmexec, "./e2e/wasmexec")
			cmd.Dir, cmd.Stderr = "..", os.Stderr
			if err := cmd.Run(); err != nil {
				return fmt.Errorf("building ../e2e/wasmexec: %w", err)
			}
		}
		if t.chrome, err = runWorker(ctx, "Chrome", wasmexec, append([]string{wasm}, args...)...); err != nil {
			return err
		}
	}
	if node, err := exec.LookPath("node"); err != nil {
		fmt.Fprintln(os.Stderr, "bench: Node.js is not installed; mqtt-packet is not measured")
	} else if !slices.Contains(skip, "node") {
		root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
		if err != nil {
			return fmt.Errorf("go env GOROOT: %w", err)
		}
		goWasm := filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec_node.js")
		if t.node, err = runWorker(ctx, "Node", node, append([]string{"--stack-size=8192", goWasm, wasm}, args...)...); err != nil {
			return err
		}
		if t.mqttPacket, err = runMQTTPacket(ctx, dir, node, passes); err != nil {
			return err
		}
	}

	w := io.Writer(os.Stdout)
	if output != "" {
		f, err := os.Create(output)
		if err != nil {
			return err
		}
		defer f.Close()
		w = f
	}
	return t.write(w)
}

// build builds with the profile that the page is built with, so that what is measured is what the page runs.
func build(ctx context.Context, out, pkg string, env ...string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-pgo", "../wasm/default.pgo", "-o", out, pkg)
	cmd.Env, cmd.Stderr = append(os.Environ(), env...), os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build %s: %w", pkg, err)
	}
	return nil
}

func runWorker(ctx context.Context, what, name string, args ...string) (*report, error) {
	fmt.Fprintln(os.Stderr, "bench: measuring:", what)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	var r report
	if err := json.Unmarshal(out, &r); err != nil {
		return nil, fmt.Errorf("%s printed no report: %w", what, err)
	}
	return &r, nil
}
