package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/browser"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/iothub"
)

// The device and the broker do not know each other: these tests are the proof that the client speaks MQTT over
// WebSockets, and not a dialect of our own emulator.

// broker is Debian's mosquitto, with a configuration of its own, on loopback.
type broker struct {
	webSocket string // the URL of its WebSockets listener
	port      string // of its plain listener, for its own tools
	log       *log
}

// startMosquitto starts mosquitto on two ports that the kernel has just given and taken back; if somebody else was quicker
// to take one, it asks for others.
func startMosquitto(t *testing.T) broker {
	t.Helper()
	path, err := browser.Ensure(t.Context(), "mosquitto", "mosquitto", "mosquitto-clients")
	require.NoError(t, err)
	var said string
	for range 5 {
		ws, plain := freePort(t), freePort(t)
		config := filepath.Join(t.TempDir(), "mosquitto.conf")
		// Without socket_domain its WebSockets listener forgets the address and takes every interface (2.0.11).
		require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, "allow_anonymous true\npersistence false\nlog_dest stderr\nlog_type all\n"+
			"listener %s 127.0.0.1\nsocket_domain ipv4\nprotocol websockets\nlistener %s 127.0.0.1\n", ws, plain), 0o600))
		log := newLog()
		cmd := exec.Command(path, "-c", config)
		cmd.Stderr, cmd.WaitDelay = log, time.Second
		require.NoError(t, cmd.Start())
		ended := make(chan struct{})
		go func() { _ = cmd.Wait(); close(ended) }()
		if listens(ended, ws) && listens(ended, plain) {
			t.Cleanup(func() {
				_ = cmd.Process.Kill()
				<-ended
				if t.Failed() {
					t.Logf("mosquitto said:\n%s", log.String())
				}
			})
			return broker{webSocket: "ws://127.0.0.1:" + ws + "/$iothub/websocket", port: plain, log: log}
		}
		_ = cmd.Process.Kill()
		<-ended
		said = log.String()
	}
	require.FailNow(t, "mosquitto does not start", said)
	return broker{}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return port
}

// listens waits until somebody listens on the port, or the process has ended.
func listens(ended <-chan struct{}, port string) bool {
	for {
		if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			c.Close()
			return true
		}
		select {
		case <-ended:
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// subscribe starts mosquitto_sub for one message, waits until the broker has said that it is subscribed (its own output
// stays in a buffer until it ends), and returns a function that waits for the message.
func (b broker) subscribe(t *testing.T, topic string) (message func() string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "mosquitto_sub", "-h", "127.0.0.1", "-p", b.port, "-i", "watcher", "-t", topic, "-q", "1", "-C", "1", "-W", "30", "-F", "%t %p")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { <-ended })
	b.log.waitFor(t, "Sending SUBACK to watcher")
	return func() string { <-ended; return said.String() }
}

// log is what mosquitto writes, with a way to wait for a line of it.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // one token when something was written
}

func newLog() *log { return &log{more: make(chan struct{}, 1)} }

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	select {
	case l.more <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *log) waitFor(t *testing.T, line string) {
	t.Helper()
	late := time.After(patience)
	for !strings.Contains(l.String(), line) {
		select {
		case <-l.more:
		case <-late:
			require.FailNow(t, "mosquitto never said: "+line, l.String())
		}
	}
}

func (b broker) publish(t *testing.T, topic, payload string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "mosquitto_pub", "-h", "127.0.0.1", "-p", b.port, "-t", topic, "-m", payload, "-q", "1").CombinedOutput()
	require.NoError(t, err, string(out))
}

const (
	telemetryFilter  = "devices/dev-1/messages/events/#"
	deviceboundTopic = "devices/dev-1/messages/devicebound/%24.mid=c-1&colour=blue"
)

func TestTheClientOnMosquitto(t *testing.T) {
	b := startMosquitto(t)
	arrived := b.subscribe(t, telemetryFilter)

	credentials, err := hubclient.ParseConnectionString("HostName=hub.example;DeviceId=dev-1;SharedAccessKey=a2V5MTIzNDU=")
	require.NoError(t, err)
	connected := make(chan struct{})
	messages := make(chan hubclient.Delivery, 1)
	client, err := hubclient.New(credentials, &hubclient.Options{
		Endpoint: b.webSocket,
		OnState: func(s hubclient.State) {
			if s.Phase == hubclient.Connected {
				close(connected)
			}
		},
		OnMessage: func(_ context.Context, m hubclient.Delivery) error { messages <- m; return nil },
	})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	run := make(chan error, 1)
	go func() { run <- client.Run(ctx) }()
	select {
	case <-connected:
	case err := <-run:
		require.FailNow(t, "the session ended", "%v", err)
	}

	message := hubclient.Message{Body: []byte(`{"t":1}`), Properties: iothub.Properties{{Name: "a b", Value: "c/d"}}}
	require.NoError(t, client.Send(ctx, message), "PUBACK came")
	require.Contains(t, arrived(), `devices/dev-1/messages/events/a%20b=c%2Fd {"t":1}`)

	b.publish(t, deviceboundTopic, "hello")
	m := <-messages
	require.Equal(t, "hello", string(m.Body))
	require.Equal(t, "c-1", m.MessageID)
	require.Equal(t, iothub.Properties{{Name: "colour", Value: "blue"}}, m.Properties)

	cancel()
	require.NoError(t, <-run)
}

func TestTheBrowserOnMosquitto(t *testing.T) {
	b := startMosquitto(t)
	arrived := b.subscribe(t, telemetryFilter)
	server := serveHere(t)
	pn := visitUnasked(t, server.URL, "/")
	pn.until(`window.hubpanel`, "the page did not start")

	script[bool](pn, fmt.Sprintf(`(async () => {
		window.device = await hubpanel.connect({
			connectionString: "HostName=hub.example;DeviceId=dev-1;SharedAccessKey=a2V5MTIzNDU=",
			endpoint: %s,
		});
		window.messages = [];
		device.on("message", (m) => messages.push(m));
		return true;
	})()`, quoted(b.webSocket)))
	script[bool](pn, `device.send({ t: 2 }, { properties: { "a b": "c/d" } }).then(() => true)`)
	require.Contains(t, arrived(), `&a%20b=c%2Fd {"t":2}`)

	b.publish(t, deviceboundTopic, "hello")
	pn.until(`messages.length === 1`, "the message did not arrive")
	require.Equal(t, "hello c-1 blue", script[string](pn, `[messages[0].text(), messages[0].messageId, messages[0].properties.colour].join(" ")`))
	script[bool](pn, `device.close().then(() => true)`)
	require.NoError(t, pn.page.Problems(server.URL, b.webSocket))
}
