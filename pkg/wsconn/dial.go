//go:build !js

package wsconn

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"

	"github.com/coder/websocket"
)

// client makes the handshakes. It keeps no connection for later, and like a browser
// it follows no redirect.
var client = sync.OnceValue(func() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
})

// Dial opens a WebSocket connection to a ws or wss URL with subprotocol
// [Subprotocol]. When ctx ends first it returns at once with the error of ctx,
// wrapped. Its errors are [*HandshakeError] and [*SubprotocolError].
//
// Natively it goes through the proxy that the environment names, and trusts the
// certificates that the system does, as [http.DefaultTransport] does.
func Dial(ctx context.Context, rawURL string) (net.Conn, error) {
	host, err := hostOf(rawURL)
	if err != nil {
		return nil, err
	}
	var raw net.Conn
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { raw = info.Conn }}
	ws, resp, err := websocket.Dial(httptrace.WithClientTrace(ctx, trace), rawURL, &websocket.DialOptions{
		HTTPClient:   client(),
		Subprotocols: []string{Subprotocol},
	})
	if err != nil {
		return nil, dialError(ctx, host, resp, err)
	}
	if ctx.Err() != nil {
		// When ctx ends just as the answer comes, net/http may close the connection and
		// return the answer all the same.
		_ = ws.CloseNow()
		return nil, dialError(ctx, host, nil, ctx.Err())
	}
	c := newConn(ws, raw)
	if got := ws.Subprotocol(); !strings.EqualFold(got, Subprotocol) {
		c.Close()
		return nil, &SubprotocolError{Host: host, Got: got}
	}
	return c, nil
}

// dialError returns the error of this package for a handshake that failed.
func dialError(ctx context.Context, host string, resp *http.Response, err error) error {
	if ctx.Err() != nil {
		return &HandshakeError{Host: host, Reason: ctx.Err().Error(), Err: ctx.Err()}
	}
	if resp == nil {
		// The URL in a url.Error may have a query with secrets.
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return &HandshakeError{Host: host, Reason: err.Error(), Err: err}
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return &HandshakeError{
			Host: host, StatusCode: resp.StatusCode,
			Reason: "the server answered " + resp.Status + " instead of upgrading to WebSocket", Err: err,
		}
	}
	if got := resp.Header.Get("Sec-WebSocket-Protocol"); got != "" && !strings.EqualFold(got, Subprotocol) {
		return &SubprotocolError{Host: host, Got: got}
	}
	return &HandshakeError{Host: host, StatusCode: resp.StatusCode, Reason: err.Error(), Err: err}
}
