//go:build !js

package wsconn_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hubpanel/hubpanel/pkg/wsconn/wstest"
)

const firefox = false

// server starts the scripted servers for a test and returns the start of their URLs.
func server(t testing.TB) string {
	scripts := new(wstest.Server)
	srv := httptest.NewServer(scripts)
	t.Cleanup(func() {
		scripts.Close()
		srv.Close()
	})
	return strings.Replace(srv.URL, "http", "ws", 1) + "/"
}
