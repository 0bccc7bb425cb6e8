package e2e

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/serve"
)

// connectReadyMade connects the emulator's ready-made device as window.device, and collects the errors that the page reports.
const connectReadyMade = `(async () => {
	window.errors = [];
	addEventListener("error", (event) => { errors.push(event.error.name + ": " + event.error.message); event.preventDefault(); });
	const info = await (await fetch("/emulator/info")).json();
	window.states = [];
	window.device = await hubpanel.connect({ connectionString: info.deviceConnectionString });
	device.on("state", (s) => states.push(s.phase + (s.restarted ? "*" : "")));
	return true;
})()`

// TestHandlersThatDoNotSettle: they delay neither the other methods nor close.
func TestHandlersThatDoNotSettle(t *testing.T) {
	server := serveHere(t)
	pn := visit(t, server.URL, "/")
	pn.until(`window.hubpanel`, "the page did not start")
	script[bool](pn, connectReadyMade)
	script[bool](pn, `(window.called = 0, device.onMethod("never", () => { called++; return new Promise(() => {}); }), device.onMethod("atOnce", () => ({ status: 201 })), true)`)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _, _ = server.Hub.Invoke(ctx, "MyDevice01", "never", nil)
	}()
	pn.until(`called === 1`, "the method was not called")
	status, _, err := server.Hub.Invoke(t.Context(), "MyDevice01", "atOnce", nil)
	require.NoError(t, err)
	require.Equal(t, 201, status)
	script[bool](pn, `device.close().then(() => true)`)
	cancel()
	<-ended
}

// TestAnswersThatAreNone: the author of a handler learns what is wrong with its answer, and the caller gets 500.
func TestAnswersThatAreNone(t *testing.T) {
	server := serveHere(t)
	pn := visit(t, server.URL, "/")
	pn.until(`window.hubpanel`, "the page did not start")
	script[bool](pn, connectReadyMade)
	for answer, reported := range map[string]string{
		`{ status: "200" }`:                       `TypeError: m: status is "200", a string. Return an integer, such as 200.`,
		`{ status: 200.5 }`:                       `TypeError: m: status is 200.5, a number. Return an integer, such as 200.`,
		`{ status: null }`:                        `TypeError: m: status is null, a object. Return an integer, such as 200.`,
		`{ payload: () => 1 }`:                    `TypeError: m: payload: a function has no JSON`,
		`{ payload: { n: BigInt(1) } }`:           `TypeError: m: payload: `,
		`Promise.reject(new RangeError("broke"))`: `RangeError: broke`,
	} {
		script[bool](pn, `(errors.length = 0, device.onMethod("m", () => (`+answer+`)), true)`)
		status, body, err := server.Hub.Invoke(t.Context(), "MyDevice01", "m", nil)
		require.NoError(t, err, answer)
		require.Equal(t, 500, status, answer)
		require.JSONEq(t, `{"message": "the handler of the method m failed"}`, string(body))
		pn.until(`errors.length === 1`, answer+" was not reported")
		require.True(t, strings.HasPrefix(script[string](pn, `errors[0]`), reported), "%s: %s", answer, script[string](pn, `errors[0]`))
	}
	require.Equal(t, "argument", script[string](pn, `device.report({ n: 2 ** 53 + 2 }).catch((e) => e.code)`))
	require.Equal(t, "argument", script[string](pn, `device.twin({ signal: "now" }).catch((e) => e.code)`))
	require.Equal(t, "argument", script[string](pn, `hubpanel.connect().catch((e) => e.code)`))
	require.Equal(t, "argument", script[string](pn, `hubpanel.register().catch((e) => e.code)`))
	script[bool](pn, `device.close().then(() => true)`)
}

// TestCallsThatAreAborted: a signal ends what waits, at once and with a code of its own.
func TestCallsThatAreAborted(t *testing.T) {
	server := serveHere(t)
	// A host that accepts a WebSocket's request and never answers it.
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(silent.Close)
	pn := visitUnasked(t, server.URL, "/") // the browser's console names the handshakes that were given up
	pn.until(`window.hubpanel`, "the page did not start")
	host := quoted(strings.TrimPrefix(silent.URL, "http://"))
	soon := `, signal: AbortSignal.timeout(100) }).catch((e) => e.code)`
	require.Equal(t, "aborted", script[string](pn, `hubpanel.connect({ host: `+host+`, deviceId: "d", key: "YQ=="`+soon))
	require.Equal(t, "aborted", script[string](pn, `hubpanel.connect({ host: `+host+`, deviceId: "d", key: "YQ==", signal: AbortSignal.abort() }).catch((e) => e.code)`))
	require.Equal(t, "aborted", script[string](pn, `hubpanel.register({ endpoint: `+host+`, idScope: "0ne1", registrationId: "r", key: "YQ=="`+soon))
	script[bool](pn, connectReadyMade)
	for _, call := range []string{`send("x", `, `report({ a: 1 }, `, `twin(`} {
		require.Equal(t, "aborted", script[string](pn, `device.`+call+`{ signal: AbortSignal.abort() }).catch((e) => e.code)`), call)
	}
	script[bool](pn, `device.send("x").then(() => true)`)
	script[bool](pn, `device.close().then(() => true)`)
}

// TestTheDeviceOfARestartedEmulator: an emulator without a data folder starts with new keys, and the open device gets its own.
func TestTheDeviceOfARestartedEmulator(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	start := func() *serve.Server {
		server, err := serve.Start(t.Context(), serve.Options{HTTP: address, Web: os.DirFS("../web")})
		require.NoError(t, err)
		return server
	}
	server := start()
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	pn := visitUnasked(t, server.URL, "/") // the browser's console names what was asked while there was no server
	pn.until(`window.hubpanel`, "the page did not start")
	script[bool](pn, connectReadyMade)
	script[bool](pn, `(device.onMethod("where", () => ({ status: 202 })), true)`)
	require.NoError(t, server.Close())
	server = start()
	require.Equal(t, 2.0, script[float64](pn, `device.report({ again: true })`), "the first report to a new hub")
	pn.until(`states.slice(-3).join() === "dialing*,connecting*,connected*"`, "the events do not name the restart")
	status, _, err := server.Hub.Invoke(t.Context(), "MyDevice01", "where", nil)
	require.NoError(t, err)
	require.Equal(t, 202, status)
	script[bool](pn, `device.close().then(() => true)`)
}
