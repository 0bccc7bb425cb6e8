// Brotlidist puts a copy compressed by brotli, at its best level, beside each file of a folder that has one compressed by gzip:
// what internal/site thought worth compressing. It is here and not there because the standard library has no brotli.
//
//	brotlidist FOLDER
package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/andybalholm/brotli"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "brotlidist: which folder? usage: brotlidist FOLDER")
		os.Exit(2)
	}
	err := filepath.WalkDir(os.Args[1], func(path string, entry fs.DirEntry, err error) error {
		name, ok := strings.CutSuffix(path, ".gz")
		if err != nil || entry.IsDir() || !ok {
			return err
		}
		return compress(name)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "brotlidist:", err)
		os.Exit(1)
	}
}

func compress(name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	w := brotli.NewWriterLevel(&out, brotli.BestCompression)
	if _, err := w.Write(data); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(name+".br", out.Bytes(), 0o644)
}
