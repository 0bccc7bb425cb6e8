package boltstore_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/emulator/boltstore"
)

func open(t *testing.T, path string) *boltstore.Store {
	t.Helper()
	s, err := boltstore.Open(path)
	require.NoError(t, err)
	return s
}

func content(t *testing.T, s *boltstore.Store) map[string]string {
	t.Helper()
	all := make(map[string]string)
	require.NoError(t, s.Each(t.Context(), func(key string, value []byte) error {
		all[key] = string(value)
		return nil
	}))
	return all
}

func TestStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	s := open(t, path)
	require.Empty(t, content(t, s))
	require.NoError(t, s.Commit(t.Context(), []emulator.Write{{Key: "a", Value: []byte("1")}, {Key: "b", Value: []byte("2")}, {Key: "empty", Value: []byte{}}}))
	require.NoError(t, s.Commit(t.Context(), []emulator.Write{{Key: "b"}, {Key: "never there"}, {Key: "a", Value: []byte("3")}}))
	require.Equal(t, map[string]string{"a": "3", "empty": ""}, content(t, s))

	err := s.Commit(t.Context(), []emulator.Write{{Key: "half", Value: []byte("x")}, {Key: "", Value: []byte("no key is no key")}})
	require.Error(t, err)
	require.NotContains(t, content(t, s), "half", "all or nothing")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Commit(ctx, nil), context.Canceled)
	stop := errors.New("enough")
	require.ErrorIs(t, s.Each(t.Context(), func(string, []byte) error { return stop }), stop)

	_, err = boltstore.Open(path)
	require.ErrorContains(t, err, "in use by another process")
	require.NoError(t, s.Close())
	s = open(t, path)
	require.Equal(t, map[string]string{"a": "3", "empty": ""}, content(t, s))
	require.NoError(t, s.Close())

	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it holds keys")
	_, err = boltstore.Open(filepath.Join(t.TempDir(), "no", "such", "directory"))
	require.ErrorContains(t, err, "opening")
}

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if path := os.Getenv("BOLTSTORE_VICTIM"); path != "" {
		victim(path)
	}
	os.Exit(m.Run())
}

// victim changes a hub until it is killed, and says on its standard output what was acknowledged.
func victim(path string) {
	s, err := boltstore.Open(path)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	hub := &emulator.Hub{Store: s}
	ctx := context.Background()
	if _, err := hub.PutDevice(ctx, emulator.Device{DeviceID: "counter"}); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	run := fmt.Sprint(time.Now().UnixNano())
	for i := 0; ; i++ {
		id := fmt.Sprintf("dev-%s-%d", run, i)
		if _, err := hub.PutDevice(ctx, emulator.Device{DeviceID: id}); err == nil {
			fmt.Println("device", id)
		}
		if err := hub.SendToDevice(ctx, id, emulator.Message{Body: []byte("hello")}); err == nil {
			fmt.Println("message", id)
		}
		if version, err := hub.PatchDesired(ctx, "counter", json.RawMessage(fmt.Sprintf(`{"n":%d}`, i))); err == nil {
			fmt.Println("version", version)
		}
	}
}

func TestKillLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.db")
	devices, messages, version := map[string]bool{}, map[string]bool{}, int64(0)
	for round := range 8 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "BOLTSTORE_VICTIM="+path)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			kind, rest, _ := strings.Cut(lines.Text(), " ")
			switch kind {
			case "device":
				devices[rest] = true
			case "message":
				messages[rest] = true
			case "version":
				_, err := fmt.Sscan(rest, &version)
				require.NoError(t, err)
			default:
				require.Fail(t, lines.Text())
			}
			if n == 5+7*round { // somewhere in the middle; what is in the pipe behind it counts too
				require.NoError(t, cmd.Process.Kill())
			}
		}
		require.Error(t, cmd.Wait(), "killed")

		s := open(t, path)
		hub := &emulator.Hub{Store: s}
		require.NoError(t, hub.Open(t.Context()))
		for id := range devices {
			d, err := hub.Device(id)
			require.NoError(t, err, "round %d: a device that was acknowledged", round)
			if messages[id] {
				require.Equal(t, 1, d.CloudToDeviceMessageCount, "round %d: a message that was acknowledged, to %s", round, id)
			}
		}
		res, err := hub.PatchDesired(t.Context(), "counter", json.RawMessage(`{}`))
		require.NoError(t, err)
		require.Greater(t, res, version, "round %d: a version that was acknowledged", round)
		version = res
		require.NoError(t, hub.Close())
		require.NoError(t, s.Close())
	}
	require.NotEmpty(t, devices)
	require.NotEmpty(t, messages)
	t.Logf("%d devices, %d messages, version %d", len(devices), len(messages), version)
}
