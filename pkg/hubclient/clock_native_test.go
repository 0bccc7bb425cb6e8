//go:build !js

package hubclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestServerDate(t *testing.T) {
	date := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", date.Format(http.TimeFormat))
		http.Redirect(w, r, "/somewhere/else", http.StatusFound) // as Azure's hosts answer whatever they like
	})
	plain := httptest.NewServer(handler)
	defer plain.Close()
	secure := httptest.NewUnstartedServer(handler)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it would tell of the client that does not trust it
	secure.StartTLS()
	defer secure.Close()
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header()["Date"] = nil }))
	defer silent.Close()
	host := func(s *httptest.Server) string { return s.Listener.Addr().String() }

	t.Run("an emulator on loopback, over HTTP", func(t *testing.T) {
		got, err := ServerDate(host(plain), nil)(t.Context())
		require.NoError(t, err)
		require.Equal(t, date, got)
	})

	t.Run("a host over HTTPS", func(t *testing.T) {
		roots := secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		got, err := dateOf(t.Context(), secure.URL, &tls.Config{RootCAs: roots})
		require.NoError(t, err)
		require.Equal(t, date, got)
		_, err = dateOf(t.Context(), secure.URL, nil)
		require.ErrorAs(t, err, new(x509.UnknownAuthorityError))
	})

	t.Run("only a loopback host with a port of its own is asked over HTTP", func(t *testing.T) {
		for host, want := range map[string]string{
			"myhub.azure-devices.net": "https://myhub.azure-devices.net/",
			"gateway.example:8443":    "https://gateway.example:8443/",
			"localhost":               "https://localhost/",
			"localhost:443":           "https://localhost:443/",
			"localhost:8080":          "http://localhost:8080/",
			"[::1]:8080":              "http://[::1]:8080/",
		} {
			require.Equal(t, want, dateURL(host))
		}
	})

	t.Run("an answer without a Date", func(t *testing.T) {
		_, err := ServerDate(host(silent), nil)(t.Context())
		require.ErrorContains(t, err, "the answer has no Date")
	})

	t.Run("nobody answers", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := ServerDate(host(plain), nil)(ctx)
		require.ErrorIs(t, err, context.Canceled)
	})
}
