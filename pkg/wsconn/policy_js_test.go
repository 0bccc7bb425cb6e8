package wsconn

import (
	"context"
	"syscall/js"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// violate dispatches the event of a violation, in a task of its own after some milliseconds. The target is not the document, because
// every run of the tests in a browser fails if the page violates its policy; e2e has a page that does.
func violate(target js.Value, directive, blocked string, delay int) {
	event := js.Global().Get("SecurityPolicyViolationEvent").New("securitypolicyviolation", map[string]any{
		"effectiveDirective": directive, "violatedDirective": directive, "blockedURI": blocked,
		"documentURI": "https://page.test/", "originalPolicy": "connect-src 'self'", "disposition": "enforce", "statusCode": 200,
	})
	js.Global().Call("setTimeout", target.Get("dispatchEvent").Call("bind", target, event), delay)
}

func TestPolicyMonitor(t *testing.T) {
	target := js.Global().Get("EventTarget").New()
	monitor := monitorPolicy(target)
	defer monitor.Stop()
	violate(target, "connect-src", "https://a.test/page?query", 3)
	violate(target, "connect-src", "https://origin.test", 0)
	violate(target, "img-src", "https://image.test/", 0)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // a busy machine is slow
	defer cancel()
	require.True(t, monitor.await(ctx, "https://a.test/page?query"), "the event comes later than the failure")
	require.True(t, monitor.await(ctx, "https://origin.test/redirected"), "after a redirect the event has the origin")
	require.True(t, monitor.Forbade(t.Context(), "https://a.test/page?query"))
	require.False(t, monitor.Forbade(t.Context(), "https://a.test/other"))
	require.False(t, monitor.Forbade(t.Context(), "https://image.test/"), "not a connection")

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	require.True(t, monitor.Forbade(cancelled, "https://a.test/page?query"), "the event has come")
	require.False(t, monitor.Forbade(cancelled, "https://b.test/"))

	monitor.Stop()
	violate(target, "connect-src", "https://c.test/", 0)
	require.False(t, monitor.Forbade(t.Context(), "https://c.test/"), "a monitor that was stopped records nothing")
}
