package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// wasmexec is the path of the command under test.
var wasmexec string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "wasmexec")
	if err == nil {
		wasmexec = filepath.Join(dir, "wasmexec")
		var out []byte
		if out, err = exec.Command("go", "build", "-o", wasmexec, ".").CombinedOutput(); err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// browsers are the values of WASMEXEC_BROWSER.
var browsers = []string{"chrome", "firefox"}

// goTest runs the tests of a package below testdata in a browser.
func goTest(t *testing.T, pkg string, args ...string) (stdout string, err error) {
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"test", "-exec", wasmexec, "./testdata/" + pkg}, args...)...)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "SECRET=do not tell", "HUBPANEL_GREETING=hello, 世界")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestGoTestPasses(t *testing.T) {
	for _, browser := range browsers {
		t.Run(browser, func(t *testing.T) {
			t.Setenv("WASMEXEC_BROWSER", browser)
			out, err := goTest(t, "passing", "-v", "-count=1")
			require.NoError(t, err, out)
			require.Contains(t, out, "--- PASS: TestFiles")
			require.Contains(t, out, "--- PASS: FuzzSeeds")
			require.Contains(t, out, "to stdout: \xff 世界\n")
			require.Contains(t, out, "to stderr\n")
			require.Contains(t, out, "ok  \t")
		})
	}
}

func TestBrowsersHaveNames(t *testing.T) {
	t.Setenv("WASMEXEC_BROWSER", "lynx")
	code, err := run(t.Context(), build(t), nil)
	require.Equal(t, failed, code)
	require.ErrorContains(t, err, `WASMEXEC_BROWSER is "lynx"; it may be chrome (the default) or firefox`)
}

func TestGoTestFails(t *testing.T) {
	out, err := goTest(t, "failing")
	require.Error(t, err)
	require.Contains(t, out, "--- FAIL: TestFails")
	require.Contains(t, out, "this test fails")
}

func TestGoTestPanics(t *testing.T) {
	out, err := goTest(t, "panicking")
	require.Error(t, err)
	require.Contains(t, out, "panic: this test panics")
	require.Contains(t, out, "panicking_test.go:6", "the stack is shown")
}

// build builds the program below testdata.
func build(t *testing.T) (wasm string) {
	wasm = filepath.Join(t.TempDir(), "program.wasm")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", wasm, "./testdata/program")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return wasm
}

func TestExitStatus(t *testing.T) {
	wasm := build(t)
	tests := []struct {
		args   string
		code   int
		stderr string
	}{
		{"exit 0", 0, ""},
		{"exit 7", 7, ""},
		{"eval", 2, "violation: "},
		{"throw", 2, "exception: "},
	}
	for _, browser := range browsers {
		for _, test := range tests {
			t.Run(browser+" "+test.args, func(t *testing.T) {
				t.Setenv("WASMEXEC_BROWSER", browser)
				var stderr strings.Builder
				cmd := exec.CommandContext(t.Context(), wasmexec, append([]string{wasm}, strings.Fields(test.args)...)...)
				cmd.Stderr = &stderr
				out, _ := cmd.Output()
				require.Equal(t, test.code, cmd.ProcessState.ExitCode(), stderr.String())
				require.Equal(t, "started\n", string(out))
				if test.stderr == "" {
					require.Empty(t, stderr.String())
				} else {
					require.Contains(t, stderr.String(), test.stderr)
					require.Contains(t, stderr.String(), "the program's exit status was")
				}
			})
		}
	}
}

func TestAProgramThatIsNotThere(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), wasmexec, filepath.Join(t.TempDir(), "none.wasm")).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "none.wasm")
}

// A child is a wasmexec that runs a program, with a temporary directory of its own.
type child struct {
	*exec.Cmd
	tmp    string
	stderr bytes.Buffer
}

// start starts a command that runs wasmexec, and waits until the program in it prints its first line.
func start(t *testing.T, command ...string) *child {
	tmp, err := os.MkdirTemp("", "hp") // short: see Chrome's limit for names of sockets
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(tmp) })
	c := &child{Cmd: exec.CommandContext(t.Context(), command[0], command[1:]...), tmp: tmp}
	c.Env = append(os.Environ(), "TMPDIR="+tmp)
	c.Stderr = &c.stderr
	stdout, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err, "%s", &c.stderr)
	require.Equal(t, "started\n", line)
	require.NotEmpty(t, c.processes(t, ""))
	return c
}

// processes lists the processes of the child's browser that have a word in their command lines: all those
// with its temporary directory that are not wasmexec, nor what a test puts around it. Firefox's have the directory in
// their environment; Chrome's write over theirs with a long command line, which has it instead.
func (c *child) processes(t *testing.T, word string) (pids []int) {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, file := range files {
		cmdline, err := os.ReadFile(file)
		environ, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "environ"))
		if err != nil || !strings.Contains(string(cmdline), word) || strings.Contains(string(cmdline), "wasmexec") ||
			strings.HasPrefix(string(cmdline), "sleep") {
			continue
		}
		if !strings.Contains("\x00"+string(environ), "\x00TMPDIR="+c.tmp+"\x00") && !strings.Contains(string(cmdline), c.tmp+"/") {
			continue
		}
		var pid int
		_, err = fmt.Sscanf(file, "/proc/%d/", &pid)
		require.NoError(t, err)
		pids = append(pids, pid)
	}
	return pids
}

// wantGone waits until nothing is left of the child's browser.
func (c *child) wantGone(t *testing.T) {
	require.Eventually(t, func() bool { return len(c.processes(t, "")) == 0 }, 20*time.Second, 20*time.Millisecond, "the browser is left")
}

func TestAnInterruptEndsTheBrowserToo(t *testing.T) {
	wasm := build(t)
	for _, browser := range browsers {
		for _, program := range []string{"wait", "spin"} {
			t.Run(browser+" "+program, func(t *testing.T) {
				t.Setenv("WASMEXEC_BROWSER", browser)
				c := start(t, wasmexec, wasm, program)
				require.NoError(t, c.Process.Signal(syscall.SIGTERM))
				require.Error(t, c.Wait())
				require.Equal(t, failed, c.ProcessState.ExitCode())
				require.Empty(t, c.processes(t, ""))
				left, err := filepath.Glob(c.tmp + "/*")
				require.NoError(t, err)
				require.Empty(t, left, "files left in the temporary directory")
			})
		}
	}
}

func TestACrashEndsTheRun(t *testing.T) {
	wasm := build(t)
	for _, victim := range []struct{ browser, name, word, want string }{
		{"chrome", "page", "--type=renderer", "the page's process crashed"},
		{"chrome", "browser", "--host-resolver-rules", "the browser is gone"},
		{"firefox", "page", "-isForBrowser", "the page's process crashed"},
		{"firefox", "browser", "--remote-debugging-port", "the browser is gone"},
	} {
		t.Run(victim.browser+" "+victim.name, func(t *testing.T) {
			t.Setenv("WASMEXEC_BROWSER", victim.browser)
			c := start(t, wasmexec, wasm, "wait")
			victims := c.processes(t, victim.word)
			require.NotEmpty(t, victims, "no process has %q in its command line", victim.word)
			for _, pid := range victims {
				_ = syscall.Kill(pid, syscall.SIGKILL) // some end with the first of them
			}
			require.Error(t, c.Wait())
			require.Equal(t, failed, c.ProcessState.ExitCode())
			require.Contains(t, c.stderr.String(), victim.want)
			c.wantGone(t)
		})
	}
}

func TestTheEndOfTheParentIsTheEnd(t *testing.T) {
	c := start(t, "sh", "-c", `"$0" "$1" wait & exec sleep 600`, wasmexec, build(t))
	require.NoError(t, c.Process.Kill())
	c.wantGone(t)
	require.Error(t, c.Wait())
}

func TestAProgramThatHangsIsStopped(t *testing.T) {
	defer func(d time.Duration) { grace = d }(grace)
	grace = 5 * time.Second // from before Chrome starts
	code, err := run(context.Background(), build(t), []string{"spin", "-test.timeout=1ms"})
	require.Equal(t, failed, code)
	require.ErrorContains(t, err, "the program did not end within its timeout of 1ms")
}
