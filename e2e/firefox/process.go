package firefox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"
)

// closeTimeout bounds the wait for the processes of a Firefox that was killed.
const closeTimeout = 10 * time.Second

// A process is a running Firefox and its children.
type process struct {
	cmd     *exec.Cmd
	profile *profile
	said    output
	exited  chan struct{} // closed when all processes are gone
}

// startProcess starts Firefox with a new profile. Its processes live until ctx ends, or stop is called.
func startProcess(ctx context.Context, path string, prefs []byte) (*process, error) {
	profile, err := newProfile(prefs)
	if err != nil {
		return nil, err
	}
	p := &process{
		cmd:     exec.CommandContext(ctx, path, "--headless", "--no-remote", "--profile", profile.dir, "--remote-debugging-port=0", "about:blank"),
		profile: profile,
		said:    output{address: make(chan string, 1)},
		exited:  make(chan struct{}),
	}
	// Without the second one Firefox asks its maker's server for settings, whatever its preferences say. With the
	// third it ends, and destroys its contexts, when a page's process crashes: BiDi has no event for that.
	p.cmd.Env = append(os.Environ(), "MOZ_CRASHREPORTER_DISABLE=1", "MOZ_REMOTE_SETTINGS_DEVTOOLS=1", "MOZ_CRASHREPORTER_SHUTDOWN=1")
	// All processes hold the other end of this pipe, so Wait returns when the last one is gone.
	p.cmd.Stderr = &p.said
	p.cmd.WaitDelay = closeTimeout
	p.cmd.Cancel = func() error { return killGroup(p.cmd.Process) }
	setGroup(p.cmd)
	started := make(chan error)
	go func() {
		// The parent-death signal comes at the end of the thread that started the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.exited)
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait()             // it was killed
			_ = killGroup(p.cmd.Process) // it may also have died by itself, before its children
		}
	}()
	if err := <-started; err != nil {
		return nil, errors.Join(err, profile.remove())
	}
	return p, nil
}

// address waits for the address of Firefox's WebDriver BiDi.
func (p *process) address(ctx context.Context) (string, error) {
	select {
	case address := <-p.said.address:
		return address, nil
	case <-p.exited:
		return "", fmt.Errorf("it ended at once; it said:\n%s", &p.said)
	case <-ctx.Done():
		return "", fmt.Errorf("%w; it said:\n%s", context.Cause(ctx), &p.said)
	}
}

// stop kills Firefox, waits until it is gone and removes its profile.
func (p *process) stop() error {
	_ = killGroup(p.cmd.Process) // it may be gone already
	<-p.exited
	return p.profile.remove()
}

// output is what Firefox writes to standard error.
type output struct {
	address chan string // gets the address once

	mu    sync.Mutex
	text  bytes.Buffer // guarded by mu
	found bool         // guarded by mu
}

const (
	listening  = "WebDriver BiDi listening on "
	keepOutput = 16 << 10 // of a Firefox that complains without end
)

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.text.Len() < keepOutput {
		o.text.Write(p)
	}
	if _, rest, ok := strings.Cut(o.text.String(), listening); ok && !o.found {
		if address, _, ok := strings.Cut(rest, "\n"); ok {
			o.found = true
			o.address <- strings.TrimSpace(address)
		}
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
