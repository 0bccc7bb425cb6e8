package wsconn_test

import (
	"os"
	"strings"
	"syscall/js"
	"testing"
)

// firefox is true in Firefox, which differs where the package's doc says so.
var firefox = strings.Contains(js.Global().Get("navigator").Get("userAgent").String(), "Firefox/")

// server returns the start of the URLs of the scripted servers: whoever runs this in a browser serves them.
func server(t testing.TB) string {
	url := os.Getenv("HUBPANEL_WSTEST")
	if url == "" {
		t.Fatal("HUBPANEL_WSTEST must be the address of a wstest.Server; run this test with e2e/wasmexec, which sets it")
	}
	return url
}
