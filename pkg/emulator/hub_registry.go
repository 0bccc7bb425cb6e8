package emulator

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// A Status is whether a device may connect, or an enrollment may be used.
type Status string

// The states of an entry.
const (
	StatusEnabled  Status = "enabled"
	StatusDisabled Status = "disabled"
)

// A ConnectionState is whether a device is connected.
type ConnectionState string

const (
	StateConnected    ConnectionState = "Connected"
	StateDisconnected ConnectionState = "Disconnected"
)

// An AuthenticationType is how a device proves its identity to the hub.
type AuthenticationType string

const (
	AuthSAS        AuthenticationType = "sas"
	AuthSelfSigned AuthenticationType = "selfSigned"           // an X.509 certificate, by its thumbprint
	AuthCA         AuthenticationType = "certificateAuthority" // an X.509 certificate that a trusted CA signed, its common name the device id
)

// A Device is a registry entry: a device, or a module of a device when ModuleID is set. The JSON names are REST's.
type Device struct {
	DeviceID                   string          `json:"deviceId"`
	ModuleID                   string          `json:"moduleId,omitempty"`
	ManagedBy                  string          `json:"managedBy,omitempty"` // modules
	GenerationID               string          `json:"generationId"`        // differs from that of an earlier entry with the same id
	ETag                       string          `json:"etag"`
	ConnectionState            ConnectionState `json:"connectionState"`
	Status                     Status          `json:"status"`                 // StatusEnabled when empty
	StatusReason               string          `json:"statusReason,omitempty"` // at most 128 bytes
	ConnectionStateUpdatedTime time.Time       `json:"connectionStateUpdatedTime"`
	StatusUpdatedTime          time.Time       `json:"statusUpdatedTime"`
	LastActivityTime           time.Time       `json:"lastActivityTime"`
	CloudToDeviceMessageCount  int             `json:"cloudToDeviceMessageCount"`
	Authentication             Authentication  `json:"authentication"`
	Capabilities               Capabilities    `json:"capabilities"`
}

// ID is the device id, or "device/module": the form in which this package's methods take ids.
func (d *Device) ID() string { return hubproto.ClientID(d.DeviceID, d.ModuleID) }

// Authentication is how a device proves its identity to the hub.
type Authentication struct {
	Type           AuthenticationType `json:"type"` // AuthSAS when empty
	SymmetricKey   SymmetricKey       `json:"symmetricKey"`
	X509Thumbprint Thumbprint         `json:"x509Thumbprint"`
}

// A SymmetricKey is a pair of keys in base64, of 16 to 64 bytes each; either one is accepted. The hub makes the keys that are empty.
type SymmetricKey struct {
	PrimaryKey   string `json:"primaryKey"`
	SecondaryKey string `json:"secondaryKey"`
}

// A Thumbprint is the SHA-1 or SHA-256 hash of a certificate in hex; either one is accepted.
type Thumbprint struct {
	PrimaryThumbprint   string `json:"primaryThumbprint"`
	SecondaryThumbprint string `json:"secondaryThumbprint"`
}

// Capabilities of a device.
type Capabilities struct {
	IoTEdge bool `json:"iotEdge"`
}

// identity is a device or a module with everything that the hub keeps for it. A variable of this type is called device, also for a module.
// Guarded by Hub.mu.
type identity struct {
	Device   // the registry entry; its live fields are filled in by view
	parent   *identity
	modules  map[string]*identity // a device's, by module id
	keys     [2][]byte            // decoded symmetric keys
	twin     twin
	queue    []*queued
	state    protocolState    // the state that the protocol of its connections keeps, or nil
	attached attachment       // the live connection, or nil
	locks    *time.Timer      // the earliest end of a lock of its messages, while some are with the device
	calls    map[string]*call // direct methods that wait for an answer, by request id
	callable chan struct{}    // closed when direct methods become possible; nil while no call waits for that
}

// view is the registry entry as a service sees it. h.mu is held.
func (id *identity) view() Device {
	d := id.Device
	d.ConnectionState = StateDisconnected
	if id.attached != nil {
		d.ConnectionState = StateConnected
	}
	d.CloudToDeviceMessageCount = len(id.queue)
	return d
}

// find returns the identity of "device" or "device/module". h.mu is held.
func (h *Hub) find(id string) (*identity, error) {
	deviceID, moduleID, isModule := strings.Cut(id, "/")
	d := h.devices[deviceID]
	if d == nil {
		return nil, errDeviceNotFound(deviceID)
	}
	if !isModule {
		return d, nil
	}
	if m := d.modules[moduleID]; m != nil {
		return m, nil
	}
	return nil, errModuleNotFound(id)
}

// each calls f with every device and module, devices in the order of their ids, each followed by its modules. h.mu is held.
func (h *Hub) each(f func(*identity)) {
	for _, d := range sortedByKey(h.devices) {
		f(d)
		for _, m := range sortedByKey(d.modules) {
			f(m)
		}
	}
}

func sortedByKey[V any](m map[string]V) []V {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	values := make([]V, len(keys))
	for i, key := range keys {
		values[i] = m[key]
	}
	return values
}

// PutDevice registers a device or module, or changes the one that has its id, and returns the entry as it is now, keys
// included. Keys that are empty stay as they are, or are made. It returns when the entry is durable.
func (h *Hub) PutDevice(ctx context.Context, d Device) (Device, error) {
	return h.putDevice(ctx, d, "")
}

// putDevice is PutDevice under a condition: "" for none, "new" when the entry must not exist, otherwise an ETag or "*" of an
// entry that must.
func (h *Hub) putDevice(ctx context.Context, d Device, condition string) (Device, error) {
	if err := validate(&d); err != nil {
		return Device{}, err
	}
	var entry Device
	err := h.change(ctx, func() error {
		device, err := h.register(d, condition)
		if err == nil {
			entry = device.view()
		}
		return err
	})
	if err != nil {
		return Device{}, err
	}
	return entry, nil
}

const conditionNew = "new"

// validate checks the fields that do not depend on the registry and fills in defaults.
func validate(d *Device) error {
	if err := hubproto.ValidDeviceID(d.DeviceID); err != nil {
		return errInvalid(err)
	}
	if d.ModuleID != "" {
		if err := hubproto.ValidDeviceID(d.ModuleID); err != nil {
			return errorf(400004, "ArgumentInvalid", "as a module id: %v", err)
		}
	}
	d.Status = cmp.Or(d.Status, StatusEnabled)
	if d.Status != StatusEnabled && d.Status != StatusDisabled {
		return errorf(400004, "ArgumentInvalid", "status is %q: use enabled or disabled", d.Status)
	}
	if len(d.StatusReason) > 128 {
		return errorf(400004, "ArgumentInvalid", "statusReason has %d bytes: at most 128 are allowed", len(d.StatusReason))
	}
	a := &d.Authentication
	a.Type = cmp.Or(a.Type, AuthSAS)
	switch a.Type {
	case AuthSAS, AuthCA:
	case AuthSelfSigned:
		if a.X509Thumbprint == (Thumbprint{}) {
			return errorf(400004, "ArgumentInvalid", "authentication selfSigned needs x509Thumbprint.primaryThumbprint")
		}
		for _, print := range []*string{&a.X509Thumbprint.PrimaryThumbprint, &a.X509Thumbprint.SecondaryThumbprint} {
			*print = strings.ToUpper(strings.NewReplacer(":", "", " ", "").Replace(*print))
			if n := len(*print); n != 0 && n != 40 && n != 64 || strings.Trim(*print, "0123456789ABCDEF") != "" {
				return errorf(400004, "ArgumentInvalid", "a thumbprint has %d characters: give 40 (SHA-1) or 64 (SHA-256) hex digits", n)
			}
		}
	default:
		return errorf(400004, "ArgumentInvalid", "authentication type is %q: use sas, selfSigned or certificateAuthority", a.Type)
	}
	for _, key := range []string{a.SymmetricKey.PrimaryKey, a.SymmetricKey.SecondaryKey} {
		if err := validKey(key); err != nil {
			return err
		}
	}
	return nil
}

// validKey accepts a symmetric key that the hub accepts, and an empty one.
func validKey(key string) error {
	if key == "" {
		return nil
	}
	raw, err := hubproto.ParseKey(key)
	if err == nil && (len(raw) < 16 || len(raw) > 64) {
		err = fmt.Errorf("has %d bytes: give it 16 to 64", len(raw))
	}
	if err != nil {
		return errorf(400004, "ArgumentInvalid", "a symmetric key %v", err)
	}
	return nil
}

// register makes or changes an entry that validate accepted. h.mu is held.
func (h *Hub) register(d Device, condition string) (*identity, error) {
	old, err := h.find(d.ID())
	if err != nil {
		if d.ModuleID != "" && h.devices[d.DeviceID] == nil {
			return nil, err
		}
		if condition != "" && condition != conditionNew {
			return nil, err
		}
		return h.create(d), nil
	}
	switch {
	case condition == conditionNew && d.ModuleID != "":
		return nil, errorf(409301, "ModuleAlreadyExistsOnDevice", "module %q is already there: give its ETag in If-Match to change it", d.ID())
	case condition == conditionNew:
		return nil, errorf(409001, "DeviceAlreadyExists", "a device with ID %q is already there: give its ETag in If-Match to change it", d.DeviceID)
	case condition != "" && condition != "*" && condition != old.ETag:
		return nil, errPrecondition(old.ETag, condition)
	}
	h.update(old, d)
	return old, nil
}

// create adds an entry that is not there yet. h.mu is held.
func (h *Hub) create(d Device) *identity {
	device := &identity{twin: newTwin(time.Now()), Device: Device{ // and no other field that a request may hold
		DeviceID: d.DeviceID, ModuleID: d.ModuleID, ManagedBy: d.ManagedBy,
		Status: d.Status, StatusReason: d.StatusReason, Capabilities: d.Capabilities,
	}}
	if d.ModuleID == "" {
		h.devices[d.DeviceID] = device
		device.modules = make(map[string]*identity)
	} else {
		device.parent = h.devices[d.DeviceID]
		device.parent.modules[d.ModuleID] = device
	}
	// The service's look like this too: a number that grows.
	h.generation = max(h.generation+1, time.Now().UnixNano())
	device.GenerationID = strconv.FormatInt(h.generation, 10)
	device.adopt(d.Authentication, SymmetricKey{})
	h.saveIdentity(device)
	h.saveTwin(device)
	h.note(Operation{Category: CategoryRegistry, Name: "create", DeviceID: device.DeviceID, ModuleID: device.ModuleID, StatusCode: 200,
		Description: "registered with authentication " + string(device.Authentication.Type)})
	return device
}

// update gives an entry new settings. A device that is disabled now loses its connection. h.mu is held.
func (h *Hub) update(device *identity, d Device) {
	device.adopt(d.Authentication, device.Authentication.SymmetricKey)
	if device.Status != d.Status {
		device.StatusUpdatedTime = time.Now().UTC()
	}
	device.Status, device.StatusReason, device.Capabilities, device.ManagedBy = d.Status, d.StatusReason, d.Capabilities, d.ManagedBy
	h.saveIdentity(device)
	h.note(Operation{Category: CategoryRegistry, Name: "update", DeviceID: device.DeviceID, ModuleID: device.ModuleID, StatusCode: 200,
		Description: "changed; it is " + string(device.Status)})
	if device.Status == StatusDisabled {
		h.cutOff(device, causeDisabled)
	}
}

// adopt sets an authentication, and keeps or makes the keys that are empty in it. h.mu is held.
func (id *identity) adopt(a Authentication, old SymmetricKey) {
	id.ETag = newETag()
	if a.Type == AuthSAS {
		for _, key := range []struct {
			value *string
			old   string
		}{{&a.SymmetricKey.PrimaryKey, old.PrimaryKey}, {&a.SymmetricKey.SecondaryKey, old.SecondaryKey}} {
			if *key.value == "" {
				*key.value = cmp.Or(key.old, base64.StdEncoding.EncodeToString(newKey()))
			}
		}
		a.X509Thumbprint = Thumbprint{}
	} else {
		a.SymmetricKey = SymmetricKey{}
	}
	id.Authentication = a
	id.decodeKeys()
}

func (id *identity) decodeKeys() {
	id.keys = [2][]byte{}
	for i, key := range []string{id.Authentication.SymmetricKey.PrimaryKey, id.Authentication.SymmetricKey.SecondaryKey} {
		if key != "" {
			id.keys[i], _ = hubproto.ParseKey(key) // validKey has seen it
		}
	}
}

// cutOff closes the connections of a device and its modules, or of a module. h.mu is held.
func (h *Hub) cutOff(device *identity, why cause) {
	if device.attached != nil {
		h.detach(device, device.attached, why)
	}
	for _, m := range device.modules {
		h.cutOff(m, why)
	}
}

// DeleteDevice removes a device with its modules, or a module, and closes its connection.
func (h *Hub) DeleteDevice(ctx context.Context, id string) error {
	return h.deleteDevice(ctx, id, "*")
}

func (h *Hub) deleteDevice(ctx context.Context, id, etag string) error {
	return h.change(ctx, func() error {
		device, err := h.find(id)
		if err == nil && etag != "*" && etag != "" && etag != device.ETag {
			err = errPrecondition(device.ETag, etag)
		}
		if err == nil {
			h.remove(device)
		}
		return err
	})
}

// remove removes an entry from the registry with everything that the hub keeps for it. h.mu is held.
func (h *Hub) remove(device *identity) {
	h.cutOff(device, causeDeleted)
	for _, m := range sortedByKey(device.modules) {
		h.remove(m)
	}
	h.clearQueue(device, MessageDropped, "its device was removed from the registry")
	if device.state != nil {
		device.state.discard(h, device)
	}
	h.deleteIdentity(device)
	if device.parent != nil {
		delete(device.parent.modules, device.ModuleID)
	} else {
		delete(h.devices, device.DeviceID)
	}
	h.note(Operation{Category: CategoryRegistry, Name: "delete", DeviceID: device.DeviceID, ModuleID: device.ModuleID, StatusCode: 204,
		Description: "removed from the registry"})
}

// Device returns the registry entry of a device ("dev-1") or module ("dev-1/mod-1"), keys included.
func (h *Hub) Device(id string) (entry Device, err error) {
	err = h.read(context.Background(), func() error {
		device, err := h.find(id)
		if err == nil {
			entry = device.view()
		}
		return err
	})
	return entry, err
}

// Devices yields the devices and modules that are registered when the loop begins, devices in the order of their ids, each
// followed by its modules.
func (h *Hub) Devices() iter.Seq[Device] {
	return func(yield func(Device) bool) {
		var all []Device
		if h.read(context.Background(), func() error {
			h.each(func(device *identity) { all = append(all, device.view()) })
			return nil
		}) != nil {
			return
		}
		for _, d := range all {
			if !yield(d) {
				return
			}
		}
	}
}
