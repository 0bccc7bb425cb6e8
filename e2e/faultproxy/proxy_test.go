package faultproxy

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func start(t *testing.T, o Options) *Proxy {
	t.Helper()
	p, err := Start(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

// upgrader takes every upgrade and echoes what comes then; a request without one it refuses.
func upgrader(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			http.Error(w, "upgrade required", http.StatusUpgradeRequired)
			return
		}
		c, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer c.Close()
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n")
		io.Copy(c, rw)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

const request = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"

// ask sends the upgrade and returns the head of the answer and the connection.
func ask(t *testing.T, addr string) (string, net.Conn) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(c, request)
	require.NoError(t, err)
	var head []byte
	for b := make([]byte, 1); !strings.HasSuffix(string(head), "\r\n\r\n"); head = append(head, b[0]) {
		if _, err := c.Read(b); err != nil {
			return string(head), c
		}
	}
	return string(head), c
}

func TestWhatPassesAndWhatDoesNot(t *testing.T) {
	hub := upgrader(t)
	head, c := ask(t, start(t, Options{Upstream: hub}).Addr())
	require.Contains(t, head, "101 ")
	require.Contains(t, head, "Sec-Websocket-Protocol: mqtt")
	_, err := io.WriteString(c, "hello")
	require.NoError(t, err)
	echo := make([]byte, 5)
	_, err = io.ReadFull(c, echo)
	require.NoError(t, err)
	require.Equal(t, "hello", string(echo))

	head, _ = ask(t, start(t, Options{Fault: NoProtocol, Upstream: hub}).Addr())
	require.Contains(t, head, "101 ")
	require.NotContains(t, head, "Protocol:")
	head, _ = ask(t, start(t, Options{Fault: NoUpgrade, Upstream: hub}).Addr())
	require.Contains(t, head, "426 ")
	head, _ = ask(t, start(t, Options{Fault: HTML, Upstream: hub}).Addr())
	require.Contains(t, head, "200 ")
}

func TestPortsThatDoNotAnswer(t *testing.T) {
	_, err := net.Dial("tcp", start(t, Options{Fault: Closed}).Addr())
	require.ErrorIs(t, err, syscall.ECONNREFUSED)

	_, err = net.DialTimeout("tcp", start(t, Options{Fault: Silent}).Addr(), 300*time.Millisecond)
	var timeout net.Error
	require.True(t, errors.As(err, &timeout) && timeout.Timeout(), "%v", err)

	c, err := net.Dial("tcp", start(t, Options{Fault: Reset}).Addr())
	if err == nil { // the reset may be faster than the return of connect
		_, err = c.Read(make([]byte, 1))
	}
	require.ErrorIs(t, err, syscall.ECONNRESET)

	mute := start(t, Options{Fault: Mute})
	c, err = net.Dial("tcp", mute.Addr())
	require.NoError(t, err)
	require.NoError(t, c.SetDeadline(time.Now().Add(200*time.Millisecond)))
	_, err = c.Read(make([]byte, 1))
	require.True(t, errors.As(err, &timeout) && timeout.Timeout(), "%v", err)
	require.Equal(t, 1, mute.Connections())
}

func TestIdleConnectionIsCut(t *testing.T) {
	_, c := ask(t, start(t, Options{Fault: IdleCut, Upstream: upgrader(t), Idle: 100 * time.Millisecond}).Addr())
	_, err := c.Read(make([]byte, 1))
	require.Error(t, err)
	require.False(t, errors.Is(err, syscall.ETIMEDOUT))
}

func TestAuthority(t *testing.T) {
	a, err := NewAuthority()
	require.NoError(t, err)
	other, err := NewAuthority()
	require.NoError(t, err)
	require.NotEqual(t, a.SPKI(), other.SPKI())
	certificate, err := a.Issue("hub.azure-devices.net")
	require.NoError(t, err)
	p := start(t, Options{Fault: MuteInTLS, TLS: certificate})
	for _, c := range []struct {
		who     *Authority
		trusted bool
	}{{a, true}, {other, false}} {
		pool := x509.NewCertPool()
		pool.AddCert(c.who.Certificate())
		conn, err := tls.Dial("tcp", p.Addr(), &tls.Config{RootCAs: pool, ServerName: "hub.azure-devices.net"})
		if c.trusted {
			require.NoError(t, err)
			conn.Close()
		} else {
			require.Error(t, err)
		}
	}
}
