//go:build js && wasm

package main

import (
	"context"
	"syscall/js"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"honnef.co/go/js/dom/v2"
)

// TestReach asks the page's own server, once with a context that has ended.
func TestReach(t *testing.T) {
	require.NoError(t, reach(t.Context(), dom.GetWindow().Location().Origin()+"/"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, reach(ctx, dom.GetWindow().Location().Origin()+"/"), context.Canceled)
}

// TestProbes asks the browser that runs the test.
func TestProbes(t *testing.T) {
	p := probes()
	require.Equal(t, js.Global().Get("origin").String(), p.Origin)
	require.True(t, p.Secure)
	require.True(t, p.Online())
	require.NotEmpty(t, p.Browser)
}

// TestTheServersClock is that of this machine, where the page's server runs too.
func TestTheServersClock(t *testing.T) {
	at, err := serverTime(t.Context())
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), at, 5*time.Second)
}
