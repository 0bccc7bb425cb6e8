package hubclient

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// testKey is a key that is easy to recognize, in base64 too: a2V5MTIzNDU=.
var testKey = []byte("key12345")

const (
	testHost = "myhub.azure-devices.net"
	testID   = "dev-1"
)

// A network is what a device dials into. The test takes each connection and plays the hub on it, line by line.
type network struct {
	t     *testing.T
	conns chan net.Conn // the hub's ends
	urls  []string

	mu   sync.Mutex
	fail error // what the next dials return
}

func newNetwork(t *testing.T) *network { return &network{t: t, conns: make(chan net.Conn, 1)} }

func (n *network) dial(ctx context.Context, url string) (net.Conn, error) {
	n.urls = append(n.urls, url)
	n.mu.Lock()
	fail := n.fail
	n.mu.Unlock()
	if fail != nil {
		return nil, fail
	}
	device, hub := net.Pipe()
	select {
	case n.conns <- hub:
		return device, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (n *network) setFail(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fail = err
}

// A hub is the test's end of one connection.
type hub struct {
	t    *testing.T
	conn net.Conn

	mu      sync.Mutex
	packets []mqttcodec.Packet
	err     error
	ended   chan struct{}
}

// accept takes the connection that the device has dialled by now.
func (n *network) accept() *hub {
	n.t.Helper()
	synctest.Wait()
	select {
	case conn := <-n.conns:
		h := newHub(n.t, conn)
		return h
	default:
		require.FailNow(n.t, "the device has not dialled")
		return nil
	}
}

func newHub(t *testing.T, conn net.Conn) *hub {
	h := &hub{t: t, conn: conn, ended: make(chan struct{})}
	go h.read()
	t.Cleanup(func() { h.cut() })
	return h
}

func (n *network) wantNoDial(why string) {
	n.t.Helper()
	synctest.Wait()
	require.Empty(n.t, n.conns, why)
}

func (h *hub) read() {
	defer close(h.ended)
	r := mqttcodec.NewReader(h.conn, 0)
	for {
		p, err := r.Next()
		h.mu.Lock()
		if err != nil {
			h.err = err
			h.mu.Unlock()
			return
		}
		h.packets = append(h.packets, mqttcodec.Clone(p))
		h.mu.Unlock()
	}
}

// cut ends the connection without a word.
func (h *hub) cut() {
	h.conn.Close()
	<-h.ended
}

func (h *hub) send(packets ...mqttcodec.Packet) {
	h.t.Helper()
	var b []byte
	for _, p := range packets {
		var err error
		b, err = mqttcodec.Append(b, p)
		require.NoError(h.t, err)
	}
	h.write(b)
}

func (h *hub) write(b []byte) {
	h.t.Helper()
	_, err := h.conn.Write(b)
	require.NoError(h.t, err)
}

// next takes the next packet that the device has sent by now.
func (h *hub) next(what string) mqttcodec.Packet {
	h.t.Helper()
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.packets) == 0 {
		require.FailNow(h.t, "the device has sent nothing more", "want %s; connection: %v", what, h.err)
	}
	p := h.packets[0]
	h.packets = h.packets[1:]
	return p
}

// want takes the next packet, which has to be a T.
func want[T mqttcodec.Packet](h *hub) T {
	h.t.Helper()
	var zero T
	p, ok := h.next("a " + zero.Type().String()).(T)
	require.True(h.t, ok, "want %T, got %v", zero, p)
	return p
}

// wantPublish takes the next packet, a PUBLISH on topic with payload.
func (h *hub) wantPublish(topic, payload string) *mqttcodec.Publish {
	h.t.Helper()
	p := want[*mqttcodec.Publish](h)
	require.Equal(h.t, topic, string(p.TopicName))
	require.Equal(h.t, payload, string(p.Payload))
	return p
}

func (h *hub) wantIdle(why string) {
	h.t.Helper()
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	require.Empty(h.t, h.packets, why)
	require.NoError(h.t, h.err, why)
}

// wantEnd wants the device to end the connection, with nothing more on it.
func (h *hub) wantEnd(why string) {
	h.t.Helper()
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	require.Empty(h.t, h.packets, why)
	require.Error(h.t, h.err, why)
}

// welcome plays the hub up to the SUBACK: it wants a SUBSCRIBE when filters are given.
func (h *hub) welcome(filters ...string) *mqttcodec.Connect {
	h.t.Helper()
	connect := want[*mqttcodec.Connect](h)
	h.send(&mqttcodec.Connack{})
	if len(filters) > 0 {
		h.grant(filters...)
	}
	synctest.Wait()
	return connect
}

func (h *hub) grant(filters ...string) {
	h.t.Helper()
	s := want[*mqttcodec.Subscribe](h)
	var asked []string
	codes := make([]byte, len(s.Subscriptions))
	for i, subscription := range s.Subscriptions {
		asked = append(asked, string(subscription.TopicFilter))
		codes[i] = byte(subscription.QoS)
	}
	require.Equal(h.t, filters, asked)
	h.send(&mqttcodec.Suback{PacketID: s.PacketID, ReturnCodes: codes})
}

func message(topic, payload string) *mqttcodec.Publish {
	return &mqttcodec.Publish{TopicName: []byte(topic), Payload: []byte(payload)}
}

// A device is a Client that runs, with everything that it has told its handlers.
type device struct {
	*Client
	t      *testing.T
	net    *network
	stop   context.CancelFunc
	result chan error

	states collected[State]
}

// start makes a device on a network of its own and runs it. It is stopped at the end of the test.
func start(t *testing.T, o *Options) *device {
	t.Helper()
	return startWith(t, Credentials{Host: testHost, DeviceID: testID, Key: testKey}, o)
}

func startWith(t *testing.T, cr Credentials, o *Options) *device {
	t.Helper()
	d := &device{t: t, net: newNetwork(t), result: make(chan error, 1)}
	options := Options{}
	if o != nil {
		options = *o
	}
	if options.Dial == nil {
		options.Dial = d.net.dial
	}
	if options.Backoff == nil {
		options.Backoff = func(int) time.Duration { return time.Second }
	}
	options.OnState = d.states.add
	var err error
	d.Client, err = New(cr, &options)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	d.stop = stop
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.result <- d.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return d
}

// wantStates takes the states that the device has told by now.
func (d *device) wantStates(phases ...Phase) []State {
	d.t.Helper()
	states := d.states.drain()
	var got []Phase
	for _, s := range states {
		got = append(got, s.Phase)
	}
	require.Equal(d.t, phases, got)
	return states
}

// wantResult wants Run to have returned.
func (d *device) wantResult() error {
	d.t.Helper()
	synctest.Wait()
	select {
	case err := <-d.result:
		return err
	default:
		require.FailNow(d.t, "Run has not returned")
		return nil
	}
}

// Collected is what a handler has got.
type collected[T any] struct {
	mu sync.Mutex
	ts []T
}

func (c *collected[T]) add(t T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ts = append(c.ts, t)
}

// take returns what was collected by now and has not been taken.
func (c *collected[T]) drain() []T {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	ts := c.ts
	c.ts = nil
	return ts
}

// An async is a call that runs beside the test.
type async struct {
	t    *testing.T
	done chan error
}

func later(t *testing.T, f func() error) *async {
	a := &async{t: t, done: make(chan error, 1)}
	go func() { a.done <- f() }()
	synctest.Wait()
	return a
}

func (a *async) wantPending(why string) {
	a.t.Helper()
	synctest.Wait()
	require.Empty(a.t, a.done, why)
}

func (a *async) result() error {
	a.t.Helper()
	synctest.Wait()
	select {
	case err := <-a.done:
		return err
	default:
		require.FailNow(a.t, "the call has not returned")
		return nil
	}
}

func (d *device) sendLater(body string) *async {
	return later(d.t, func() error { return d.Send(d.t.Context(), Message{Body: []byte(body)}) })
}

// bubble runs a test with a clock of its own; the hub's ends are closed and nothing is left running.
func bubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

var (
	errTest = errors.New("made by the test")

	events = "devices/dev-1/messages/events/"
	c2d    = hubproto.DeviceboundFilter(testID)
)

func wantNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{string(testKey), "a2V5MTIzNDU", "sig="} {
		require.False(t, strings.Contains(text, secret), "holds a secret: %s", text)
	}
}
