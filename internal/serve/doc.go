// Package serve is the wiring of `go run .`: the page and the emulator behind the listeners that the flags name, from
// start to shutdown. Tests start the very same wiring in their own process.
//
// The page's files and policy are in internal/site, the emulator's paths in pkg/emulator, certificates in internal/devcert,
// and the flags and what is printed in the root's serve.go.
//
// # Usage
//
//	server, err := serve.Start(ctx, serve.Options{HTTP: "127.0.0.1:0", Web: os.DirFS("web")})
//	...
//	defer server.Close()
//	get(server.URL)                     // the page
//	server.Hub.PutDevice(...)           // the service side, without a token
//
// # Which part answers
//
// One listener carries both. The page has the files that it consists of, for GET and HEAD; everything else is the
// emulator's, which answers unknown paths as the service does. A request to become a WebSocket is always the emulator's,
// also on "/", where some SDKs ask for it.
//
// # Concurrency
//
// A Server may be used by any number of goroutines.
//
// # Cancellation
//
// The context of Start bounds the start alone. Close ends everything that Start started, and waits for it: devices and
// event streams at once, other requests within a grace period. The store is closed last.
//
// # Limitations
//
// Over plain HTTP a browser opens six connections to one origin, and an open page uses two of them for its event streams: a
// fourth page open at once waits. Over TLS, with HTTP/2, it does not.
package serve
