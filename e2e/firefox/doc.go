// Package firefox runs headless Firefox for the project's tests and hears
// everything that a page says while it runs, as package browser does for Chrome.
//
// Here live starting Firefox with a profile of its own, and as much of WebDriver
// BiDi (https://w3c.github.io/webdriver-bidi/) as the tests want: pages, scripts
// and the events of the record. Finding and installing programs, and the record
// itself, live in package browser. What the pages do is for the tests to drive, with
// [Eval].
//
// # Usage
//
//	page := firefox.New(t)
//	page.Open(t, url)
//	title, err := firefox.Eval[string](t.Context(), page, "document.title")
//	require.NoError(t, page.Problems(url)) // no console error, no CSP violation, no foreign request
//
// # Concurrency
//
// A Browser and a Page may be used by several goroutines. Events are recorded, and functions given to
// Bind called, one at a time in the order in which Firefox told of them.
//
// # Cancellation
//
// Every command takes a context; when it ends first the command may still be
// carried out. A browser ends with the context that it was started with, or with Close, and Close
// waits until its processes are gone and its profile is removed. When this
// process is killed, the Linux kernel ends Firefox too; the profile that
// then stays behind is removed by the next Start of anybody.
//
// # Limitations
//
// Firefox reaches loopback only: everything else goes to a proxy that does not
// exist, so no test depends on the network. A page's record does not cover its workers.
// Outside of Linux, a Firefox whose parent was killed lives on.
package firefox
