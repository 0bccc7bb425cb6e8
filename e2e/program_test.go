package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/serve"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// A user's program with several devices at once, in either browser: every promise settles, whatever ends it.

// settled is a function of the page: how each of the promises ended, by name, in the end.
const settled = `window.settled = async (pending) => Object.fromEntries(await Promise.all(Object.entries(pending)
	.map(async ([name, promise]) => [name, await promise.then(() => "done", (e) => e instanceof Error ? e.code : "no Error: " + e)])))`

// deafHub is the served emulator with devices, whose requests it ignores while it is deaf.
type deafHub struct {
	*serve.Server
	deaf  atomic.Bool
	heard chan string // who asked while it was deaf
	sent  chan string // what came as telemetry, as "device payload"
	keys  map[string]string
}

func newDeafHub(t *testing.T, devices ...string) *deafHub {
	h := &deafHub{Server: serveHere(t), heard: make(chan string, 100), sent: make(chan string, 100), keys: map[string]string{}}
	for _, id := range devices {
		d, err := h.Hub.PutDevice(t.Context(), emulator.Device{DeviceID: id})
		require.NoError(t, err)
		h.keys[id] = fmt.Sprintf("HostName=%s;DeviceId=%s;SharedAccessKey=%s", strings.TrimPrefix(h.URL, "http://"), id, d.Authentication.SymmetricKey.PrimaryKey)
	}
	require.NoError(t, h.Hub.SetFaults(emulator.Faults{OnPacket: func(who string, p mqttcodec.Packet) emulator.Verdict {
		publish, ok := p.(*mqttcodec.Publish)
		switch {
		case !ok:
		case h.deaf.Load():
			h.heard <- who
			return emulator.Discard
		default:
			select {
			case h.sent <- who + " " + string(publish.Payload):
			default: // nobody listens
			}
		}
		return emulator.Pass
	}}))
	return h
}

// hears waits until so many requests have come while the hub was deaf.
func (h *deafHub) hears(t *testing.T, n int) {
	t.Helper()
	for range n {
		select {
		case <-h.heard:
		case <-t.Context().Done():
			require.Fail(t, "the requests did not arrive")
		}
	}
}

// aProgram is the story.
func aProgram(t *testing.T, h *deafHub, r reader) {
	t.Helper()
	r.waits(`window.hubpanel`)
	r.asks(`(` + settled + `, true)`)
	for _, id := range []string{"one", "two", "three"} {
		r.asks(`(async () => {
			const { load } = await import("./hubpanel.js");
			window.` + id + ` = await (await load()).connect({ connectionString: ` + quoted(h.keys[id]) + ` });
			window.states ??= [];
			` + id + `.on("state", (s) => states.push("` + id + ` " + s.phase));
			return true;
		})()`)
	}

	// Side by side, and each its own.
	require.Equal(t, []any{2.0, 2.0, 2.0}, r.asks(`Promise.all([one, two, three].map(async (device, i) => {
		await Promise.all(Array.from({ length: 20 }, (_, n) => device.send({ n })));
		return device.report({ i });
	}))`))
	require.Equal(t, []any{0.0, 1.0, 2.0}, r.asks(`Promise.all([one, two, three].map(async (device) => (await device.twin()).reported.i))`))

	// A handler that throws is reported, and takes nothing from the others.
	r.asks(`(() => {
		window.reported = [];
		window.got = [];
		addEventListener("error", (e) => { reported.push(e.message); e.preventDefault(); });
		one.on("message", () => { throw new Error("the valve is stuck"); });
		one.on("message", (m) => got.push(m.text()));
		return true;
	})()`)
	for _, text := range []string{"first", "second"} {
		require.NoError(t, h.Hub.SendToDevice(t.Context(), "one", emulator.Message{Body: []byte(text)}))
	}
	r.waits(`got.join() === "first,second" && reported.filter((m) => m.includes("the valve is stuck")).length === 2`)

	// close settles what is pending, and everything after it.
	h.deaf.Store(true)
	r.asks(`(window.pending = { send: one.send("x"), twin: one.twin(), report: one.report({ a: 1 }) }, true)`)
	h.hears(t, 3)
	r.asks(`one.close().then(() => true)`)
	closed := map[string]any{"send": "closed", "twin": "closed", "report": "closed"}
	require.Equal(t, closed, r.asks(`settled(pending)`))
	require.Equal(t, closed, r.asks(`settled({ send: one.send("x"), twin: one.twin(), report: one.report({}) })`))
	require.Equal(t, "done", r.asks(`settled({ again: one.close() }).then((s) => s.again)`))

	// A broken link settles it too, after the reconnect: what can be asked twice is asked again.
	r.asks(`(window.pending = { send: two.send("x"), twin: two.twin(), report: two.report({ a: 1 }) }, true)`)
	h.hears(t, 3)
	h.deaf.Store(false)
	require.True(t, h.Hub.Disconnect("two"))
	require.Equal(t, map[string]any{"send": "done", "twin": "done", "report": "done"}, r.asks(`settled(pending)`))
	r.waits(`states.includes("two reconnecting") && states.at(-1) === "two connected"`)
	require.Equal(t, "network", r.asks(`settled({ nobody: hubpanel.connect({ host: "h", deviceId: "d", key: "a2V5", endpoint: "ws://127.0.0.1:9/" }) }).then((s) => s.nobody)`))

	// And when the Go program itself breaks, all of it: at once, and for ever after. What breaks it here is a wrong value at its
	// border, which no program can get there by what hubpanel.d.ts offers.
	h.deaf.Store(true)
	silent, err := net.Listen("tcp", "127.0.0.1:0") // it takes connections and says nothing
	require.NoError(t, err)
	defer silent.Close()
	r.asks(`(async () => {
		const { demo, idScope, hubHostName } = await (await fetch("/emulator/info")).json();
		window.pending = { send: two.send("x"), twin: two.twin(), report: three.report({ a: 1 }), ended: hubpanel.ended,
			connect: hubpanel.connect({ host: "h", deviceId: "d", key: "a2V5", endpoint: ` + quoted("ws://"+silent.Addr().String()+"/") + ` }),
			register: hubpanel.register({ endpoint: ` + quoted("ws://"+silent.Addr().String()+"/") + `, idScope, registrationId: demo.individual.registrationId, key: demo.individual.primaryKey }) };
		return true;
	})()`)
	h.hears(t, 3)
	r.asks(`(() => { try { hubpanel.mount(document.createElement("div"), { served: "neither true nor false" }); } catch {} return true; })()`)
	require.Equal(t, map[string]any{"send": "panic", "twin": "panic", "report": "panic", "ended": "panic", "connect": "panic", "register": "panic"}, r.asks(`settled(pending)`))
	require.Equal(t, map[string]any{"send": "panic", "twin": "panic", "close": "panic", "connect": "panic", "register": "panic"}, r.asks(`settled({
		send: two.send("x"), twin: three.twin(), close: three.close(), connect: hubpanel.connect({ connectionString: `+quoted(h.keys["one"])+` }), register: hubpanel.register({}) })`))
	r.waits(`document.getElementById("crash").checkVisibility()`) // the page says so
}

func TestAProgram(t *testing.T) {
	h := newDeafHub(t, "one", "two", "three")
	aProgram(t, h, visitUnasked(t, h.URL, "/"))
}

func TestAProgramInFirefox(t *testing.T) {
	h := newDeafHub(t, "one", "two", "three")
	aProgram(t, h, opensInFirefox(t, h.URL+"/"))
}

// measures tries examples/battery as it stands: beside hubpanel.js in the static site, with a device of the emulator, whose page
// sends no policy of ours.
func measures(t *testing.T, open func(url string) reader) {
	t.Helper()
	h := newDeafHub(t, "laptop")
	dir := build(t, nil)
	example, err := os.ReadFile("../examples/battery/index.html")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "battery.html"), example, 0o644))
	host := serveForFrames(t, dir)
	r := open(host + "/battery.html")
	r.asks(`(document.getElementById("secret").value = ` + quoted(h.keys["laptop"]) + `, document.querySelector("button").click(), true)`)
	r.waits(`document.getElementById("status").textContent.startsWith("Sent {")`)
	require.Equal(t, "", r.asks(`document.getElementById("secret").value`), "the secret does not stay in the page")
	for sent := ""; !strings.HasPrefix(sent, `laptop {"online":true,`); { // before it, the client's own requests
		select {
		case sent = <-h.sent:
		case <-t.Context().Done():
			require.Fail(t, "the hub has nothing")
		}
	}
	require.NoError(t, r.complaints(host, h.URL))
}

func TestTheBatteryExample(t *testing.T) {
	measures(t, func(url string) reader { return visitUnasked(t, url, "") })
}

func TestTheBatteryExampleInFirefox(t *testing.T) {
	measures(t, func(url string) reader { return opensInFirefox(t, url) })
}
