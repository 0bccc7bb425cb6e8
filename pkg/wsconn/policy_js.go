package wsconn

import (
	"context"
	"net/url"
	"syscall/js"
	"time"
)

// contentBlocked is the name of the error that Firefox throws when the page's policy forbids a connection. Chromium only dispatches an
// event.
const contentBlocked = "NS_ERROR_CONTENT_BLOCKED"

// A PolicyMonitor records the requests that the page's own Content Security Policy forbids ("Content Security Policy Level 3", section
// 5, violation events). To a page, such a request fails as any other does, without a reason: only the event shows the reason. Dial
// uses one and returns ErrPolicy; a page that makes requests of its own, with fetch, can do the same. It is opaque, and exists in the
// browser only. Start it with [MonitorPolicy] before the request.
type PolicyMonitor struct {
	target js.Value // of the events
	events js.Value // array, filled by JavaScript
	push   js.Value
}

// MonitorPolicy starts a PolicyMonitor. Stop ends it.
func MonitorPolicy() *PolicyMonitor { return monitorPolicy(js.Global().Get("document")) }

func monitorPolicy(target js.Value) *PolicyMonitor {
	m := &PolicyMonitor{target: target, events: js.Global().Get("Array").New()}
	m.push = m.events.Get("push").Call("bind", m.events)
	if target.Truthy() { // a worker has no document
		target.Call("addEventListener", "securitypolicyviolation", m.push)
	}
	return m
}

// Stop ends the recording.
func (m *PolicyMonitor) Stop() {
	if m.target.Truthy() {
		m.target.Call("removeEventListener", "securitypolicyviolation", m.push)
	}
}

// eventDelay is how long the event may come after the failure of a request: each is a task of its own, in no fixed order.
const eventDelay = 100 * time.Millisecond

// Forbade reports whether the policy has forbidden a request to address, which has failed. It waits up to 0.1 s for the event, or
// until ctx ends.
func (m *PolicyMonitor) Forbade(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, eventDelay)
	defer cancel()
	return m.await(ctx, address)
}

// await waits for an event for address until ctx ends, and reports whether there is one.
func (m *PolicyMonitor) await(ctx context.Context, address string) bool {
	poll := time.NewTicker(eventDelay / 10)
	defer poll.Stop()
	for !m.recorded(address) {
		select {
		case <-poll.C:
		case <-ctx.Done():
			return m.recorded(address)
		}
	}
	return true
}

// recorded reports whether there is an event for address: its blockedURI is the address, or its origin after a redirect.
func (m *PolicyMonitor) recorded(address string) bool {
	origin := ""
	if u, err := url.Parse(address); err == nil {
		origin = u.Scheme + "://" + u.Host
	}
	for i := range m.events.Length() {
		event := m.events.Index(i)
		if event.Get("effectiveDirective").String() != "connect-src" {
			continue
		}
		if blocked := event.Get("blockedURI").String(); blocked == address || blocked == origin {
			return true
		}
	}
	return false
}
