package e2e

import (
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// TestThePaletteByKeyboard finds commands by name and by key in the browser, and looks where the focus goes.
func TestThePaletteByKeyboard(t *testing.T) {
	pn := visit(t, serveHere(t).URL, "/")
	pn.sees("hub-kind", "emulator ")
	focused := func(id string) {
		t.Helper()
		pn.until(`document.activeElement?.dataset.testid === `+quoted(id), "the focus is not on "+id)
	}
	const ctrl, alt = 2, 1
	pn.clicks("connection-string")
	pn.strikes("k", ctrl)
	focused("palette-query")
	require.True(t, script[bool](pn, `document.querySelector('[data-testid="palette"]').matches(":modal")`))
	pn.strikes(kb.Escape)
	focused("connection-string") // the focus is back where it was

	pn.strikes("k", ctrl)
	focused("palette-query")
	pn.types("palette-query", "twin show")
	pn.until(`document.getElementById(document.activeElement.getAttribute("aria-activedescendant"))?.dataset.testid === "command-view-twin"`, "the best match is not active")
	pn.strikes("\r")
	pn.until(`document.querySelector('[data-testid="tab-twin"]').ariaPressed === "true"`, "the command was not done")
	pn.until(`!document.querySelector("dialog")`, "the palette stayed open")

	pn.strikes("1", alt)
	pn.until(`document.querySelector('[data-testid="tab-telemetry"]').ariaPressed === "true"`, "Alt+1 did not show the telemetry")
	script[bool](pn, `(document.querySelector('[data-testid="tab-telemetry"]').focus(), true)`)
	pn.strikes(kb.ArrowRight)
	focused("tab-messages")

	pn.strikes("?")
	focused("shortcuts-close")
	pn.strikes("\r")
	focused("tab-messages")
}
