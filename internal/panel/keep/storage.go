package keep

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// The keys of what the page keeps in the browser. Only tabKey, in the tab's own storage, holds a secret.
const (
	keptPrefix     = "hubpanel."
	profilesKey    = keptPrefix + "profiles"    // Local: what a person saved
	preferencesKey = keptPrefix + "preferences" // Local: language and theme, once a person has chosen them
	tabKey         = keptPrefix + "tab"         // Session: the connection form with its secret, if the person wants that
)

// kept is what the page knows of what the browser keeps.
type kept struct {
	profiles    []savefile.Profile
	profileName ui.Field // of the profile to save
	secret      bool     // the secret is kept in this tab
}

// load reads the value of a key, and reports whether there is one that can be read. A nil storage has none.
func load(from page.Storage, key string, v any) bool {
	if from == nil {
		return false
	}
	raw, ok := from.Get(key)
	return ok && json.Unmarshal([]byte(raw), v) == nil
}

// store writes the value of a key. Its error is the browser's if it has no room.
func store(to page.Storage, key string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return to.Set(key, string(raw))
}

// keptKeys returns the page's own keys: everything that is served from the same origin shares a storage.
func keptKeys(s page.Storage) []string {
	if s == nil {
		return nil
	}
	keys := slices.DeleteFunc(s.Keys(), func(key string) bool { return !strings.HasPrefix(key, keptPrefix) })
	slices.Sort(keys)
	return keys
}

// keptSize returns how much of the storage a key and its value take, in bytes: browsers count UTF-16.
func keptSize(key, value string) string {
	return fmt.Sprintf("%d B", 2*(len([]rune(key))+len([]rune(value))))
}
