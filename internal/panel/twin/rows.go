package twin

import (
	"slices"
	"strings"

	"github.com/hubpanel/hubpanel/internal/jsontext"
)

// row is a line of the table: a property of the twin, its desired value beside its reported one.
type row struct {
	path                  []string
	desired, reported     any
	isDesired, isReported bool // which of the two documents has it
	property              bool // a property as IoT Plug and Play means it, and not a part of one; only such a property is acknowledged
	ack                   *acknowledgment
	group                 bool // an object whose members have rows of their own
}

func (r *row) name() string { return strings.Join(r.path, ".") }

// state returns how the two sides compare, as the view's data attributes have it.
func (r *row) state() string {
	switch {
	case !r.isReported:
		return "desired"
	case !r.isDesired:
		return "reported"
	case jsontext.SameValue(r.desired, r.reported):
		return "same"
	}
	return "differs"
}

// isComponent reports whether a value is a component of IoT Plug and Play, and not a property that is an object.
func isComponent(v any) bool {
	m, ok := v.(map[string]any)
	return ok && m["__t"] == "c"
}

// compare returns a row for every property of either document, objects before their members.
func compare(desired, reported map[string]any) []*row {
	return appendRows(nil, nil, desired, reported, true)
}

func appendRows(rows []*row, path []string, desired, reported map[string]any, properties bool) []*row {
	for _, name := range jsontext.BothKeys(desired, reported) {
		if name == "__t" && len(path) == 1 && properties {
			continue // marks the component, and is not a property of it
		}
		r := &row{path: append(slices.Clone(path), name)}
		r.desired, r.isDesired = desired[name]
		r.reported, r.isReported = reported[name]
		component := properties && len(path) == 0 && (isComponent(r.desired) || isComponent(r.reported))
		r.property = properties && !component
		if r.property {
			r.reported, r.ack = unwrapped(r.reported)
		}
		desiredObject, wants := r.desired.(map[string]any)
		reportedObject, has := r.reported.(map[string]any)
		// A side that has the property, and not as an object, shows its value here.
		r.group = (wants || !r.isDesired) && (has || !r.isReported)
		rows = append(rows, r)
		if r.group {
			rows = appendRows(rows, r.path, desiredObject, reportedObject, component)
		}
	}
	return rows
}
