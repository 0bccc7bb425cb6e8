// Package interop runs Microsoft's SDKs for Node.js, as they come from npm, against the emulator, over every transport that
// they and the emulator share.
//
// The scenarios are JavaScript, in scenarios/, as a user of the SDKs would write it; README.md says which SDKs and what is left
// out. Here, in Go, live the installation of the packages and the emulator that the scenarios talk to: the same that
// `go run . -https 127.0.0.1:443 -mqtts 127.0.0.1:8883` starts, since the SDKs know no other ports.
//
// The scenarios of an area over a transport run at the same time in one process, and each is a subtest. One that fails shows its
// error, and what the emulator's operations log has about its devices. DEBUG=azure* in the environment makes the SDKs talk more.
package interop
