package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/serve"
)

// ready reads the line that says where the page is, and asks there.
func ready(t *testing.T, stdout io.Reader) (url string) {
	t.Helper()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	url, found := strings.CutPrefix(strings.TrimSpace(line), "hubpanel is ready: ")
	require.True(t, found, line)
	response, err := http.Get(url + "/healthz")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	return url
}

func TestReadyLineComesWhenTheEmulatorAnswers(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"-http", "127.0.0.1:0"}, stdout, io.Discard)
		stdout.CloseWithError(fmt.Errorf("the command ended: %w", err))
		ended <- err
	}()
	url := ready(t, out)
	cancel()
	require.NoError(t, <-ended)
	_, err := http.Get(url)
	require.Error(t, err, "nothing listens any longer")
}

func TestSignalsEndTheProcessInOrder(t *testing.T) {
	program := filepath.Join(t.TempDir(), "hubpanel")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		cmd := exec.CommandContext(t.Context(), program, "-http", "127.0.0.1:0")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		ready(t, stdout)
		require.NoError(t, cmd.Process.Signal(signal))
		require.NoError(t, cmd.Wait(), "%v: %s", signal, stderr.String())
		require.Empty(t, stderr.String(), "nothing to warn of")
	}
}

func TestFlags(t *testing.T) {
	o, open, err := parse(nil, io.Discard)
	require.NoError(t, err)
	require.False(t, open)
	require.NotNil(t, o.Web)
	_, err = fs.Stat(o.Web, "index.html")
	require.NoError(t, err)
	o.Web = nil
	require.Equal(t, serve.Options{HTTP: "127.0.0.1:8080", Certs: "certs", Hostname: "localhost"}, o)

	o, open, err = parse([]string{"-http", "", "-https", ":443", "-mqtts", ":8883", "-certs", "c", "-data", "d", "-hostname", "hub.example",
		"-connect-src", "wss://gateway.example wss://other.example", "-open"}, io.Discard)
	require.NoError(t, err)
	require.True(t, open)
	o.Web = nil
	require.Equal(t, serve.Options{HTTPS: ":443", MQTTS: ":8883", Certs: "c", Data: "d", Hostname: "hub.example",
		ConnectSrc: []string{"wss://gateway.example", "wss://other.example"}}, o)
}

func TestBadFlagsAreSaidOnce(t *testing.T) {
	for reason, args := range map[string][]string{
		"unexpected argument \"8080\"":  {"8080"},
		"not defined: -port":            {"-port", "8080"},
		"the page needs -http or":       {"-http", ""},
		"connect-src: \"gateway\":":     {"-connect-src", "gateway"},
		"flag needs an argument: -http": {"-http"},
	} {
		var stderr bytes.Buffer
		err := run(t.Context(), args, io.Discard, &stderr)
		require.ErrorContains(t, err, reason)
		require.ErrorIs(t, err, errUsage, reason)
		require.Empty(t, stderr.String(), "main says it")
	}
}

func TestHelpListsEveryFlag(t *testing.T) {
	var stderr bytes.Buffer
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, io.Discard, &stderr), flag.ErrHelp)
	for _, name := range []string{"http", "https", "mqtts", "certs", "data", "hostname", "connect-src", "open"} {
		require.Contains(t, stderr.String(), "\n  -"+name)
	}
}

func TestEverythingIsAnnounced(t *testing.T) {
	server, err := serve.Start(t.Context(), serve.Options{HTTP: ":0", HTTPS: "127.0.0.1:0", MQTTS: "127.0.0.1:0", Certs: t.TempDir(), Web: os.DirFS("web")})
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Close()) }()
	var stdout, stderr bytes.Buffer
	announce(&stdout, &stderr, server)
	require.True(t, strings.HasPrefix(stdout.String(), "hubpanel is ready: "+server.URL+"\n"), "the first line is for programs")
	require.Contains(t, stdout.String(), server.HTTPSURL)
	require.Contains(t, stdout.String(), server.MQTTSAddr)
	require.Contains(t, stdout.String(), server.Certificates.CAFile+" (made just now)")
	require.Contains(t, stderr.String(), "can be reached from other machines")
	require.NotContains(t, stdout.String()+stderr.String(), "SharedAccessKey")
}
