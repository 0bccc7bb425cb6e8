package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// What is in the store, by the first part of the key. Ids hold no slash, so keys cannot be confused; the key of a module's entry
// has one part more than a device's.
const (
	keyDevice       = "device/"       // {device}[/{module}]: Device
	keyTwin         = "twin/"         // {device}[/{module}]: twin
	keySession      = "session/"      // {device}[/{module}]: the filters of a session that is kept
	keyQueue        = "c2d/"          // {sequence}/{device}[/{module}]: queued
	keyPolicy       = "policy/"       // {name}: policy
	keyEnrollment   = "enrollment/"   // {registration id, lower case}: Enrollment
	keyGroup        = "group/"        // {enrollment group id}: EnrollmentGroup
	keyRegistration = "registration/" // {registration id, lower case}: registration
	keyCounters     = "counters"      // counters
	keyDemo         = "demo"          // Demo
)

type counters struct {
	EventsUntil int64
}

type storedSession struct {
	Filters map[string]mqttcodec.QoS
}

func (h *Hub) saveIdentity(who *identity) {
	if h.journal.store != nil {
		h.put(keyDevice+who.ID(), who.Device)
	}
}

func (h *Hub) saveTwin(who *identity) { h.put(keyTwin+who.ID(), who.twin) }

func (h *Hub) deleteIdentity(who *identity) {
	h.put(keyDevice+who.ID(), nil)
	h.put(keyTwin+who.ID(), nil)
}

// saveSession stores a session that outlives its connection.
func (h *Hub) saveSession(who *identity) {
	if s := who.session; s != nil && !s.clean {
		h.put(keySession+who.ID(), storedSession{s.subs})
	}
}

func (h *Hub) deleteSession(who *identity) { h.put(keySession+who.ID(), nil) }

func queueKey(who *identity, m *queued) string {
	return fmt.Sprintf("%s%016x/%s", keyQueue, m.Sequence, who.ID())
}

func (h *Hub) saveQueued(who *identity, m *queued) {
	if h.journal.store != nil {
		h.put(queueKey(who, m), m)
	}
}

func (h *Hub) deleteQueued(who *identity, m *queued) {
	if h.journal.store != nil {
		h.put(queueKey(who, m), nil)
	}
}

func (h *Hub) savePolicy(p *policy) { h.put(keyPolicy+p.Name, p) }
func (h *Hub) saveCounters()        { h.put(keyCounters, counters{h.eventsUntil}) }
func (h *Hub) saveEnrollment(e *Enrollment) {
	h.put(keyEnrollment+strings.ToLower(e.RegistrationID), e)
}
func (h *Hub) deleteEnrollment(id string)   { h.put(keyEnrollment+strings.ToLower(id), nil) }
func (h *Hub) saveGroup(g *EnrollmentGroup) { h.put(keyGroup+g.EnrollmentGroupID, g) }
func (h *Hub) deleteGroup(id string)        { h.put(keyGroup+id, nil) }
func (h *Hub) saveRegistration(r *registration) {
	h.put(keyRegistration+strings.ToLower(r.RegistrationID), r)
}
func (h *Hub) deleteRegistration(lowerID string) { h.put(keyRegistration+lowerID, nil) }

// load reads the whole store. Nobody else uses the hub yet.
func (h *Hub) load(ctx context.Context) error {
	if h.Store == nil {
		return nil
	}
	// Devices have to be there before what belongs to them, and a store has its own order.
	stored := make(map[string][]byte)
	var keys []string
	if err := h.Store.Each(ctx, func(key string, value []byte) error {
		stored[key] = value
		keys = append(keys, key)
		return nil
	}); err != nil {
		return err
	}
	slices.Sort(keys)
	var c counters
	for _, step := range []struct {
		prefix string
		load   func(rest string, value []byte) error
	}{
		{keyPolicy, h.loadPolicy},
		{keyDevice, h.loadIdentity}, // sorted, so a device comes before its modules
		{keyTwin, h.loadTwin},
		{keySession, h.loadSession},
		{keyQueue, h.loadQueued},
		{keyEnrollment, func(id string, value []byte) error { return loadInto(h.enrollments, id, value) }},
		{keyGroup, func(id string, value []byte) error { return loadInto(h.groups, id, value) }},
		{keyRegistration, func(id string, value []byte) error { return loadInto(h.registrations, id, value) }},
		{keyCounters, func(_ string, value []byte) error { return json.Unmarshal(value, &c) }},
		{keyDemo, func(_ string, value []byte) error { return json.Unmarshal(value, &h.demo) }},
	} {
		for _, key := range keys {
			rest, ok := strings.CutPrefix(key, step.prefix)
			if !ok {
				continue
			}
			if err := step.load(rest, stored[key]); err != nil {
				return fmt.Errorf("%q: %w", key, err)
			}
		}
	}
	if c.EventsUntil > 0 {
		h.eventsUntil = c.EventsUntil
		h.events.startAt(c.EventsUntil)
	}
	return nil
}

func loadInto[T any](m map[string]*T, id string, value []byte) error {
	entry := new(T)
	m[id] = entry
	return json.Unmarshal(value, entry)
}

func (h *Hub) loadPolicy(name string, value []byte) error { return loadInto(h.policies, name, value) }

func (h *Hub) loadIdentity(_ string, value []byte) error {
	who := &identity{twin: newTwin(time.Now())}
	if err := json.Unmarshal(value, &who.Device); err != nil {
		return err
	}
	who.decodeKeys()
	if who.ModuleID == "" {
		who.modules = make(map[string]*identity)
		h.devices[who.DeviceID] = who
		return nil
	}
	parent := h.devices[who.DeviceID]
	if parent == nil {
		return errDeviceNotFound(who.DeviceID)
	}
	who.parent = parent
	parent.modules[who.ModuleID] = who
	return nil
}

func (h *Hub) loadTwin(id string, value []byte) error {
	who, err := h.find(id)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber() // a number stays as the device wrote it
	var t twin
	if err := d.Decode(&t); err != nil {
		return err
	}
	who.twin = t
	return nil
}

func (h *Hub) loadSession(id string, value []byte) error {
	who, err := h.find(id)
	if err != nil {
		return err
	}
	var s storedSession
	if err := json.Unmarshal(value, &s); err != nil {
		return err
	}
	who.session = newSession(false)
	for filter, qos := range s.Filters {
		who.session.subs[filter] = qos
	}
	return nil
}

func (h *Hub) loadQueued(key string, value []byte) error {
	_, id, _ := strings.Cut(key, "/")
	who, err := h.find(id)
	if err != nil {
		return err
	}
	m := new(queued)
	if err := json.Unmarshal(value, m); err != nil {
		return err
	}
	h.c2dSequence = max(h.c2dSequence, m.Sequence)
	who.queue = append(who.queue, m) // keys are sorted by sequence
	if m.PacketID == 0 {
		return nil
	}
	if who.session == nil {
		m.release()
		return nil
	}
	who.session.inflight[m.PacketID] = m
	return nil
}
