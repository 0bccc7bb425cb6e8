package main

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRunWritesTheSite(t *testing.T) {
	web, out := t.TempDir(), filepath.Join(t.TempDir(), "dist")
	for name, data := range map[string]string{
		"index.html":    "<!doctype html><head>\n<!-- csp -->\n</head>",
		"hubpanel.wasm": "\x00asm",
		"wasm_exec.js":  "",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(web, name), []byte(data), 0o644))
	}
	var stdout bytes.Buffer
	require.NoError(t, run([]string{"-web", web, "-o", out, "-connect-src", "wss://gateway.example"}, &stdout, io.Discard))
	require.Contains(t, stdout.String(), out)
	page, err := os.ReadFile(filepath.Join(out, "index.html"))
	require.NoError(t, err)
	require.Contains(t, string(page), "wss://gateway.example")
}

func TestRunSaysWhatIsWrong(t *testing.T) {
	for reason, args := range map[string][]string{
		"unexpected argument": {"dist"},
		"connect-src":         {"-connect-src", "gateway.example"},
		"no index.html":       {"-web", t.TempDir()},
	} {
		require.ErrorContains(t, run(args, io.Discard, io.Discard), reason)
	}
	require.ErrorIs(t, run([]string{"-h"}, io.Discard, io.Discard), flag.ErrHelp)
}
