package jsontext

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// This file compares documents as Parse returns them: maps, slices, strings, bools, nils and json.Number.

// Parse returns a JSON object. Numbers keep their digits. For a text that is not a JSON object it returns an empty object.
func Parse(raw []byte) map[string]any {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	m := map[string]any{}
	if d.Decode(&m) != nil || m == nil {
		return map[string]any{}
	}
	return m
}

// SameValue compares two values. Numbers are equal if they have the same value, however they are written.
func SameValue(a, b any) bool {
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
		return ok && maps.EqualFunc(a, b, SameValue)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, SameValue)
	}
	return reflect.DeepEqual(a, b)
}

// Compact returns a value as JSON on one line.
func Compact(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// ChangeKind is how a value differs between two documents.
type ChangeKind string

// The kinds of changes.
const (
	ChangeAdded   ChangeKind = "added"
	ChangeChanged ChangeKind = "changed"
	ChangeDeleted ChangeKind = "deleted"
)

// Change is a difference between two documents, at a place where at least one of them has no object.
type Change struct {
	Kind          ChangeKind
	Path          string
	Before, After any
}

// Diff returns the changes that lead from one document to another, ordered by path.
func Diff(before, after map[string]any) []Change { return appendChanges(nil, "", before, after) }

func appendChanges(list []Change, prefix string, before, after map[string]any) []Change {
	for _, name := range BothKeys(before, after) {
		old, had := before[name]
		now, has := after[name]
		path := prefix + name
		oldObject, wasObject := old.(map[string]any)
		nowObject, isObject := now.(map[string]any)
		switch {
		case wasObject && isObject:
			list = appendChanges(list, path+".", oldObject, nowObject)
		case !had:
			list = append(list, Change{ChangeAdded, path, nil, now})
		case !has:
			list = append(list, Change{ChangeDeleted, path, old, nil})
		case !SameValue(old, now):
			list = append(list, Change{ChangeChanged, path, old, now})
		}
	}
	return list
}

// IdleNulls returns the paths at which a patch deletes a property that does not exist, which is most often a spelling mistake.
func IdleNulls(doc, patch map[string]any) []string { return appendIdleNulls(nil, "", doc, patch) }

func appendIdleNulls(list []string, prefix string, doc, patch map[string]any) []string {
	for _, name := range slices.Sorted(maps.Keys(patch)) {
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

// PatchTo returns the merge patch that turns one value into another: its nulls delete what the other does not have.
func PatchTo(before, after any) any {
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
		patch[name] = PatchTo(old[name], v)
	}
	return patch
}

// BothKeys returns the keys of two objects, sorted, each once.
func BothKeys(a, b map[string]any) []string {
	keys := slices.Sorted(maps.Keys(a))
	for name := range b {
		if _, ok := a[name]; !ok {
			keys = append(keys, name)
		}
	}
	slices.Sort(keys)
	return keys
}
