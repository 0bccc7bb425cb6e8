package simulation

import (
	"strings"
	"unicode"
)

// shellWords splits a command into words as POSIX shells do. A line that ends in \, or in ^ or ` as in Windows, continues on the next.
func shellWords(s string) []string {
	var words []string
	var word strings.Builder
	in, quote := false, rune(0)
	runes := []rune(strings.ReplaceAll(s, "\r\n", "\n"))
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		next := rune(0)
		if i+1 < len(runes) {
			next = runes[i+1]
		}
		switch {
		case quote == '\'' && r != '\'', quote == '"' && r != '"' && r != '\\':
			word.WriteRune(r)
		case quote != 0 && r == quote:
			quote = 0
		case next == '\n' && (r == '\\' || quote == 0 && (r == '^' || r == '`')):
			i++
		case r == '\\' && next != 0 && (quote == 0 || strings.ContainsRune("\"\\$`", next)):
			word.WriteRune(next)
			in = true
			i++
		case quote == 0 && (r == '"' || r == '\''):
			quote, in = r, true
		case quote == 0 && unicode.IsSpace(r):
			if in {
				words = append(words, word.String())
				word.Reset()
			}
			in = false
		default:
			word.WriteRune(r)
			in = true
		}
	}
	if in {
		words = append(words, word.String())
	}
	return words
}
