package e2e

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/browser"
	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/serve"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// The emulator and mosquitto's command line clients do not know each other: what they say to each other over TLS is MQTT as it is
// written, and docs/emulator.md shows the same commands.

// mosquittoDevice is a device of a served emulator whose program is mosquitto_pub or mosquitto_sub.
type mosquittoDevice struct {
	server *serve.Server
	id     string
	key    []byte
}

// newMosquittoDevice serves the emulator with MQTT over TLS, and registers a device.
func newMosquittoDevice(t *testing.T) mosquittoDevice {
	t.Helper()
	_, err := browser.Ensure(t.Context(), "mosquitto_pub", "mosquitto-clients")
	require.NoError(t, err)
	server, err := serve.Start(t.Context(), serve.Options{HTTP: "127.0.0.1:0", MQTTS: "127.0.0.1:0", Certs: t.TempDir(), Web: os.DirFS("../web")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	d, err := server.Hub.PutDevice(t.Context(), emulator.Device{DeviceID: "dev-1"})
	require.NoError(t, err)
	key, err := hubproto.ParseKey(d.Authentication.SymmetricKey.PrimaryKey)
	require.NoError(t, err)
	return mosquittoDevice{server, d.DeviceID, key}
}

// run runs one of mosquitto's clients as the device until it ends, and returns what it wrote.
func (d mosquittoDevice) run(ctx context.Context, client string, args ...string) (string, error) {
	_, port, err := net.SplitHostPort(d.server.MQTTSAddr)
	if err != nil {
		return "", err
	}
	const host = "localhost"
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, client, append([]string{"-h", host, "-p", port, "--cafile", d.server.Certificates.CAFile,
		"-V", "mqttv311", "-q", "1", "-i", d.id,
		"-u", hubproto.Username{Host: host, DeviceID: d.id, APIVersion: hubproto.APIVersion}.String(),
		"-P", hubproto.SignSAS(d.key, hubproto.DeviceResource(host, d.id, ""), "", time.Now().Add(time.Hour))}, args...)...)
	cmd.Dir = filepath.Dir(d.server.Certificates.CAFile)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestMosquittoPublishesTelemetryToTheEmulator(t *testing.T) {
	d := newMosquittoDevice(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	events := make(chan emulator.Event, 1)
	all := d.server.Hub.Events(ctx) // from now on
	go func() {
		for e := range all {
			events <- e
		}
	}()
	said, err := d.run(ctx, "mosquitto_pub", "-t", "devices/dev-1/messages/events/%24.ct=application%2Fjson&%24.ce=utf-8&room=a%20b", "-m", `{"temperature":21.5}`)
	require.NoError(t, err, said)
	select {
	case e := <-events:
		require.Equal(t, "dev-1", e.DeviceID)
		require.JSONEq(t, `{"temperature":21.5}`, string(e.Body))
		require.Equal(t, map[string]string{"room": "a b"}, e.Properties)
		require.Equal(t, "application/json", e.SystemProperties["content-type"])
	case <-time.After(patience):
		require.FailNow(t, "mosquitto_pub has its PUBACK, and the event stream has no event")
	}

	said, err = d.run(ctx, "mosquitto_pub", "-t", "tele/sensor/STATE", "-m", "x")
	require.Error(t, err, "a topic that is none of IoT Hub's: the hub closes the connection: %s", said)

	d.key = []byte("not the device's")
	said, err = d.run(ctx, "mosquitto_pub", "-t", "devices/dev-1/messages/events/", "-m", "x")
	require.Error(t, err)
	require.Contains(t, strings.ToLower(said), "not authorised", "CONNACK 5")
}

func TestMosquittoReceivesMessagesOfTheEmulator(t *testing.T) {
	d := newMosquittoDevice(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	acknowledged := make(chan struct{}, 2)
	log := d.server.Hub.Operations(ctx)
	go func() {
		for o := range log {
			if o.Name == "messageCompleted" {
				acknowledged <- struct{}{}
			}
		}
	}()
	send := func(body string) {
		m := emulator.Message{Body: []byte(body), Properties: []emulator.Property{{Name: "colour", Value: "dark blue"}}}
		m.MessageID = "m-1"
		require.NoError(t, d.server.Hub.SendToDevice(ctx, "dev-1", m))
	}
	send("queued before the device came")
	var said string
	ended := make(chan error, 1)
	go func() {
		var err error
		// -c: CleanSession 0, because 1 drops what is queued.
		said, err = d.run(ctx, "mosquitto_sub", "-c", "-t", "devices/dev-1/messages/devicebound/#", "-C", "2", "-F", "%q %t %p")
		ended <- err
	}()
	select {
	case <-acknowledged: // so it is subscribed
	case err := <-ended:
		require.FailNow(t, "mosquitto_sub ended", "%v: %s", err, said)
	case <-time.After(patience):
		require.FailNow(t, "no PUBACK of the queued message")
	}
	send("sent to a live connection")
	require.NoError(t, <-ended, said)
	const topic = "1 devices/dev-1/messages/devicebound/%24.mid=m-1&%24.to=%2Fdevices%2Fdev-1%2Fmessages%2FdeviceBound&colour=dark%20blue "
	require.Equal(t, topic+"queued before the device came\n"+topic+"sent to a live connection\n", said)
}
