//go:build unix

package emulator

import (
	"io"
	"net"
	"os"
	"syscall"
)

// rawReader reads from a socket. It waits for bytes first and borrows a buffer then, where net.Conn.Read needs a buffer to wait.
type rawReader struct {
	conn  syscall.RawConn
	try   func(fd uintptr) bool // attempt, as a value that is made once
	chunk *[readSize]byte
	n     int
	err   error
}

// newRawReader returns nil when conn is not a socket.
func newRawReader(conn net.Conn) *rawReader {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil
	}
	r := &rawReader{conn: raw}
	r.try = r.attempt
	return r
}

// read returns a buffer with the next bytes. The caller puts it back into readChunks.
func (r *rawReader) read() (*[readSize]byte, int, error) {
	err := r.conn.Read(r.try)
	chunk := r.chunk
	r.chunk = nil
	switch {
	case err != nil:
	case r.err != nil:
		err = os.NewSyscallError("read", r.err)
	case r.n == 0:
		err = io.EOF
	default:
		return chunk, r.n, nil
	}
	if chunk != nil {
		readChunks.Put(chunk)
	}
	return nil, 0, err
}

// attempt reads without waiting, and reports whether there was anything: bytes, the end or an error.
func (r *rawReader) attempt(fd uintptr) bool {
	r.chunk = readChunks.Get().(*[readSize]byte)
	for {
		r.n, r.err = syscall.Read(int(fd), r.chunk[:])
		if r.err == syscall.EINTR {
			continue
		}
		if r.err != syscall.EAGAIN {
			return true
		}
		readChunks.Put(r.chunk)
		r.chunk, r.err = nil, nil
		return false
	}
}
