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

// TestAxeFindsNothing asks axe-core about every view, after a session that left something in each: light and dark, in a
// Latin and in a Chinese script, on a desktop and on a phone.
func TestAxeFindsNothing(t *testing.T) {
	source, err := axe(t.Context())
	require.NoError(t, err, "axe-core comes from npm's registry")
	pn := visit(t, serveHere(t).URL, "/")
	mission(pn)
	pn.connects()
	pn.holdsStill()
	// By the debugger, not by the page, whose policy lets no foreign script in.
	script[bool](pn, source+";\ntrue")
	topics := script[[]string](pn, `[...document.querySelectorAll('[data-testid^="tab-"]')].map((e) => e.dataset.testid.slice(4))`)
	require.NotEmpty(t, topics)
	chosen := func(id, value string) {
		script[bool](pn, fmt.Sprintf(`(() => { const e = document.querySelector(%s); e.value = %q; e.dispatchEvent(new Event("change", {bubbles: true})); return true; })()`, quoted(testID(id)), value))
	}
	found := map[string][]string{} // trouble, and where
	for _, lang := range []string{"en", "zh-Hans"} {
		chosen("language", lang)
		pn.until(fmt.Sprintf(`document.documentElement.lang === %q`, lang), "the page's language did not follow")
		for _, theme := range []string{"light", "dark"} {
			chosen("theme", theme)
			pn.until(fmt.Sprintf(`getComputedStyle(document.documentElement).colorScheme === %q`, theme), "the theme did not change")
			for _, width := range []int64{1280, 380} {
				pn.do(chromedp.EmulateViewport(width, 900))
				for _, topic := range topics {
					pn.shows(topic)
					pn.until(fmt.Sprintf(`document.querySelector('[data-testid="tab-%s"]').matches('[aria-pressed="true"], [aria-selected="true"]')`, topic), "the tab did not change")
					for _, trouble := range script[[]string](pn, `axe.run(document).then((r) => r.violations.flatMap((v) => v.nodes.map((n) =>
						v.id + ": " + n.target.join(" ") + ": " + (n.any[0] ?? n.all[0] ?? n.none[0])?.message + ": " + n.html.slice(0, 160))))`) {
						found[trouble] = append(found[trouble], fmt.Sprintf("%s %s %s %d", topic, lang, theme, width))
					}
				}
			}
		}
	}
	for trouble, where := range found {
		t.Errorf("%s\n\tin %s", trouble, strings.Join(where, ", "))
	}
}
