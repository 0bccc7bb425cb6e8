// Package passing holds tests that pass in the browser: each one shows something that wasmexec does for a program.
package passing

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"testing"
)

func TestArguments(t *testing.T) {
	if !slices.Contains(os.Args, "-test.v=true") {
		t.Error(os.Args)
	}
}

func TestEnvironment(t *testing.T) {
	if got := os.Getenv("HUBPANEL_GREETING"); got != "hello, 世界" {
		t.Errorf("HUBPANEL_GREETING is %q", got)
	}
	if got := os.Getenv("SECRET"); got != "" {
		t.Errorf("SECRET is %q", got)
	}
	if os.Getenv("HUBPANEL_WSTEST") == "" {
		t.Error("no HUBPANEL_WSTEST")
	}
}

func TestFiles(t *testing.T) {
	got, err := os.ReadFile("testdata/greeting.txt")
	if err != nil || string(got) != "hello\n" {
		t.Errorf("%q, %v", got, err)
	}
	entries, err := os.ReadDir("testdata")
	if err != nil || len(entries) != 1 || entries[0].Name() != "greeting.txt" {
		t.Errorf("%v, %v", entries, err)
	}
	if _, err := os.Stat("../../main.go"); err != nil {
		t.Error(err)
	}
	if _, err := os.ReadFile("testdata/nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := os.ReadFile("/etc/hostname"); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
	if err := os.WriteFile("testdata/new", nil, 0o600); !errors.Is(err, syscall.EROFS) {
		t.Error(err)
	}
}

func TestOutput(t *testing.T) {
	os.Stdout.WriteString("to stdout: \xff 世界\n")
	os.Stderr.WriteString("to stderr\n")
}

func FuzzSeeds(f *testing.F) { // reads testdata/fuzz, which is not there
	f.Add(1)
	f.Fuzz(func(t *testing.T, n int) {})
}
