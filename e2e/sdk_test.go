package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

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
