package panel

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/panel/keep"
)

// offlineCalls is a browser that keeps the page, and remembers what it was asked.
type offlineCalls struct{ reloads, forgets int }

func (o *offlineCalls) Reload() { o.reloads++ }
func (o *offlineCalls) Forget() { o.forgets++ }

func TestANewVersionIsOfferedAndNotForced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		browser := new(offlineCalls)
		pg := openWith(t, Env{Local: memory{}, Offline: browser})
		require.Contains(t, pg.read("stored-offline"), "Nothing.")
		pg.OfflineChanged(keep.Kept{Version: "0123456789ab", Files: 24})
		require.Contains(t, pg.read("stored-offline"), "Version 0123456789ab, files: 24.")
		require.Empty(t, pg.read("update"), "nothing is newer")

		pg.OfflineChanged(keep.Kept{Version: "0123456789ab", Files: 24, Newer: true})
		require.Contains(t, pg.read("update"), "A new version of this page is ready")
		require.Zero(t, browser.reloads, "a person decides when")
		pg.click("update-reload")
		require.Equal(t, 1, browser.reloads)

		pg.click("forget-everything")
		require.Equal(t, 1, browser.forgets)
	})
}
