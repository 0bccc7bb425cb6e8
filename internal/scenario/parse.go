package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
)

// Is says whether a file means to be a scenario, by its format member. Parse says whether it is one.
func Is(raw []byte) bool {
	var head struct {
		Format string `json:"format"`
	}
	return json.Unmarshal(raw, &head) == nil && head.Format == Format
}

// Parse reads a document. Its errors are of type *Error: the place, and a sentence that says what to do.
func Parse(raw []byte) (*Document, error) {
	if len(raw) > MaxSize {
		return nil, wrong("", l10n.New("the scenario has %d bytes, and %d are allowed", len(raw), MaxSize))
	}
	v, err := decode(raw)
	if err != nil {
		return nil, err
	}
	head, _ := v.(map[string]any)
	if head["format"] != Format {
		return nil, wrong("format", l10n.New("the document is no scenario of hubpanel: its format is not %q", Format))
	}
	if head["version"] != json.Number(fmt.Sprint(Version)) {
		return nil, wrong("version", l10n.New("the scenario has version %v, and version %d is read here", head["version"], Version))
	}
	if err := format.check("", v); err != nil {
		return nil, err
	}
	if hubproto.Redact(string(raw)) != string(raw) {
		return nil, wrong("", l10n.New("the document holds a key or a token. Take it out: a scenario's devices get their keys from the emulator's registry"))
	}
	d := new(Document)
	in := json.NewDecoder(bytes.NewReader(raw))
	in.DisallowUnknownFields()
	in.UseNumber()
	if err := in.Decode(d); err != nil { // the types and the format say the same: TestTheTypesHoldTheFormat
		return nil, wrong("", l10n.New("%v", err))
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	return d, nil
}

// check looks at what one value alone does not tell.
func (d *Document) check() error {
	for i := range d.Steps {
		s, at := &d.Steps[i], fmt.Sprintf("steps[%d]", i)
		switch {
		case s.Send != nil && (len(s.Send.Data) == 0) == (s.Send.Template == ""):
			return wrong(at+".send", l10n.New("give it either data or a template"))
		case s.Send != nil && s.Send.Template == "" && len(s.Send.Variables) > 0:
			return wrong(at+".send.variables", l10n.New("variables belong to a template"))
		case s.Send != nil && s.Send.Many() && s.Send.QoS != nil && *s.Send.QoS == 0:
			return wrong(at+".send.qos", l10n.New("a template and several messages go with QoS 1"))
		case s.Send != nil && s.Send.Many() && (s.Send.MessageID != "" || s.Send.CorrelationID != "" || s.Send.ContentEncoding != ""):
			return wrong(at+".send", l10n.New("messageId, correlationId and contentEncoding are for a single message with data"))
		case s.Send != nil && s.Send.MsgCount > 1 && len(s.Send.Data) > 0 && s.Send.Data[0] == '"':
			return wrong(at+".send.data", l10n.New("a text goes as one message: for several write an object, or a template"))
		case s.C2D != nil && len(s.C2D.Data) == 0:
			return wrong(at+".c2d.data", l10n.New("it is missing and has to be there"))
		case s.Connect != nil && s.Connect.Assigned && s.Connect.DeviceID != "":
			return wrong(at+".connect", l10n.New("only one of these can be here: %s", "assigned, deviceId"))
		}
	}
	return nil
}

// Many says whether the telemetry goes as a stream, and not as one message.
func (s *Send) Many() bool { return s.Template != "" || s.MsgCount > 1 }

// decode reads JSON into maps, slices and json.Numbers. A name that is there twice is refused: a reader would take one of the two
// and say nothing.
func decode(raw []byte) (any, error) {
	var checked json.RawMessage // its numbers may be of any size
	if err := json.Unmarshal(raw, &checked); err != nil {
		line, column := 1, 1
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			line, column = place(raw, int(syntax.Offset))
		}
		return nil, wrong("", l10n.New("the document is not JSON: line %d, column %d: %v", line, column, err))
	}
	in := json.NewDecoder(bytes.NewReader(raw))
	in.UseNumber()
	return value(in, "")
}

func value(in *json.Decoder, at string) (any, error) {
	token, err := in.Token()
	if err != nil {
		return nil, wrong(at, l10n.New("%v", err))
	}
	switch token {
	case json.Delim('{'):
		m := map[string]any{}
		for in.More() {
			key, err := in.Token()
			if err != nil {
				return nil, wrong(at, l10n.New("%v", err))
			}
			name := key.(string)
			if _, twice := m[name]; twice {
				return nil, wrong(join(at, name), l10n.New("the name is there twice: take one of the two out"))
			}
			if m[name], err = value(in, join(at, name)); err != nil {
				return nil, err
			}
		}
		_, err = in.Token()
		return m, err
	case json.Delim('['):
		all := []any{}
		for in.More() {
			e, err := value(in, fmt.Sprintf("%s[%d]", at, len(all)))
			if err != nil {
				return nil, err
			}
			all = append(all, e)
		}
		_, err = in.Token()
		return all, err
	}
	return token, nil
}

// place is the position of the byte before an offset, as editors count.
func place(raw []byte, offset int) (line, column int) {
	before := string(raw[:min(max(offset-1, 0), len(raw))])
	return 1 + strings.Count(before, "\n"), 1 + utf8.RuneCountInString(before[strings.LastIndex(before, "\n")+1:])
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
