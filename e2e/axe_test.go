package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// axe-core as npm has it. The hash is npm's own integrity of the file: a new version changes both.
const (
	axeURL       = "https://registry.npmjs.org/axe-core/-/axe-core-4.10.3.tgz"
	axeIntegrity = "Xm7bpRXnDSX2YE2YFfBk2FnF0ep6tmG7xPh8iHee8MIcrgq762Nkce856dYtJYLkuIoYZvGfTs/PbZhideTcEg=="
)

// axe returns axe-core's source. It is fetched once and kept in the user's cache; its hash is checked every time. It needs
// no Node.js.
func axe(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	kept := filepath.Join(cache, "hubpanel", filepath.Base(axeURL))
	raw, err := os.ReadFile(kept)
	if errors.Is(err, os.ErrNotExist) {
		raw, err = fetchFile(ctx, axeURL)
	}
	if err != nil {
		return "", err
	}
	sum := sha512.Sum512(raw)
	if got := base64.StdEncoding.EncodeToString(sum[:]); got != axeIntegrity {
		return "", fmt.Errorf("%s has the hash %s, not the one that is pinned", kept, got)
	}
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(kept, raw, 0o644); err != nil {
		return "", err
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return "", err
	}
	for files := tar.NewReader(unzipped); ; {
		file, err := files.Next()
		if err != nil {
			return "", fmt.Errorf("axe.min.js in %s: %w", kept, err)
		}
		if file.Name == "package/axe.min.js" {
			source, err := io.ReadAll(files)
			return string(source), err
		}
	}
}

func fetchFile(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s", url, res.Status)
	}
	return io.ReadAll(io.LimitReader(res.Body, 16<<20))
}

// auditor asks axe-core about a page, and collects what it finds by trouble.
type auditor struct {
	pn    *person
	found map[string][]string // trouble, and where
}

// audits brings axe-core into the page: by the debugger, not by the page, whose policy lets no foreign script in.
func audits(pn *person) *auditor {
	source, err := axe(pn.t.Context())
	require.NoError(pn.t, err, "axe-core comes from npm's registry")
	pn.holdsStill()
	script[bool](pn, source+";\ntrue")
	return &auditor{pn, map[string][]string{}}
}

// look asks about everything that stands on the page now.
func (a *auditor) audit(where string) {
	for _, trouble := range script[[]string](a.pn, `axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.flatMap((v) => v.nodes.map((n) =>
		v.id + ": " + n.target.join(" ") + ": " + (n.any[0] ?? n.all[0] ?? n.none[0])?.message + ": " + n.html.slice(0, 160))))`) {
		a.found[trouble] = append(a.found[trouble], where)
	}
}

// everywhere looks at a place in light on a desktop and in dark on a phone: colours do not depend on the width, and axe-core
// takes seconds for a long page.
func (a *auditor) everywhere(where string) {
	for _, as := range []struct {
		theme string
		width int64
	}{{"light", 1280}, {"dark", 380}} {
		a.pn.themes(as.theme)
		a.pn.do(chromedp.EmulateViewport(as.width, 900))
		a.audit(fmt.Sprintf("%s %s %d", where, as.theme, as.width))
	}
	a.pn.do(chromedp.EmulateViewport(1280, 900))
}

func (a *auditor) report() {
	for trouble, where := range a.found {
		a.pn.t.Errorf("%s\n\tin %s", trouble, strings.Join(where, ", "))
	}
}

func (pn *person) themes(theme string) {
	pn.t.Helper()
	pn.chooses("theme", theme)
	pn.until(fmt.Sprintf(`getComputedStyle(document.documentElement).colorScheme === %q`, theme), "the theme did not change")
}

// opensAll opens everything on the page that opens, and waits until what it shows then is drawn.
func (pn *person) opensAll() {
	pn.t.Helper()
	script[bool](pn, `new Promise((done) => {
		for (const d of document.querySelectorAll("details")) d.open = true;
		let n = 0;
		const frame = () => { for (const d of document.querySelectorAll("details")) d.open = true; ++n === 6 ? done(true) : requestAnimationFrame(frame); };
		frame();
	})`)
}

// topics are the tabs.
func (pn *person) topics() []string {
	pn.t.Helper()
	topics := script[[]string](pn, `[...document.querySelectorAll('[data-testid^="tab-"]')].map((e) => e.dataset.testid.slice(4))`)
	require.NotEmpty(pn.t, topics)
	return topics
}

func (pn *person) showsNow(topic string) {
	pn.t.Helper()
	pn.shows(topic)
	pn.until(fmt.Sprintf(`document.querySelector('[data-testid="tab-%s"]').matches('[aria-pressed="true"], [aria-selected="true"]')`, topic), "the tab did not change")
}

// TestAxeFindsNothing asks axe-core about every view of a session that left something in each, with everything open that
// opens; about the views in a Chinese script as they come; and about what lies over the page.
func TestAxeFindsNothing(t *testing.T) {
	pn := visit(t, serveHere(t).URL, "/")
	mission(pn)
	script[string](pn, `hubpanel.runScenario({ format: "hubpanel-scenario", version: 1, name: "x", title: "One that fails",
		steps: [{ title: "What is not so", expect: { twin: { tags: { a: 1 } } }, timeout: 0.2 }, { wait: 1 }] }).then((r) => r.outcome)`)
	pn.connects()
	pn.shows("diagnose")
	pn.examination("diagnose-run")
	pn.clicks("diagnose-it")
	pn.clicks("diagnose-idle-more")
	pn.inUse()
	a := audits(pn)
	for _, topic := range pn.topics() {
		pn.showsNow(topic)
		pn.opensAll()
		a.everywhere(topic)
	}
	pn.chooses("language", "zh-Hans")
	pn.until(`document.documentElement.lang === "zh-Hans"`, "the page's language did not follow")
	for _, topic := range pn.topics() {
		pn.showsNow(topic)
		a.audit(topic + " zh-Hans")
	}
	pn.chooses("language", "en")

	for _, dialog := range []struct{ opener, id string }{{"palette-open", "palette"}, {"", "shortcuts"}} {
		for _, theme := range []string{"light", "dark"} {
			pn.do(chromedp.EmulateViewport(1280, 900))
			pn.themes(theme)
			if dialog.opener != "" {
				pn.clicks(dialog.opener)
			} else {
				script[bool](pn, `(document.activeElement.blur(), true)`)
				pn.strikes("?")
			}
			pn.sees(dialog.id, "")
			for _, width := range []int64{1280, 380} {
				pn.do(chromedp.EmulateViewport(width, 900))
				a.audit(fmt.Sprintf("%s %s %d", dialog.id, theme, width))
			}
			if dialog.id == "palette" {
				pn.types("palette-query", "xyzzy")
				pn.sees("palette-count", "No command")
				a.audit("the palette without a command " + theme)
			}
			pn.strikes(kb.Escape)
			pn.until(`!document.querySelector("dialog")`, "Escape did not close "+dialog.id)
		}
	}
	a.report()
	pn.showsNow("methods")
	script[bool](pn, `(document.querySelector('[data-testid="method-waiting"] .primary').click(), true)`)
	pn.sees("invoke-result", "The device answered")
}

// inUse leaves something in what the mission leaves empty: a call that waits, a stream that runs, trouble, a rule, a profile.
func (pn *person) inUse() {
	pn.t.Helper()
	pn.shows("telemetry")
	pn.clicks("stream-0-start")
	pn.sees("stream-0-state", "Running")
	pn.until(`document.querySelector('[data-testid="chart"]')`, "there is no chart")
	pn.clicks("stream-0-stop")
	pn.shows("twin")
	pn.types("twin-patch", `{"battery": 62, "added": true, "gone": null}`)
	pn.sees("twin-change", "battery")
	pn.shows("methods")
	pn.clicks("method-rule-add")
	pn.types("method-rule-0-name", "other")
	pn.chooses("method-mode", "hand")
	pn.types("invoke-timeout", "300") // axe-core takes its time
	pn.clicks("invoke")
	pn.sees("method-countdown", "left")
	pn.unfolds("faults")
	pn.clicks("fault-throttle")
	pn.sees("faults-on", "faults are on")
	pn.clicks("fault-throttle")
	pn.seesNo("faults-on", "faults are on")
}

// TestAxeFindsNothingInErrors asks about the page before a connection, with everything wrong that a person can get wrong.
func TestAxeFindsNothingInErrors(t *testing.T) {
	pn := visit(t, serveHere(t).URL, "/")
	pn.sees("hub-kind", "emulator ")
	a := audits(pn)
	pn.opensAll()
	for _, topic := range pn.topics() {
		pn.showsNow(topic)
		pn.opensAll()
		a.everywhere("empty " + topic)
	}
	pn.types("connection-string", "HostName=h")
	pn.sees("connect-problem", "DeviceId is missing")
	pn.showsNow("telemetry")
	pn.types("telemetry-body", `{"a":`)
	pn.sees("telemetry-body-problem", "not JSON")
	pn.types("connect-endpoint", "x")
	pn.sees("connect-endpoint-problem", "not a WebSocket address")
	a.everywhere("a wrong connection string")
	pn.clicks("way-token")
	pn.types("connect-token", "SharedAccessSignature sr=h.azure-devices.net%2Fdevices%2Fd&sig=a2V5MTIzNDU%3D&se=1")
	pn.sees("token-left", "expired")
	pn.clicks("connect")
	pn.sees("notice", "not a WebSocket address")
	a.everywhere("an expired token")
	pn.showsNow("provisioning")
	pn.types("dps-key", "no key")
	pn.sees("dps-key-problem", "not base64")
	pn.clicks("dps-register")
	pn.sees("dps-failure", "not base64")
	pn.types("registry-new-id", "a b")
	pn.clicks("registry-create")
	pn.sees("registry-result", "Device id holds")
	a.everywhere("a wrong key")
	pn.clicks("dps-token")
	pn.types("dps-sas", "SharedAccessSignature sr=s%2Fregistrations%2Fr&sig=a2V5MTIzNDU%3D&se=4000000000")
	pn.sees("dps-sas-problem", "skn")
	a.everywhere("a token for something else")
	a.report()
}
