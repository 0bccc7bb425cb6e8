package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// TestAModuleInThePage registers a module, connects as it, and gets a message on its input.
func TestAModuleInThePage(t *testing.T) {
	pn := visit(t, serveHere(t).URL, "/?view=messages")
	pn.holdsStill()
	pn.sees("hub-kind", "emulator ")
	pn.unfolds("registry")
	pn.types("registry-new-id", "MyDevice01/filter")
	pn.clicks("registry-create")
	pn.sees("registry-result", "MyDevice01/filter is registered")
	pn.chooses("cloud-module", "filter")
	pn.clicks("cloud-module-use")
	pn.until(fmt.Sprintf(`document.querySelector(%q).value.includes(";ModuleId=filter;")`, testID("connection-string")), "the module's connection string did not come")
	pn.clicks("connect")
	pn.sees("state", "Connected since")
	pn.sees("device-name", "MyDevice01/filter")
	pn.sees("inbox-completion", "A module gets no cloud-to-device messages")
	pn.types("c2d-input", "valves")
	pn.types("c2d-body", `{"open": true}`)
	pn.clicks("c2d-send")
	pn.sees("message-input", "valves")
	pn.sees("message", "iothub-connection-module-id = filter")
	pn.until(fmt.Sprintf(`document.querySelector(%q)?.dataset.outcome === "done"`, testID("c2d-sent")), "the message was not completed")
	for _, width := range []int64{1280, 380} {
		pn.do(chromedp.EmulateViewport(width, 900))
		require.LessOrEqual(t, script[int64](pn, `document.documentElement.scrollWidth`), width)
		if folder := os.Getenv("HUBPANEL_PICTURES"); folder != "" && folder != "1" {
			pn.picture(filepath.Join(folder, fmt.Sprintf("module-%d.png", width)))
		}
	}
}

// TestAModuleInJavaScript: a module's messages are the event "input", and it gets no others.
func TestAModuleInJavaScript(t *testing.T) {
	server := serveHere(t)
	pn := visit(t, server.URL, "/")
	pn.until(`window.hubpanel`, "the page did not start")
	module, err := server.Hub.PutDevice(t.Context(), emulator.Device{DeviceID: "MyDevice01", ModuleID: "filter"})
	require.NoError(t, err)
	script[bool](pn, fmt.Sprintf(`(async () => {
		const info = await (await fetch("/emulator/info")).json();
		window.seen = [];
		window.device = await hubpanel.connect({ host: info.hubHostName, deviceId: "MyDevice01", moduleId: "filter", key: %q });
		device.on("message", () => seen.push("a message"));
		return true;
	})()`, module.Authentication.SymmetricKey.PrimaryKey))
	require.NoError(t, server.Hub.SendToInput(t.Context(), "MyDevice01/filter", "valves", emulator.Message{Body: []byte(`{"open": true}`)}))
	script[bool](pn, `(device.on("input", (m) => seen.push(m)), true)`)
	pn.until(`seen.length === 1 && seen[0].input === "valves" && seen[0].json().open && seen[0].connectionModuleId === "filter"`, "the message did not reach the input")
	script[bool](pn, `device.send({ a: 1 }, { output: "alerts" }).then(() => true)`)
	script[bool](pn, `device.close().then(() => true)`)
}
