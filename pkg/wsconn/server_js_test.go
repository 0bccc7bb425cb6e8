package wsconn_test

import (
	"os"
	"testing"
)

// server returns the start of the URLs of the scripted servers: whoever runs this in a browser serves them.
func server(t testing.TB) string {
	url := os.Getenv("HUBPANEL_WSTEST")
	if url == "" {
		t.Fatal("HUBPANEL_WSTEST must be the address of a wstest.Server; run this test with e2e/wasmexec, which sets it")
	}
	return url
}
