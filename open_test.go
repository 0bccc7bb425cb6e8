package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEachSystemHasItsOpener(t *testing.T) {
	for goos, want := range map[string]string{"linux": "xdg-open", "freebsd": "xdg-open", "darwin": "open", "windows": "rundll32"} {
		name, args := openCommand(goos, "http://127.0.0.1:8080/")
		require.Equal(t, want, name, goos)
		require.Equal(t, "http://127.0.0.1:8080/", args[len(args)-1], goos)
	}
}
