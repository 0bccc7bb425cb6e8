// Package site is the page as a web host sees it: which files it has, how each is sent, and what the browser lets it
// do. The policy is said once, here, and used twice: as HTTP headers by the handler of `go run .`, and as <meta> elements
// in the static site of `make dist`, for hosts that cannot set headers.
//
// What the page looks like and does lives in web/, internal/panel and wasm/; the emulator's own paths live in pkg/emulator,
// and internal/serve decides which of the two answers a request.
//
// # Usage
//
//	s, err := site.New(os.DirFS("web"), site.Options{})  // an error if the wasm has not been built
//	http.Handle("/", s)                                   // served, or
//	err = s.WriteDist("dist")                             // a folder for any web host
//
// The two HTML pages hold a line <!-- csp --> in their head, before anything that loads. New puts there what the page
// has to know before its first script runs:
//
//   - <meta name="hubpanel-wasm-size" content="N">: the length of hubpanel.wasm in bytes, for the progress of the load.
//     It is part of the page and no header of the wasm's response, because a static host sends its own headers only, and
//     because Content-Length counts compressed bytes while a script that reads the body counts uncompressed ones.
//   - <meta name="hubpanel-hub" content="served"> or "inpage": whether the emulator's paths answer on this origin. Asking for
//     them on a static host would put a failed request into the console.
//   - in the static site only, the policy, an import map with the hashes of the modules, and, in index.html, <meta
//     name="hubpanel-offline" content="sw.js">: the page may keep itself in the browser.
//
// WriteDist names every file but the entrances (index.html, embed.html, embed.js, hubpanel.js and its types, poster.png) by a hash
// of its content, follows the references to it, puts the hashes of scripts and styles into the pages and that of the wasm into its
// loader, and writes .gz files and _headers beside them. It adds sw.js, the service worker (worker.js here), which holds the list of
// the files with their hashes.
//
// # Concurrency
//
// A Site does not change after New and serves any number of requests at once. It holds its files in memory: a rebuilt
// page is seen after a restart, and then at once, since every response is revalidated (Cache-Control: no-cache, and an
// ETag made of the content).
//
// # Limitations
//
// A policy in a <meta> element cannot say frame-ancestors, and a static host may send neither Cross-Origin-Opener-Policy nor
// Permissions-Policy: WriteDist's pages do without. Content security policies have no way to write an IPv6 address, so a page
// opened on [::1] reaches its own origin there, and other ports on localhost and 127.0.0.1 only.
package site
