package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// chromeNames are the names under which Chrome and Chromium are installed.
var chromeNames = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// Chrome returns the path of a Chrome or Chromium: the one that the environment variable
// CHROME_BIN names, else the first in PATH, else Debian's chromium, which it
// installs if it can (see [Ensure]).
func Chrome(ctx context.Context) (string, error) {
	if bin := os.Getenv("CHROME_BIN"); bin != "" {
		path, err := exec.LookPath(bin)
		if err != nil {
			return "", fmt.Errorf("CHROME_BIN does not name a program: %w", err)
		}
		return path, nil
	}
	for _, name := range chromeNames {
		if path, ok := lookPath(name); ok {
			return path, nil
		}
	}
	path, err := Ensure(ctx, "chromium", "chromium")
	if err != nil {
		return "", fmt.Errorf("no Chrome or Chromium found; install one, or set CHROME_BIN to it: %w", err)
	}
	return path, nil
}

// Ensure returns the path of a command. When it is not there, and this process is
// root on a Debian system, Ensure installs the packages and looks again;
// otherwise its error says what to install. Several processes may call it at once.
func Ensure(ctx context.Context, command string, packages ...string) (string, error) {
	if path, ok := lookPath(command); ok {
		return path, nil
	}
	if err := install(ctx, command, packages); err != nil {
		return "", fmt.Errorf("%s is needed: install it (Debian: apt-get install %s): %w", command, strings.Join(packages, " "), err)
	}
	if path, ok := lookPath(command); ok {
		return path, nil
	}
	return "", fmt.Errorf("%s was not found after the installation of %s", command, strings.Join(packages, " "))
}

// lookPath finds a command in PATH or, as servers such as mosquitto are not in a
// plain user's PATH, in /usr/sbin.
func lookPath(command string) (string, bool) {
	path, err := exec.LookPath(command)
	if err != nil {
		path, err = exec.LookPath(filepath.Join("/usr/sbin", command))
	}
	return path, err == nil
}

// install installs Debian packages.
func install(ctx context.Context, command string, packages []string) error {
	aptGet, err := exec.LookPath("apt-get")
	if err != nil || runtime.GOOS != "linux" {
		return errors.New("this is not a Debian system")
	}
	if os.Getuid() != 0 {
		return errors.New("this process is not root and cannot do it")
	}
	// Test binaries run in parallel; the second one finds the command in place.
	unlock, err := lockFile(filepath.Join(os.TempDir(), "hubpanel-apt-get.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	if _, ok := lookPath(command); ok {
		return nil
	}
	for _, args := range [][]string{
		{"update", "-qq"},
		append([]string{"install", "-y", "-qq", "--no-install-recommends"}, packages...),
	} {
		cmd := exec.CommandContext(ctx, aptGet, append([]string{"-o", "DPkg::Lock::Timeout=300"}, args...)...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}
