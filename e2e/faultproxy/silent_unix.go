//go:build unix

package faultproxy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// backlog is a listening socket whose queue of connections is full: the kernel drops every further SYN in silence.
type backlog struct {
	fd    int
	fills []net.Conn
}

func listenSilently() (addr string, closer io.Closer, err error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return "", nil, err
	}
	b := &backlog{fd: fd}
	if err = errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0)); err != nil {
		return "", nil, errors.Join(err, b.Close())
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		return "", nil, errors.Join(err, b.Close())
	}
	addr = fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	// A backlog of 0 has room for one or two, as the system rounds it. The first that waits is the proof that it is full.
	for range 64 {
		c, err := net.DialTimeout("tcp", addr, 500*time.Millisecond)
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return addr, b, nil
		}
		if err != nil {
			return "", nil, errors.Join(err, b.Close())
		}
		b.fills = append(b.fills, c)
	}
	return "", nil, errors.Join(errors.New("the queue of a listening socket does not fill"), b.Close())
}

func (b *backlog) Close() error {
	for _, c := range b.fills {
		c.Close()
	}
	return syscall.Close(b.fd)
}
