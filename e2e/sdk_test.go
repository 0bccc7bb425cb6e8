package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/firefox"
)

// typescript is the compiler that reads the declarations.
const typescript = "typescript@5.9.3"

// a user's program, as TypeScript sees it: right uses, and wrong ones that must be found.
const program = `import { load, type HubpanelError } from "./hubpanel.js";
const panel = await load({ onProgress: (loaded, total) => console.log(loaded / total) });
const device = await panel.connect({ connectionString: "HostName=h;DeviceId=d;SharedAccessKey=a2V5" });
const off: () => void = device.on("message", (m) => { const text: string = m.text(); console.log(text); });
device.onMethod("reboot", async (payload) => ({ status: 200, payload: { delay: payload.delay } }));
await device.send({ temperature: 21.5, broken: null }, { properties: { room: "hall", empty: null }, qos: 1 });
const version: number = await device.report({ old: null });
await device.close().catch((error: HubpanelError) => error.code === "status-404" || error.code === "closed");
off(); console.log(version);
// @ts-expect-error there is no such event
device.on("telemetry", () => {});
// @ts-expect-error IoT Hub has no QoS 2
device.send("x", { qos: 2 });
`

// TestTheTypesAreWhatAProgramNeeds compiles a user's program against hubpanel.d.ts.
func TestTheTypesAreWhatAProgramNeeds(t *testing.T) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("NOT RUN: there is no Node.js with npm here to check hubpanel.d.ts with")
	}
	dir := t.TempDir()
	types, err := os.ReadFile("../web/hubpanel.d.ts")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "hubpanel.d.ts"), types, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "program.ts"), []byte(program), 0o644))
	compiler := exec.CommandContext(t.Context(), npm, "exec", "--yes", "--package", typescript, "--",
		"tsc", "--noEmit", "--strict", "--target", "es2022", "--module", "es2022", "--moduleResolution", "bundler", "program.ts")
	compiler.Dir = dir
	out, err := compiler.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// TestAHandlerThatThrows tells its author and the hub, and ends nothing; what has no JSON is refused by a rejection.
func TestAHandlerThatThrows(t *testing.T) {
	server := serveHere(t)
	pn := visitUnasked(t, server.URL, "/")
	pn.until(`window.hubpanel`, "the page did not start")
	script[bool](pn, `(async () => {
		const info = await (await fetch("/emulator/info")).json();
		window.reported = [];
		addEventListener("error", (e) => reported.push(e.message));
		window.device = await hubpanel.connect({ connectionString: info.deviceConnectionString });
		device.onMethod("broken", () => { throw new Error("the motor is stuck"); });
		return true;
	})()`)
	status, body, err := server.Hub.Invoke(t.Context(), "MyDevice01", "broken", []byte(`{}`))
	require.NoError(t, err)
	require.Equal(t, 500, status)
	require.NotContains(t, string(body), "motor", "what went wrong inside is not the caller's to see")
	pn.until(`reported.some((m) => m.includes("the motor is stuck"))`, "the handler's author hears nothing")

	require.Equal(t, "argument", script[string](pn, `device.send(undefined).catch((e) => e.code)`))
	require.Equal(t, "argument", script[string](pn, `(() => { const circle = {}; circle.self = circle; return device.send(circle); })().catch((e) => e.code)`))
	require.Equal(t, "argument", script[string](pn, `device.report(undefined).catch((e) => e.code)`))
	require.Equal(t, "sent", script[string](pn, `device.send({ still: "here" }).then(() => "sent")`))
}

// TestAProgramInFirefox is a user's program in the other browser: two devices at once, one a module's import away.
func TestAProgramInFirefox(t *testing.T) {
	server := serveHere(t)
	page := firefox.New(t)
	page.Open(t, server.URL+"/")
	got, err := firefox.Eval[[]float64](t.Context(), page, `(async () => {
		const { load } = await import("./hubpanel.js");
		const panel = await load();
		const { deviceConnectionString, demo, idScope, hubHostName } = await (await fetch("/emulator/info")).json();
		const assigned = await panel.register({ endpoint: hubHostName, idScope, registrationId: demo.individual.registrationId, key: demo.individual.primaryKey });
		const both = await Promise.all([
			panel.connect({ connectionString: deviceConnectionString }),
			panel.connect({ host: assigned.assignedHub, deviceId: assigned.deviceId, key: demo.individual.primaryKey }),
		]);
		await Promise.all(both.map((device) => device.send({ temperature: 21.5 })));
		const versions = await Promise.all(both.map((device) => device.report({ battery: 60 })));
		await Promise.all(both.map((device) => device.close()));
		return versions;
	})()`)
	require.NoError(t, err, "%s", page)
	require.Equal(t, []float64{2, 2}, got)
	require.NoError(t, page.Problems(server.URL))
}
