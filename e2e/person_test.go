package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/browser"
)

// patience is how long a person waits for something to appear before the test calls it missing. It decides only how long
// a failure takes: everything that works is seen within a frame of the screen.
const patience = 30 * time.Second

// person uses a page: clicks, types, reads. What it looks for has a data-testid.
type person struct {
	t    *testing.T
	page *browser.Page
}

// visit opens a page in a fresh Chrome and, at the end of the test, asks the browser what it has to say.
func visit(t *testing.T, origin, path string) *person {
	t.Helper()
	pn := visitUnasked(t, origin, path)
	t.Cleanup(func() {
		if !t.Failed() {
			require.NoError(t, pn.page.Problems(origin))
		}
	})
	return pn
}

// visitUnasked is visit for a story that means to break something: it asks the browser itself.
func visitUnasked(t *testing.T, origin, path string) *person {
	t.Helper()
	pn := &person{t: t, page: newPage(t)}
	pn.page.Open(t, origin+path)
	return pn
}

func testID(id string) string { return fmt.Sprintf(`[data-testid=%q]`, id) }

// do runs actions of the browser.
func (pn *person) do(steps ...chromedp.Action[chromedp.Void]) {
	pn.t.Helper()
	require.NoError(pn.t, chromedp.Do(pn.page.Context(), steps...), "%s", pn.page)
}

// script evaluates JavaScript in the page, waits for a promise, and decodes the result.
func script[T any](pn *person, expression string) T {
	pn.t.Helper()
	v, err := chromedp.Run(pn.page.Context(), chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(pn.t, err, "%s\n%s", expression, pn.page)
	return v
}

// until waits, frame by frame, until the JavaScript expression is true. It does not use chromedp's own polling, which
// needs eval in the page: the page's policy forbids that, as it should. A page that is left while it waits (a reload) ends
// the evaluation with an error: then it looks again, in the new one.
func (pn *person) until(expression, otherwise string) {
	pn.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		ok, err := chromedp.Run(pn.page.Context(), chromedp.Evaluate[bool](fmt.Sprintf(`new Promise((resolve) => {
			const end = performance.now() + 1000;
			const look = () => {
				if (%s) resolve(true);
				else if (performance.now() > end) resolve(false);
				else requestAnimationFrame(look);
			};
			look();
		})`, expression), chromedp.EvalAwaitPromise))
		if ok {
			return
		}
		require.NoError(pn.t, pn.page.Context().Err(), "the browser is gone")
		if err != nil && !strings.Contains(err.Error(), "context") && !strings.Contains(err.Error(), "collected") && !strings.Contains(err.Error(), "navigated") {
			require.NoError(pn.t, err, expression)
		}
	}
	pn.gaveUp(otherwise)
}

// gaveUp ends the test, and shows what a person had before their eyes.
func (pn *person) gaveUp(why string) {
	pn.t.Helper()
	require.FailNow(pn.t, why, "the page's text:\n%s\n\nthe page said:\n%s", script[string](pn, `document.body.innerText`), pn.page)
}

func quoted(s string) string { raw, _ := json.Marshal(s); return string(raw) }

// sees waits until an element with the test id holds the text.
func (pn *person) sees(id, text string) {
	pn.t.Helper()
	pn.until(fmt.Sprintf(`[...document.querySelectorAll(%s)].some((e) => e.textContent.includes(%s))`, quoted(testID(id)), quoted(text)),
		fmt.Sprintf("%s never showed %q", id, text))
}

// seesNo waits until no element with the test id holds the text.
func (pn *person) seesNo(id, text string) {
	pn.t.Helper()
	pn.until(fmt.Sprintf(`![...document.querySelectorAll(%s)].some((e) => e.textContent.includes(%s))`, quoted(testID(id)), quoted(text)),
		fmt.Sprintf("%s went on showing %q", id, text))
}

// reads the text of the first element with the test id.
func (pn *person) reads(id string) string {
	pn.t.Helper()
	pn.until(fmt.Sprintf(`document.querySelector(%s)`, quoted(testID(id))), id+" is not on the page")
	return script[string](pn, fmt.Sprintf(`document.querySelector(%s).textContent`, quoted(testID(id))))
}

// value of an input.
func (pn *person) value(id string) string {
	pn.t.Helper()
	pn.until(fmt.Sprintf(`document.querySelector(%s)`, quoted(testID(id))), id+" is not on the page")
	return script[string](pn, fmt.Sprintf(`document.querySelector(%s).value`, quoted(testID(id))))
}

// clicks an element with the mouse, once it can be hit.
func (pn *person) clicks(id string) { pn.t.Helper(); pn.clicksOn(testID(id)) }

// unfolds a card or a group of fields, or folds it.
func (pn *person) unfolds(id string) { pn.t.Helper(); pn.clicksOn(testID(id) + " > summary") }

// clicksOn presses what a selector finds. What moves away under the mouse all the same is aimed at again; a press that
// arrives and makes no click because the page has put another element there is a fault of the page.
func (pn *person) clicksOn(selector string) {
	pn.t.Helper()
	for range 10 {
		x, y := pn.aims(selector)
		pn.do(chromedp.MouseClickXY(x, y))
		landed, err := chromedp.Run(pn.page.Context(), chromedp.Evaluate[[]string](`window.landed`))
		switch {
		case err != nil || landed == nil, slices.Equal(landed, []string{"mousedown", "click"}): // without a record: the click led to another page
			return
		case slices.Contains(landed, "mousedown") && !script[bool](pn, `window.pressed.isConnected`):
			require.FailNow(pn.t, selector+" was pressed, and there was no click: it was replaced under the mouse")
		}
	}
	require.FailNow(pn.t, selector+" never stands still")
}

// aims waits until a person could hit what a selector finds, and says where: it is enabled, it has stood in the same place for
// some frames (the view follows what was typed a frame later), and nothing lies over it (a dialog that is about to close).
// From then on the page notes whether presses and clicks land there.
func (pn *person) aims(selector string) (x, y float64) {
	pn.t.Helper()
	find := fmt.Sprintf(`const find = () => document.querySelector(%s);
		const middle = () => { const b = find()?.getBoundingClientRect(); return b?.width ? [b.x + b.width / 2, b.y + b.height / 2] : null; };`, quoted(selector))
	for end := time.Now().Add(patience); time.Now().Before(end); {
		at := script[[]float64](pn, `new Promise((resolve) => {`+find+`
			const end = performance.now() + 1000;
			let last = "", same = 0;
			find()?.scrollIntoView({ block: "center" });
			const look = () => {
				const at = middle(), e = find();
				same = String(at) === last ? same + 1 : 0;
				last = String(at);
				if (at && same > 2 && !e.disabled && e.contains(document.elementFromPoint(...at))) {
					window.aim?.abort();
					window.aim = new AbortController();
					window.landed = [];
					for (const kind of ["mousedown", "click"])
						addEventListener(kind, (e) => find()?.contains(e.target) && (landed.push(kind), window.pressed = find()), { capture: true, signal: aim.signal });
					resolve(at);
				} else if (performance.now() > end) resolve(null);
				else requestAnimationFrame(look);
			};
			look();
		})`)
		if at != nil {
			return at[0], at[1]
		}
	}
	pn.gaveUp(selector + " cannot be hit: there is " +
		script[string](pn, `(() => { `+find+` return (middle() && document.elementFromPoint(...middle()) || find())?.outerHTML.slice(0, 300) ?? "nothing"; })()`))
	return 0, 0
}

// types replaces what an input holds, as a person does who selects all and types or pastes.
func (pn *person) types(id, text string) {
	pn.t.Helper()
	pn.until(fmt.Sprintf(`document.querySelector(%s)`, quoted(testID(id))), id+" is not on the page")
	script[bool](pn, fmt.Sprintf(`(() => { const e = document.querySelector(%s); e.focus(); e.select(); return true; })()`, quoted(testID(id))))
	if text == "" {
		pn.strikes("\b")
		return
	}
	_, err := chromedp.Call(pn.page.Context(), input.InsertText, input.InsertTextParams{Text: text})
	require.NoError(pn.t, err)
}

// strikes keys one after the other, as a keyboard does: a key that the page takes for itself makes no character. The key-down
// events of chromedp's own go on to make one, which what has the focus by then gets.
func (pn *person) strikes(keys string, modifiers ...chromedp.Modifier) {
	pn.t.Helper()
	pn.do(chromedp.KeyEvent(keys, chromedp.KeyModifiers(modifiers...), func(p *input.DispatchKeyEventParams) {
		if p.Type == input.DispatchKeyEventTypeKeyDown {
			p.Type = input.DispatchKeyEventTypeRawKeyDown
		}
	}))
}

// chooses an option of a select by its value.
func (pn *person) chooses(id, value string) {
	pn.t.Helper()
	pn.until(fmt.Sprintf(`[...document.querySelector(%s)?.options ?? []].some((o) => o.value === %s)`, quoted(testID(id)), quoted(value)), id+" does not offer "+value)
	script[bool](pn, fmt.Sprintf(`(() => { const e = document.querySelector(%s); e.value = %s; e.dispatchEvent(new Event("change", {bubbles: true})); return true; })()`,
		quoted(testID(id)), quoted(value)))
}

// shows switches both panes to a topic.
func (pn *person) shows(topic string) { pn.t.Helper(); pn.clicks("tab-" + topic) }

// connects the ready-made device.
func (pn *person) connects() {
	pn.t.Helper()
	pn.sees("hub-kind", "emulator ")
	pn.clicks("connect")
	pn.sees("state", "Connected since")
}

// holdsStill asks the page for no animations, so that no picture shows something half-way.
func (pn *person) holdsStill() {
	pn.t.Helper()
	_, err := chromedp.Call(pn.page.Context(), emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}},
	})
	require.NoError(pn.t, err)
}

// picture photographs the whole page.
func (pn *person) picture(path string) {
	pn.t.Helper()
	raw, err := chromedp.Run(pn.page.Context(), chromedp.FullScreenshot(100))
	require.NoError(pn.t, err)
	require.NoError(pn.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(pn.t, os.WriteFile(path, raw, 0o644))
}
