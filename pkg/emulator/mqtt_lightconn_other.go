//go:build !unix && !js

package emulator

import "net"

// rawReader is for sockets of Unix. Elsewhere a connection keeps the buffers of net/http.
type rawReader struct{}

func newRawReader(net.Conn) *rawReader { return nil }

func (*rawReader) read() (*[readSize]byte, int, error) { panic("there is no rawReader") }
