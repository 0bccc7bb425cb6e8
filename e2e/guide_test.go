package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// guide is a person who goes through docs/guide.md and takes its pictures on the way.
type guide struct {
	*person
	pictures map[string][]byte // by their names in docs/pictures
	film     *film
}

// TestGuide does what docs/guide.md tells its reader to do, in its order, on the static site: what it says happens. It takes the
// guide's pictures and its animation; with HUBPANEL_PICTURES (make pictures) they are kept in docs/pictures. The guide must show
// each of them, and no other.
func TestGuide(t *testing.T) {
	origin := serveStatic(t, "")
	g := &guide{person: visit(t, origin, "/?theme=light&lang=en"), pictures: map[string][]byte{}}
	g.holdsStill()
	g.do(chromedp.EmulateViewport(1280, 860))
	g.reads1to14()
	g.rolls(origin)

	text, err := os.ReadFile("../docs/guide.md")
	require.NoError(t, err)
	var shown []string
	for _, m := range regexp.MustCompile(`\(pictures/(guide-[\w-]+\.png)\)`).FindAllSubmatch(text, -1) {
		shown = append(shown, string(m[1]))
	}
	slices.Sort(shown)
	require.Equal(t, slices.Sorted(maps.Keys(g.pictures)), slices.Compact(shown), "docs/guide.md shows other pictures than are taken here")
	for name, raw := range g.pictures {
		kept := filepath.Join("../docs/pictures", name)
		if os.Getenv("HUBPANEL_PICTURES") != "" {
			require.NoError(t, os.WriteFile(kept, raw, 0o644))
		}
		require.FileExists(t, kept, "make pictures takes it")
	}
}

// shoots takes a picture of what is in the window, with an element at its top: "" is the page's own.
func (g *guide) shoots(name, top string) {
	g.t.Helper()
	g.scrollsTo(top)
	g.pictures["guide-"+name+".png"] = g.window()
}

func (g *guide) scrollsTo(top string) {
	g.t.Helper()
	if top == "" {
		script[bool](g.person, `(document.activeElement.blur(), scrollTo(0, 0), true)`)
		return
	}
	g.reads(top)
	script[bool](g.person, fmt.Sprintf(`(() => {
		const e = document.querySelector(%s);
		scrollTo(0, scrollY + (e.closest(".card, dialog") ?? e).getBoundingClientRect().top - 16);
		return true;
	})()`, quoted(testID(top))))
}

func (g *guide) window() []byte {
	g.t.Helper()
	raw, err := chromedp.Run(g.page.Context(), chromedp.CaptureScreenshot())
	require.NoError(g.t, err)
	return raw
}

// reads1to14 goes through the guide's numbered sections.
func (g *guide) reads1to14() {
	g.sees("hub-kind", "emulator inside the page")
	g.shoots("start", "")

	g.connects()
	g.types("telemetry-body", "{\n  \"temperature\": 21.4,\n  \"humidity\": 61\n}")
	g.clicks("telemetry-send")
	g.sees("device-log", "acknowledged in")
	g.sees("event", "21.4")
	g.shoots("connected", "")

	g.types("stream-0-interval", "200")
	g.clicks("stream-0-start")
	g.until(`document.querySelectorAll('[data-testid="event"]').length > 30`, "the stream does not send")
	g.clicks("stream-0-stop")
	g.shoots("stream", "streams")
	g.shoots("chart", "chart")

	g.shows("messages")
	g.types("c2d-body", "close the valve")
	g.types("c2d-property-name-0", "urgency")
	g.types("c2d-property-value-0", "high")
	g.clicks("c2d-send")
	g.sees("message", "completed")
	g.shoots("messages", "")

	g.shows("twin")
	g.types("desired-patch", `{"interval": 5, "unit": "C"}`)
	g.clicks("desired-update")
	g.sees("twin-desired", `"interval": 5`)
	g.types("twin-patch", `{"interval": 10, "battery": 61}`)
	g.clicks("twin-report")
	g.sees("twin-reported", `"battery": 61`)
	g.shoots("twin", "")

	g.shows("methods")
	g.types("method-answer", `{"restarting": true}`)
	g.types("invoke-payload", `{"delay": 3}`)
	g.clicks("invoke")
	g.sees("invoke-result", "The device answered 200")
	g.shoots("methods", "")

	g.shows("wire")
	g.until(`document.querySelectorAll('[data-testid="wire-record"]').length > 10`, "the wire shows no packets")
	g.types("wire-search", "methods")
	g.clicks("wire-record")
	g.sees("wire-packet", "PUBLISH")
	g.shoots("wire", "")

	g.shows("provisioning")
	g.clicks("use-group")
	g.clicks("dps-register")
	g.sees("dps-assigned", "as ")
	g.sees("state", "Connected since")
	g.shoots("provisioning", "")

	g.clicks("disconnect")
	g.sees("state", "Not connected")
	g.shows("diagnose")
	g.examination("diagnose-run")
	g.shoots("diagnose", "verdict")

	g.shows("twin")
	g.unfolds("scenarios")
	g.clicks("scenario-show-twin-sync")
	g.clicks("scenario-quick")
	g.clicks("scenario-run")
	g.sees("scenario-result", "Passed")
	g.shoots("scenario", "")
	g.clicks("scenario-close")

	g.strikes("k", 2) // Ctrl
	g.types("palette-query", "twin")
	g.until(`document.querySelectorAll('[data-testid^="command-"]').length > 0`, "the palette finds nothing")
	g.shoots("palette", "")
	g.strikes("\u001b") // Escape

	g.do(chromedp.EmulateViewport(390, 844))
	g.shows("telemetry")
	g.themes("dark")
	g.shoots("phone", "")
}

// rolls makes the animation: the first minute with the page, in a dozen pictures.
func (g *guide) rolls(origin string) {
	g.film = &film{}
	first := g.person
	defer func() { g.person = first }()
	g.person = visit(g.t, origin, "/?theme=light&lang=en")
	g.holdsStill()
	g.do(chromedp.EmulateViewport(1180, 700))
	g.sees("hub-kind", "emulator inside the page")

	g.presses("connect")
	g.sees("state", "Connected since")
	g.rests(1500)
	g.types("telemetry-body", "{\n  \"temperature\": 21.4\n}")
	g.presses("telemetry-send")
	g.sees("event", "21.4")
	g.rests(2000)
	g.presses("tab-messages")
	g.types("c2d-body", "close the valve")
	g.presses("c2d-send")
	g.sees("message", "completed")
	g.rests(2000)
	g.presses("tab-twin")
	g.types("desired-patch", `{"interval": 5}`)
	g.presses("desired-update")
	g.sees("twin-desired", `"interval": 5`)
	g.rests(2000)
	g.presses("tab-methods")
	g.presses("invoke")
	g.sees("invoke-result", "The device answered 200")
	g.rests(2500)

	raw, err := g.film.encode()
	require.NoError(g.t, err)
	_, err = png.Decode(bytes.NewReader(raw))
	require.NoError(g.t, err, "what knows no animation shows the first picture")
	require.Equal(g.t, len(g.film.shots), script[int](g.person, fmt.Sprintf(`(async () => {
		const decoder = new ImageDecoder({ type: "image/png", data: Uint8Array.from(atob(%q), (c) => c.charCodeAt(0)) });
		await decoder.completed;
		await decoder.tracks.ready;
		const { frameCount } = decoder.tracks.selectedTrack;
		await decoder.decode({ frameIndex: frameCount - 1 });
		return frameCount;
	})()`, base64.StdEncoding.EncodeToString(raw))), "the browser sees the animation's pictures")
	g.pictures["guide-film.png"] = raw
}

// presses clicks, with a picture before in which a ring stands where it clicks.
func (g *guide) presses(id string) {
	g.t.Helper()
	x, y := g.aims(testID(id))
	g.rests(300)
	ring := image.Pt(int(x), int(y))
	require.NoError(g.t, g.film.add(g.window(), &ring, 700*time.Millisecond))
	g.clicks(id)
}

// rests lets the film stand for some milliseconds.
func (g *guide) rests(milliseconds int) {
	g.t.Helper()
	require.NoError(g.t, g.film.add(g.window(), nil, time.Duration(milliseconds)*time.Millisecond))
}
