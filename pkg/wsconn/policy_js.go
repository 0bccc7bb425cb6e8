package wsconn

import "syscall/js"

// contentBlocked is the name of what Firefox throws when the page's policy forbids a connection, before the event that Chromium
// leaves it at.
const contentBlocked = "NS_ERROR_CONTENT_BLOCKED"

// violations hears what the page's Content Security Policy forbids while a handshake is tried. The browser refuses such a
// connection as it refuses any other, without a reason; this event alone tells the page that it is its own policy.
type violations struct {
	document js.Value
	events   js.Value // array, filled by JavaScript
	push     js.Value
}

func watchPolicy() violations {
	v := violations{document: js.Global().Get("document"), events: js.Global().Get("Array").New()}
	v.push = v.events.Get("push").Call("bind", v.events)
	if v.document.Truthy() { // a worker has none
		v.document.Call("addEventListener", "securitypolicyviolation", v.push)
	}
	return v
}

func (v violations) stop() {
	if v.document.Truthy() {
		v.document.Call("removeEventListener", "securitypolicyviolation", v.push)
	}
}

// forbid reports whether the policy forbade url. blockedURI is the URL, or its origin after a redirect.
func (v violations) forbid(url string) bool {
	for i := range v.events.Length() {
		event := v.events.Index(i)
		if event.Get("effectiveDirective").String() == "connect-src" && event.Get("blockedURI").String() == url {
			return true
		}
	}
	return false
}
