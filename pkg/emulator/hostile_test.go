//go:build !js

package emulator_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// pipes is a listener for connections without a network, so that their time-outs run in fake time.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.conns <- server
	return client
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// tlsPipes are pipes that speak TLS.
type tlsPipes struct {
	*pipes
	config *tls.Config
}

func (p tlsPipes) Accept() (net.Conn, error) {
	c, err := p.pipes.Accept()
	if err != nil {
		return nil, err
	}
	return tls.Server(c, p.config), nil
}

func TestHalfOpenTLSIsCutAfterThirtySeconds(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		l := tlsPipes{newPipes(), &tls.Config{}}
		done := make(chan error, 1)
		go func() { done <- w.ServeMQTT(l) }()
		for _, said := range []string{"", "\x16\x03\x01\x40\x00"} { // nothing, or the header of a long record
			began := time.Now()
			c := l.dial()
			_, err := io.WriteString(c, said)
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, c)
			require.NoError(t, err)
			require.Equal(t, 30*time.Second, time.Since(began))
			w.wantLogged("why", "tlsHandshake")
		}
		require.NoError(t, w.Close())
		require.NoError(t, <-done)
	})
}

// TestHeadersOfRefusedPackets: five bytes are enough to refuse a packet, or to find its sender out.
func TestHeadersOfRefusedPackets(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		began := time.Now()
		for why, raw := range map[string]string{
			"256 MB of CONNECT":     "\x10\xff\xff\xff\x7f",
			"a length of five":      "\x10\xff\xff\xff\xff\x7f",
			"a packet of type 0":    "\x00\x00",
			"HTTP":                  "GET / HTTP/1.1\r\n\r\n",
			"a TLS client":          "\x16\x03\x01\x02\x00\x01",
			"PUBLISH before all":    "\x30\x05\x00\x01ahi",
			"an empty CONNECT":      "\x10\x00",
			"a CONNECT cut in half": "\x10\x05\x00\x04MQT",
		} {
			d := w.dial()
			go io.WriteString(d.conn, raw) // the hub may close before it has read all
			if why == "256 MB of CONNECT" || why == "a length of five" {
				d.wantClosed(why)
				require.Equal(t, began, time.Now(), "%s: at once", why)
				continue
			}
			for range d.packets { // perhaps a CONNACK that refuses
			}
		}
	})
}

// TestHeaderClaimsAllocateNothing: what a header announces is taken as it comes, before and after CONNECT.
func TestHeaderClaimsAllocateNothing(t *testing.T) {
	const connections, each = 200, 40 << 10 // bytes; the codec reads into 32 KiB at first
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		inUse := func() uint64 {
			synctest.Wait()
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		var all []*peer
		for i := range connections {
			if i%2 == 0 {
				all = append(all, w.dial())
			} else {
				all = append(all, w.connect(w.put(fmt.Sprintf("dev-%d", i))))
			}
		}
		before := inUse()
		for i, d := range all {
			// A CONNECT or a PUBLISH of the largest size that may be: 320 KiB and a little.
			_, err := d.conn.Write([]byte{"\x10\x30"[i%2], 0x80, 0x80, 0x14, 0x00})
			require.NoError(t, err)
		}
		after := inUse()
		require.Less(t, float64(after)-float64(before), float64(connections*each), "320 KiB each were announced")
		runtime.KeepAlive(all)
	})
}

func TestHostileJSON(t *testing.T) {
	nested := func(depth int) string { return strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth) }
	lists := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	const far = 600_000 // as deep as a body may be long
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		d := w.connect(w.put("dev-1"))
		twin := func(desired string) string { return `{"properties":{"desired":` + desired + `}}` }
		for why, c := range map[string]struct {
			method, target, body string
			status               int
		}{
			"a deep device":               {"PUT", "/devices/a", nested(far), 400},
			"a list for a device":         {"PUT", "/devices/a", lists(far), 400},
			"half a device":               {"PUT", "/devices/a", strings.Repeat("[", 4<<20), 400},
			"a deep twin":                 {"PATCH", "/twins/dev-1", twin(nested(far)), 400},
			"a twin of eleven levels":     {"PATCH", "/twins/dev-1", twin(nested(11)), 400},
			"deep tags":                   {"PUT", "/twins/dev-1", `{"tags":` + nested(9_000) + `}`, 400},
			"a large twin":                {"PATCH", "/twins/dev-1", twin(`{"a":[` + strings.Repeat(`"x",`, 40_000) + `1]}`), 400},
			"a key of a megabyte":         {"PATCH", "/twins/dev-1", twin(`{"` + strings.Repeat("k", 1<<20) + `":1}`), 400},
			"a number without end":        {"PATCH", "/twins/dev-1", twin(`{"a":` + strings.Repeat("9", 1<<20) + `}`), 400},
			"a deep method payload":       {"POST", "/twins/dev-1/methods", `{"methodName":"m","payload":` + nested(far) + `}`, 400},
			"a large method payload":      {"POST", "/twins/dev-1/methods", `{"methodName":"m","payload":"` + strings.Repeat("x", 128<<10) + `"}`, 413},
			"a deep query":                {"POST", "/devices/query", `{"query":"SELECT * FROM devices WHERE ` + strings.Repeat("(", 4000) + `"}`, 400},
			"a query of NOTs":             {"POST", "/devices/query", `{"query":"SELECT * FROM devices WHERE ` + strings.Repeat("NOT ", 2000) + `a=1"}`, 400},
			"a long query":                {"POST", "/devices/query", `{"query":"SELECT * FROM devices WHERE a=1` + strings.Repeat(" OR a=1", 100_000) + `"}`, 400},
			"a deep enrollment":           {"PUT", "/enrollments/a", nested(far), 400},
			"a deep initial twin":         {"PUT", "/enrollments/a", `{"attestation":{"type":"symmetricKey"},"initialTwin":{"tags":` + nested(9_000) + `}}`, 400},
			"a bulk of everything":        {"POST", "/devices", "[" + strings.Repeat(`{"id":"a"},`, 101) + `{"id":"b"}]`, 400},
			"deep faults":                 {"PUT", "/emulator/faults", nested(far), 400},
			"deep settings":               {"PUT", "/emulator/settings", nested(far), 400},
			"not UTF-8":                   {"PATCH", "/twins/dev-1", twin("{\"a\":\"\xff\xfe\"}"), 400},
			"no JSON at all":              {"PUT", "/devices/a", "\x00\x01\x02", 400},
			"nothing where something is":  {"PUT", "/devices/a", "", 400},
			"null where an object is":     {"PATCH", "/twins/dev-1", `{"tags":null}`, 400},
			"a body over the limit":       {"PUT", "/devices/a", strings.Repeat(" ", emulator.MaxRequestBody+1), 413},
			"a message over the limit":    {"POST", "/devices/dev-1/messages/deviceBound", strings.Repeat("x", 64<<10+1), 413},
			"more headers than any topic": {"POST", "/devices/dev-1/messages/deviceBound?long", "x", 413},
		} {
			header := map[string]string{}
			if strings.HasSuffix(c.target, "?long") {
				header["iothub-app-long"] = strings.Repeat("%", 20_000)
			}
			res := w.rest(c.method, c.target, c.body, header)
			require.Equal(t, c.status, res.Status, "%s: %.300s", why, res.Body)
			require.Contains(t, res.Header["Content-Type"], "application/json", why)
			require.Less(t, len(res.Body), 2<<10, "%s: an error does not repeat what was sent", why)
		}

		d.subscribe(mqttcodec.QoS0, hubproto.TwinResponseFilter, hubproto.MethodsFilter)
		for why, body := range map[string]string{"deep": nested(50_000), "lists": lists(100_000), "half": strings.Repeat("[", 200_000)} {
			d.publish(twinReported, body, 0)
			d.wantPublish(why, "$iothub/twin/res/400/?$rid=r1", "*")
		}
		answered := make(chan error, 1)
		go func() {
			_, _, err := w.Invoke(context.Background(), "dev-1", "m", nil)
			answered <- err
		}()
		d.wantPublish("a method", "$iothub/methods/POST/m/?$rid=1", "null")
		d.publish("$iothub/methods/res/200/?$rid=1", lists(60_000), 0)
		requireCode(t, 502001, <-answered)

		e := w.enroll(emulator.Enrollment{RegistrationID: "reg-1"})
		p := w.dpsConnect("reg-1", mustKey(t, e.Attestation.SymmetricKey.PrimaryKey))
		p.publish(register, `{"payload":`+lists(40_000)+`}`, 0)
		require.Equal(t, 400004, p.answer("a deep registration", "$dps/registrations/res/400/?$rid=1").ErrorCode)
		p.publish(register, `{"payload":"`+strings.Repeat("x", 96<<10)+`"}`, 0)
		p.wantClosed("a registration over 96 KiB")
	})
}

// serveHTTP serves the hub over pipes, and returns a function that sends the beginning of a request and reads all that comes back.
func serveHTTP(t *testing.T, w *world) (exchange func(request string) (answer string)) {
	t.Helper()
	l := newPipes()
	server := &http.Server{Handler: w.Hub}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-done, http.ErrServerClosed)
	})
	return func(request string) string {
		c := l.dial()
		defer c.Close()
		_, err := io.WriteString(c, request)
		require.NoError(t, err)
		answer, err := io.ReadAll(c)
		require.NoError(t, err)
		return string(answer)
	}
}

func TestBodiesAreReadForTheAuthorisedOnly(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		exchange := serveHTTP(t, w)
		request := func(token string, length int) string {
			return fmt.Sprintf("PUT /devices/a HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %d\r\nAuthorization: %s\r\n\r\n", host, length, token)
		}
		token := hubproto.SignSAS(servicePolicies(t, w.Hub)["iothubowner"], host, "iothubowner", time.Now().Add(time.Hour))

		began := time.Now()
		require.Contains(t, exchange(request("", 4<<20)), "HTTP/1.1 401 ", "refused although its body never came")
		require.LessOrEqual(t, time.Since(began), 30*time.Second)

		began = time.Now()
		answer := exchange(request(token, 100) + `{"deviceId"`)
		require.Contains(t, answer, "HTTP/1.1 408 ")
		require.Contains(t, answer, "did not arrive within 30s")
		require.Equal(t, 30*time.Second, time.Since(began))

		require.Contains(t, exchange(request(token, 16)+`{"deviceId":"a"}`), "HTTP/1.1 200 ")
		require.Contains(t, exchange(strings.Replace(request(token, 0), "Content-Length: 0", "Transfer-Encoding: chunked", 1)+
			fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", 2, "[]")), "HTTP/1.1 400 ")
	})
}
