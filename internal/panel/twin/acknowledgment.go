package twin

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/l10n"
)

// acknowledgment is what a device reports for a writable property of IoT Plug and Play, beside its value.
type acknowledgment struct {
	code, version json.Number
	description   string
}

// unwrapped returns the value in a reported property, and the acknowledgment around it if there is one.
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

// acknowledging returns the patch of the reported properties that acknowledges a desired one with value, ac, av and, if there is one,
// ad ("IoT Plug and Play conventions", writable properties). reported is the document before the patch.
func acknowledging(r *row, reported map[string]any, code, version int64, description string) map[string]any {
	envelope := map[string]any{"value": r.desired, "ac": code, "av": version}
	if description != "" {
		envelope["ad"] = description
	}
	name := r.path[len(r.path)-1]
	if len(r.path) == 1 {
		return map[string]any{name: jsontext.PatchTo(reported[name], envelope)}
	}
	component, _ := reported[r.path[0]].(map[string]any)
	return map[string]any{r.path[0]: map[string]any{"__t": "c", name: jsontext.PatchTo(component[name], envelope)}}
}

// acknowledge reports desired properties as IoT Plug and Play wants them acknowledged, in one patch.
func (room *Room) acknowledge(rows []*row) {
	room.Lock()
	t := &room.state
	code, err := strconv.ParseInt(strings.TrimSpace(t.ackCode.Text), 10, 32)
	patch := map[string]any{}
	for _, r := range rows {
		patch = mergeAcknowledgments(patch, acknowledging(r, t.reported, code, t.desiredVersion, strings.TrimSpace(t.ackText.Text)))
	}
	room.Unlock()
	if err != nil {
		room.Fail("report", l10n.New("the acknowledgment's code (ac) is a whole number, for example 200"))
		return
	}
	room.report(jsontext.Document(patch))
}

// mergeAcknowledgments joins two patches. Unlike MergePatch it keeps the nulls, which delete when the hub applies them.
func mergeAcknowledgments(a, b map[string]any) map[string]any {
	for name, v := range b {
		old, wasObject := a[name].(map[string]any)
		if m, ok := v.(map[string]any); ok && wasObject {
			v = mergeAcknowledgments(old, m)
		}
		a[name] = v
	}
	return a
}

// unacknowledged returns the desired properties whose acknowledgment is missing, or is of another value.
func unacknowledged(rows []*row) (list []*row) {
	for _, r := range rows {
		if r.property && r.isDesired && (r.ack == nil || r.state() != "same") {
			list = append(list, r)
		}
	}
	return list
}
