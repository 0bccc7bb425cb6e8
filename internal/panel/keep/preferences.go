package keep

import (
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/page"
)

// preferences are the choices of a person about the page. Empty fields were not chosen.
type preferences struct {
	Lang  catalog.Lang `json:"lang,omitempty"`
	Theme page.Theme   `json:"theme,omitempty"`
}

// LoadPreferences returns the language and the theme that a person chose on an earlier visit. Each is empty if there is none, or if the
// page's link names its own.
func (room *Room) LoadPreferences() (lang catalog.Lang, theme page.Theme) {
	var p preferences
	load(room.browser.Local, preferencesKey, &p)
	if p.Lang != "" && room.Env.Params.Lang == "" {
		lang = catalog.Match(string(p.Lang))
	}
	if link := room.Env.Params.Theme; (link == "" || link == page.ThemeAuto) && (p.Theme == page.ThemeLight || p.Theme == page.ThemeDark) {
		theme = p.Theme
	}
	return lang, theme
}

// StorePreferences keeps a person's choices for the next visit. An empty one leaves the choice of before. The lock is held for writing.
func (room *Room) StorePreferences(lang catalog.Lang, theme page.Theme) {
	local := room.browser.Local
	if local == nil {
		return
	}
	var p preferences
	load(local, preferencesKey, &p)
	if lang != "" {
		p.Lang = lang
	}
	if theme != "" {
		p.Theme = theme
	}
	if err := store(local, preferencesKey, p); err != nil {
		room.FailLocked("profile", err)
	}
}
