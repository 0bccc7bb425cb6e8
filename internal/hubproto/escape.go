package hubproto

import "net/url"

const upperHex = "0123456789ABCDEF"

// appendEscaped adds s to dst percent-encoded: everything but RFC 3986's unreserved characters. A space becomes %20, never
// a plus, because the hub reads a plus as itself. '+' and '#' are escaped, so that a topic stays legal [MQTT-3.3.2-2].
func appendEscaped(dst []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case isAlnum(c), c == '-', c == '.', c == '_', c == '~':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}

func escape(s string) string { return string(appendEscaped(nil, s)) }

// unescape leaves a plus alone, unlike a form's decoding.
func unescape(s string) (string, error) { return url.PathUnescape(s) }
