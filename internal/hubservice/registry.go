package hubservice

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// Devices returns the devices of the registry in the order of their ids, without modules.
func (c *Client) Devices(ctx context.Context) ([]emulator.Device, error) {
	var list []emulator.Device
	if err := c.ask(ctx, "GET", "/devices"+apiVersion, nil, nil, &list); err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b emulator.Device) int { return strings.Compare(a.DeviceID, b.DeviceID) })
	return list, nil
}

// Device returns the registry's entry of a device or of a module. It HOLDS SECRETS.
func (c *Client) Device(ctx context.Context, id string) (d emulator.Device, err error) {
	err = c.ask(ctx, "GET", devicePath(id)+apiVersion, nil, nil, &d)
	return d, err
}

// DeviceKey returns the primary key of a device or of a module.
func (c *Client) DeviceKey(ctx context.Context, id string) ([]byte, error) {
	d, err := c.Device(ctx, id)
	if err != nil {
		return nil, err
	}
	if d.Authentication.SymmetricKey.PrimaryKey == "" {
		return nil, l10n.New("the device has no symmetric key: it proves with a certificate who it is")
	}
	key, err := hubproto.ParseKey(d.Authentication.SymmetricKey.PrimaryKey)
	if err != nil {
		return nil, l10n.New("the registry's key %v", err)
	}
	return key, nil
}

// CreateDevice registers a device or a module that does not exist yet. The hub makes its keys, unless authentication has some.
func (c *Client) CreateDevice(ctx context.Context, id string, authentication emulator.Authentication) error {
	d := emulator.Device{Authentication: authentication}
	d.DeviceID, d.ModuleID = SplitIdentity(id)
	return c.ask(ctx, "PUT", devicePath(id)+apiVersion, d, nil, nil)
}

// SetDeviceStatus enables or disables a device. The hub closes the connection of a disabled one and refuses new ones.
func (c *Client) SetDeviceStatus(ctx context.Context, id string, enabled bool) error {
	d, err := c.Device(ctx, id)
	if err != nil {
		return err
	}
	d.Status = emulator.StatusDisabled
	if enabled {
		d.Status = emulator.StatusEnabled
	}
	return c.ask(ctx, "PUT", devicePath(id)+apiVersion, d, always, nil)
}

// DeleteDevice removes a device or a module from the registry, with its twin and its queue. See IsNotFound.
func (c *Client) DeleteDevice(ctx context.Context, id string) error {
	return c.ask(ctx, "DELETE", devicePath(id)+apiVersion, nil, always, nil)
}

// PurgeQueue drops the cloud-to-device messages that wait for a device, and returns how many there were.
func (c *Client) PurgeQueue(ctx context.Context, deviceID string) (int, error) {
	var purged struct {
		Total int `json:"totalMessagesPurged"`
	}
	err := c.ask(ctx, "DELETE", "/devices/"+url.PathEscape(deviceID)+"/commands"+apiVersion, nil, nil, &purged)
	return purged.Total, err
}

// Modules returns the ids of a device's modules, in order.
func (c *Client) Modules(ctx context.Context, deviceID string) ([]string, error) {
	var list []struct {
		ModuleID string `json:"moduleId"`
	}
	if err := c.ask(ctx, "GET", "/devices/"+url.PathEscape(deviceID)+"/modules"+apiVersion, nil, nil, &list); err != nil {
		return nil, err
	}
	var ids []string
	for _, m := range list {
		ids = append(ids, m.ModuleID)
	}
	slices.Sort(ids)
	return ids, nil
}
