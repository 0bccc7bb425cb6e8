package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// TestTheJavaScriptAPI drives the emulator's device as a user's program would: with the module that the page offers.
func TestTheJavaScriptAPI(t *testing.T) {
	server := serveHere(t)
	pn := visit(t, server.URL, "/")
	pn.until(`window.hubpanel`, "the page did not start")
	ctx := t.Context()
	hub := server.Hub
	script[bool](pn, `(async () => {
		const { load } = await import("./hubpanel.js");
		const panel = await load();
		const info = await (await fetch("/emulator/info")).json();
		window.seen = { states: [], desired: [], messages: [], packets: 0 };
		window.device = await panel.connect({ connectionString: info.deviceConnectionString });
		device.on("desired", (d) => seen.desired.push(d));
		device.on("packet", () => seen.packets++);
		device.onMethod("add", async ({ a, b }) => ({ status: 201, payload: { sum: a + b } }));
		return true;
	})()`)
	script[bool](pn, `device.send({ temperature: 21.5 }, { properties: { level: "info" }, messageId: "1" }).then(() => true)`)
	script[bool](pn, `device.send(new Uint8Array([1, 2, 3]), { qos: 0 }).then(() => true)`)
	require.Equal(t, 2.0, script[float64](pn, `device.report({ battery: 60, old: null })`))
	require.Equal(t, 60.0, script[float64](pn, `device.twin().then((twin) => twin.reported.battery)`))

	// What the hub sent before anybody listened is not lost.
	require.NoError(t, hub.SendToDevice(ctx, "MyDevice01", emulator.Message{Body: []byte(`{"early": true}`)}))
	script[bool](pn, `device.twin().then(() => true)`) // a round trip behind the message
	script[bool](pn, `(device.on("message", (m) => seen.messages.push(m.json())), true)`)
	pn.until(`seen.messages.length === 1 && seen.messages[0].early`, "the early message is lost")

	_, err := hub.PatchDesired(ctx, "MyDevice01", []byte(`{"interval": 7}`))
	require.NoError(t, err)
	pn.until(`seen.desired.some((d) => d.patch.interval === 7 && d.version === 2)`, "the desired change did not arrive")

	status, body, err := hub.Invoke(ctx, "MyDevice01", "add", []byte(`{"a": 2, "b": 3}`))
	require.NoError(t, err)
	require.Equal(t, 201, status)
	require.JSONEq(t, `{"sum": 5}`, string(body))
	status, _, err = hub.Invoke(ctx, "MyDevice01", "nobody", nil)
	require.NoError(t, err)
	require.Equal(t, 404, status)

	require.Equal(t, "argument", script[string](pn, `device.send("x", { qos: 2 }).catch((e) => e.code)`))
	require.Greater(t, script[int64](pn, `seen.packets`), int64(5))
	script[bool](pn, `device.close().then(() => true)`)
	require.Equal(t, "closed", script[string](pn, `device.send("x").catch((e) => e.code)`))

	// What cannot work rejects, with a code that stays and a sentence that tells.
	require.Equal(t, "connection-string", script[string](pn, `hubpanel.connect({ connectionString: "HostName=h;DeviceId=d" }).catch((e) => e.code)`))
	require.Equal(t, "argument", script[string](pn, `hubpanel.connect({ host: "h" }).catch((e) => e.code)`))
	require.Equal(t, "refused", script[string](pn, `(async () => {
		const info = await (await fetch("/emulator/info")).json();
		return hubpanel.connect({ host: info.hubHostName, deviceId: "MyDevice01", key: "a2V5MTIzNDU=" }).catch((e) => e.code);
	})()`))

	// Two devices at once, the second by way of DPS.
	require.Equal(t, "assigned", script[string](pn, `(async () => {
		const { demo, idScope, hubHostName } = await (await fetch("/emulator/info")).json();
		window.steps = [];
		const assigned = await hubpanel.register({ endpoint: hubHostName, idScope, registrationId: demo.individual.registrationId,
			key: demo.individual.primaryKey, onStep: (s) => steps.push(s) });
		return assigned.status;
	})()`))
	require.True(t, script[bool](pn, `steps.some((s) => s.status === 202 && s.retryAfterMs > 0)`))
}
