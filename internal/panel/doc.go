// Package panel is what the page knows and does: the device's and the cloud's side of a session, the actions behind every
// button, and the view as data.
//
// It knows nothing of a browser: [Env] hands it a way to dial, a way to fetch and a way to say that something changed.
// The wasm command gives it the browser's; tests give it an in-process hub, and read the view as a person would.
//
// # Concurrency
//
// A [Panel] may be used from several goroutines. Its state has one mutex, held for moments and never across I/O. Every
// goroutine it starts ends with [Panel.Close], which waits for them, and every one of them recovers: a panic becomes a
// call to Env.Fatal with a sentence for the person, never a dead page.
//
// # What does not live here
//
// MQTT, twins and tokens (pkg/hubclient, internal/hubproto), the emulator (pkg/emulator), the DOM (wasm).
package panel
