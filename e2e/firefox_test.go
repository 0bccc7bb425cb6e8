package e2e

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/firefox"
)

// firefoxPerson is a person in the other browser.
type firefoxPerson struct {
	t    *testing.T
	page *firefox.Page
}

func opensInFirefox(t *testing.T, url string) *firefoxPerson {
	t.Helper()
	pn := &firefoxPerson{t: t, page: firefox.New(t)}
	pn.page.Open(t, url)
	return pn
}

// evaluated is the value of a JavaScript expression, or of the promise that it is.
func evaluated[T any](pn *firefoxPerson, expression string) T {
	pn.t.Helper()
	v, err := firefox.Eval[T](pn.t.Context(), pn.page, expression)
	require.NoError(pn.t, err, "%s\n%s", expression, pn.page)
	return v
}

// until waits, frame by frame, until the JavaScript expression is true.
func (pn *firefoxPerson) until(expression string) {
	pn.t.Helper()
	ok := evaluated[bool](pn, fmt.Sprintf(`new Promise((resolve) => {
		const end = performance.now() + %d;
		const look = () => {
			if (%s) resolve(true);
			else if (performance.now() > end) resolve(false);
			else requestAnimationFrame(look);
		};
		look();
	})`, patience.Milliseconds(), expression))
	if !ok {
		text, _ := firefox.Eval[string](pn.t.Context(), pn.page, `document.body.innerText`)
		require.FailNow(pn.t, "never true: "+expression, "the page's text:\n%s\n\nthe page said:\n%s", text, pn.page)
	}
}

func (pn *firefoxPerson) sees(id, text string) {
	pn.t.Helper()
	pn.until(fmt.Sprintf(`[...document.querySelectorAll(%s)].some((e) => e.textContent.includes(%s))`, quoted(testID(id)), quoted(text)))
}

func (pn *firefoxPerson) clicks(id string) {
	pn.t.Helper()
	pn.until(fmt.Sprintf(`document.querySelector(%[1]s) && !document.querySelector(%[1]s).disabled`, quoted(testID(id))))
	evaluated[bool](pn, fmt.Sprintf(`document.querySelector(%s).click() ?? true`, quoted(testID(id))))
}

// TestTheMissionBeginsInFirefox is the shortest story: the ready-made device connects, and its telemetry arrives on the
// cloud side.
func TestTheMissionBeginsInFirefox(t *testing.T) {
	server := serveHere(t)
	pn := opensInFirefox(t, server.URL+"/")
	pn.sees("hub-kind", "emulator beside the page")
	pn.clicks("connect")
	pn.sees("state", "Connected since")
	pn.sees("device-name", "MyDevice01")
	pn.sees("cloud-log", "MyDevice01")
	pn.clicks("telemetry-send")
	pn.sees("device-log", "acknowledged in")
	pn.sees("event", "temperature")
	pn.clicks("disconnect")
	pn.sees("state", "Not connected")
	require.NoError(t, pn.page.Problems(server.URL))
}
