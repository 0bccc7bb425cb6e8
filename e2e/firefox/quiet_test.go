package firefox

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestFirefoxAsksNobody gives Firefox a proxy that writes down who is asked for.
func TestFirefoxAsksNobody(t *testing.T) {
	var (
		mu    sync.Mutex
		asked []string
	)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.URL.Path != "/favicon.ico" { // it belongs to a page
			asked = append(asked, r.Method+" "+r.Host+r.URL.Path)
		}
		http.Error(w, "nobody is here", http.StatusBadGateway)
	}))
	defer proxy.Close()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(proxy.URL, "http://"))
	require.NoError(t, err)
	b, err := start(t.Context(), fmt.Appendf(nil, `
user_pref("network.proxy.http_port", %[1]s);
user_pref("network.proxy.ssl_port", %[1]s);
`, port))
	require.NoError(t, err)
	defer b.Close()
	page, err := b.NewPage(t.Context())
	require.NoError(t, err)
	// What Firefox asks for by itself it asks for in its first seconds, or much later.
	time.Sleep(8 * time.Second)
	_ = page.Navigate(t.Context(), "http://elsewhere.test/page") // an error page
	_ = page.Navigate(t.Context(), "https://elsewhere.test/page")
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, []string{"GET elsewhere.test/page", "CONNECT elsewhere.test:443"}, slices.Compact(asked))
}
