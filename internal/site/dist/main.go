// Dist writes the static site: the page as a folder for any web host. `make dist` calls it after it has built the wasm.
//
//	go run ./internal/site/dist [-web web] [-o dist] [-connect-src "wss://gateway.example"]
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/hubpanel/hubpanel/internal/site"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("dist", flag.ContinueOnError)
	flags.SetOutput(stderr)
	web := flags.String("web", "web", "the page's `folder`, with the wasm built into it")
	out := flags.String("o", "dist", "the `folder` to write, which must not exist or be empty")
	connectSrc := flags.String("connect-src", "", "more `hosts` that the page may connect to, such as \"wss://gateway.example\"")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; flags begin with a dash", flags.Arg(0))
	}
	sources, err := site.ParseConnectSrc(*connectSrc)
	if err != nil {
		return err
	}
	s, err := site.New(os.DirFS(*web), site.Options{ConnectSrc: sources})
	if err != nil {
		return err
	}
	if err := s.WriteDist(*out); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s holds the static site\n", *out)
	return nil
}
