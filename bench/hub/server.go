package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/readymade"
)

// server is a process that serves MQTT over WebSocket.
type server struct {
	name  string
	host  string // with the port
	token string // the password of every device
	pid   int
	fresh int64 // resident bytes before anything came
	stop  func()
}

// start runs a command with room for many connections, and returns its standard output.
func start(name string, args ...string) (s server, stdout io.Reader, err error) {
	// A program that Go starts has the limits that Go itself began with.
	const raise = `ulimit -n $(ulimit -Hn | sed 's/unlimited/65536/'); exec "$@"`
	cmd := exec.Command("sh", append([]string{"-c", raise, "sh"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return s, nil, err
	}
	if err := cmd.Start(); err != nil {
		return s, nil, err
	}
	return server{name: name, pid: cmd.Process.Pid, stop: func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}}, out, nil
}

// emulatorFrom builds and starts the root's command of the revision in a folder, and registers the devices.
func emulatorFrom(name, root string) func(ctx context.Context, dir string, p plan) (server, error) {
	return func(ctx context.Context, dir string, p plan) (server, error) {
		program := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
		build := exec.CommandContext(ctx, "go", "build", "-o", program, ".")
		build.Dir, build.Stderr = root, os.Stderr
		if err := build.Run(); err != nil {
			return server{}, fmt.Errorf("building the server: %w", err)
		}
		s, stdout, err := start(name, program, "-http", "127.0.0.1:0")
		if err != nil {
			return s, err
		}
		if err := s.prepareEmulator(ctx, stdout, max(p.idle, p.senders)); err != nil {
			s.stop()
			return s, err
		}
		return s, nil
	}
}

func (s *server) prepareEmulator(ctx context.Context, stdout io.Reader, devices int) error {
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the server did not start: %w", err)
	}
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "hubpanel is ready: ")
	if !ok {
		return fmt.Errorf("the server printed %q instead of its address", line)
	}
	s.host = strings.TrimPrefix(url, "http://")
	if s.fresh, err = s.memory(); err != nil {
		return err
	}
	res, err := http.Get(url + "/emulator/info")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var info readymade.Info
	if err := json.NewDecoder(res.Body).Decode(&info); err != nil {
		return fmt.Errorf("/emulator/info: %w", err)
	}
	owner, err := hubproto.ParseServiceConnectionString(info.ServiceConnectionString)
	if err != nil {
		return err
	}
	// One token for the service side and, as its policy permits both, for all devices.
	s.token = hubproto.SignSAS(owner.SharedAccessKey, s.host, owner.SharedAccessKeyName, time.Now().Add(time.Hour))
	const bulk = 100 // the most that one request may hold
	for from := 0; from < devices; from += bulk {
		var batch []map[string]string
		for i := from; i < min(from+bulk, devices); i++ {
			batch = append(batch, map[string]string{"id": deviceID(i), "importMode": "create"})
		}
		if err := s.register(ctx, url, batch); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) register(ctx context.Context, url string, batch []map[string]string) error {
	body, err := json.Marshal(batch)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, "POST", url+"/devices?api-version="+hubproto.APIVersion, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", s.token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("registering devices: %s: %.500s", res.Status, text)
	}
	return err
}

// mosquitto is the program's path, empty if it is not installed. Servers are not in a plain user's PATH.
var mosquitto = func() string {
	for _, name := range []string{"mosquitto", "/usr/sbin/mosquitto"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}()

// startMosquitto starts mosquitto on a port that the kernel has just given and taken back; if somebody else was quicker to take it, it
// asks for another.
func startMosquitto(ctx context.Context, dir string, _ plan) (server, error) {
	var last error
	for range 5 {
		port, err := freePort()
		if err != nil {
			return server{}, err
		}
		plain, err := freePort()
		if err != nil {
			return server{}, err
		}
		config := filepath.Join(dir, "mosquitto.conf")
		// Without socket_domain its WebSockets listener forgets the address and takes every interface, and alone it does not
		// count as a listener (2.0.11).
		if err := os.WriteFile(config, fmt.Appendf(nil, "allow_anonymous true\npersistence false\nlog_type error\nlog_dest stderr\nmax_connections -1\n"+
			"listener %d 127.0.0.1\nsocket_domain ipv4\nprotocol websockets\nlistener %d 127.0.0.1\n", port, plain), 0o600); err != nil {
			return server{}, err
		}
		s, _, err := start("mosquitto", mosquitto, "-c", config)
		if err != nil {
			return s, err
		}
		s.host = fmt.Sprintf("127.0.0.1:%d", port)
		if last = s.answers(ctx); last == nil {
			s.fresh, last = s.memory()
		}
		if last == nil {
			return s, nil
		}
		s.stop()
	}
	return server{}, fmt.Errorf("mosquitto does not start: %w", last)
}

// freePort is one that was free a moment ago.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// answers waits until the server takes a device.
func (s *server) answers(ctx context.Context) error {
	var last error
	for range 200 {
		d, err := connect(ctx, *s, 0)
		if err == nil {
			return d.conn.Close()
		}
		last = err
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return last
}

// memory is the resident memory of the process, in bytes.
func (s *server) memory() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("no VmRSS in /proc/PID/status")
}

// settledMemory waits until memory has not changed by a percent for three seconds, or for half a minute.
func (s *server) settledMemory(ctx context.Context) (int64, error) {
	var settled, since int64
	for second := int64(0); ; second++ {
		now, err := s.memory()
		if err != nil {
			return 0, err
		}
		if diff := now - settled; diff > settled/100 || -diff > settled/100 {
			settled, since = now, second
		}
		if second-since >= 3 || second >= 30 {
			return now, nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// cpu is the user and system time that the process has spent.
func (s *server) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.pid))
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may hold anything; behind it utime and stime are fields 14 and 15 (proc(5)).
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	const hz = 100 // USER_HZ of every Linux that Go runs on
	return time.Duration(ticks) * time.Second / hz, nil
}
