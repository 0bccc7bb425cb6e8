// Package browser runs headless Chrome for the project's tests, and for cmd/scenario, and hears
// everything that a page says while it runs.
//
// Here live finding and installing Chrome (and other programs that only tests
// want), starting it, and the record of what a page logged and requested. What the pages do
// is for the tests themselves to drive, with chromedp and [Page.Context].
//
// # Usage
//
//	page := browser.New(t, nil)
//	page.Open(t, url)
//	require.NoError(t, chromedp.Do(page.Context(), chromedp.Click(chromedp.CSS("#connect"))))
//	require.NoError(t, page.Problems(url)) // no console error, no CSP violation, no foreign request
//
// A program has no test to fail: it uses [Start], [Browser.NewPage], [Page.Goto] and [Browser.Close].
//
// # Concurrency
//
// A Browser and the record of a Page may be used by several goroutines; the actions of one page
// run in one tab, so one goroutine at a time should act.
//
// # Cancellation
//
// A browser ends with the context that it was started with, or with Close, and
// both wait until its processes are gone and its profile is removed. When
// this process is killed the kernel ends Chrome too (a parent-death signal on Linux, and the
// closed DevTools pipe everywhere); only the profile in the temporary directory
// then stays behind.
//
// # Limitations
//
// Chrome resolves only localhost and the names that Options.Hosts adds: no
// test reaches the network, and no test depends on it. A page's record does not cover
// its workers, nor frames of other origins.
package browser
