//go:build !js

package hubclient

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"time"
)

// tlsPort is MQTT over TLS, from the first byte ("Use MQTT to communicate with IoT Hub", port 8883).
const tlsPort = "8883"

// closeTimeout bounds the closing handshake of TLS with a peer that does not read any more.
const closeTimeout = 2 * time.Second

// DialTLS returns an Options.Dial that speaks MQTT over TLS without a WebSocket. It dials the host of its url on the port that
// is written there, else on 8883; Options.Endpoint may be "mqtts://name[:port]".
//
// config may be nil. A device with Credentials.X509 is known by the one certificate in config.Certificates; an authority
// that the system does not trust, such as the emulator's, goes into config.RootCAs. The server's name is the dialled one
// unless config names another.
func DialTLS(config *tls.Config) func(ctx context.Context, url string) (net.Conn, error) {
	dialer := &tls.Dialer{Config: config.Clone()}
	return func(ctx context.Context, rawURL string) (net.Conn, error) {
		u, err := url.Parse(rawURL)
		if err != nil || u.Hostname() == "" {
			return nil, errors.New("the address is not of the form mqtts://host")
		}
		port := u.Port()
		if port == "" {
			port = tlsPort
		}
		conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
		if err != nil {
			return nil, err
		}
		return tlsConn{conn.(*tls.Conn)}, nil
	}
}

// A tlsConn is a connection whose Close does not wait long for a silent peer.
type tlsConn struct{ *tls.Conn }

func (c tlsConn) Close() error {
	cut := time.AfterFunc(closeTimeout, func() { c.NetConn().Close() })
	defer cut.Stop()
	return c.Conn.Close()
}
