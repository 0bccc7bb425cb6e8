//go:build !js

package emulator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// ServeMQTT accepts devices from l until it is closed, or the hub is; it closes l, and returns when every connection that it
// accepted has ended. l gives plain or, as the service does on port 8883, TLS connections (tls.NewListener). The error is nil
// after Close, otherwise l's own.
func (h *Hub) ServeMQTT(l net.Listener) error {
	if err := h.begin(context.Background()); err != nil {
		l.Close()
		return err
	}
	defer h.running.Done()
	var closer sync.WaitGroup
	defer closer.Wait()
	ended := make(chan struct{})
	defer close(ended)
	closer.Go(func() {
		select {
		case <-h.closing:
		case <-ended:
		}
		l.Close()
	})
	for pause := time.Duration(0); ; {
		conn, err := l.Accept()
		if err == nil {
			pause = 0
			h.startMQTT(conn)
			continue
		}
		select {
		case <-h.closing:
			return nil
		default:
		}
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			return fmt.Errorf("emulator: accepting MQTT connections: %w", err)
		}
		// A passing shortage, such as of file descriptors.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		select {
		case <-time.After(pause):
		case <-h.closing:
		}
	}
}

func (h *Hub) startMQTT(conn net.Conn) {
	if h.begin(context.Background()) != nil {
		conn.Close()
		return
	}
	go func() {
		p, err := h.handshake(conn)
		if err != nil {
			defer h.running.Done()
			conn.Close()
			h.note(Operation{Category: CategoryConnections, Name: "tlsHandshake", StatusCode: 400004, Level: LevelWarning, Description: err.Error()})
			return
		}
		h.start(conn, p)
	}()
}

// handshake finds the host name that a device used, and its certificate.
func (h *Hub) handshake(conn net.Conn) (peer, error) {
	host := "localhost"
	_, port, _ := net.SplitHostPort(conn.LocalAddr().String())
	secure, ok := conn.(*tls.Conn)
	var p peer
	if ok {
		ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
		defer cancel()
		go func() {
			select {
			case <-h.closing:
				cancel()
			case <-ctx.Done():
			}
		}()
		if err := secure.HandshakeContext(ctx); err != nil {
			return p, err
		}
		state := secure.ConnectionState()
		p.cert = certificateOf(state)
		if state.ServerName != "" {
			host = state.ServerName
		}
	}
	p.host = host
	if port != "8883" { // where a client looks when the host name has no port
		p.host = net.JoinHostPort(host, port)
	}
	return p, nil
}
