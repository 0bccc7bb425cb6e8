package savefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/l10n"
)

// Parse reads a session file, of this version or an earlier one. It refuses unknown members, values of a wrong kind and lists that are too
// long, each with an error that names the place.
func Parse(raw []byte) (*Document, error) {
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := jsontext.Check("The file", string(raw)); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &head); err != nil || head.Format != Format {
		return nil, l10n.New("the file is no session of hubpanel: its format is not %q", Format)
	}
	if head.Version < 1 || head.Version > Version {
		return nil, l10n.New("the session has version %d, and this page reads versions 1 to %d: open it in a newer hubpanel", head.Version, Version)
	}
	// The lists element by element, because encoding/json does not name the one that is wrong.
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, err
	}
	s := &Document{}
	lists := map[string]struct {
		limit int
		add   func(json.RawMessage) error
	}{
		"cloudToDevice": {importLimit, elements(&s.ToDevice)},
		"telemetry":     {importLimit, elements(&s.Stored)},
		"methods":       {importLimit, elements(&s.Methods)},
		"deviceLog":     {importLimit, elements(&s.Log)},
		"operationsLog": {importLimit, elements(&s.Hub)},
		"streams":       {setupLimit, elements(&s.Streams)},
		"methodRules":   {setupLimit, elements(&s.Rules)},
		"profiles":      {setupLimit, elements(&s.Profiles)},
	}
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		list, ok := members[name]
		delete(members, name)
		if !ok {
			continue
		}
		var all []json.RawMessage
		if err := json.Unmarshal(list, &all); err != nil {
			return nil, l10n.New("%s is not a list", name)
		}
		if limit := lists[name].limit; len(all) > limit {
			return nil, l10n.New("%s has %d elements: at most %d are read", name, len(all), limit)
		}
		for i, element := range all {
			if err := lists[name].add(element); err != nil {
				return nil, Misplaced(l10n.New("%s, element %d", name, i+1), err)
			}
		}
	}
	rest, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	if err := strictly(rest, s); err != nil {
		return nil, Misplaced(l10n.New("the session"), err)
	}
	return s, nil
}

// elements returns a function that appends an element to the list.
func elements[E any](list *[]E) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		var e E
		err := strictly(raw, &e)
		*list = append(*list, e)
		return err
	}
}

// strictly decodes JSON and refuses unknown members.
func strictly(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return l10n.New("something stands behind its end")
	}
	return nil
}

// Misplaced adds the place to an error about a JSON value: where, and the member if the value has the wrong kind.
func Misplaced(where *l10n.Message, err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) && kind.Field != "" {
		return l10n.New("%v: %s is a JSON %s, which does not belong there", where, kind.Field, kind.Value)
	}
	return l10n.New("%v: %v", where, err)
}
