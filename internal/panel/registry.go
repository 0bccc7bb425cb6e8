package panel

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// registry is the hub's list of devices, and what a person does with it. Keys are in no field of it: they are read when they
// are used.
type registry struct {
	devices []registered // in the order of their ids
	newID   field
	confirm string // the device whose deletion waits for a second click
	open    bool
	due     bool // it will be read again soon
	busy    bool
	result  result
}

// registered is what the registry says of a device.
type registered struct {
	DeviceID                  string    `json:"deviceId"`
	Status                    string    `json:"status"`
	ConnectionState           string    `json:"connectionState"`
	LastActivityTime          time.Time `json:"lastActivityTime"`
	CloudToDeviceMessageCount int       `json:"cloudToDeviceMessageCount"`
}

// registryPause is how long the list waits for more news before it is read again.
const registryPause = time.Second

func (p *Panel) loadRegistry(ctx context.Context) error {
	raw, err := p.ask(ctx, "GET", "/devices/"+apiVersion, nil, nil)
	if err != nil {
		return err
	}
	var list []registered
	if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b registered) int { return strings.Compare(a.DeviceID, b.DeviceID) })
	p.update(func() { p.cloud.registry.devices = list })
	return nil
}

// registryNewsLocked reads the list again soon, once for all the news until then, while a person looks at it.
func (p *Panel) registryNewsLocked() {
	r := &p.cloud.registry
	if !r.open || r.due {
		return
	}
	r.due = true
	p.enqueue(func() {
		p.start("the device list", func(ctx context.Context) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(registryPause):
			}
			p.update(func() { r.due = false })
			if err := p.loadRegistry(ctx); err != nil && ctx.Err() == nil {
				p.fail("hub", err)
			}
		})
	})
}

// OpenRegistry shows or hides the list of devices, which is kept up to date while it is shown.
func (p *Panel) OpenRegistry(open bool) {
	p.update(func() { p.cloud.registry.open = open })
	if open {
		p.changeRegistry(func(context.Context) (string, error) { return "", nil })
	}
}

// changeRegistry does something to the registry, says what came of it, and reads the list again. do returns the sentence
// that says so.
func (p *Panel) changeRegistry(do func(ctx context.Context) (string, error)) {
	p.update(func() { p.cloud.registry.busy, p.cloud.registry.confirm = true, "" })
	p.start("the device registry", func(ctx context.Context) {
		said, err := do(ctx)
		if listErr := p.loadRegistry(ctx); err == nil {
			err = listErr
		}
		p.update(func() { p.cloud.registry.busy, p.cloud.registry.result = false, p.resultOf(err, said) })
	})
}

// devicePath is where the registry has a device, or the module of "device/module".
func devicePath(id string) string {
	deviceID, moduleID := splitIdentity(id)
	path := "/devices/" + url.PathEscape(deviceID)
	if moduleID != "" {
		path += "/modules/" + url.PathEscape(moduleID)
	}
	return path + apiVersion
}

// always is the condition of a change that is to happen whatever the entity's ETag is.
var always = map[string]string{"If-Match": "*"}

// CreateDevice registers the device, or the module of "device/module", whose id is on the page. The hub makes its keys.
func (p *Panel) CreateDevice() {
	p.mu.Lock()
	id := strings.TrimSpace(p.cloud.registry.newID.text)
	p.mu.Unlock()
	deviceID, moduleID := splitIdentity(id)
	err := hubproto.ValidDeviceID(deviceID)
	if err == nil && strings.Contains(id, "/") {
		err = hubproto.ValidDeviceID(moduleID)
	}
	if err != nil {
		p.update(func() { p.cloud.registry.result = p.resultOf(err, "") })
		return
	}
	p.changeRegistry(func(ctx context.Context) (string, error) {
		identity := map[string]any{"deviceId": deviceID}
		if moduleID != "" {
			identity["moduleId"] = moduleID
		}
		if _, err := p.ask(ctx, "PUT", devicePath(id), identity, nil); err != nil {
			return "", err
		}
		p.update(func() { p.cloud.registry.newID.set("") })
		p.loadModules(ctx)
		return p.Lang().T("%s is registered, with keys that the hub made.", id), nil
	})
}

// SetDeviceStatus enables or disables a device. A disabled one is cut off and may not connect.
func (p *Panel) SetDeviceStatus(id string, enabled bool) {
	p.changeRegistry(func(ctx context.Context) (string, error) {
		raw, err := p.ask(ctx, "GET", devicePath(id), nil, nil)
		if err != nil {
			return "", err
		}
		var device emulator.Device
		if err := json.Unmarshal(raw, &device); err != nil {
			return "", err
		}
		device.Status = emulator.StatusEnabled
		said := p.Lang().T("%s is enabled: it may connect.", id)
		if !enabled {
			device.Status = emulator.StatusDisabled
			said = p.Lang().T("%s is disabled: the hub closes its connection and refuses new ones.", id)
		}
		_, err = p.ask(ctx, "PUT", devicePath(id), device, always)
		return said, err
	})
}

// DeleteDevice removes a device from the registry, with its twin and its queue.
func (p *Panel) DeleteDevice(id string) {
	p.changeRegistry(func(ctx context.Context) (string, error) {
		_, err := p.ask(ctx, "DELETE", devicePath(id), nil, always)
		return p.Lang().T("%s is deleted.", id), err
	})
}

// PurgeQueue drops the cloud-to-device messages that wait for a device.
func (p *Panel) PurgeQueue(id string) {
	p.changeRegistry(func(ctx context.Context) (string, error) {
		raw, err := p.ask(ctx, "DELETE", "/devices/"+url.PathEscape(id)+"/commands"+apiVersion, nil, nil)
		var purged struct {
			Total int `json:"totalMessagesPurged"`
		}
		if err == nil {
			err = json.Unmarshal(raw, &purged)
		}
		return p.Lang().TN(purged.Total, "%d message was dropped.", "%d messages were dropped.", purged.Total), err
	})
}

// OfferDevice puts a registered device's connection string into the device side's form. A session that runs goes on.
func (p *Panel) OfferDevice(id string) {
	p.changeRegistry(func(ctx context.Context) (string, error) {
		key, err := p.deviceKey(ctx, id)
		if err != nil {
			return "", err
		}
		lang := p.Lang()
		deviceID, moduleID := splitIdentity(id)
		said := lang.T("The connection string of %s is on the device side: press Connect there.", id)
		p.update(func() {
			p.device.connection.set(hubproto.ConnectionString{HostName: p.cloud.info.HubHostName, DeviceID: deviceID, ModuleID: moduleID, SharedAccessKey: key}.String())
			if p.device.running() {
				said = lang.T("The connection string of %s is on the device side: press Disconnect there, then Connect.", id)
			}
		})
		return said, nil
	})
}

// deviceKey reads a device's primary key from the registry.
func (p *Panel) deviceKey(ctx context.Context, id string) ([]byte, error) {
	raw, err := p.ask(ctx, "GET", devicePath(id), nil, nil)
	if err != nil {
		return nil, err
	}
	var device emulator.Device
	if err := json.Unmarshal(raw, &device); err != nil {
		return nil, err
	}
	if device.Authentication.SymmetricKey.PrimaryKey == "" {
		return nil, l10n.New("the device has no symmetric key: it proves with a certificate who it is")
	}
	key, err := hubproto.ParseKey(device.Authentication.SymmetricKey.PrimaryKey)
	if err != nil {
		return nil, l10n.New("the registry's key %v", err)
	}
	return key, nil
}
