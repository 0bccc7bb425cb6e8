// Scenario runs scenarios (docs/scenarios.md) in hubpanel's page in headless Chrome, for continuous integration: the device,
// the hub and the network between them are in the page, and nothing else is needed.
//
//	go build -o bin/scenario ./cmd/scenario
//	bin/scenario [-junit FILE] [-json FILE] [-screenshots DIR] [-lang en] [-timeout 10m] [-timeout-exit-code 42] [-web web] FILE...
//
// It prints a line for each step, and exits with
//
//	0   when every scenario has passed
//	1   when one has failed, a document is wrong, or the page has complained: a console error or a violation of its policy
//	2   when it could not begin: a wrong flag, a page that is not built, no Chrome
//	42  when one has timed out and none has failed (-timeout-exit-code)
//
// `go run` and make report these as 1 and 2: continuous integration that tells time-outs apart runs the program itself.
//
// Here live flags, files and exit codes. The page plays the scenario (internal/panel), by hubpanel.js's runScenario.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hubpanel/hubpanel/internal/scenario"
)

// The exit codes. A time-out's is a flag.
const (
	exitPassed = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are the flags.
type options struct {
	web, junit, json, screenshots, lang string
	timeout                             time.Duration
	timeoutExitCode                     int
	files                               []string
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitPassed
	}
	if err != nil {
		fmt.Fprintln(stderr, "scenario:", err)
		return exitUsage
	}
	// All wrong documents are reported at once, before anything is started.
	documents, wrong := make([]string, len(o.files)), false
	for i, name := range o.files {
		raw, err := os.ReadFile(name)
		if err == nil {
			_, err = scenario.Parse(raw)
		}
		if err != nil {
			fmt.Fprintf(stderr, "scenario: %s: %v\n", name, err)
			wrong = true
		}
		documents[i] = string(raw)
	}
	if wrong {
		return exitFailed
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	results, err := playAll(ctx, o, documents, stdout)
	if err := o.write(results); err != nil {
		fmt.Fprintln(stderr, "scenario:", err)
		return exitFailed
	}
	if err != nil {
		fmt.Fprintln(stderr, "scenario:", err)
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			fmt.Fprintf(stderr, "scenario: not done within %v (-timeout)\n", o.timeout)
			return o.timeoutExitCode
		case len(results) == 0 && !errors.Is(err, errDocument):
			return exitUsage
		}
		return exitFailed
	}
	return o.exitCode(results)
}

// exitCode is 0 if all have passed; a failure counts for more than a time-out.
func (o *options) exitCode(results []played) int {
	code := exitPassed
	for _, r := range results {
		switch {
		case r.Outcome == scenario.TimedOut && len(r.Problems) == 0:
			if code == exitPassed {
				code = o.timeoutExitCode
			}
		case r.Outcome != scenario.Passed || len(r.Problems) > 0:
			code = exitFailed
		}
	}
	return code
}

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("scenario", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // it would say errors twice
	flags.StringVar(&o.web, "web", "web", "the page's `folder`, with the wasm built into it (make wasm)")
	flags.StringVar(&o.junit, "junit", "", "the `file` for the results as JUnit XML")
	flags.StringVar(&o.json, "json", "", "the `file` for the results as JSON")
	flags.StringVar(&o.screenshots, "screenshots", "screenshots", "the `folder` for the pictures that scenarios ask for")
	flags.StringVar(&o.lang, "lang", "en", "the `language` of the page and of the results: en, pl, zh-Hans or zh-Hant")
	flags.DurationVar(&o.timeout, "timeout", 10*time.Minute, "how `long` all of it may take, Chrome's start included")
	flags.IntVar(&o.timeoutExitCode, "timeout-exit-code", 42, "the exit `code` when a scenario has timed out")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(stderr, "usage: scenario [flags] FILE...\nruns scenarios in hubpanel's page in headless Chrome; exits 0 (passed), 1 (failed), 2 (could not begin) or 42 (timed out)")
		flags.SetOutput(stderr)
		flags.PrintDefaults()
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w; -h lists the flags", err)
	case flags.NArg() == 0:
		return nil, errors.New("name the file of a scenario; -h lists the flags")
	case o.timeout <= 0:
		return nil, errors.New("-timeout is a duration such as 90s or 5m")
	case o.timeoutExitCode < 0 || o.timeoutExitCode > 255:
		return nil, errors.New("-timeout-exit-code is a number from 0 to 255")
	}
	o.files = flags.Args()
	return o, nil
}
