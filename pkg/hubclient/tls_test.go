//go:build !js

// A browser has no TLS of its own, and no listener.

package hubclient

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// An authority is a certificate that signs others, for one test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, pool: x509.NewCertPool()}
	a.cert, a.key = a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	a.pool.AddCert(a.cert)
	return a
}

// sign makes a certificate that is valid now; the first of an authority is its own.
func (a *authority) sign(template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	require.NoError(a.t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(a.t, err)
	return cert, key
}

func (a *authority) server() tls.Certificate {
	cert, key := a.sign(&x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}
}

func (a *authority) device(id string) tls.Certificate {
	cert, key := a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: id}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}
}

// A tlsHub listens as a hub does on 8883, and hands each connection to the test when its handshake is over.
type tlsHub struct {
	net.Listener
	conns chan *tls.Conn
}

func newTLSHub(t *testing.T, a *authority, clientAuth tls.ClientAuthType) *tlsHub {
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{a.server()}, ClientAuth: clientAuth, ClientCAs: a.pool,
	})
	require.NoError(t, err)
	h := &tlsHub{l, make(chan *tls.Conn, 10)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if conn.(*tls.Conn).Handshake() != nil {
				conn.Close()
				continue
			}
			h.conns <- conn.(*tls.Conn)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-ended
	})
	return h
}

// runTLS runs a device over DialTLS until the test ends, and returns its states.
func runTLS(t *testing.T, cr Credentials, o Options) (*Client, <-chan State) {
	states := make(chan State, 100)
	o.OnState = func(s State) { states <- s }
	o.Backoff = func(int) time.Duration { return time.Hour }
	c, err := New(cr, &o)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- c.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-result)
	})
	return c, states
}

func TestTLS(t *testing.T) {
	a := newAuthority(t)

	t.Run("a device with a certificate has no password, and is known by the certificate", func(t *testing.T) {
		hub := newTLSHub(t, a, tls.RequireAndVerifyClientCert)
		cr, err := ParseConnectionString("HostName=" + hub.Addr().String() + ";DeviceId=dev-1;x509=true")
		require.NoError(t, err)
		c, _ := runTLS(t, cr, Options{Dial: DialTLS(&tls.Config{RootCAs: a.pool, Certificates: []tls.Certificate{a.device(testID)}})})
		conn := <-hub.conns
		require.Equal(t, testID, conn.ConnectionState().PeerCertificates[0].Subject.CommonName)
		h := newHub(t, conn)
		connect := waitFor[*mqttcodec.Connect](h)
		require.False(t, connect.PasswordFlag)
		require.Equal(t, hub.Addr().String()+"/dev-1/?api-version=2021-04-12", string(connect.UserName))
		h.send(&mqttcodec.Connack{})
		sent := make(chan error, 1)
		go func() { sent <- c.Send(t.Context(), Message{Body: []byte("over TLS")}) }()
		publish := waitFor[*mqttcodec.Publish](h)
		require.Equal(t, "over TLS", string(publish.Payload))
		h.send(&mqttcodec.Puback{PacketID: publish.PacketID})
		require.NoError(t, <-sent)
	})

	t.Run("a device with a key, by an endpoint, and many messages", func(t *testing.T) {
		hub := newTLSHub(t, a, tls.RequestClientCert)
		c, _ := runTLS(t, Credentials{Host: testHost, DeviceID: testID, Key: testKey},
			Options{Endpoint: "mqtts://" + hub.Addr().String(), Dial: DialTLS(&tls.Config{RootCAs: a.pool})})
		served := make(chan struct{})
		go func() {
			defer close(served)
			acknowledge(<-hub.conns)
		}()
		require.NoError(t, c.SendBatch(t.Context(), make([]Message, 20000)))
		t.Cleanup(func() { <-served }) // the device's context, the test's, has ended by then
	})

	t.Run("a hub that wants a certificate says so to a device without one", func(t *testing.T) {
		hub := newTLSHub(t, a, tls.RequireAndVerifyClientCert)
		_, states := runTLS(t, Credentials{Host: hub.Addr().String(), DeviceID: testID, Key: testKey}, Options{Dial: DialTLS(&tls.Config{RootCAs: a.pool})})
		require.ErrorContains(t, firstError(states), "certificate required")
	})

	t.Run("a hub that shows a certificate of nobody is not spoken to", func(t *testing.T) {
		hub := newTLSHub(t, a, tls.NoClientCert)
		_, states := runTLS(t, Credentials{Host: hub.Addr().String(), DeviceID: testID, Key: testKey}, Options{Dial: DialTLS(nil)})
		err := firstError(states)
		var dial *DialError
		require.ErrorAs(t, err, &dial)
		require.ErrorAs(t, err, new(x509.UnknownAuthorityError))
		require.Empty(t, hub.conns)
	})

	t.Run("the port is 8883 unless the address names one", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := DialTLS(nil)(ctx, hubproto.WebSocketURL("127.0.0.1"))
		var op *net.OpError
		require.ErrorAs(t, err, &op)
		require.Equal(t, "127.0.0.1:8883", op.Addr.String())
		_, err = DialTLS(nil)(ctx, "mqtts://")
		require.ErrorContains(t, err, "mqtts://host")
	})
}

// firstError returns the first error among a device's states.
func firstError(states <-chan State) error {
	for s := range states {
		if s.Err != nil {
			return s.Err
		}
	}
	return nil
}

// waitFor takes the next packet, a T, outside of a synctest bubble: a socket's arrival is nothing a bubble can wait for.
func waitFor[T mqttcodec.Packet](h *hub) T {
	h.t.Helper()
	var p mqttcodec.Packet
	require.Eventually(h.t, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		if len(h.packets) == 0 {
			return false
		}
		p, h.packets = h.packets[0], h.packets[1:]
		return true
	}, 10*time.Second, time.Millisecond)
	got, ok := p.(T)
	require.True(h.t, ok, "got %v", p)
	return got
}
