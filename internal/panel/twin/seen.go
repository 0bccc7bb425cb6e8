package twin

import (
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/jsontext"
)

// seen is when a property was last seen to change. Over MQTT a twin arrives without $metadata ("Use MQTT to communicate with IoT Hub",
// retrieving a device twin's properties), so the page knows the times only of the changes that it saw itself.
type seen struct {
	desired, reported time.Time
	version           int64 // of the desired properties, by the change
}

// note calls set for every path that differs between two documents, and for all paths above and below it.
func (t *state) note(before, after map[string]any, set func(*seen)) {
	for _, c := range jsontext.Diff(before, after) {
		// A row may show the changed value itself, an object around it, or a part of it.
		for path := c.Path; ; {
			s := t.seen[path]
			set(&s)
			t.seen[path] = s
			end := strings.LastIndexByte(path, '.')
			if end < 0 {
				break
			}
			path = path[:end]
		}
		for _, v := range []any{c.Before, c.After} {
			if m, ok := v.(map[string]any); ok {
				t.noteInside(c.Path, m, set)
			}
		}
	}
}

func (t *state) noteInside(path string, m map[string]any, set func(*seen)) {
	for name, v := range m {
		inner := path + "." + name
		s := t.seen[inner]
		set(&s)
		t.seen[inner] = s
		if m, ok := v.(map[string]any); ok {
			t.noteInside(inner, m, set)
		}
	}
}
