package e2e

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/firefox"
)

// TestTheMissionBeginsInFirefox is the shortest story: the ready-made device connects, and its telemetry arrives on the
// cloud side.
func TestTheMissionBeginsInFirefox(t *testing.T) {
	server := serveHere(t)
	page := firefox.New(t)
	page.Open(t, server.URL+"/")

	// until waits, frame by frame, until the JavaScript expression is true.
	until := func(expression string) {
		t.Helper()
		ok, err := firefox.Eval[bool](t.Context(), page, fmt.Sprintf(`new Promise((resolve) => {
			const end = performance.now() + %d;
			const look = () => {
				if (%s) resolve(true);
				else if (performance.now() > end) resolve(false);
				else requestAnimationFrame(look);
			};
			look();
		})`, patience.Milliseconds(), expression))
		require.NoError(t, err, "%s\n%s", expression, page)
		if !ok {
			text, _ := firefox.Eval[string](t.Context(), page, `document.body.innerText`)
			require.FailNow(t, "never true: "+expression, "the page's text:\n%s\n\nthe page said:\n%s", text, page)
		}
	}
	sees := func(id, text string) {
		t.Helper()
		until(fmt.Sprintf(`[...document.querySelectorAll(%s)].some((e) => e.textContent.includes(%s))`, quoted(testID(id)), quoted(text)))
	}
	clicks := func(id string) {
		t.Helper()
		until(fmt.Sprintf(`document.querySelector(%[1]s) && !document.querySelector(%[1]s).disabled`, quoted(testID(id))))
		_, err := firefox.Eval[bool](t.Context(), page, fmt.Sprintf(`document.querySelector(%s).click() ?? true`, quoted(testID(id))))
		require.NoError(t, err)
	}

	sees("hub-kind", "emulator beside the page")
	clicks("connect")
	sees("state", "Connected since")
	sees("device-name", "MyDevice01")
	sees("cloud-log", "MyDevice01")
	clicks("telemetry-send")
	sees("device-log", "acknowledged in")
	sees("event", "temperature")
	clicks("disconnect")
	sees("state", "Not connected")
	require.NoError(t, page.Problems(server.URL))
}
