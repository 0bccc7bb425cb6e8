package hubproto

import "strings"

// Redacted replaces a secret.
const Redacted = "…"

// secretNames are followed by = or : and a secret, in any letter case, in connection strings, tokens, JSON and URLs.
var secretNames = []string{"sharedaccesskey", "sig", "primarykey", "secondarykey", "groupkey", "devicekey", "password"}

// Redact returns text without its secrets: the value of sig=… and SharedAccessKey=…, of JSON members that hold keys and
// passwords, in percent-encoded form too, and whatever has the shape of a 256 or 512 bit key in base64.
func Redact(text string) string {
	if !strings.ContainsAny(text, "=:%") {
		return text
	}
	var b strings.Builder
	kept := 0 // text before it is in b
	cut := func(from, to int) {
		b.WriteString(text[kept:from])
		b.WriteString(Redacted)
		kept = to
	}
	for i := 0; i < len(text); {
		if !isBase64(text[i]) {
			i++
			continue
		}
		// A run of base64 characters is at once the longest that a name or a key can be.
		end := i
		for end < len(text) && isBase64(text[end]) {
			end++
		}
		if from, to, ok := secretValue(text, i, end); ok {
			cut(from, to)
			i = to
			continue
		}
		if padded := end + strings.IndexFunc(text[end:]+" ", func(r rune) bool { return r != '=' }); isKeyShaped(end-i, padded-end) {
			cut(i, padded)
			end = padded
		}
		i = end
	}
	if kept == 0 {
		return text
	}
	b.WriteString(text[kept:])
	return b.String()
}

// secretValue finds the secret that follows the word text[i:end] when that word ends in one of secretNames.
func secretValue(text string, i, end int) (from, to int, ok bool) {
	word := text[i:end]
	switch word[len(word)-1] | 0x20 {
	case 'd', 'g', 'y': // the last letters of secretNames: most words of a page's log end here
	default:
		return 0, 0, false
	}
	name := ""
	for _, s := range secretNames {
		if len(word) >= len(s) && strings.EqualFold(word[len(word)-len(s):], s) && (len(word) == len(s) || !isAlnum(word[len(word)-len(s)-1])) {
			name = s
		}
	}
	if name == "" {
		// "…%26sig%3D": the escape before the name ends in a hex digit, which reads as a part of the word.
		for _, s := range secretNames {
			if at := len(word) - len(s); at >= 2 && strings.EqualFold(word[at:], s) && i+at-3 >= 0 && text[i+at-3] == '%' {
				name = s
			}
		}
	}
	if name == "" {
		return 0, 0, false
	}
	rest := text[end:]
	from = end
	// The quote of a JSON name, which is escaped when JSON holds JSON.
	quoted := strings.TrimLeft(rest, `\"'`)
	from += len(rest) - len(quoted)
	trimmed := strings.TrimLeft(quoted, " ")
	from += len(quoted) - len(trimmed)
	switch {
	case trimmed == "":
		return 0, 0, false
	case trimmed[0] == '=' || trimmed[0] == ':':
		from++
	case len(trimmed) >= 3 && (strings.EqualFold(trimmed[:3], "%3D") || strings.EqualFold(trimmed[:3], "%3A")):
		from += 3
	default:
		return 0, 0, false
	}
	for from < len(text) && strings.IndexByte(` \"'`, text[from]) >= 0 {
		from++
	}
	to = from
	for to < len(text) && strings.IndexByte("&;,\"'\\ \t\r\n<>)}]", text[to]) < 0 && !hasEscape(text[to:]) {
		to++
	}
	return from, to, to > from
}

// hasEscape reports whether s begins with an escaped ampersand or semicolon, which ends a value inside an escaped text.
func hasEscape(s string) bool {
	return len(s) >= 3 && (s[:3] == "%26" || strings.EqualFold(s[:3], "%3B"))
}

// isKeyShaped reports whether a base64 run of n characters and padding has the length of a 32 or 64 byte key.
func isKeyShaped(n, padding int) bool {
	return n == 43 && padding == 1 || n == 86 && padding == 2
}

func isBase64(c byte) bool { return isAlnum(c) || c == '+' || c == '/' }
