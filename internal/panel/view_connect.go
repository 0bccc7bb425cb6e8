package panel

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// viewConnection is the connection form, or the session's facts and the way to end it.
func (p *Panel) viewConnection() *Node {
	if p.device.running() {
		return p.viewSession()
	}
	return h("div.card.connect", key("connect"), p.viewConnectForm(), p.viewProfiles())
}

// viewSession says with what the device is connected, or tries to be.
func (p *Panel) viewSession() *Node {
	d := &p.device
	fact := func(name, value string) *Node { return h("div", h("dt", text(name)), h("dd", text(value))) }
	expiry := d.state.TokenExpiry
	return h("div.card.session", key("session"),
		h("dl.facts",
			fact(p.T("Host"), d.endpoint()),
			fact(p.T("Device id"), d.name()),
			when(d.options.ModelID != "", fact(p.T("Model id"), d.options.ModelID)),
			when(!expiry.IsZero(), h("div", h("dt", text(p.T("SAS token until"))), h("dd", testid("session-token"), text(expiry.In(p.env.Location).Format("15:04:05"))))),
			when(!expiry.IsZero(), p.viewExpiry(expiry)),
		),
		h("div.actions",
			when(d.state.Phase == hubclient.Reconnecting,
				h("button.secondary", attr("type", "button"), testid("try-now"), text(p.T("Try now")), onClick(p.TryNow))),
			h("button.secondary", attr("type", "button"), testid("disconnect"), when(d.pressed == pressedConnect, attr("data-focus", "")), text(p.T("Disconnect")), onClick(p.Disconnect)),
		),
	)
}

func (p *Panel) viewConnectForm() *Node {
	d := &p.device
	f := &d.form
	way := func(w connectWay, name string) *Node {
		return h("label.check",
			h("input", attr("type", "radio"), attr("name", "connect-way"), testid("way-"+string(w)), flag("checked", f.way == w),
				Listener{Event: "change", Do: func(Event) { p.update(func() { f.way, d.pressed = w, pressedNone }) }}),
			h("span", text(name)))
	}
	var inputs *Node
	switch f.way {
	case wayFields:
		inputs = p.viewFields()
	case wayToken:
		inputs = p.viewTokenWay()
	default:
		inputs = p.viewConnectionString()
	}
	return h("form.connect-form", onSubmit(p.Connect),
		h("fieldset.choices.connect-ways", h("legend", text(p.T("Connect with"))),
			way(wayString, p.T("Connection string")), way(wayFields, p.T("Fields")), way(wayToken, p.T("SAS token")),
			h("button.quiet", attr("type", "button"), testid("way-dps"), text(p.T("Or through the Device Provisioning Service")), onClick(func() { p.Show(TopicProvisioning) }))),
		inputs,
		p.viewConnectCheck(),
		p.viewAdvanced(),
	)
}

func (p *Panel) connectButton() *Node {
	return h("button.primary", attr("type", "submit"), testid("connect"), when(p.device.pressed == pressedDisconnect, attr("data-focus", "")), text(p.T("Connect")))
}

// viewSecret is the input of a secret, with a button beside it if there is one.
func (p *Panel) viewSecret(name, id, placeholder string, f *field, reveal *bool, beside *Node, more ...part) *Node {
	return h("div.field",
		h("label.field-name", attr("for", id), text(name)),
		h("div.with-button",
			h("input.mono", secret(*reveal), attr("id", id), testid(id), attr("autocomplete", "off"), attr("spellcheck", "false"),
				attr("autocapitalize", "off"), attr("placeholder", placeholder), attr("aria-describedby", "connect-check"), value{f}, p.typing(f), parts(more)),
			beside),
		p.viewCheck(p.T("Show the secret"), "reveal", reveal))
}

func (p *Panel) viewConnectionString() *Node {
	d := &p.device
	return h("div.connect-way", key("string"),
		p.viewSecret(p.T("Device connection string"), "connection-string", p.T("HostName=…;DeviceId=…;SharedAccessKey=…"), &d.connection, &d.reveal, p.connectButton()),
		when(trimmed(&d.connection) != p.cloud.info.DeviceConnectionString && p.cloud.info.DeviceConnectionString != "",
			h("button.quiet", attr("type", "button"), testid("use-ready-made"), text(p.T("Use the emulator's ready-made device")),
				onClick(func() { p.update(func() { d.connection.set(p.cloud.info.DeviceConnectionString) }) }))),
		h("p.help", attr("id", "connection-help"), text(p.connectionHelp())))
}

func (p *Panel) viewFields() *Node {
	d := &p.device
	f := &d.form
	return h("div.connect-way", key("fields"),
		h("div.grid",
			p.viewChecked(p.T("Host name"), "connect-host", &f.host, p.T("myhub.azure-devices.net"), hubproto.ValidHost),
			p.viewChecked(p.T("Device id"), "connect-device-id", &f.deviceID, "", hubproto.ValidDeviceID),
			p.viewChecked(p.T("Module id (if it is a module)"), "connect-module-id", &f.moduleID, "", hubproto.ValidDeviceID)),
		p.viewSecret(p.T("Shared access key"), "connect-key", p.T("base64, ends in ="), &f.key, &d.reveal, p.connectButton(),
			when(f.asked > 0, attr("data-focus", fmt.Sprint(f.asked)))))
}

func (p *Panel) viewTokenWay() *Node {
	d := &p.device
	f := &d.form
	token, err := hubproto.ParseSAS(f.token.text)
	needsID := false
	if err == nil {
		_, deviceID, _ := tokenIdentity(token.Resource)
		needsID = deviceID == ""
	}
	return h("div.connect-way", key("token"),
		p.viewSecret(p.T("SAS token"), "connect-token", p.T("SharedAccessSignature sr=…&sig=…&se=…"), &f.token, &d.reveal, p.connectButton()),
		when(err == nil, p.viewToken(token)),
		when(needsID, h("div.grid", key("ids"),
			p.viewChecked(p.T("Device id"), "connect-device-id", &f.deviceID, "", hubproto.ValidDeviceID),
			p.viewChecked(p.T("Module id (if it is a module)"), "connect-module-id", &f.moduleID, "", hubproto.ValidDeviceID))))
}

// viewChecked is a line of text with what is wrong with it under it.
func (p *Panel) viewChecked(name, id string, f *field, placeholder string, check func(string) error) *Node {
	problem := ""
	if s := trimmed(f); s != "" {
		if err := check(s); err != nil {
			problem = p.Sentence(err)
		}
	}
	return h("div.checked",
		p.viewText(name, id, f, attr("placeholder", placeholder), attr("aria-describedby", id+"-problem")),
		h("p.problem", attr("id", id+"-problem"), testid(id+"-problem"), text(problem)))
}

// viewConnectCheck says, as soon as there is something to say, whom the form would connect, or what is wrong.
func (p *Panel) viewConnectCheck() *Node {
	d := &p.device
	given := map[connectWay]*field{wayString: &d.connection, wayFields: &d.form.key, wayToken: &d.form.token}[d.form.way]
	problem, whom := "", ""
	if trimmed(given) != "" {
		if s, err := d.settings(); err != nil {
			problem = p.Sentence(err)
		} else {
			whom = p.whom(s.credentials)
		}
	}
	token, err := hubproto.ParseSAS(d.connectionToken())
	return h("div.connect-check", attr("id", "connect-check"), attr("role", "status"),
		h("p.problem", testid("connect-problem"), text(hubproto.Redact(problem))),
		when(whom != "", h("p.help", testid("connect-whom"), text(whom))),
		when(err == nil, p.viewToken(token)))
}

// connectionToken is the token in the connection string, if it holds one.
func (d *device) connectionToken() string {
	if d.form.way != wayString {
		return ""
	}
	cr, err := hubclient.ParseConnectionString(d.connection.text)
	if err != nil {
		return ""
	}
	return cr.SharedAccessSignature
}

func (p *Panel) whom(cr hubclient.Credentials) string {
	host := cr.Host
	if cr.Gateway != "" {
		host = p.T("%s through %s", cr.Host, cr.Gateway)
	}
	if cr.ModuleID != "" {
		return p.T("Module %s of device %s at %s.", cr.ModuleID, cr.DeviceID, host)
	}
	return p.T("Device %s at %s.", cr.DeviceID, host)
}

func (p *Panel) viewAdvanced() *Node {
	f := &p.device.form
	endpoint := func(string) error { _, err := f.checkedEndpoint(); return err }
	return h("details.more", h("summary", testid("advanced"), text(p.T("Advanced"))),
		h("div.advanced",
			h("div.grid",
				p.viewText(p.T("IoT Plug and Play model id"), "connect-model-id", &f.modelID, attr("placeholder", "dtmi:com:example:Thermostat;1")),
				p.viewChecked(p.T("Gateway host name"), "connect-gateway", &f.gateway, "", hubproto.ValidHost),
				p.viewChecked(p.T("Custom endpoint"), "connect-endpoint", &f.endpoint, "wss://gateway.example/mqtt", endpoint),
				p.viewText(p.T("Keep-alive in seconds"), "connect-keep-alive", &f.keepAlive, attr("inputmode", "numeric"), attr("placeholder", "240")),
				p.viewText(p.T("Lifetime of a SAS token in minutes"), "connect-token-ttl", &f.tokenTTL, attr("inputmode", "numeric"), attr("placeholder", "60")),
			),
			p.viewCheck(p.T("Clean session: the hub forgets subscriptions and waiting messages at each connect"), "connect-clean-session", &f.cleanSession),
			p.viewCheck(p.T("Will: the hub publishes this as telemetry if the connection breaks"), "connect-will", &f.will),
			when(f.will, p.viewText(p.T("Body of the Will"), "connect-will-body", &f.willBody)),
		))
}

func (p *Panel) connectionHelp() string {
	if d := &p.device; d.connection.text != "" && d.connection.text == p.cloud.info.DeviceConnectionString {
		return p.T("A ready-made device of the emulator. Or paste your own device's string: it stays in this page's memory.")
	}
	return p.T("The device's own string, from the Azure portal: Devices, your device, Primary connection string. It stays in this page's memory.")
}

// stateWords says how the connection is, for a person and for a test.
func (p *Panel) stateWords() (words, state string) {
	d := &p.device
	s := d.state
	if !d.running() && s.Phase != hubclient.Refused {
		return p.T("Not connected"), "disconnected"
	}
	switch s.Phase {
	case hubclient.Dialing:
		return p.T("Dialling …"), "dialing"
	case hubclient.Connecting:
		return p.T("Connecting …"), "connecting"
	case hubclient.Connected:
		return p.T("Connected since %s", s.Since.In(p.env.Location).Format("15:04:05")), "connected"
	case hubclient.Reconnecting:
		next := p.nextTry()
		if !time.Now().Before(next) {
			return p.T("Reconnecting …"), "reconnecting"
		}
		return p.T("Reconnecting in %s (attempt %d)", p.until(next), s.Attempt+1), "reconnecting"
	case hubclient.Refused:
		return p.T("Refused: %s", p.refusal(s.Err)), "refused"
	}
	return p.T("Not connected"), "disconnected"
}

// refusal is why the hub refused, in few words; the notice says the rest.
func (p *Panel) refusal(err error) string {
	var refused *hubclient.ConnectError
	var expired *hubclient.TokenExpiredError
	var subscription *hubclient.SubscribeError
	var takeover *hubclient.TakeoverError
	switch {
	case errors.As(err, &expired):
		return p.T("the SAS token has expired")
	case errors.As(err, &takeover):
		return p.T("another client uses this identity")
	case errors.As(err, &subscription):
		return p.T("a subscription is not allowed")
	case errors.As(err, &refused):
		return p.lang.ConnectCode(refused.Code)
	case err == nil:
		return p.T("no reason was given")
	}
	first, _, _ := strings.Cut(strings.ReplaceAll(p.Sentence(err), "：", ": "), ": ")
	return cmp.Or(hubproto.Redact(first), p.T("no reason was given"))
}
