package cloud

import (
	"context"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// Registry is the hub's list of devices. It keeps no keys: they are read when they are used.
type Registry struct {
	room    *Room
	devices []registered // in the order of their ids; nil: not read yet
	newID   ui.Field
	confirm string // the device whose deletion waits for a second click
	open    bool
	due     bool // it will be read again soon
	busy    bool
	result  page.Result
}

// registered is a device as the list shows it, without its keys.
type registered struct {
	DeviceID           string
	enabled, connected bool
	lastActivity       time.Time
	messages           int // in its queue
}

// registryPause is how long the list waits for more news before it is read again.
const registryPause = time.Second

// Load reads the list. The lock is not held.
func (r *Registry) Load(ctx context.Context) error {
	var devices []emulator.Device
	err := r.room.call(ctx, func(c *hubservice.Client) (err error) {
		devices, err = c.Devices(ctx)
		return err
	})
	if err != nil {
		return err
	}
	list := make([]registered, len(devices))
	for i, d := range devices {
		list[i] = registered{DeviceID: d.DeviceID, enabled: d.Status == emulator.StatusEnabled, connected: d.ConnectionState == "Connected",
			lastActivity: d.LastActivityTime, messages: d.CloudToDeviceMessageCount}
	}
	r.room.Update(func() { r.devices = list })
	return nil
}

// news reads the list again soon, once for all the news until then, while a person looks at it. The lock is held.
func (r *Registry) news() {
	if !r.open || r.due {
		return
	}
	r.due = true
	r.room.Go("the device list", func(ctx context.Context) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(registryPause):
		}
		r.room.Update(func() { r.due = false })
		if err := r.Load(ctx); err != nil && ctx.Err() == nil {
			r.room.Fail("hub", err)
		}
	})
}

// setOpen shows or hides the list, which is kept up to date while it is shown. The lock is not held.
func (r *Registry) setOpen(open bool) {
	r.room.Update(func() { r.open = open })
	if open {
		r.change(func(context.Context, *hubservice.Client) (l10n.Text, error) { return nil, nil })
	}
}

// change changes the registry, shows the result, and reads the list again. do returns the result's text. The lock is not held.
func (r *Registry) change(do func(context.Context, *hubservice.Client) (l10n.Text, error)) {
	r.room.Update(func() { r.busy, r.confirm = true, "" })
	r.room.Go("the device registry", func(ctx context.Context) {
		var text l10n.Text
		err := r.room.call(ctx, func(c *hubservice.Client) (err error) {
			text, err = do(ctx, c)
			return err
		})
		if listErr := r.Load(ctx); err == nil {
			err = listErr
		}
		r.room.Update(func() { r.busy, r.result = false, page.ResultOf(err, text) })
	})
}

// create registers the device, or the module of "device/module", whose id is in the form. The hub makes its keys.
func (r *Registry) create() {
	room := r.room
	var id string
	room.Read(func() { id = r.newID.Trimmed() })
	deviceID, moduleID := hubservice.SplitIdentity(id)
	err := hubproto.ValidDeviceID(deviceID)
	if err == nil && strings.Contains(id, "/") {
		err = hubproto.ValidDeviceID(moduleID)
	}
	if err != nil {
		room.Update(func() { r.result = page.ResultOf(err, nil) })
		return
	}
	r.change(func(ctx context.Context, c *hubservice.Client) (l10n.Text, error) {
		if err := c.CreateDevice(ctx, id, emulator.Authentication{}); err != nil {
			return nil, err
		}
		room.Update(func() { r.newID.Set("") })
		room.loadModules(ctx)
		return l10n.New("%s is registered, with keys that the hub made.", id), nil
	})
}

// setStatus enables or disables a device. A disabled one is disconnected and may not connect.
func (r *Registry) setStatus(id string, enabled bool) {
	text := l10n.New("%s is disabled: the hub closes its connection and refuses new ones.", id)
	if enabled {
		text = l10n.New("%s is enabled: it may connect.", id)
	}
	r.change(func(ctx context.Context, c *hubservice.Client) (l10n.Text, error) {
		return text, c.SetDeviceStatus(ctx, id, enabled)
	})
}

// remove deletes a device, with its twin and its queue.
func (r *Registry) remove(id string) {
	r.change(func(ctx context.Context, c *hubservice.Client) (l10n.Text, error) {
		return l10n.New("%s is deleted.", id), c.DeleteDevice(ctx, id)
	})
}

// purge drops the cloud-to-device messages that wait for a device.
func (r *Registry) purge(id string) {
	r.change(func(ctx context.Context, c *hubservice.Client) (l10n.Text, error) {
		n, err := c.PurgeQueue(ctx, id)
		return l10n.NewN(n, "%d message was dropped.", "%d messages were dropped.", n), err
	})
}

// use puts the connection string of a device, or of "device/module", into the connect form. A connection that runs continues.
func (r *Registry) use(id string) {
	room := r.room
	r.change(func(ctx context.Context, c *hubservice.Client) (text l10n.Text, err error) {
		key, err := c.DeviceKey(ctx, id)
		if err != nil {
			return nil, err
		}
		room.Update(func() {
			s := hubproto.ConnectionString{HostName: room.emulator.Info.HubHostName, SharedAccessKey: key}
			s.DeviceID, s.ModuleID = hubservice.SplitIdentity(id)
			room.Links.UseConnectionString(s.String())
			text = l10n.New("The connection string of %s is on the device side: press Connect there.", id)
			if room.Links.Running() {
				text = l10n.New("The connection string of %s is on the device side: press Disconnect there, then Connect.", id)
			}
		})
		return text, nil
	})
}

// Credentials returns those of a device in the registry. The lock is not held.
func (r *Registry) Credentials(ctx context.Context, deviceID string) (hubclient.Credentials, error) {
	room := r.room
	var key []byte
	err := room.call(ctx, func(c *hubservice.Client) (err error) {
		key, err = c.DeviceKey(ctx, deviceID)
		return err
	})
	credentials := hubclient.Credentials{DeviceID: deviceID, Key: key}
	room.Read(func() { credentials.Host = room.emulator.Info.HubHostName })
	return credentials, err
}
