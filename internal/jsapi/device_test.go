package jsapi_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/jsapi"
	"github.com/hubpanel/hubpanel/internal/readymade"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

const (
	pageHost = "localhost:8443"
	deviceID = "MyDevice01" // the emulator's ready-made device
)

// A site is the page's own origin: an emulator that can be restarted.
type site struct {
	t   *testing.T
	hub *emulator.Hub

	mu       sync.Mutex
	requests []string
}

func newSite(t *testing.T) *site {
	s := &site{t: t}
	s.restart()
	t.Cleanup(func() { require.NoError(t, s.hub.Close()) })
	return s
}

// restart replaces the hub by one that has forgotten everything, its keys among it.
func (s *site) restart() {
	s.t.Helper()
	hub := &emulator.Hub{AssigningTime: -1}
	require.NoError(s.t, hub.Open(s.t.Context()))
	require.NoError(s.t, readymade.Prepare(s.t.Context(), hub))
	s.mu.Lock()
	old := s.hub
	s.hub = hub
	s.mu.Unlock()
	if old != nil {
		require.NoError(s.t, old.Close())
	}
}

func (s *site) now() *emulator.Hub {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hub
}

func (s *site) page() jsapi.Page {
	return jsapi.Page{
		Host: pageHost,
		Fetch: func(ctx context.Context, r *hubservice.FetchRequest) (*hubservice.FetchResponse, error) {
			s.mu.Lock()
			s.requests = append(s.requests, r.Method+" "+r.Path)
			s.mu.Unlock()
			return hubservice.FetchFrom(s.now(), pageHost)(ctx, r)
		},
		Dial: func(ctx context.Context, url string) (net.Conn, error) { return s.now().Dial(ctx, url) },
	}
}

// options are those of connect with the ready-made device's connection string.
func (s *site) options() string {
	info, err := readymade.Describe(s.t.Context(), s.now(), pageHost)
	require.NoError(s.t, err)
	return document(s.t, map[string]any{"connectionString": info.DeviceConnectionString})
}

func document(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

// A program keeps the events that it receives.
type program struct {
	method func(ctx context.Context, name, payload string) (jsapi.Answer, error)

	mu     sync.Mutex
	events map[string][]map[string]any
}

func (p *program) callbacks() jsapi.Program {
	return jsapi.Program{
		Emit: func(name, document string) {
			var event map[string]any
			if err := json.Unmarshal([]byte(document), &event); err != nil {
				panic(err)
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.events == nil {
				p.events = map[string][]map[string]any{}
			}
			p.events[name] = append(p.events[name], event)
		},
		Method: func(ctx context.Context, name, payload string) (jsapi.Answer, error) {
			return p.method(ctx, name, payload)
		},
	}
}

func (p *program) received(name string) []map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]map[string]any(nil), p.events[name]...)
}

// phases are those of the state events, each with an asterisk where it is marked as after a restart.
func (p *program) phases() (phases []string) {
	for _, e := range p.received("state") {
		phase := e["phase"].(string)
		if e["restarted"] == true {
			phase += "*"
		}
		phases = append(phases, phase)
	}
	return phases
}

func connect(t *testing.T, s *site, p *program) *jsapi.Device {
	t.Helper()
	d, err := jsapi.Connect(t.Context(), s.options(), s.page(), p.callbacks())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close(context.Background())) })
	return d
}

// neverSettles is a method handler whose promise never settles.
func neverSettles(ctx context.Context, _, _ string) (jsapi.Answer, error) {
	<-ctx.Done()
	return jsapi.Answer{}, ctx.Err()
}

func TestDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		p := &program{method: func(_ context.Context, name, payload string) (jsapi.Answer, error) {
			if name == "fail" {
				return jsapi.Answer{}, errors.New("it broke")
			}
			return jsapi.Answer{Status: 201, Payload: payload}, nil
		}}
		d := connect(t, s, p)
		ctx := t.Context()

		stored := make(chan emulator.Event, 10)
		events, stop := context.WithCancel(ctx)
		defer stop()
		go func() {
			for e := range s.hub.Events(events) {
				stored <- e
			}
		}()
		synctest.Wait()
		send := func(m map[string]any) error { return d.Send(ctx, document(t, m)) }
		body := base64.StdEncoding.EncodeToString([]byte(`{"a":1}`))
		require.NoError(t, send(map[string]any{"body": body, "messageId": "m-1", "properties": map[string]any{"level": "info", "none": nil}}))
		e := <-stored
		require.Equal(t, `{"a":1}`, string(e.Body))
		require.Equal(t, "m-1", e.SystemProperties["message-id"])
		require.Equal(t, map[string]string{"level": "info", "none": ""}, e.Properties)
		require.NoError(t, send(map[string]any{"body": body, "qos": 0}))
		<-stored

		version, err := d.Report(ctx, `{"battery":60}`)
		require.NoError(t, err)
		require.EqualValues(t, 2, version)
		twin, err := d.Twin(ctx)
		require.NoError(t, err)
		var got struct{ Reported struct{ Battery int } }
		require.NoError(t, json.Unmarshal([]byte(twin), &got))
		require.Equal(t, 60, got.Reported.Battery)

		require.NoError(t, s.hub.SendToDevice(ctx, deviceID, emulator.Message{Body: []byte("hello")}))
		_, err = s.hub.PatchDesired(ctx, deviceID, json.RawMessage(`{"interval":7}`))
		require.NoError(t, err)
		status, answer, err := s.hub.Invoke(ctx, deviceID, "echo", json.RawMessage(`{"b":2}`))
		require.NoError(t, err)
		require.Equal(t, 201, status)
		require.JSONEq(t, `{"b":2}`, string(answer))
		status, _, err = s.hub.Invoke(ctx, deviceID, "fail", nil)
		require.NoError(t, err)
		require.Equal(t, 500, status)
		synctest.Wait()
		require.Len(t, p.received("message"), 1)
		require.Equal(t, "aGVsbG8=", p.received("message")[0]["body"])
		desired := p.received("desired")
		require.Equal(t, map[string]any{"patch": map[string]any{"interval": 7.0, "$version": 2.0}, "version": 2.0, "full": false}, desired[len(desired)-1])
		require.NotEmpty(t, p.received("packet"))

		require.NoError(t, d.Close(ctx))
		require.Equal(t, []string{"dialing", "connecting", "connected", "closed"}, p.phases())
		require.Equal(t, "closed", jsapi.ErrorCode(send(map[string]any{"body": body})))
		_, err = d.Twin(ctx)
		require.Equal(t, "closed", jsapi.ErrorCode(err))
	})
}

// A module's messages are the event "input", with the input's name and the sender.
func TestModule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		entry, err := s.hub.PutDevice(t.Context(), emulator.Device{DeviceID: deviceID, ModuleID: "filter"})
		require.NoError(t, err)
		p := &program{}
		d, err := jsapi.Connect(t.Context(), document(t, map[string]any{
			"host": pageHost, "deviceId": deviceID, "moduleId": "filter", "key": entry.Authentication.SymmetricKey.PrimaryKey,
		}), s.page(), p.callbacks())
		require.NoError(t, err)
		defer d.Close(t.Context())
		require.NoError(t, s.hub.SendToInput(t.Context(), deviceID+"/filter", "valves", emulator.Message{Body: []byte("1")}))
		synctest.Wait()
		require.Empty(t, p.received("message"))
		require.Len(t, p.received("input"), 1)
		input := p.received("input")[0]
		require.Equal(t, "valves", input["input"])
		require.Equal(t, "filter", input["connectionModuleId"])
		require.Equal(t, "MQ==", input["body"])
	})
}

// A program that cannot be right fails with a code that programs can rely on.
func TestErrorCodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		connect := func(options string) error {
			_, err := jsapi.Connect(t.Context(), options, s.page(), (&program{}).callbacks())
			return err
		}
		for options, code := range map[string]string{
			`{"connectionString":"HostName=h;DeviceId=d"}`: "connection-string",
			`{"host":"h"}`:                          "argument",
			`{"host":"h","deviceId":"d","key":"!"}`: "argument",
			`[]`:                                    "argument",
			fmt.Sprintf(`{"host":%q,"deviceId":"MyDevice01","key":"a2V5MTIzNDU="}`, pageHost): "refused",
		} {
			require.Equal(t, code, jsapi.ErrorCode(connect(options)), options)
		}
		unreachable := jsapi.Page{Dial: func(context.Context, string) (net.Conn, error) { return nil, errors.New("unreachable") }}
		_, err := jsapi.Connect(t.Context(), s.options(), unreachable, (&program{}).callbacks())
		require.Equal(t, "network", jsapi.ErrorCode(err), "%v", err)
		d := func() *jsapi.Device {
			d, err := jsapi.Connect(t.Context(), s.options(), s.page(), (&program{}).callbacks())
			require.NoError(t, err)
			return d
		}()
		defer d.Close(t.Context())
		for _, patch := range []string{`{"n":9007199254740993}`, `{"n":-9007199254740993}`, `{"a.b":1}`, `[]`, `x`} {
			_, err := d.Report(t.Context(), patch)
			require.Equal(t, "argument", jsapi.ErrorCode(err), "%s: %v", patch, err)
		}
		require.Equal(t, "argument", jsapi.ErrorCode(d.Send(t.Context(), `{"body":"","qos":2}`)))
		require.Equal(t, "argument", jsapi.ErrorCode(d.Send(t.Context(), `{"body":"","properties":{"":"x"}}`)))
	})
}

// A handler that never settles delays neither Close nor other calls, and its place is free after 300 s, when no caller waits any more.
func TestMethodsThatNeverSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		p := &program{method: neverSettles}
		d := connect(t, s, p)
		var calls sync.WaitGroup
		defer calls.Wait()
		for range 128 {
			calls.Go(func() { _, _, _ = s.hub.Invoke(t.Context(), deviceID, "wait", nil) })
		}
		synctest.Wait()
		status, _, err := s.hub.Invoke(t.Context(), deviceID, "wait", nil)
		require.NoError(t, err)
		require.Equal(t, 429, status, "128 methods run")
		time.Sleep(301 * time.Second)
		p.method = func(context.Context, string, string) (jsapi.Answer, error) {
			return jsapi.Answer{Status: 204, Payload: "null"}, nil
		}
		status, _, err = s.hub.Invoke(t.Context(), deviceID, "answer", nil)
		require.NoError(t, err)
		require.Equal(t, 204, status)

		p.method = neverSettles
		calls.Go(func() { _, _, _ = s.hub.Invoke(t.Context(), deviceID, "wait", nil) })
		synctest.Wait()
		began := time.Now()
		require.NoError(t, d.Close(t.Context()))
		require.Less(t, time.Since(began), 3*time.Second)
	})
}

func TestConcurrentClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		d := connect(t, s, &program{method: neverSettles})
		var calls sync.WaitGroup
		for range 8 {
			calls.Go(func() {
				if err := d.Close(t.Context()); err != nil {
					t.Error(err)
				}
			})
			calls.Go(func() {
				_, err := d.Twin(t.Context())
				if err != nil && jsapi.ErrorCode(err) != "closed" {
					t.Error(err)
				}
			})
			calls.Go(func() {
				err := d.Send(t.Context(), `{"body":""}`)
				if code := jsapi.ErrorCode(err); err != nil && code != "closed" && code != "network" {
					t.Error(err)
				}
			})
		}
		calls.Wait()
	})
}

// abortedAfter is a context that a signal aborts.
func abortedAfter(t *testing.T, d time.Duration) context.Context {
	ctx, abort := context.WithCancelCause(t.Context())
	timer := time.AfterFunc(d, func() { abort(jsapi.ErrAborted) })
	t.Cleanup(func() { timer.Stop(); abort(nil) })
	return ctx
}

// silentPage reaches a host that accepts connections and never answers.
func silentPage(t *testing.T) jsapi.Page {
	return jsapi.Page{Dial: func(context.Context, string) (net.Conn, error) {
		here, there := net.Pipe()
		t.Cleanup(func() { there.Close() })
		go func() {
			buffer := make([]byte, 1024)
			for {
				if _, err := there.Read(buffer); err != nil {
					return
				}
			}
		}()
		return here, nil
	}}
}

func TestAbort(t *testing.T) {
	const connectOptions = `{"host":"h.net","deviceId":"d","key":"YQ=="}`
	t.Run("connect", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			_, err := jsapi.Connect(abortedAfter(t, time.Second), connectOptions, silentPage(t), (&program{}).callbacks())
			require.Equal(t, "aborted", jsapi.ErrorCode(err), "%v", err)
			require.Less(t, time.Since(began), 5*time.Second)
		})
	})
	t.Run("connect before it begins", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t)
			ctx, abort := context.WithCancelCause(t.Context())
			abort(jsapi.ErrAborted)
			_, err := jsapi.Connect(ctx, s.options(), s.page(), (&program{}).callbacks())
			require.Equal(t, "aborted", jsapi.ErrorCode(err), "%v", err)
		})
	})
	t.Run("register", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, err := jsapi.Register(abortedAfter(t, time.Second), `{"idScope":"0ne1","registrationId":"r","key":"YQ=="}`, silentPage(t), func(string) {})
			require.Equal(t, "aborted", jsapi.ErrorCode(err), "%v", err)
		})
	})
	t.Run("calls", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t)
			d := connect(t, s, &program{})
			require.NoError(t, s.hub.SetFaults(emulator.Faults{Delay: time.Hour}))
			_, err := d.Twin(abortedAfter(t, time.Second))
			require.Equal(t, "aborted", jsapi.ErrorCode(err), "%v", err)
			_, err = d.Report(abortedAfter(t, time.Second), `{"a":1}`)
			require.Equal(t, "aborted", jsapi.ErrorCode(err), "%v", err)
			err = d.Send(abortedAfter(t, time.Second), `{"body":""}`)
			require.Equal(t, "aborted", jsapi.ErrorCode(err), "%v", err)
		})
	})
}

// The signal of connect is for connecting: a device that is connected stays so.
func TestAbortAfterConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		ctx, abort := context.WithCancelCause(t.Context())
		d, err := jsapi.Connect(ctx, s.options(), s.page(), (&program{}).callbacks())
		require.NoError(t, err)
		defer d.Close(t.Context())
		abort(jsapi.ErrAborted)
		synctest.Wait()
		_, err = d.Twin(t.Context())
		require.NoError(t, err)
	})
}

// A restarted emulator has new keys: the open device gets its own and connects again, and the program's handlers stay.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		p := &program{method: func(context.Context, string, string) (jsapi.Answer, error) {
			return jsapi.Answer{Payload: `"here"`}, nil
		}}
		d := connect(t, s, p)
		for range 2 {
			before := s.options()
			s.restart()
			require.NotEqual(t, before, s.options())
			_, err := d.Report(t.Context(), `{"a":1}`) // waits for the connection
			require.NoError(t, err)
			status, answer, err := s.hub.Invoke(t.Context(), deviceID, "where", nil)
			require.NoError(t, err)
			require.Equal(t, 200, status)
			require.JSONEq(t, `"here"`, string(answer))
		}
		synctest.Wait()
		phases := p.phases()
		require.Equal(t, []string{"dialing*", "connecting*", "connected*"}, phases[len(phases)-3:])
		require.Equal(t, []string{"dialing", "connecting", "connected", "reconnecting"}, phases[:4])
		time.Sleep(2 * time.Minute) // a new key is not asked for without a refusal
		require.Len(t, s.requests, 3, "once at connect, once after each restart")
	})
}

// refusedAfterRestart connects, restarts the emulator, and expects that the device is refused as before.
func refusedAfterRestart(t *testing.T, s *site, options string) {
	t.Helper()
	p := &program{}
	d, err := jsapi.Connect(t.Context(), options, s.page(), p.callbacks())
	require.NoError(t, err)
	s.restart()
	_, err = d.Twin(t.Context())
	require.Equal(t, "closed", jsapi.ErrorCode(err), "%v", err)
	require.Equal(t, "refused", jsapi.ErrorCode(d.Close(t.Context())))
	require.NotContains(t, p.phases(), "connected*")
}

// Only the ready-made device has a new key that the page may have.
func TestRestartOfOtherDevices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		other, err := s.hub.PutDevice(t.Context(), emulator.Device{DeviceID: "other"})
		require.NoError(t, err)
		refusedAfterRestart(t, s, document(t, map[string]any{"host": pageHost, "deviceId": "other", "key": other.Authentication.SymmetricKey.PrimaryKey}))
	})
}

// A key that a person gave stays refused, also when it is refused first and the emulator knows the right one.
func TestAWrongKeyStaysRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		p := &program{}
		_, err := jsapi.Connect(t.Context(), document(t, map[string]any{"host": pageHost, "deviceId": deviceID, "key": "a2V5MTIzNDU="}), s.page(), p.callbacks())
		require.Equal(t, "refused", jsapi.ErrorCode(err), "%v", err)
		require.NotContains(t, p.phases(), "connected")
		require.Equal(t, []string{"GET /emulator/info"}, s.requests)

		entry, err := s.hub.Device(deviceID)
		require.NoError(t, err)
		refusedAfterRestart(t, s, document(t, map[string]any{"host": pageHost, "deviceId": deviceID, "key": entry.Authentication.SymmetricKey.SecondaryKey}))
	})
}

// A page asks its own origin only about a device that could be its emulator's.
func TestNoRequestForAnotherHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		key := func() string {
			entry, err := s.hub.Device(deviceID)
			require.NoError(t, err)
			return entry.Authentication.SymmetricKey.PrimaryKey
		}()
		for _, o := range []struct {
			host, endpoint string
			asks           bool
		}{
			{"hub.azure-devices.example", "", false},
			{"localhost:9999", "", false},
			{pageHost, "", true},
			{"LOCALHOST", "", true},
			{"emulator.test", "wss://" + pageHost + "/$iothub/websocket", true},
			{pageHost, "wss://elsewhere.example/$iothub/websocket", false},
		} {
			s.requests = nil
			d, err := jsapi.Connect(t.Context(), document(t, map[string]any{"host": o.host, "deviceId": deviceID, "key": key, "endpoint": o.endpoint}), s.page(), (&program{}).callbacks())
			require.NoError(t, err)
			require.NoError(t, d.Close(t.Context()))
			require.Equal(t, o.asks, len(s.requests) > 0, "%+v", o)
		}
	})
}

func TestRegister(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		info, err := readymade.Describe(t.Context(), s.hub, pageHost)
		require.NoError(t, err)
		var steps []string
		options := map[string]any{
			"endpoint": pageHost, "idScope": info.IDScope, "registrationId": info.Demo.Individual.RegistrationID, "key": info.Demo.Individual.PrimaryKey,
		}
		assignment, err := jsapi.Register(t.Context(), document(t, options), s.page(), func(document string) { steps = append(steps, document) })
		require.NoError(t, err)
		var got map[string]any
		require.NoError(t, json.Unmarshal([]byte(assignment), &got))
		require.Equal(t, "assigned", got["status"])
		require.Equal(t, pageHost, got["assignedHub"])
		require.NotEmpty(t, steps)
	})
}

// A clock that is wrong is the reason that a person reads, as with connect.
func TestRegisterNamesAWrongClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		info, err := readymade.Describe(t.Context(), s.hub, pageHost)
		require.NoError(t, err)
		page := s.page()
		page.ServerTime = func(context.Context) (time.Time, error) { return time.Now().Add(3 * time.Hour), nil }
		_, err = jsapi.Register(t.Context(), document(t, map[string]any{
			"endpoint": pageHost, "idScope": info.IDScope, "registrationId": info.Demo.Individual.RegistrationID, "key": "a2V5MTIzNDU=",
		}), page, func(string) {})
		require.Equal(t, "refused", jsapi.ErrorCode(err), "%v", err)
		require.Contains(t, jsapi.Sentence(err), "3h0m0s behind")
	})
}
