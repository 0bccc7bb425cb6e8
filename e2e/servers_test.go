package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/serve"
	"github.com/hubpanel/hubpanel/internal/site"
)

// serveHere starts what `make run` starts, on a port that the kernel chooses.
func serveHere(t testing.TB) *serve.Server {
	t.Helper()
	server, err := serve.Start(t.Context(), serve.Options{HTTP: "127.0.0.1:0", Web: os.DirFS("../web")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	server.URL = strings.TrimSuffix(server.URL, "/")
	return server
}

// serveStatic writes the static site, as `make dist` does, and serves it below a path with a server that knows nothing of
// hubpanel. It returns the server's origin.
func serveStatic(t testing.TB, path string) string {
	t.Helper()
	s, err := site.New(os.DirFS("../web"), site.Options{})
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, s.WriteDist(dir))
	server := httptest.NewServer(http.StripPrefix(path, http.FileServer(http.Dir(dir))))
	t.Cleanup(server.Close)
	return server.URL
}
