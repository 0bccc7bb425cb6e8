package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/browser"
)

// TestBadInput: each gets a sentence that says what to do, and the page stays usable after all of them.
func TestBadInput(t *testing.T) {
	server := serveHere(t)
	pn := visit(t, server.URL, "/")
	pn.sees("hub-kind", "emulator ")
	good := pn.value("connection-string")
	host := strings.TrimPrefix(server.URL, "http://")

	for _, c := range []struct{ name, connection, want string }{
		{"a part is missing", "HostName=" + host + ";SharedAccessKey=a2V5MTIzNDU=", "DeviceId"},
		{"no string at all", "hello", "Name=value"},
		{"a hub-level string", "HostName=" + host + ";SharedAccessKeyName=iothubowner;SharedAccessKey=a2V5MTIzNDU=", "device's own"},
		{"a key that is not base64", "HostName=" + host + ";DeviceId=MyDevice01;SharedAccessKey=not*base64", "base64"},
		{"a wrong key", "HostName=" + host + ";DeviceId=MyDevice01;SharedAccessKey=a2V5MTIzNDU=", "refused"},
		{"an expired token", "HostName=" + host + ";DeviceId=MyDevice01;SharedAccessSignature=SharedAccessSignature sr=" + host + "%2Fdevices%2FMyDevice01&sig=a2V5MTIzNDU%3D&se=1", "expired"},
	} {
		t.Log(c.name)
		pn.types("connection-string", c.connection)
		pn.clicks("connect")
		pn.sees("notice", c.want)
		notice := pn.reads("notice")
		require.NotContains(t, notice, "a2V5MTIzNDU", "no secret in an error")
		t.Log(notice)
		if strings.Contains(pn.reads("state"), "Reconnecting") {
			pn.clicks("disconnect")
		}
		pn.sees("state", "")
		pn.types("connection-string", good)
		pn.connects()
		pn.seesNo("notice", c.want)
		pn.clicks("disconnect")
		pn.sees("state", "Not connected")
	}
	require.NotContains(t, script[string](pn, `document.body.innerText`), "a2V5MTIzNDU")
}

// TestAnUnknownHost is by itself: the browser, too, writes to its console that it cannot resolve the name.
func TestAnUnknownHost(t *testing.T) {
	server := serveHere(t)
	pn := visitUnasked(t, server.URL, "/")
	pn.sees("hub-kind", "emulator ")
	good := pn.value("connection-string")
	pn.types("connection-string", "HostName=nobody.azure-devices.net;DeviceId=d;SharedAccessKey=a2V5MTIzNDU=")
	pn.clicks("connect")
	pn.sees("state", "Reconnecting in")
	pn.sees("notice", "Cannot reach nobody.azure-devices.net: check the host name")
	t.Log(pn.reads("notice"))
	pn.clicks("disconnect")
	pn.sees("state", "Not connected")
	pn.seesNo("notice", "nobody")
	pn.complains("ERR_NAME_NOT_RESOLVED")
	pn.types("connection-string", good)
	pn.connects()
}

// complains checks that the browser has said nothing worse than errors with this text in them.
func (pn *person) complains(text string) {
	pn.t.Helper()
	for _, e := range pn.page.Entries() {
		if e.Kind == browser.KindError {
			require.Contains(pn.t, e.Text, text)
		}
		require.NotContains(pn.t, []string{browser.KindException, browser.KindViolation, browser.KindCrash}, e.Kind, e.String())
	}
}

// TestAPanicIsAVisibleError breaks the browser under the page: the drawing panics in Go, the page says so and offers to
// reload, and after the reload it works.
func TestAPanicIsAVisibleError(t *testing.T) {
	server := serveHere(t)
	pn := visitUnasked(t, server.URL, "/")
	pn.sees("hub-kind", "emulator ")
	script[bool](pn, `(Document.prototype.createElement = () => { throw new Error("broken on purpose"); }, true)`)
	pn.clicks("tab-twin")
	pn.until(`!document.querySelector('[data-testid="crash"]').hidden`, "the panic was not told")
	pn.sees("crash", "Reload")
	pn.sees("crash", "broken on purpose")
	pn.clicks("crash-reload")
	pn.until(`document.querySelector('[data-testid="crash"]')?.hidden`, "it did not reload")
	pn.connects()
}

// TestASecretInALink is wiped from the address and refused, and the page does not connect by itself.
func TestASecretInALink(t *testing.T) {
	server := serveHere(t)
	pn := visit(t, server.URL, "/?view=twin&connectionString=HostName%3Dh%3BDeviceId%3Dd%3BSharedAccessKey%3Dc2VjcmV0")
	pn.sees("notice", "held a secret")
	pn.sees("tab-twin", "Device twin")
	require.Equal(t, server.URL+"/?view=twin", script[string](pn, `location.href`))
	require.NotContains(t, script[string](pn, `document.documentElement.outerHTML`), "c2VjcmV0")
	require.Equal(t, "Not connected", pn.reads("state"))
}

// TestAHostThatThePolicyForbids: the browser refuses it without a reason, and the page finds the reason all the same. No later attempt
// could succeed, so that there is none: the person can connect something else at once.
func TestAHostThatThePolicyForbids(t *testing.T) {
	server := serveHere(t)
	pn := visitUnasked(t, server.URL, "/")
	pn.sees("hub-kind", "emulator ")
	pn.types("connection-string", "HostName=gateway.example;DeviceId=d;SharedAccessKey=a2V5MTIzNDU=")
	pn.clicks("connect")
	pn.sees("notice", "Content-Security-Policy (connect-src) does not allow")
	pn.sees("notice", "gateway.example")
	pn.until(`document.querySelector('[data-testid="state"]').dataset.state === "refused"`, "it is not refused for good")
	require.Contains(t, pn.reads("connect"), "Connect")
}

// TestAWrongClockIsNamed: the page's clock is two hours slow, so its tokens are over before they are made.
func TestAWrongClockIsNamed(t *testing.T) {
	server := serveHere(t)
	pn := visitUnasked(t, "about:blank", "")
	_, err := chromedp.Call(pn.page.Context(), page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `
		globalThis.Date = class extends Date {
			constructor(...args) { args.length > 0 ? super(...args) : super(Date.now()); }
			static now() { return super.now() - 2 * 3600e3; }
		};`})
	require.NoError(t, err)
	pn.page.Open(t, server.URL)
	pn.sees("hub-kind", "emulator ")
	pn.clicks("connect")
	pn.sees("notice", "clock")
	pn.sees("notice", "2h0m")
	t.Log(pn.reads("notice"))
	pn.complains("401") // the cloud side's tokens are no better
}
