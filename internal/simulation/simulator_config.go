package simulation

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode"

	"github.com/hubpanel/hubpanel/internal/l10n"
)

// simulatorConfig holds the members of a configuration. Letter case does not count in their names, as in .NET.
type simulatorConfig struct{ members []member }

// raw returns a member's JSON, or nothing if the configuration does not have the member or it is null.
func (c *simulatorConfig) raw(name string) json.RawMessage {
	for _, m := range c.members {
		if strings.EqualFold(m.name, name) && string(m.raw) != "null" {
			return m.raw
		}
	}
	return nil
}

// textOf returns a member as a text: the text of a JSON string, or any other value's JSON.
func (c *simulatorConfig) textOf(name string) string {
	if raw := c.raw(name); len(raw) > 0 {
		return textOfRaw(raw)
	}
	return ""
}

// number returns a member that is a whole number, in quotes or not, or otherwise if there is no such member.
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

// set adds a member that is a text.
func (c *simulatorConfig) set(name, text string) {
	raw, _ := json.Marshal(text) // a string can always be encoded
	c.members = append(c.members, member{name, raw})
}

// readSimulator reads a configuration in any of the forms that ParseSimulator takes.
func readSimulator(text string) (*simulatorConfig, error) {
	text = strings.TrimSpace(strings.TrimPrefix(text, "\uFEFF"))
	c := &simulatorConfig{}
	switch {
	case text == "":
		return nil, l10n.New("there is no configuration: paste one, or choose its file")
	case text[0] == '{' || strings.HasPrefix(text, "//") || strings.HasPrefix(text, "/*"):
		raw, err := strictJSON(l10n.New("The configuration"), text)
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
