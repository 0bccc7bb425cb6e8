package panel

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
)

func TestThePaletteDoesWhatItFinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		require.False(t, pg.has("palette"))
		pg.press("Ctrl+k")
		require.Equal(t, "dialog", pg.find("palette").Tag)

		disconnect := pg.find("command-disconnect")
		disabled, _ := disconnect.Attr("aria-disabled")
		require.Equal(t, "true", disabled, "there is nothing to disconnect")

		pg.typeIn("palette-query", "shometh")
		active, _ := pg.find("command-view-methods").Attr("aria-selected")
		require.Equal(t, "true", active, "the best match is the active one")
		pg.pressIn("palette-query", "Enter")
		require.False(t, pg.has("palette"))
		pressed, _ := pg.find("tab-methods").Attr("aria-pressed")
		require.Equal(t, "true", pressed)

		pg.press("Ctrl+k")
		require.Empty(t, pg.find("palette-query").Value, "it opens empty")
		pg.typeIn("palette-query", "connect")
		pg.pressIn("palette-query", "Enter")
		require.Contains(t, pg.read("state"), "Connected since")

		pg.press("Ctrl+k")
		pg.typeIn("palette-query", "xyzzy")
		require.Equal(t, "No command is called that.", pg.read("palette-count"))
		pg.pressIn("palette-query", "Enter")
		require.True(t, pg.has("palette"), "Enter on nothing does nothing")
		pg.pressIn("palette", "Escape")
		require.False(t, pg.has("palette"))
	})
}

func TestTheArrowsGoRoundInThePalette(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		pg.press("Ctrl+k")
		pg.typeIn("palette-query", "theme")
		active := func() string {
			id, _ := pg.find("palette-query").Attr("aria-activedescendant")
			var option string
			uitest.Walk(pg.View(), func(n *ui.Node) bool {
				if v, _ := n.Attr("id"); v == id {
					option, _ = n.Attr("data-testid")
				}
				return false
			})
			return option
		}
		require.Equal(t, "command-theme-light", active(), "auto is set, and comes after what can be chosen")
		pg.pressIn("palette-query", "ArrowUp") // round to the last
		pg.pressIn("palette-query", "ArrowDown")
		require.Equal(t, "command-theme-light", active())
		pg.pressIn("palette-query", "ArrowDown")
		require.Equal(t, "command-theme-dark", active())
		pg.pressIn("palette-query", "Enter")
		theme, _ := pg.View().Attr("data-theme")
		require.Equal(t, "dark", theme)
	})
}

func TestTheShortcutsAreThoseOfTheCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		pg.press("Alt+3")
		pressed, _ := pg.find("tab-twin").Attr("aria-pressed")
		require.Equal(t, "true", pressed)

		pg.press("?")
		require.Contains(t, pg.read("shortcuts"), "Show: Device twin")
		require.Contains(t, pg.read("shortcuts"), "Find a command")
		pg.fire("shortcuts-single", "change", ui.Event{Checked: false})
		pg.click("shortcuts-close")
		for _, l := range pg.View().Events {
			require.NotContains(t, l.Keys, "?", "switched off")
		}

		pg.connect()
		pg.press("Ctrl+Enter")
		require.Contains(t, pg.read("device-log"), "acknowledged in")
	})
}

func TestEveryCommandHasAnIDAndKeyOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		var commands, withKeys []page.Command
		pg.Read(func() {
			commands = pg.commands()
			withKeys = pg.palette.Links.KeyCommands()
			for _, c := range pg.palette.Commands() {
				if c.Key != "" {
					withKeys = append(withKeys, c)
				}
			}
		})
		ids, keys := map[string]bool{}, map[string]bool{}
		for _, c := range commands {
			require.NotEmpty(t, pg.Words(c.Name), c.ID)
			require.False(t, ids[c.ID], "two commands have the id %s", c.ID)
			ids[c.ID] = true
			require.False(t, c.Key != "" && keys[c.Key], "two commands have the key %s", c.Key)
			keys[c.Key] = true
		}
		delete(keys, "")
		require.Len(t, withKeys, len(keys), "keyCommands are the commands with a key")
		for _, c := range withKeys {
			require.True(t, keys[c.Key], c.ID)
		}
	})
}

// Every area has its commands, which are found by words of the page's language and by English ones.
func TestThePaletteHasCommandsOfEveryArea(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		pg.connect()
		pg.SetLang(catalog.Polish)
		best := func(query string) string {
			pg.typeIn("palette-query", query)
			best := ""
			uitest.Walk(pg.find("palette"), func(n *ui.Node) bool {
				if role, _ := n.Attr("role"); role != "option" {
					return false
				}
				best = strings.TrimPrefix(attrOf(n, "data-testid"), "command-")
				return true
			})
			require.NotEmpty(t, best, query)
			return best
		}
		pg.press("Ctrl+k")
		for query, want := range map[string]string{
			"rozłącz": "disconnect", "disconnect": "disconnect", "forget everything": "forget-everything", "zapomnij": "forget-everything",
			"connect with sas token": "connect-with-token", "start stream-1": "stream-start-0", "uruchom stream-1": "stream-start-0", "add a stream": "stream-add",
			"format message body": "telemetry-format", "report the patch": "twin-report", "ask me": "method-rest-hand",
			"add a rule": "method-rule-add", "register only": "dps-register-only", "update tags": "tags-update", "invoke": "invoke",
			"throttle on": "fault-throttle-on", "cut the connection": "fault-cut", "przerwij połączenie": "fault-cut", "end all trouble": "faults-end",
			"save the session": "export-session", "open a session": "import-session", "copy as python": "copy-as-python", "mosquitto": "copy-as-mosquitto",
			"pause packets": "wire-pause", "clear packets": "wire-clear", "theme dark": "theme-dark", "english": "language-en",
			"clear the operations log": "cloud-log-clear", "show provisioning": "view-provisioning",
		} {
			require.Equal(t, want, best(query), query)
		}
	})
}

// What waits on the page has commands while it waits, and does what its button does.
func TestThePaletteAnswersAndAcknowledges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=methods")
		pg.connect()
		run := func(query, id string) {
			t.Helper()
			pg.press("Ctrl+k")
			pg.typeIn("palette-query", query)
			pg.find("command-" + id)
			pg.pressIn("palette-query", "Enter")
			require.False(t, pg.has("palette"), query)
		}
		run("every method ask me", "method-rest-hand")
		pg.click("invoke")
		require.Len(t, pg.all("method-waiting"), 1)
		run("fail reboot with 500", "method-fail-0")
		require.Contains(t, pg.read("invoke-result"), "500")

		pg.click("tab-twin")
		pg.click("desired-update")
		require.Contains(t, pg.read("twin-desired"), "telemetryInterval")
		run("acknowledge telemetryInterval", "twin-acknowledge-telemetryInterval")
		require.Contains(t, pg.read("twin-ack-state"), "ac 200")

		run("pause the packets", "wire-pause")
		pg.Show(page.TopicWire)
		require.True(t, pg.pressed("wire-pause"))
		run("go on with packets", "wire-go-on")
		require.False(t, pg.pressed("wire-pause"))
		run("throttle on", "fault-throttle-on")
		require.True(t, pg.hub().CurrentFaults().Throttle)
		require.True(t, pg.has("faults-on"))
		run("throttle off", "fault-throttle-off")
		require.False(t, pg.hub().CurrentFaults().Throttle)
		require.False(t, pg.has("faults-on"))
		pg.Show(page.TopicTelemetry)
		run("start stream-1", "stream-start-0")
		require.True(t, pg.has("stream-0-stop"))
		run("stop stream-1", "stream-stop-0")
		require.False(t, pg.has("stream-0-stop"))
	})
}
