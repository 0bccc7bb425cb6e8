//go:build !js

package doctor

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/faultproxy"
	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// A place is an emulator on a loopback port with a device, and the doctor's way to it: the real network.
type place struct {
	t    *testing.T
	hub  *emulator.Hub
	addr string
	key  []byte
}

const theDevice = "dev-1"

func newPlace(t *testing.T) *place {
	t.Helper()
	hub := new(emulator.Hub)
	server := httptest.NewServer(hub)
	t.Cleanup(func() {
		require.NoError(t, hub.Close())
		server.Close()
	})
	d, err := hub.PutDevice(t.Context(), emulator.Device{DeviceID: theDevice})
	require.NoError(t, err)
	key, err := hubproto.ParseKey(d.Authentication.SymmetricKey.PrimaryKey)
	require.NoError(t, err)
	return &place{t, hub, strings.TrimPrefix(server.URL, "http://"), key}
}

// behind starts a proxy with a fault before the hub, and returns its address.
func (p *place) behind(f faultproxy.Fault, idle time.Duration) string {
	p.t.Helper()
	proxy, err := faultproxy.Start(faultproxy.Options{Fault: f, Upstream: p.addr, Idle: idle})
	require.NoError(p.t, err)
	p.t.Cleanup(func() { require.NoError(p.t, proxy.Close()) })
	return proxy.Addr()
}

// device is the place's own, to be found at an address.
func (p *place) device(addr string) Subject {
	return Subject{Host: "localhost", URL: "ws://" + addr + hubproto.WebSocketPath + "?" + hubproto.NoClientCertQuery, DeviceID: theDevice, Key: p.key}
}

func (p *place) env() Env {
	return Env{
		Origin: "http://127.0.0.1", Secure: true,
		ServerTime: func(context.Context) (time.Time, error) { return time.Now().Truncate(time.Second), nil },
		Reach: func(ctx context.Context, url string) error {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
			if err != nil {
				return err
			}
			res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
			if err == nil {
				res.Body.Close()
			}
			return err
		},
		Open:   wsconn.Dial,
		Limits: Limits{Probe: time.Second, Connack: 2 * time.Second, Answer: 2 * time.Second, Watch: 200 * time.Millisecond, HubLog: 2 * time.Second},
	}
}

// log is what the emulator says about the device, as a page beside it hears it.
func (p *place) log(env *Env) {
	env.HubLog = func() func(context.Context) []HubLine {
		ctx, cancel := context.WithCancel(p.t.Context())
		lines := make(chan HubLine, 100)
		started := make(chan struct{})
		go func() {
			operations := p.hub.Operations(ctx)
			close(started)
			for o := range operations {
				if o.DeviceID == theDevice && o.Level != emulator.LevelInformation {
					lines <- HubLine{Code: o.StatusCode, Reason: string(o.Reason), Text: o.Description}
				}
			}
		}()
		<-started
		return func(limit context.Context) []HubLine {
			defer cancel()
			select {
			case l := <-lines:
				return []HubLine{l}
			case <-limit.Done():
				return nil
			}
		}
	}
}

func examine(t *testing.T, env Env, s Subject) (Evidence, Verdict) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	e := Run(ctx, env, s, true, nil)
	require.Nil(t, e.Subject.Key, "no secret is kept")
	return e, Judge(e)
}

// What networks do, each for real. Natively a failed request has a reason, which the doctor never looks at: it knows what a page knows.
func TestNetworkFaults(t *testing.T) {
	p := newPlace(t)
	for name, c := range map[string]struct {
		fault faultproxy.Fault
		want  Cause
		also  []Cause
	}{
		"none":             {faultproxy.None, Fine, nil},
		"closed":           {faultproxy.Closed, PortRefused, []Cause{ConnectionReset}},
		"silent":           {faultproxy.Silent, PortDropped, nil},
		"mute":             {faultproxy.Mute, PortDropped, nil},
		"html":             {faultproxy.HTML, UpgradeStripped, []Cause{HTMLAnswer, SubprotocolStripped}},
		"no upgrade":       {faultproxy.NoUpgrade, UpgradeStripped, []Cause{HTMLAnswer, SubprotocolStripped}},
		"no subprotocol":   {faultproxy.NoProtocol, UpgradeStripped, []Cause{HTMLAnswer, SubprotocolStripped}},
		"reset, this host": {faultproxy.Reset, PortRefused, []Cause{ConnectionReset}},
	} {
		t.Run(name, func(t *testing.T) {
			e, v := examine(t, p.env(), p.device(p.behind(c.fault, 0)))
			require.Equal(t, c.want, v.Cause, "%+v", e.Findings)
			require.Equal(t, c.also, v.Also)
		})
	}
}

func TestHubRefusals(t *testing.T) {
	for code, want := range map[mqttcodec.ConnectCode]Cause{1: Connack1, 2: Connack2, 3: Connack3, 4: Connack4, 5: Connack5} {
		p := newPlace(t)
		require.NoError(t, p.hub.SetFaults(emulator.Faults{Refuse: code}))
		_, v := examine(t, p.env(), p.device(p.addr))
		require.Equal(t, want, v.Cause)
	}

	t.Run("a clock that is ahead", func(t *testing.T) {
		p := newPlace(t)
		require.NoError(t, p.hub.SetFaults(emulator.Faults{Refuse: 5})) // what a hub does, which the emulator's own clock never sees
		env := p.env()
		env.ServerTime = func(context.Context) (time.Time, error) { return time.Now().Add(-time.Hour), nil }
		_, v := examine(t, env, p.device(p.addr))
		require.Equal(t, TokenNotYetValid, v.Cause)
	})
	t.Run("a token that is over", func(t *testing.T) {
		p := newPlace(t)
		s := p.device(p.addr)
		s.Token, s.Key = hubproto.SignSAS(p.key, s.resource(), "", time.Now().Add(-time.Hour)), nil
		e, v := examine(t, p.env(), s)
		require.Equal(t, TokenExpired, v.Cause)
		require.NotContains(t, e.Findings, StageHTTPS, "there is no use in dialling")
		require.Empty(t, e.Subject.Token)
	})
	t.Run("a token for another device", func(t *testing.T) {
		p := newPlace(t)
		s := p.device(p.addr)
		s.Token, s.Key = hubproto.SignSAS(p.key, "localhost/devices/other", "", time.Now().Add(time.Hour)), nil
		_, v := examine(t, p.env(), s)
		require.Equal(t, TokenElsewhere, v.Cause)
	})
	t.Run("a hub-level string", func(t *testing.T) {
		_, err := hubproto.ParseConnectionString("HostName=h.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=a2V5MTIzNDU=")
		require.Error(t, err)
		_, v := examine(t, Env{}, Subject{Err: err, HubLevel: true})
		require.Equal(t, HubString, v.Cause)
		require.Equal(t, Certain, v.Sure)
	})
}

// Where the hub is ours, its log ends the guessing.
func TestHubLogNamesTheCause(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(p *place, s *Subject)
		want Cause
	}{
		"wrong key": {func(_ *place, s *Subject) { s.Key = []byte("another key of thirty-two bytes.") }, WrongKey},
		"disabled": {func(p *place, _ *Subject) {
			d, err := p.hub.PutDevice(p.t.Context(), emulator.Device{DeviceID: theDevice, Status: emulator.StatusDisabled})
			require.NoError(p.t, err)
			require.NotEmpty(p.t, d)
		}, DeviceDisabled},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			env, s := p.env(), p.device(p.addr)
			p.log(&env)
			c.do(p, &s)
			_, v := examine(t, env, s)
			require.Equal(t, c.want, v.Cause)
			require.Equal(t, Certain, v.Sure)
		})
	}
}

func TestThrottledTwin(t *testing.T) {
	p := newPlace(t)
	require.NoError(t, p.hub.SetFaults(emulator.Faults{Throttle: true}))
	_, v := examine(t, p.env(), p.device(p.addr))
	require.Equal(t, Throttled, v.Cause)
}

// A second client that takes the identity back each time it loses it.
func TestTakeoverLoop(t *testing.T) {
	p := newPlace(t)
	ctx, stop := context.WithCancel(t.Context())
	var rival sync.WaitGroup
	turns := make(chan struct{}, takeovers) // the rival's: at first at once, and then when the doctor has been accepted
	turns <- struct{}{}
	connected := make(chan struct{})
	rival.Go(func() {
		for first := true; ; first = false {
			select {
			case <-turns:
			case <-ctx.Done():
				return
			}
			conn, err := wsconn.Dial(ctx, p.device(p.addr).URL)
			if err != nil {
				return
			}
			s := newConnection(conn, nil)
			d := &doctor{limits: Limits{Connack: 10 * time.Second}, e: Evidence{Subject: p.device(p.addr)}}
			if _, err := d.connect(ctx, s, keepAlive); err == nil {
				if first {
					close(connected)
				}
				_ = s.until(ctx, time.Hour, func(mqttcodec.Packet) bool { return false })
			}
			s.close()
		}
	})
	<-connected
	env := p.env()
	env.Limits.Watch = 10 * time.Second // the rival is back long before
	env.Trace = func(_ bool, _ int, packet mqttcodec.Packet) {
		if _, ok := packet.(*mqttcodec.Connack); ok {
			turns <- struct{}{}
		}
	}
	e, v := examine(t, env, p.device(p.addr))
	stop()
	rival.Wait()
	require.Equal(t, TakenOver, v.Cause, "%+v", e.Findings)
}

// Once the hub has accepted the device, a close before CONNACK is a second client too, one that is faster; before that it is not.
func TestClosedBeforeConnack(t *testing.T) {
	for name, c := range map[string]struct {
		accepted int32 // as many get their CONNACK
		want     Cause
	}{
		"the first":  {0, NoConnack},
		"the second": {1, TakenOver},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			var connects atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				conn, err := wsconn.Accept(w, r)
				if err != nil {
					return
				}
				defer conn.Close()
				if packet, err := mqttcodec.NewReader(conn, maxPacket).Next(); err != nil || packet.Type() != mqttcodec.CONNECT {
					return // a probe of the upgrade
				}
				if connects.Add(1) <= c.accepted {
					b, err := mqttcodec.Append(nil, &mqttcodec.Connack{})
					assert.NoError(t, err)
					_, err = conn.Write(b)
					assert.NoError(t, err)
				}
			}))
			defer server.Close()
			e, v := examine(t, p.env(), p.device(strings.TrimPrefix(server.URL, "http://")))
			require.Equal(t, c.want, v.Cause, "%+v", e.Findings)
			require.Equal(t, c.accepted+1, connects.Load())
		})
	}
}

func TestIdleCut(t *testing.T) {
	p := newPlace(t)
	env := p.env()
	e := RunIdle(t.Context(), env, p.device(p.behind(faultproxy.IdleCut, 300*time.Millisecond)), Evidence{}, 20*time.Second, nil)
	require.Equal(t, Failed, e.Findings[StageIdle].Outcome)
	require.Equal(t, IdleCut, Judge(e).Cause)
	require.GreaterOrEqual(t, e.Idle, 200*time.Millisecond, "about what the proxy allows, which counts from before CONNACK arrived")

	e = RunIdle(t.Context(), env, p.device(p.addr), Evidence{}, 300*time.Millisecond, nil)
	require.Equal(t, OK, e.Findings[StageIdle].Outcome)
	require.Zero(t, e.Idle)
}

// The doctor must not take messages that are the device's.
func TestSigningInLosesNothing(t *testing.T) {
	p := newPlace(t)
	_, v := examine(t, p.env(), p.device(p.addr)) // makes the session, so that messages wait for it
	require.Equal(t, Fine, v.Cause)
	require.NoError(t, p.hub.SendToDevice(t.Context(), theDevice, emulator.Message{Body: []byte("wait for me")}))
	_, v = examine(t, p.env(), p.device(p.addr))
	require.Equal(t, Fine, v.Cause)

	conn, err := p.hub.Dial(t.Context(), "")
	require.NoError(t, err)
	s := newConnection(conn, nil)
	defer s.close()
	d := &doctor{limits: Limits{Connack: 10 * time.Second}, e: Evidence{Subject: p.device(p.addr)}}
	_, err = d.connect(t.Context(), s, keepAlive)
	require.NoError(t, err)
	require.NoError(t, s.until(t.Context(), 10*time.Second, func(packet mqttcodec.Packet) bool {
		publish, ok := packet.(*mqttcodec.Publish)
		return ok && string(publish.Payload) == "wait for me"
	}))
}

// What can wait ends with its context.
func TestRunStops(t *testing.T) {
	p := newPlace(t)
	ctx, cancel := context.WithCancel(t.Context())
	env := p.env()
	env.Limits = Limits{}
	began := time.Now()
	e := Run(ctx, env, p.device(p.behind(faultproxy.Mute, 0)), true, func(e Evidence) {
		if e.Findings[StageUpgrade].Outcome == Running {
			cancel()
		}
	})
	require.Less(t, time.Since(began), 5*time.Second, "not the ten of the limit")
	require.Equal(t, Stopped, Judge(e).Cause)
	require.True(t, errors.Is(ctx.Err(), context.Canceled))
}
