//go:build js && wasm

package main

import (
	"os"
	"regexp"
	"syscall/js"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
)

// langJS is web/lang.js, which translates the page until this program runs.
func langJS(t *testing.T) js.Value {
	module, err := await(t.Context(), js.Global().Call("wasmexecImport", "/web/lang.js"))
	require.NoError(t, err)
	return module
}

// TestTheLoaderChoosesTheLanguageOfThePage: otherwise the page changes its language when it has been loaded.
func TestTheLoaderChoosesTheLanguageOfThePage(t *testing.T) {
	match := langJS(t).Get("matchLang")
	tags := []string{
		"en", "en-GB", "pl", "pl-PL", "PL", "zh", "zh-CN", "zh-SG", "zh-TW", "zh-HK", "zh-MO", "zh-Hans", "zh-Hant", "zh-Hans-HK", "zh-Hant-CN", "ZH-hant-tw",
		"zh-cmn-Hant", "de", "de-CH", "xx-Hant", "plx", "", "-", "zh-",
	}
	for _, one := range tags {
		for _, two := range tags {
			require.Equal(t, string(catalog.Match(one, two)), match.Invoke([]any{one, two}).String(), "%q, %q", one, two)
		}
	}
	require.Equal(t, string(catalog.Match()), match.Invoke([]any{}).String())
}

// TestTheLoaderHasTheTextsOfThePage in all languages of the page, with the English ones as the HTML has them.
func TestTheLoaderHasTheTextsOfThePage(t *testing.T) {
	texts := langJS(t).Get("texts")
	keys := js.Global().Get("Object").Get("keys")
	names := keys.Invoke(texts.Get("en"))
	require.Equal(t, len(catalog.Languages), keys.Invoke(texts).Length())
	for _, l := range catalog.Languages {
		own := texts.Get(string(l.Lang))
		require.Equal(t, names.Length(), keys.Invoke(own).Length(), l.Name)
		for i := range names.Length() {
			require.True(t, own.Get(names.Index(i).String()).Truthy(), "%s has no %s", l.Name, names.Index(i))
		}
		// The one text that the program shows too.
		require.Equal(t, l.Lang.T("A virtual device for Azure IoT Hub, in this page."), own.Get("tagline").String())
	}
	element := regexp.MustCompile(`<[^>]* data-say="(\w+)"[^>]*>([^<]*)<`)
	label := regexp.MustCompile(`<[^>]* aria-label="([^"]*)" data-say-label="(\w+)"`)
	for _, name := range []string{"../web/index.html", "../web/embed.html"} {
		html, err := os.ReadFile(name)
		require.NoError(t, err)
		elements, labels := element.FindAllSubmatch(html, -1), label.FindAllSubmatch(html, -1)
		require.NotEmpty(t, elements)
		require.NotEmpty(t, labels)
		for _, m := range elements {
			require.Equal(t, texts.Get("en").Get(string(m[1])).String(), string(m[2]), "%s in %s", m[1], name)
		}
		for _, m := range labels {
			require.Equal(t, texts.Get("en").Get(string(m[2])).String(), string(m[1]), "%s in %s", m[2], name)
		}
	}
}
