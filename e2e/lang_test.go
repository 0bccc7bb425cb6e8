package e2e

import (
	"strings"
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
	pn.chooses("language", "pl")
	pn.until(`document.documentElement.lang === "pl"`, "the page's language did not follow")
	pn.sees("connect", "Połącz")
}

// TestErrorsSpeakTheLanguage gets things wrong in Polish: what the page says then is Polish, from the parts of a connection
// string to the hub's refusal, and the service's own words stand in quotes.
func TestErrorsSpeakTheLanguage(t *testing.T) {
	pn := visitUnasked(t, serveHere(t).URL, "/?lang=pl") // the hub's answer 404 stands on the console
	pn.sees("hub-kind", "emulator ")
	device := pn.value("connection-string")
	pn.types("connection-string", "HostName=h.example")
	pn.sees("connect-problem", "Parametry połączenia: DeviceId — brak tej części: wklej parametry połączenia samego urządzenia")
	pn.types("connection-string", device[:strings.Index(device, "SharedAccessKey=")]+"SharedAccessKey="+strings.Repeat("A", 43)+"=")
	pn.clicks("connect")
	pn.sees("state", "Odmowa: brak autoryzacji")
	pn.sees("notice", "sprawdź, czy klucz lub token należy do tego urządzenia")
	pn.types("telemetry-body", `{"a" 1}`)
	pn.sees("telemetry-body-problem", "'1' tu nie pasuje")

	pn.clicks("palette-open")
	pn.types("palette-query", "show methods") // English is found in every language
	pn.until(`document.querySelector('[data-testid="command-view-methods"]')?.ariaSelected === "true"`, "English words find nothing")
	pn.strikes("\r")
	pn.clicks("invoke")
	pn.sees("invoke-result", "404, urządzenie nie jest połączone: „")
}
