// Wasmsize prints how large files are as they lie on disk and as a web host would send them, compressed by gzip and by
// brotli at their best levels: the first visit of the page is a download, so this is its price.
//
//	wasmsize FILE...
package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"

	"github.com/andybalholm/brotli"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "wasmsize: which files? usage: wasmsize FILE...")
		os.Exit(2)
	}
	for _, name := range os.Args[1:] {
		if err := report(os.Stdout, name); err != nil {
			fmt.Fprintln(os.Stderr, "wasmsize:", err)
			os.Exit(1)
		}
	}
}

// report writes one line about the file: its name and three sizes in bytes.
func report(w io.Writer, name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	gz, err := compressed(data, func(w io.Writer) (io.WriteCloser, error) {
		return gzip.NewWriterLevel(w, gzip.BestCompression)
	})
	if err != nil {
		return err
	}
	br, err := compressed(data, func(w io.Writer) (io.WriteCloser, error) {
		return brotli.NewWriterLevel(w, brotli.BestCompression), nil
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s: %d bytes raw, %d gzip, %d brotli\n", name, len(data), gz, br)
	return err
}

func compressed(data []byte, open func(io.Writer) (io.WriteCloser, error)) (int, error) {
	var out bytes.Buffer
	w, err := open(&out)
	if err != nil {
		return 0, err
	}
	if _, err := w.Write(data); err != nil {
		return 0, err
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	return out.Len(), nil
}
