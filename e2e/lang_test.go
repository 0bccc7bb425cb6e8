package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestThePageSpeaksItsLanguages opens the page in every language by a link, and changes the language in the page: what a
// screen reader takes for the page's language follows.
func TestThePageSpeaksItsLanguages(t *testing.T) {
	server := serveHere(t)
	connect := map[string]string{"en": "Connect", "pl": "Połącz", "zh-Hans": "连接", "zh-Hant": "連線"}
	reload := map[string]string{"en": "Reload the page", "pl": "Załaduj stronę ponownie", "zh-Hans": "重新加载页面", "zh-Hant": "重新載入頁面"}
	pn := visit(t, server.URL, "/?lang=en")
	for lang, word := range connect {
		pn.page.Open(t, server.URL+"/?lang="+lang)
		pn.sees("connect", word)
		require.Equal(t, lang, script[string](pn, `document.documentElement.lang`))
		require.Equal(t, reload[lang], pn.reads("crash-reload"), "the box that says that the program broke")
		require.Equal(t, reload[lang], script[string](pn, `import("./lang.js").then((m) => m.say.reload)`))
		require.Empty(t, script[[]string](pn, `import("./lang.js").then((m) => Object.entries(m.say).filter(([, v]) => !v).map(([k]) => k))`))
	}
	script[bool](pn, `(() => { const e = document.querySelector('[data-testid="language"]'); e.value = "pl"; e.dispatchEvent(new Event("change", {bubbles: true})); return true; })()`)
	pn.until(`document.documentElement.lang === "pl"`, "the page's language did not follow")
	pn.sees("connect", "Połącz")
}
