package cloud

import (
	"context"
	"slices"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// target is the device, or the module, that the cloud side is about.
type target struct {
	device  string
	module  string   // empty: the device itself
	modules []string // of the device, in order
	changes int      // how often it was set to something else
}

func (t *target) set(deviceID, moduleID string) {
	if t.device == deviceID && t.module == moduleID {
		return
	}
	if t.device != deviceID {
		t.modules = nil
	}
	t.device, t.module = deviceID, moduleID
	t.changes++
}

// id is the target as the service has it: device, or device/module.
func (t *target) id() string { return hubproto.ClientID(t.device, t.module) }

// SetTarget makes a device of the emulator, or one of its modules, the one that the cloud side is about. A device of another host changes
// nothing. The lock is held.
func (room *Room) SetTarget(host, deviceID, moduleID string) {
	if room.emulator.Is(host) {
		room.setTarget(deviceID, moduleID)
	}
}

func (room *Room) setTarget(deviceID, moduleID string) {
	before := room.target.changes
	room.target.set(deviceID, moduleID)
	if room.target.changes != before {
		room.Twin.document = ""
	}
}

// Target returns the device, or "device/module", that the cloud side is about. The lock is held.
func (room *Room) Target() string { return room.target.id() }

// selectDevice makes a registered device the target. The lock is not held.
func (room *Room) selectDevice(id string) {
	room.Update(func() { room.setTarget(id, "") })
	room.Go("the device", room.loadTarget)
}

// selectModule makes a module of the target's device the target; "" is the device. The lock is not held.
func (room *Room) selectModule(id string) {
	room.Update(func() { room.setTarget(room.target.device, id) })
	room.Go("the twin", room.Twin.Load)
}

// LoadDevices reads the list of devices, and what the hub knows of the target. The lock is not held.
func (room *Room) LoadDevices(ctx context.Context) {
	if err := room.Registry.Load(ctx); err != nil {
		if ctx.Err() == nil {
			room.Fail("hub", err)
		}
		return
	}
	room.loadTarget(ctx)
}

// loadTarget reads the target's modules and its twin.
func (room *Room) loadTarget(ctx context.Context) {
	room.loadModules(ctx)
	room.Twin.Load(ctx)
}

// loadModules reads the ids of the target's modules.
func (room *Room) loadModules(ctx context.Context) {
	var device string
	room.Read(func() { device = room.target.device })
	if device == "" {
		return
	}
	var modules []string
	err := room.call(ctx, func(c *hubservice.Client) (err error) {
		modules, err = c.Modules(ctx, device)
		return err
	})
	if err != nil {
		if ctx.Err() == nil {
			room.Fail("hub", err)
		}
		return
	}
	room.Update(func() {
		t := &room.target
		if t.device != device {
			return
		}
		t.modules = modules
		if t.module != "" && !slices.Contains(modules, t.module) {
			room.setTarget(device, "")
		}
	})
}

// viewModules chooses between the device and its modules.
func (room *Room) viewModules() ui.Part {
	t := &room.target
	if len(t.modules) == 0 {
		return nil
	}
	choices := []string{"", room.T("none: the device itself")}
	for _, id := range t.modules {
		choices = append(choices, id, id)
	}
	return ui.Parts{
		ui.H("label.field.inline", ui.H("span.field-name", ui.Text(room.T("Module"))),
			ui.H("select", ui.TestID("cloud-module"), ui.OnChange(func(e ui.Event) { room.selectModule(e.Value) }), ui.Nodes(ui.Options(t.module, choices...)))),
		ui.When(t.module != "", ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("cloud-module-use"), ui.Text(room.T("Use this module as the device")),
			ui.OnClick(func() { room.Registry.use(t.id()) }))),
	}
}
