package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/browser"
	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/wire"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// What the wire log exports, Debian's tshark reads: every packet, its type, its topic and its time.
func TestTsharkReadsTheCapture(t *testing.T) {
	tshark, err := browser.Ensure(t.Context(), "tshark", "tshark")
	require.NoError(t, err)
	log := session(t)

	path := filepath.Join(t.TempDir(), "session.pcapng")
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, wire.WritePcapng(f, log.Records()))
	require.NoError(t, f.Close())

	cmd := exec.CommandContext(t.Context(), tshark, "-r", path, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-T", "fields",
		"-e", "mqtt.msgtype", "-e", "mqtt.topic", "-e", "frame.time_epoch", "-e", "_ws.expert.message", "-e", "frame.comment", "-E", "separator=/t", "-E", "occurrence=a", "-Y", "tcp")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	var got [][]string
	for _, line := range strings.Split(strings.TrimRight(string(out), "\n"), "\n") {
		columns := strings.Split(line, "\t")
		for _, word := range []string{"Malformed", "Bad checksum", "incorrect", "out-of-order", "Retransmission", "not captured", "Unreassembled"} {
			require.NotContains(t, columns[3], word, "%v", columns)
		}
		if columns[0] != "" {
			got = append(got, columns)
		}
	}
	require.Len(t, got, len(log.Records()))
	for i, r := range log.Records() {
		require.Equal(t, strconv.Itoa(int(r.Type)), got[i][0], "packet %d, %s", i, r.Type)
		require.Equal(t, r.Meaning.String(), got[i][4])
		require.Equal(t, fmt.Sprintf("%d.%09d", r.At.Unix(), r.At.Nanosecond()), got[i][2])
		if r.Type == mqttcodec.PUBLISH {
			p, _, err := mqttcodec.Decode(r.Bytes)
			require.NoError(t, err)
			require.Equal(t, string(p.(*mqttcodec.Publish).TopicName), got[i][1])
		}
	}
}

// session is a device's life on the emulator, as its wire log has it: telemetry small and large, the twin, a method.
func session(t *testing.T) *wire.Log {
	t.Helper()
	var hub emulator.Hub
	defer hub.Close()
	log := &wire.Log{}
	d, err := hub.PutDevice(t.Context(), emulator.Device{DeviceID: "dev-1"})
	require.NoError(t, err)
	key, err := hubproto.ParseKey(d.Authentication.SymmetricKey.PrimaryKey)
	require.NoError(t, err)
	credentials := hubclient.Credentials{Host: "localhost", DeviceID: d.DeviceID, Key: key}
	connected := make(chan struct{}, 1)
	device, err := hubclient.New(credentials, &hubclient.Options{
		Dial: hub.Dial,
		OnState: func(s hubclient.State) {
			if s.Phase == hubclient.Connected {
				connected <- struct{}{}
			}
		},
		Trace: func(p hubclient.Traced) {
			direction := wire.Sent
			if p.Direction == hubclient.Received {
				direction = wire.Received
			}
			if err := log.Add(time.Now(), direction, p.Message, p.Size, p.Packet); err != nil {
				t.Error(err)
			}
		},
	})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- device.Run(ctx) }()
	<-connected
	require.NoError(t, device.Send(ctx, hubclient.Message{Body: []byte(`{"temperature":21.5}`)}))
	require.NoError(t, device.Send(ctx, hubclient.Message{Body: bytes.Repeat([]byte("x"), 200_000)}))
	_, err = device.Twin(ctx)
	require.NoError(t, err)
	_, err = device.Report(ctx, json.RawMessage(`{"battery":87}`))
	require.NoError(t, err)
	stop()
	require.NoError(t, <-ended)
	require.Greater(t, len(log.Records()), 10)
	return log
}

// The inspector on the page: a packet in words, its fields beside its bytes, marked both ways, and its clauses in the standard.
func TestWireInspector(t *testing.T) {
	pn := visit(t, serveHere(t).URL, "/")
	pn.connects()
	pn.shows("wire")
	pn.types("wire-search", "twin get")
	pn.sees("wire-record", "answered 200 in")
	pn.clicks("wire-record")
	pn.sees("wire-packet", "WebSocket message")
	marked := `document.querySelectorAll(".hex-marked").length`
	pn.clicks("wire-field")
	pn.until(marked+" > 0", "a field marked no bytes")
	first := script[int](pn, marked)
	script[bool](pn, `(document.querySelectorAll('[data-testid="hex-byte"]')[0].click(), true)`)
	pn.until(`document.querySelectorAll('[data-testid="wire-field"][aria-pressed="true"]').length > 0 && `+marked+" !== "+strconv.Itoa(first), "a byte marked no field")
	links := script[[]string](pn, `[...document.querySelectorAll('[data-testid="wire-clause"]')].map((a) => a.href)`)
	require.NotEmpty(t, links)
	for _, link := range links {
		require.Regexp(t, `^https://docs\.oasis-open\.org/mqtt/mqtt/v3\.1\.1/os/mqtt-v3\.1\.1-os\.html#_Toc3987180\d\d`, link)
	}
}
