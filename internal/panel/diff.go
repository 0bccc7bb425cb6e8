package panel

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// This file compares documents of the twin: maps, slices, strings, bools and json.Number, as parseDocument gives them.

// parseDocument reads a JSON object. Numbers keep their digits. What is not an object is an empty one.
func parseDocument(raw []byte) map[string]any {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	m := map[string]any{}
	if d.Decode(&m) != nil || m == nil {
		return map[string]any{}
	}
	return m
}

// sameValue compares two values. Numbers are equal if they have the same value, however they are written.
func sameValue(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		if !ok {
			return false
		}
		x, errX := a.Float64()
		y, errY := b.Float64()
		return a == b || errX == nil && errY == nil && x == y
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, sameValue)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, sameValue)
	}
	return reflect.DeepEqual(a, b)
}

// compactValue is a value on one line.
func compactValue(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

type changeKind string

const (
	changeAdded   changeKind = "added"
	changeChanged changeKind = "changed"
	changeDeleted changeKind = "deleted"
)

// change is a difference between two documents, at a place where at least one of them has no object.
type change struct {
	kind          changeKind
	path          string
	before, after any
}

// changesOf lists what leads from one document to another, by path.
func changesOf(before, after map[string]any) []change { return appendChanges(nil, "", before, after) }

func appendChanges(list []change, prefix string, before, after map[string]any) []change {
	for _, name := range bothKeys(before, after) {
		old, had := before[name]
		now, has := after[name]
		path := prefix + name
		oldObject, wasObject := old.(map[string]any)
		nowObject, isObject := now.(map[string]any)
		switch {
		case wasObject && isObject:
			list = appendChanges(list, path+".", oldObject, nowObject)
		case !had:
			list = append(list, change{changeAdded, path, nil, now})
		case !has:
			list = append(list, change{changeDeleted, path, old, nil})
		case !sameValue(old, now):
			list = append(list, change{changeChanged, path, old, now})
		}
	}
	return list
}

// idleNulls are the paths at which a patch deletes what is not there: a spelling mistake, more often than not.
func idleNulls(doc, patch map[string]any) []string { return appendIdleNulls(nil, "", doc, patch) }

func appendIdleNulls(list []string, prefix string, doc, patch map[string]any) []string {
	for _, name := range sortedKeys(patch) {
		old, has := doc[name]
		switch v := patch[name].(type) {
		case nil:
			if !has {
				list = append(list, prefix+name)
			}
		case map[string]any:
			object, _ := old.(map[string]any)
			list = appendIdleNulls(list, prefix+name+".", object, v)
		}
	}
	return list
}

// patchTo is the patch that turns one value into another: its nulls delete what the other does not have.
func patchTo(before, after any) any {
	old, wasObject := before.(map[string]any)
	now, isObject := after.(map[string]any)
	if !wasObject || !isObject {
		return after
	}
	patch := make(map[string]any, len(now))
	for name := range old {
		if _, stays := now[name]; !stays {
			patch[name] = nil
		}
	}
	for name, v := range now {
		patch[name] = patchTo(old[name], v)
	}
	return patch
}

func bothKeys(a, b map[string]any) []string {
	keys := sortedKeys(a)
	for name := range b {
		if _, ok := a[name]; !ok {
			keys = append(keys, name)
		}
	}
	slices.Sort(keys)
	return keys
}

// twinRow is a property of the twin, its desired value beside its reported one.
type twinRow struct {
	path              []string
	desired, reported any
	isDesired, isOurs bool // which of the two documents has it
	property          bool // a property as IoT Plug and Play means it, and not a part of one: what is acknowledged
	ack               *acknowledgment
	group             bool // an object whose members have rows of their own
}

func (r *twinRow) name() string { return strings.Join(r.path, ".") }

// state is how the two sides compare.
func (r *twinRow) state() string {
	switch {
	case !r.isOurs:
		return "desired"
	case !r.isDesired:
		return "reported"
	case sameValue(r.desired, r.reported):
		return "same"
	}
	return "differs"
}

// acknowledgment is what a device reports for a writable property of IoT Plug and Play, beside its value.
type acknowledgment struct {
	code, version json.Number
	description   string
}

// unwrapped is the value in a reported property, and the acknowledgment around it if there is one.
func unwrapped(reported any) (any, *acknowledgment) {
	m, ok := reported.(map[string]any)
	if !ok {
		return reported, nil
	}
	v, hasValue := m["value"]
	code, hasCode := m["ac"].(json.Number)
	version, hasVersion := m["av"].(json.Number)
	if !hasValue || !hasCode || !hasVersion {
		return reported, nil
	}
	description, _ := m["ad"].(string)
	return v, &acknowledgment{code, version, description}
}

// isComponent tells a component of IoT Plug and Play from a property that is an object.
func isComponent(v any) bool {
	m, ok := v.(map[string]any)
	return ok && m["__t"] == "c"
}

// twinRows lists every property of either document, objects before their members.
func twinRows(desired, reported map[string]any) []*twinRow {
	return appendTwinRows(nil, nil, desired, reported, true)
}

func appendTwinRows(rows []*twinRow, path []string, desired, reported map[string]any, properties bool) []*twinRow {
	for _, name := range bothKeys(desired, reported) {
		if name == "__t" && len(path) == 1 && properties {
			continue // says only that this is a component
		}
		r := &twinRow{path: append(slices.Clone(path), name)}
		r.desired, r.isDesired = desired[name]
		r.reported, r.isOurs = reported[name]
		component := properties && len(path) == 0 && (isComponent(r.desired) || isComponent(r.reported))
		r.property = properties && !component
		if r.property {
			r.reported, r.ack = unwrapped(r.reported)
		}
		desiredObject, wants := r.desired.(map[string]any)
		reportedObject, has := r.reported.(map[string]any)
		// A side that has the property, and not as an object, shows its value here.
		r.group = (wants || !r.isDesired) && (has || !r.isOurs)
		rows = append(rows, r)
		if r.group {
			rows = appendTwinRows(rows, r.path, desiredObject, reportedObject, component)
		}
	}
	return rows
}

// acknowledging is the patch of the reported properties that acknowledges a desired one: value, ac, av and, if there is
// one, ad. reported is the document as it is.
func acknowledging(r *twinRow, reported map[string]any, code, version int64, description string) map[string]any {
	envelope := map[string]any{"value": r.desired, "ac": code, "av": version}
	if description != "" {
		envelope["ad"] = description
	}
	name := r.path[len(r.path)-1]
	if len(r.path) == 1 {
		return map[string]any{name: patchTo(reported[name], envelope)}
	}
	component, _ := reported[r.path[0]].(map[string]any)
	return map[string]any{r.path[0]: map[string]any{"__t": "c", name: patchTo(component[name], envelope)}}
}
