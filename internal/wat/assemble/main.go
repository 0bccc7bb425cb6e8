// Command assemble writes a WebAssembly module in the binary format: assemble FILE.wat FILE.wasm. It is for go generate; the
// assembler is package wat.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/hubpanel/hubpanel/internal/wat"
)

func main() {
	if err := assemble(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "assemble:", err)
		os.Exit(1)
	}
}

func assemble(files []string) error {
	if len(files) != 2 {
		return errors.New("usage: assemble FILE.wat FILE.wasm")
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		return err
	}
	module, err := wat.Assemble(text)
	if err != nil {
		return fmt.Errorf("%s: %w", files[0], err)
	}
	return os.WriteFile(files[1], module, 0o644)
}
