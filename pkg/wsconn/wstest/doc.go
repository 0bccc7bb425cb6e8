// Package wstest is the other end for the tests of package wsconn: WebSocket
// servers that do as a script says, the wrong thing included.
//
// It frames messages itself, straight on the TCP connection. It shares no code with wsconn or
// with coder/websocket, whose mistakes it would share otherwise, and which refuse
// to misbehave. MQTT servers live elsewhere (package emulator).
//
// # Usage
//
// The last element of a request's path names the script, its query the details:
//
//	echo                      sends back every message
//	sink      key             reads; at the end signals "messages/bytes/code", where code is that of the close, 1006 without one
//	numbers   n, size, when, then
//	                          sends n messages of size bytes that begin with 0, 1, 2 ... in four bytes; then as below
//	fragments                 sends the message "fragmented" in three frames with a ping between them, then as sink
//	text      key             sends a binary message "before", then a text message, then as sink
//	deaf                      reads, and answers nothing, not even a close
//	stuck     key, until      reads nothing until the key "until" is released, then as sink
//	hang      key             does not answer the handshake; signals "gone" when the client has given up
//	late      key, until      answers the handshake when "until" is released, then as sink
//	refuse    status          answers the handshake with an HTTP status
//	protocol  name            answers the handshake with this subprotocol, or none
//	await     key             sends what was signalled under the key, as soon as it was, then closes
//	release   key             releases a key, then closes
//	count     script          sends how many connections a script has, then closes
//
// numbers begins at once, or, when "when" is "asked", after a message from the client. It ends as "then" says: "hold" (the default) as sink does; "close" by a close frame with
// code and reason; "cut" with the end of the TCP connection; "reset" with its reset.
//
// A key is any word that the test makes up. What is signalled is kept until it is
// fetched, so the order of the two does not matter.
//
// # Concurrency
//
// Each request is served on its own goroutine. Close ends them all and waits.
//
// # Limitations
//
// No extensions, no TLS, no checks of what it is sent beyond what a script needs.
package wstest
