package e2e

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/browser"
)

// chrome is the browser of the tests that ask for no other. To start one takes as long as many a test; its pages share nothing
// (see [browser.Browser.NewPage]).
var chrome struct {
	sync.Mutex
	*browser.Browser
}

func TestMain(m *testing.M) {
	code := m.Run()
	if chrome.Browser != nil {
		if err := chrome.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "close the browser:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// newPage opens an empty page for the length of a test.
func newPage(t testing.TB) *browser.Page {
	t.Helper()
	chrome.Lock()
	defer chrome.Unlock()
	var err error
	if chrome.Browser == nil {
		chrome.Browser, err = browser.Start(context.Background(), nil)
		require.NoError(t, err)
	}
	page, err := chrome.NewPage()
	require.NoError(t, err)
	t.Cleanup(page.Close)
	return page
}
