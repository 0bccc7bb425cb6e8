package panel

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/hubpanel/hubpanel/internal/l10n"
)

// aim makes a device, or with a module one of its modules, what the cloud side talks about.
func (c *cloud) aim(deviceID, moduleID string) {
	if c.target != deviceID {
		c.modules = nil
	}
	if c.target != deviceID || c.module != moduleID {
		c.target, c.module, c.twin.document = deviceID, moduleID, ""
	}
}

// name is the target as the service writes it: device, or device/module.
func (c *cloud) name() string {
	if c.module != "" {
		return c.target + "/" + c.module
	}
	return c.target
}

// twinPath is where the service has the target's twin, and, below it, its methods.
func (c *cloud) twinPath() string { return twinPath(c.target, c.module) }

// twinPath is where the service has the twin of a device, or of one of its modules if there is a module id.
func twinPath(deviceID, moduleID string) string {
	path := "/twins/" + url.PathEscape(deviceID)
	if moduleID != "" {
		path += "/modules/" + url.PathEscape(moduleID)
	}
	return path
}

// SelectModule makes a module of the target what the cloud side talks about; "" is the device.
func (p *Panel) SelectModule(id string) {
	p.update(func() { p.cloud.aim(p.cloud.target, id) })
	p.start("the twin", p.loadCloudTwin)
}

// loadModules reads the ids of the target's modules.
func (p *Panel) loadModules(ctx context.Context) {
	p.mu.Lock()
	target := p.cloud.target
	p.mu.Unlock()
	if target == "" {
		return
	}
	raw, err := p.ask(ctx, "GET", "/devices/"+url.PathEscape(target)+"/modules"+apiVersion, nil, nil)
	var list []struct {
		ModuleID string `json:"moduleId"`
	}
	if err == nil {
		err = json.Unmarshal(raw, &list)
	}
	if err != nil {
		if ctx.Err() == nil {
			p.fail("hub", err)
		}
		return
	}
	p.update(func() {
		c := &p.cloud
		if c.target != target {
			return
		}
		c.modules = nil
		for _, m := range list {
			c.modules = append(c.modules, m.ModuleID)
		}
		slices.Sort(c.modules)
		if !slices.Contains(c.modules, c.module) {
			c.aim(target, "")
		}
	})
}

// checkInput says what a module's input cannot be called: its name is one level of an MQTT topic [MQTT-3.3.2-2].
func checkInput(name string) error {
	switch {
	case name == "":
		return l10n.New("the input has no name. Write one, for example input1")
	case strings.ContainsAny(name, "/+#"):
		return l10n.New("the input's name holds /, + or #: it is a part of a topic, where they mean something else")
	}
	return nil
}

// splitIdentity takes "device/module" apart; of a device alone, the module is empty. No id holds a slash.
func splitIdentity(id string) (deviceID, moduleID string) {
	deviceID, moduleID, _ = strings.Cut(id, "/")
	return deviceID, moduleID
}

// viewModules chooses between the target and its modules.
func (p *Panel) viewModules() part {
	c := &p.cloud
	if len(c.modules) == 0 {
		return nil
	}
	choices := []string{"", p.T("none: the device itself")}
	for _, id := range c.modules {
		choices = append(choices, id, id)
	}
	return parts{
		h("label.field.inline", h("span.field-name", text(p.T("Module"))),
			h("select", testid("cloud-module"), onChange(func(e Event) { p.SelectModule(e.Value) }), nodes(options(c.module, choices...)))),
		when(c.module != "", h("button.quiet", attr("type", "button"), testid("cloud-module-use"), text(p.T("Use this module as the device")),
			onClick(func() { p.OfferDevice(c.name()) }))),
	}
}
