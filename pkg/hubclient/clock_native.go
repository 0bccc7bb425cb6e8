//go:build !js

package hubclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// ServerDate returns an Options.ServerTime that asks host, a name[:port], for any page over HTTPS and reads the Date header of
// the answer, whatever that is (RFC 9110 section 6.6.1). A loopback host with another port than 443 is the emulator, and is
// asked over HTTP. config may be nil; otherwise it contains the trusted certificates.
//
// It goes through the proxy that the environment names. In a browser no hub answers a page's questions: there a page
// asks its own server.
func ServerDate(host string, config *tls.Config) func(context.Context) (time.Time, error) {
	return func(ctx context.Context) (time.Time, error) {
		date, err := dateOf(ctx, dateURL(host), config)
		if err != nil {
			return time.Time{}, fmt.Errorf("hubclient: asking %s for the time: %w", host, err)
		}
		return date, nil
	}
}

func dateURL(host string) string {
	if _, port, err := net.SplitHostPort(host); err == nil && port != "443" && hubproto.IsLoopback(host) {
		return "http://" + host + "/"
	}
	return "https://" + host + "/"
}

func dateOf(ctx context.Context, url string, config *tls.Config) (time.Time, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return time.Time{}, err
	}
	transport := &http.Transport{
		Proxy:             http.ProxyFromEnvironment,
		TLSClientConfig:   config.Clone(), // net/http adds to it
		DisableKeepAlives: true,
	}
	// No http.Client: it would follow redirects, and the time is in the first answer.
	response, err := transport.RoundTrip(request)
	if err != nil {
		return time.Time{}, err
	}
	response.Body.Close()
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return time.Time{}, errors.New("the answer has no Date")
	}
	return date, nil
}
