package simulation

import (
	"encoding/base64"
	"encoding/json"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/savefile"
)

// simulatorPayload is one of the messages that the simulator chooses from.
type simulatorPayload struct {
	device string  // the only device that sends it; empty: all devices do
	share  float64 // relative to the other payloads of the device
	body   string  // a template, or a fixed body
	fixed  bool    // the body has no variables
	filler int     // the size of a body of random bytes; 0: the body is in body
}

// distributionOf yields the parts of PayloadDistribution, such as "fixSize(51, 12), template(49, default)", as a name in lower case and
// the text in its parentheses. Like the simulator it ignores parts with an unknown name.
func distributionOf(text string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for {
			before, after, _ := strings.Cut(text, "(")
			inside, rest, whole := strings.Cut(after, ")")
			if !whole {
				return
			}
			text = rest
			name := strings.ToLower(strings.TrimLeft(before, " \t\r\n,;"))
			if slices.Contains([]string{"fixsize", "template", "fix"}, name) && !yield(name, inside) {
				return
			}
		}
	}
}

// payloads returns the payloads that the simulator chooses from.
func (s *Import) payloads(c *simulatorConfig) ([]simulatorPayload, error) {
	if raw := c.raw("Payloads"); len(raw) > 0 {
		return s.listedPayloads(raw)
	}
	template := c.textOf("Template")
	if strings.TrimSpace(template) == "" {
		template = simulatorTemplate
	}
	var list []simulatorPayload
	for kind, inside := range distributionOf(c.textOf("PayloadDistribution")) {
		arguments := strings.Split(inside, ",")
		share, err := strconv.ParseFloat(strings.Trim(arguments[0], " %"), 64)
		if err != nil || share < 0 {
			return nil, l10n.New("PayloadDistribution: the share of %q is no percentage", kind+"("+inside+")")
		}
		argument := ""
		if len(arguments) > 1 {
			argument = strings.TrimSpace(arguments[1])
		}
		p := simulatorPayload{share: share, body: template}
		switch kind {
		case "template":
			if argument != "" && !strings.EqualFold(argument, "default") {
				p.body = c.textOf(argument)
				if p.body == "" {
					return nil, l10n.New("PayloadDistribution: there is no template %s", argument)
				}
			}
		case "fix":
			if !s.setFixed(&p, argument) {
				continue
			}
		default:
			if !s.setFiller(&p, argument) {
				continue
			}
		}
		list = append(list, p)
	}
	switch {
	case len(list) > 0 || c.textOf("PayloadDistribution") != "":
		return list, nil
	case c.textOf("FixPayload") != "":
		p := simulatorPayload{share: 100}
		if s.setFixed(&p, c.textOf("FixPayload")) {
			list = append(list, p)
		}
		return list, nil
	}
	if size := c.textOf("FixPayloadSize"); size != "" && size != "0" {
		p := simulatorPayload{share: 100}
		if s.setFiller(&p, size) {
			list = append(list, p)
		}
		return list, nil
	}
	return []simulatorPayload{{share: 100, body: template}}, nil
}

// setFixed sets the payload's body from base64. If the body cannot be a template it adds a note and returns false.
func (s *Import) setFixed(p *simulatorPayload, text string) bool {
	raw, err := base64.StdEncoding.DecodeString(text)
	switch {
	case err != nil:
		s.note(l10n.New("A fixed payload was left out: it is not base64."))
	case !utf8.Valid(raw):
		s.note(l10n.New("A fixed payload of %d bytes was left out: they are no text, and a stream's template is one.", len(raw)))
	default:
		p.body, p.fixed = string(raw), true
		return true
	}
	return false
}

// setFiller sets the size in bytes of the payload's body. If the size is not valid it adds a note and returns false.
func (s *Import) setFiller(p *simulatorPayload, size string) bool {
	n, err := strconv.Atoi(strings.TrimSpace(size))
	if err != nil || n < 1 || n > textLimit {
		s.note(l10n.New("A payload of fixed size was left out: its size is not from 1 to %d bytes.", textLimit))
		return false
	}
	p.filler, p.fixed = n, true
	return true
}

// listedPayloads returns the payloads of a configuration file.
func (s *Import) listedPayloads(raw json.RawMessage) ([]simulatorPayload, error) {
	var all []struct {
		Type         string          `json:"type"`
		DeviceID     string          `json:"deviceId"`
		Distribution json.RawMessage `json:"distribution"`
		Template     json.RawMessage `json:"template"`
		Value        json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, savefile.Misplaced(l10n.New("Payloads"), err)
	}
	var list []simulatorPayload
	for i, e := range all {
		p := simulatorPayload{device: e.DeviceID, share: 100}
		if len(e.Distribution) > 0 {
			share, err := strconv.ParseFloat(textOfRaw(e.Distribution), 64)
			if err != nil || share < 0 {
				return nil, l10n.New("Payloads, element %d: the distribution is no percentage", i+1)
			}
			p.share = share
		}
		switch {
		case e.Type == "template" && len(e.Template) > 0:
			p.body = textOfRaw(e.Template)
		case e.Type == "fix" && len(e.Value) > 0:
			p.body, p.fixed = textOfRaw(e.Value), true
		default:
			return nil, l10n.New("Payloads, element %d: its type is template, with a template, or fix, with a value", i+1)
		}
		list = append(list, p)
	}
	return list, nil
}
