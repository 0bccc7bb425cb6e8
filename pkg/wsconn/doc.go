// Package wsconn carries MQTT's byte stream over a WebSocket as a [net.Conn],
// the same natively and in the browser.
//
// Here live the opening handshake with subprotocol [Subprotocol], the framing
// and the closing handshake of one connection. MQTT packets (package mqttcodec),
// reconnecting (package hubclient) and the address of a hub (package hubproto)
// live elsewhere.
//
// # Usage
//
//	conn, err := wsconn.Dial(ctx, "wss://example.azure-devices.net/$iothub/websocket")
//
// Each Write is one binary message [MQTT-6.0.0-1]; a Write of no bytes sends
// nothing. Reads are a byte stream: they need not line up with messages, just as
// MQTT packets need not [MQTT-6.0.0-2]. A server upgrades a request with Accept,
// which does not exist in the browser.
//
// When the peer has ended the connection, Read first gives everything that
// arrived before that, then a [*CloseError]. It leads [errors.Is] to [io.EOF] when
// the peer closed cleanly and to [net.ErrClosed] when it did not. The part of a message
// that was broken off may be given or not, but never anything else.
//
// # Two platforms
//
// Natively, and for servers, the protocol is that of github.com/coder/websocket.
// In the browser (GOOS=js) it is a bridge to the browser's own WebSocket. The
// bridge lets messages gather outside of Go and then wakes Go once for all of them;
// see ws_js.go. It needs no JavaScript file and works under a
// Content-Security-Policy without 'unsafe-eval' and with Trusted Types: what gathers is a WebAssembly
// module of 400 bytes, for which 'wasm-unsafe-eval' is enough, as it is for Go itself. It needs reference types:
// Chrome 96, Firefox 79 or Safari 15. In an older browser Dial gives a [*HandshakeError].
//
// # Concurrency
//
// All methods may be called at the same time. Keep one goroutine in Read
// for the connection's whole life: natively it also answers pings, and it is what
// notices the end. The package starts no goroutine that outlives the call that
// started it.
//
// # Cancellation
//
// The context given to Dial bounds the opening handshake only, and Dial returns
// as soon as it ends. After that only Close ends a connection. Close closes with
// code 1000, after what was written, and returns within two seconds whatever the
// peer does. It releases blocked Reads and Writes, at once in the browser and before it
// returns natively. Of a closed connection, Read and Write give an error that is
// [net.ErrClosed].
//
// Write is where a slow peer is felt. In the browser it waits while more than
// 1 MiB of earlier writes is not sent yet (bufferedAmount), natively while the
// kernel's buffers are full.
//
// # Tests
//
// The tests run natively and in a browser, against the scripted servers of package
// wstest. Natively they start these themselves. In a browser they find the
// address in the environment variable HUBPANEL_WSTEST, which e2e/wasmexec sets,
// and need nothing else, so that any browser will do:
//
//	GOOS=js GOARCH=wasm go test -exec "$PWD/bin/wasmexec" ./pkg/wsconn
//	WASMEXEC_BROWSER=firefox GOOS=js GOARCH=wasm go test -exec "$PWD/bin/wasmexec" ./pkg/wsconn
//
// # Limitations
//
// There are no deadlines: SetDeadline, SetReadDeadline and SetWriteDeadline return [os.ErrNoDeadline].
//
// A browser reads from the network whether or not Read is called, so what
// arrives waits in the page's memory.
//
// In a browser a page cannot learn why a handshake failed, and a [*HandshakeError]
// from it can only list the usual reasons. A server that answered with another
// subprotocol is one of them. After many failures in a row Chromium delays each
// further handshake of the page by up to five seconds. Firefox delays the next handshake with
// a server after each failure and each abnormal end, by 0.2 to 0.4 s at first and longer while handshakes
// go on failing.
//
// Firefox keeps the TCP connection of a handshake that was cancelled until the server
// answers it, and then closes it; the next Dial does not wait for that. Chromium ends it at once.
//
// In Firefox, a connection that ends without a closing handshake right behind its opening
// handshake never opens: Dial fails, and what the peer sent in between is lost.
//
// A page cannot cut a connection off: when the peer does not answer the closing
// handshake, Close gives up after two seconds and the browser keeps the socket
// until its own timeout, with nothing left of it in Go.
package wsconn

//go:generate go run ../../internal/wat/assemble stage.wat stage.wasm
