package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// TestTheFocusStaysWithThePerson presses what goes away when it is pressed, and looks where the focus is then.
func TestTheFocusStaysWithThePerson(t *testing.T) {
	pn := visit(t, serveHere(t).URL, "/?view=messages")
	pn.sees("hub-kind", "emulator ")
	focused := func(id string) {
		t.Helper()
		pn.until(`document.activeElement?.dataset.testid === `+quoted(id), "the focus is not on "+id)
	}
	presses := func(id string) {
		t.Helper()
		pn.until(`(document.querySelector(`+quoted(testID(id))+`)?.focus(), document.activeElement?.dataset.testid === `+quoted(id)+`)`, id+" takes no focus")
		pn.strikes("\r")
	}
	presses("connect")
	pn.sees("state", "Connected since")
	focused("disconnect")
	presses("disconnect")
	pn.sees("state", "Not connected")
	focused("connect")

	pn.strikes("k", 2)
	focused("palette-query")
	pn.types("palette-query", "open a session")
	pn.until(`document.querySelector('[data-testid="command-import-session"]')?.ariaSelected === "true"`, "the command was not found")
	pn.strikes("\r")
	focused("import-file")
	require.True(t, script[bool](pn, `document.activeElement.checkVisibility()`), "its card is open")

	presses("palette-open")
	focused("palette-query")
	pn.strikes(kb.Escape)
	focused("palette-open")

	// What happens elsewhere takes no focus away.
	presses("connect")
	pn.sees("state", "Connected since")
	script[bool](pn, `(document.querySelector('[data-testid="c2d-body"]').focus(), true)`)
	pn.clicks("disconnect")
	pn.sees("state", "Not connected")
	focused("connect")
	pn.clicks("way-fields")
	focused("way-fields")
}

// TestReducedMotionIsHonoured counts the animations and transitions of a session: none for people who asked for none, and
// some for all others, or the test would see nothing.
func TestReducedMotionIsHonoured(t *testing.T) {
	for _, reduced := range []bool{true, false} {
		pn := visit(t, serveHere(t).URL, "/")
		pn.sees("hub-kind", "emulator ")
		if reduced {
			pn.holdsStill()
		}
		script[bool](pn, `(() => { window.moved = []; for (const kind of ["animationstart", "transitionrun"]) addEventListener(kind, (e) => moved.push(kind + " " + e.target.className), true); return true; })()`)
		pn.connects()
		pn.clicks("telemetry-send")
		pn.sees("event", "temperature")
		pn.shows("twin")
		pn.clicks("desired-update")
		pn.sees("twin-row", "telemetryInterval")
		pn.shows("provisioning")
		pn.clicks("dps-only")
		pn.sees("dps-step", "Assigned")
		pn.clicks("palette-open")
		pn.sees("palette", "")
		moved := script[[]string](pn, `moved`)
		if reduced {
			require.Empty(t, moved)
		} else {
			require.NotEmpty(t, moved)
		}
	}
}

// TestThePrintedTwin prints the twin of a page in dark colours: desired and reported properties with their versions, all of
// them, black on white, in one column, and nothing that can only be pressed. With HUBPANEL_PICTURES it leaves the paper.
func TestThePrintedTwin(t *testing.T) {
	pn := visit(t, serveHere(t).URL, "/?view=twin&theme=dark")
	pn.connects()
	pn.types("desired-patch", `{"interval": 5, "net": {"mtu": 1500, "dns": ["9.9.9.9", "149.112.112.112"]}, "banner": "`+longText+`", "p01": 1, "p02": 2, "p03": 3, "p04": 4, "p05": 5, "p06": 6, "p07": 7, "p08": 8, "p09": 9, "p10": 10, "p11": 11, "p12": 12, "p13": 13, "p14": 14, "p15": 15}`)
	pn.clicks("desired-update")
	pn.sees("twin-row", "p15")
	pn.clicks("twin-ack-interval")
	pn.sees("twin-ack-state", "ac 200")
	pn.clicks("faults") // an open card that is no part of a twin

	_, err := chromedp.Call(pn.page.Context(), emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	require.NoError(t, err)
	const papers = 700 // CSS pixels: A4 between its margins
	pn.do(chromedp.EmulateViewport(papers, 1000))
	seen := script[[]string](pn, `(() => {
		const trouble = [], say = (e, what) => trouble.push(what + ": " + e.tagName + "." + e.className + " " + e.textContent.trim().slice(0, 60));
		const shown = [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && e.getClientRects().length);
		for (const e of shown) {
			const style = getComputedStyle(e), box = e.getBoundingClientRect();
			if (e.matches("button, input, select, textarea, dialog, summary")) say(e, "a control");
			if (box.right > innerWidth + 1) say(e, "sticks out");
			if (style.overflow !== "visible" && (e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1) && !e.matches(".unseen")) say(e, "is cut");
			const colour = (style.backgroundColor.match(/[\d.]+/g) ?? []).map(Number);
			if (colour.length && (colour[3] ?? 1) > 0.5 && Math.min(...colour.slice(0, 3)) < 200) say(e, "a dark background " + style.backgroundColor);
		}
		const panes = [...document.querySelectorAll(".pane")].map((e) => e.getBoundingClientRect());
		if (panes[1] && panes[1].top < panes[0].bottom - 1) trouble.push("two columns");
		return trouble;
	})()`)
	require.Empty(t, seen)
	said := script[string](pn, `document.body.innerText`)
	for _, wanted := range []string{"Desired", "$version 2", "Reported", "interval", "p15", "149.112.112.112", longText, "ac 200"} {
		require.Contains(t, said, wanted)
	}
	paper, err := chromedp.Call(pn.page.Context(), page.PrintToPDF, page.PrintToPDFParams{PaperWidth: 8.27, PaperHeight: 11.69})
	require.NoError(t, err)
	require.Contains(t, string(paper.Data[:5]), "%PDF-")
	if folder := os.Getenv("HUBPANEL_PICTURES"); folder != "" && folder != "1" {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "twin.pdf"), paper.Data, 0o644))
	}
}

const longText = "a banner that goes on and on, so that it has to be broken into several lines on paper, and none of it may be lost at an edge"
