// Command wasmexec runs a js/wasm program in headless Chrome or Firefox as if it were a
// native one. It is made for the tests of the packages that go into the page:
//
//	go build -o bin/wasmexec ./e2e/wasmexec
//	GOOS=js GOARCH=wasm go test -exec "$PWD/bin/wasmexec" ./pkg/mqttcodec
//
// The variable WASMEXEC_BROWSER chooses the browser: chrome, which is the default, or firefox.
//
// The program gets its arguments and, of the environment, what concerns it (the
// variables HUBPANEL_* and a few of the Go runtime's, since wasm_exec.js has room
// for 8 KiB in all). Its output is streamed as it comes and its exit status is
// wasmexec's. It may read the files of the module that it was started in, such as testdata, and write none.
// It runs with the toolchain's own wasm_exec.js under the Content-Security-Policy of the project's
// page with Trusted Types in force; a violation, or a JavaScript exception
// that nothing caught, makes it fail whatever its own status was.
//
// The variable HUBPANEL_WSTEST holds the address of the scripted WebSocket servers of package wstest,
// which wasmexec serves for the tests of package wsconn.
//
// There is such a program already, github.com/agnivade/wasmbrowsertest. This one
// exists because that one is not to be had from the module proxy, and because
// it runs no policy.
//
// # Cancellation
//
// wasmexec ends, and the browser with it, when it is interrupted or terminated, when
// the process that started it is gone, when the page or the browser crashes, and half a
// minute after the time that -test.timeout gives. It exits with status 2 then.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: wasmexec program.wasm [arguments]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := run(withParent(ctx), os.Args[1], os.Args[2:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "wasmexec:", err)
	}
	os.Exit(code)
}

// errOrphaned is the cause of a context that ended with the parent process.
var errOrphaned = errors.New("the process that started it is gone")

// withParent returns a context that ends when the parent process does: a go
// command that was killed leaves its tests running.
func withParent(ctx context.Context) context.Context {
	parent := os.Getppid()
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		for os.Getppid() == parent {
			time.Sleep(time.Second)
		}
		cancel(errOrphaned)
	}()
	return ctx
}
