package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// The records of the store by the first part of their key. Ids hold no slash, so keys cannot be confused; the key of a module's entry
// has one part more than a device's. Whoever changes a record's form raises storeVersion and adds a step to migrations.
const (
	keyDevice       = "device/"       // {device}[/{module}]: Device
	keyTwin         = "twin/"         // {device}[/{module}]: twin
	keySession      = "session/"      // {device}[/{module}]: storedSession
	keyQueue        = "c2d/"          // {sequence}/{device}[/{module}]: queued
	keyPolicy       = "policy/"       // {name}: policy
	keyEnrollment   = "enrollment/"   // {registration id, lower case}: Enrollment
	keyGroup        = "group/"        // {enrollment group id}: EnrollmentGroup
	keyRegistration = "registration/" // {registration id, lower case}: registration
	keyCounters     = "counters"      // counters
	keyVersion      = "version"       // the number of the store's format
)

type counters struct {
	EventsUntil int64
}

func (h *Hub) saveIdentity(device *identity) {
	if h.journal.store != nil {
		h.put(keyDevice+device.ID(), device.Device)
	}
}

func (h *Hub) saveTwin(device *identity) { h.put(keyTwin+device.ID(), device.twin) }

func (h *Hub) deleteIdentity(device *identity) {
	h.put(keyDevice+device.ID(), nil)
	h.put(keyTwin+device.ID(), nil)
}

func queueKey(device *identity, m *queued) string {
	return fmt.Sprintf("%s%016x/%s", keyQueue, m.Sequence, device.ID())
}

func (h *Hub) saveQueued(device *identity, m *queued) {
	if h.journal.store != nil {
		h.put(queueKey(device, m), m)
	}
}

func (h *Hub) deleteQueued(device *identity, m *queued) {
	if h.journal.store != nil {
		h.put(queueKey(device, m), nil)
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

// load reads the whole store, and brings a store of an older version up to date first. The hub is not in use yet.
func (h *Hub) load(ctx context.Context) error {
	if h.Store == nil {
		return nil
	}
	// Devices are loaded before the records that belong to them, and a store has its own order.
	stored := make(map[string][]byte)
	if err := h.Store.Each(ctx, func(key string, value []byte) error {
		stored[key] = value
		return nil
	}); err != nil {
		return err
	}
	writes, err := migrate(stored)
	if err != nil {
		return err
	}
	if len(writes) > 0 {
		// All at once, before anything else: a store is never between two versions.
		if err := h.Store.Commit(ctx, writes); err != nil {
			return fmt.Errorf("updating it to version %d: %w", storeVersion, err)
		}
	}
	keys := slices.Sorted(maps.Keys(stored))
	var c counters
	for _, step := range []struct {
		prefix string
		load   func(rest string, value []byte) error
	}{
		{keyPolicy, h.loadPolicy},
		{keyDevice, h.loadIdentity}, // sorted, so a device comes before its modules
		{keyTwin, h.loadTwin},
		{keyQueue, h.loadQueued},
		{keySession, h.loadSession}, // which knows the packet ids of the queue's messages
		{keyEnrollment, func(id string, value []byte) error { return loadInto(h.enrollments, id, value) }},
		{keyGroup, func(id string, value []byte) error { return loadInto(h.groups, id, value) }},
		{keyRegistration, func(id string, value []byte) error { return loadInto(h.registrations, id, value) }},
		{keyCounters, func(_ string, value []byte) error { return json.Unmarshal(value, &c) }},
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
		h.events.StartAt(c.EventsUntil)
	}
	h.each(func(device *identity) {
		if device.state == nil {
			h.release(device)
		}
	})
	return nil
}

func loadInto[T any](m map[string]*T, id string, value []byte) error {
	entry := new(T)
	m[id] = entry
	return json.Unmarshal(value, entry)
}

func (h *Hub) loadPolicy(name string, value []byte) error { return loadInto(h.policies, name, value) }

func (h *Hub) loadIdentity(_ string, value []byte) error {
	device := &identity{twin: newTwin(time.Now())}
	if err := json.Unmarshal(value, &device.Device); err != nil {
		return err
	}
	device.decodeKeys()
	if device.ModuleID == "" {
		device.modules = make(map[string]*identity)
		h.devices[device.DeviceID] = device
		return nil
	}
	parent := h.devices[device.DeviceID]
	if parent == nil {
		return errDeviceNotFound(device.DeviceID)
	}
	device.parent = parent
	parent.modules[device.ModuleID] = device
	return nil
}

func (h *Hub) loadTwin(id string, value []byte) error {
	device, err := h.find(id)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber() // keeps numbers as the device wrote them
	var t twin
	if err := d.Decode(&t); err != nil {
		return err
	}
	device.twin = t
	return nil
}

func (h *Hub) loadQueued(key string, value []byte) error {
	_, id, _ := strings.Cut(key, "/")
	device, err := h.find(id)
	if err != nil {
		return err
	}
	m := new(queued)
	if err := json.Unmarshal(value, m); err != nil {
		return err
	}
	h.c2dSequence = max(h.c2dSequence, m.Sequence)
	h.deliveryToken = max(h.deliveryToken, m.Token)
	device.queue = append(device.queue, m) // keys are sorted by sequence
	return nil
}
