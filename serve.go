// Hubpanel is a virtual device in a web page, and Azure IoT Hub and its Device Provisioning Service on this machine for it
// to talk to. This command serves both: the page, and the emulator.
//
//	go run . [-http 127.0.0.1:8080] [-https ADDR] [-mqtts ADDR] [-certs DIR] [-data DIR]
//	         [-hostname localhost] [-connect-src "wss://gateway.example"] [-open]
//
// Here live the flags and what is printed; the wiring of page, emulator and listeners is in internal/serve.
package main

import (
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/hubpanel/hubpanel/internal/serve"
	"github.com/hubpanel/hubpanel/internal/site"
)

//go:embed web
var web embed.FS

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp): // the flags have been shown
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "hubpanel:", err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "hubpanel:", err)
		os.Exit(1)
	}
}

// errUsage is wrapped by errors about the command line.
var errUsage = errors.New("`go run . -h` lists the flags")

// run serves until ctx ends, and returns when everything has ended. It prints the page's URL once the page can be opened.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	options, open, err := parse(args, stderr)
	if err != nil {
		return err
	}
	server, err := serve.Start(ctx, options)
	if err != nil {
		return err
	}
	announce(stdout, stderr, server)
	if open {
		ctx, cancel := context.WithCancel(ctx)
		var opening sync.WaitGroup // some desktops' openers last as long as the browser
		opening.Go(func() {
			if err := openBrowser(ctx, server.URL); err != nil && ctx.Err() == nil {
				fmt.Fprintf(stderr, "warning: no browser could be started (%v); open the address above yourself\n", err)
			}
		})
		defer func() { cancel(); opening.Wait() }()
	}
	select {
	case <-ctx.Done():
	case <-server.Done():
	}
	return server.Close()
}

// parse reads the flags.
func parse(args []string, stderr io.Writer) (o serve.Options, open bool, err error) {
	flags := flag.NewFlagSet("hubpanel", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // it would say errors twice
	flags.StringVar(&o.HTTP, "http", "127.0.0.1:8080", "`address` of the page, of MQTT over WebSocket and of the service's REST; empty for none")
	flags.StringVar(&o.HTTPS, "https", "", "`address` of the same over TLS; SDKs insist on port 443")
	flags.StringVar(&o.MQTTS, "mqtts", "", "`address` of MQTT over TLS, usually port 8883")
	flags.StringVar(&o.Certs, "certs", "certs", "`folder` of the development CA and server certificate, made for -https and -mqtts")
	flags.StringVar(&o.Data, "data", "", "`folder` where devices, twins, queued messages and enrollments survive a restart (default: memory)")
	flags.StringVar(&o.Hostname, "hostname", "localhost", "`name` for the server certificate, beside localhost and 127.0.0.1")
	connectSrc := flags.String("connect-src", "", "more `hosts` that the page may connect to, such as \"wss://gateway.example\"")
	flags.BoolVar(&open, "open", false, "open the page in a browser")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(stderr, "usage: go run . [flags]\nserves hubpanel's page and the emulator of IoT Hub and DPS")
			flags.SetOutput(stderr)
			flags.PrintDefaults()
			return o, false, err
		}
		return o, false, fmt.Errorf("%w; %w", err, errUsage)
	}
	if flags.NArg() > 0 {
		return o, false, fmt.Errorf("unexpected argument %q, flags begin with a dash; %w", flags.Arg(0), errUsage)
	}
	if o.HTTP == "" && o.HTTPS == "" {
		return o, false, fmt.Errorf("the page needs -http or -https; %w", errUsage)
	}
	if o.ConnectSrc, err = site.ParseConnectSrc(*connectSrc); err != nil {
		return o, false, fmt.Errorf("%w; %w", err, errUsage)
	}
	if o.Web, err = fs.Sub(web, "web"); err != nil {
		return o, false, err
	}
	return o, open, nil
}

// announce says where everything is. The first line is for programs too: it is written once requests are answered.
func announce(stdout, stderr io.Writer, s *serve.Server) {
	fmt.Fprintf(stdout, "hubpanel is ready: %s\n", s.URL)
	if s.HTTPSURL != "" && s.HTTPSURL != s.URL {
		fmt.Fprintf(stdout, "the same over TLS: %s\n", s.HTTPSURL)
	}
	if s.MQTTSAddr != "" {
		fmt.Fprintf(stdout, "MQTT over TLS: %s\n", s.MQTTSAddr)
	}
	if c := s.Certificates; c != nil {
		made := ""
		if c.NewCA {
			made = " (made just now)"
		}
		fmt.Fprintf(stdout, "clients have to trust this development CA: %s%s\n", c.CAFile, made)
	}
	for _, address := range s.Exposed {
		fmt.Fprintf(stderr, "warning: %s can be reached from other machines; this is an emulator for development, without TLS unless on -https or -mqtts\n", address)
	}
}
