package doctor

import (
	"net"
	"net/url"
	"time"
)

// About describes the page in a report.
type About struct {
	Page    string // its version
	Browser string // as it names itself
	Now     time.Time
}

// Report returns the verdict and its evidence for the people who run the network, a line each; an empty Text is an empty line. It holds no secrets: not the
// device's id either.
func Report(e Evidence, v Verdict, about About) []Text {
	host, port, path := address(&e.Subject)
	lines := []Text{
		means("An IoT device in a browser cannot reach its cloud service."),
		{},
		means("What the device needs"),
		means("- Host: %s", host),
		means("- Port: TCP %s, outgoing, TLS 1.2 or later", port),
		means("- SNI: %s", host),
		means("- Request: GET %s, HTTP/1.1, with Upgrade: websocket, Connection: Upgrade and Sec-WebSocket-Protocol: mqtt", path),
		means("- Answer: 101 Switching Protocols with Sec-WebSocket-Protocol: mqtt; then binary frames of MQTT 3.1.1, for hours"),
	}
	if control := Control(host); control != "" {
		lines = append(lines, means("- Host for provisioning, with the same needs: %s", control))
	}
	lines = append(lines,
		Text{},
		means("What must not happen on the way"),
		means("- TLS inspection: a proxy that opens TLS with a certificate of its own must pass all of the above on unchanged; most do not. Exempt the hosts."),
		means("- Taking out or changing the headers Upgrade, Connection, Sec-WebSocket-Key, Sec-WebSocket-Version, Sec-WebSocket-Protocol"),
		means("- Translating the request to HTTP/2 without RFC 8441, buffering the answer, or inspecting the frames"),
		means("- Ending connections that are silent for less than 30 minutes"),
		Text{},
		means("What was observed, at %s", utc(e.Began)),
		means("- Verdict: %s, %s", string(v.Cause), string(v.Sure)),
		v.Sentence,
	)
	for _, c := range v.Also {
		lines = append(lines, means("- It could also be: %s", string(c)), c.Sentence(host))
	}
	for _, s := range append(append([]Stage(nil), Stages...), StageIdle) {
		f, ok := e.Findings[s]
		if !ok || f.Outcome == NotRun || f.Outcome == Skipped || s == StageShape {
			continue
		}
		lines = append(lines, means("- %s %s, %s, %d ms:", utc(f.At), string(s), string(f.Outcome), int(f.Took.Milliseconds())), f.Note)
	}
	return append(lines,
		Text{},
		means("Browser: %s", about.Browser),
		means("Page: hubpanel %s at %s", about.Page, e.Origin),
		means("Written at %s", utc(about.Now)),
	)
}

func address(s *Subject) (host, port, path string) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" {
		return s.Host, "443", "/"
	}
	host, port = u.Hostname(), u.Port()
	if port == "" {
		port = "443"
		if u.Scheme == "ws" {
			port = "80"
		}
	}
	if net.ParseIP(host) != nil && u.Host[0] == '[' {
		host = "[" + host + "]"
	}
	return host, port, u.RequestURI()
}
