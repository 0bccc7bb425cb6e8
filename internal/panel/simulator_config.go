package panel

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode"

	"github.com/hubpanel/hubpanel/internal/l10n"
)

// simulatorConfig is a configuration's members. Their names have no case, as in .NET.
type simulatorConfig struct{ members []member }

func (c *simulatorConfig) raw(name string) json.RawMessage {
	for _, m := range c.members {
		if strings.EqualFold(m.name, name) && string(m.raw) != "null" {
			return m.raw
		}
	}
	return nil
}

// textOf is a member that is a text; an object or a list is its JSON.
func (c *simulatorConfig) textOf(name string) string {
	if raw := c.raw(name); len(raw) > 0 {
		return textOfRaw(raw)
	}
	return ""
}

// number is a member that is a whole number, in quotes or not.
func (c *simulatorConfig) number(name string, otherwise int) (int, error) {
	text := strings.TrimSpace(c.textOf(name))
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, l10n.New("%s is no whole number from 0", name)
	}
	return n, nil
}

func (c *simulatorConfig) set(name, text string) {
	raw, _ := json.Marshal(text) // a text always can be
	c.members = append(c.members, member{name, raw})
}

// readSimulator takes a configuration apart, whatever form it has.
func readSimulator(text string) (*simulatorConfig, error) {
	text = strings.TrimSpace(strings.TrimPrefix(text, "\uFEFF"))
	c := &simulatorConfig{}
	switch {
	case text == "":
		return nil, l10n.New("there is no configuration: paste one, or choose its file")
	case text[0] == '{' || strings.HasPrefix(text, "//") || strings.HasPrefix(text, "/*"):
		raw, err := relaxed(l10n.New("The configuration"), text)
		if err != nil {
			return nil, err
		}
		c.members, err = members(raw)
		return c, err
	case text[0] == '[':
		c.set("Variables", text)
		return c, nil
	case strings.HasPrefix(text, "docker ") || strings.HasPrefix(text, "podman ") || strings.HasPrefix(text, "-e "):
		words := shellWords(text)
		for i, word := range words {
			value, ok := strings.CutPrefix(word, "--env=")
			if !ok && i > 0 && (words[i-1] == "-e" || words[i-1] == "--env") {
				value, ok = word, true
			}
			if name, v, set := strings.Cut(value, "="); ok && set {
				c.set(strings.TrimSpace(name), v)
			}
		}
	default:
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			for _, before := range []string{"export ", "set ", "$env:"} {
				line = strings.TrimPrefix(line, before)
			}
			name, value, ok := strings.Cut(line, "=")
			name, value = strings.TrimSpace(name), strings.TrimSpace(value)
			if !ok || strings.HasPrefix(line, "#") || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' }) {
				continue
			}
			if value != "" && (value[0] == '"' || value[0] == '\'') {
				value = strings.Join(shellWords(value), " ")
			}
			c.set(name, value)
		}
	}
	if len(c.members) == 0 {
		return nil, l10n.New("this is no configuration of Iot-Telemetry-Simulator: it is a JSON file, its Variables, a docker command, or lines like Interval=1000")
	}
	return c, nil
}

// shellWords takes a command apart as POSIX shells do; a line goes on after \, or ^ and ` as in Windows.
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

// relaxed is JSON as Newtonsoft's reader takes it, made strict: comments, names without quotes, texts in single quotes, commas before a
// closing bracket; and $.Name without quotes, which a Header may hold. Lines stay what they are. what names it in errors.
func relaxed(what *l10n.Message, s string) (json.RawMessage, error) {
	var out strings.Builder
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '"' || c == '\'':
			end := i + 1
			for end < len(s) && s[end] != c {
				if s[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end, len(s))
			if text := s[i+1 : end]; c == '\'' {
				out.WriteString(`"` + strings.ReplaceAll(strings.ReplaceAll(text, `\'`, `'`), `"`, `\"`) + `"`)
			} else {
				out.WriteString(s[i:min(end+1, len(s))])
			}
			i = end + 1
		case strings.HasPrefix(s[i:], "//"):
			for i < len(s) && s[i] != '\n' {
				i++
			}
		case strings.HasPrefix(s[i:], "/*"):
			end := strings.Index(s[i:], "*/")
			if end < 0 {
				end = len(s) - i - 2
			}
			out.WriteString(strings.Repeat("\n", strings.Count(s[i:i+end], "\n")))
			i += end + 2
		case c == ',' && closes(s[i+1:]):
			i++
		case c == '$' || c == '_' || isAlphanumeric(c):
			end := i
			for end < len(s) && (strings.IndexByte("$_.-+", s[end]) >= 0 || isAlphanumeric(s[end])) {
				end++
			}
			bare := s[i:end]
			if json.Valid([]byte(bare)) && !strings.HasPrefix(strings.TrimSpace(s[end:]), ":") {
				out.WriteString(bare)
			} else {
				out.WriteString(`"` + bare + `"`)
			}
			i = end
		default:
			out.WriteByte(c)
			i++
		}
	}
	strict := out.String()
	var err error
	if !json.Valid([]byte(strict)) {
		err = l10n.New("%v: %v", what, checkJSON("This", strict))
	}
	return json.RawMessage(strict), err
}

// closes says whether what follows is the end of a list or an object.
func closes(rest string) bool {
	rest = strings.TrimSpace(rest)
	return strings.HasPrefix(rest, "}") || strings.HasPrefix(rest, "]")
}
