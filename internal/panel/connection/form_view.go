package connection

import (
	"fmt"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// view draws the form.
func (f *Form) view() *ui.Node {
	way := func(w connectWay, name string) *ui.Node {
		return ui.H("label.check",
			ui.H("input", ui.Attr("type", "radio"), ui.Attr("name", "connect-way"), ui.TestID("way-"+string(w)), ui.Flag("checked", f.way == w),
				ui.Listener{Event: "change", Do: func(ui.Event) { f.page.Update(func() { f.choose(w) }) }}),
			ui.H("span", ui.Text(name)))
	}
	var inputs *ui.Node
	switch f.way {
	case wayFields:
		inputs = f.viewFields()
	case wayToken:
		inputs = f.viewTokenWay()
	default:
		inputs = f.viewConnectionString()
	}
	return ui.H("form.connect-form", ui.OnSubmit(f.connect),
		ui.H("fieldset.choices.connect-ways", ui.H("legend", ui.Text(f.page.T("Connect with"))),
			way(wayString, f.page.T("Connection string")), way(wayFields, f.page.T("Fields")), way(wayToken, f.page.T("SAS token")),
			ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("way-dps"), ui.Text(f.page.T("Or through the Device Provisioning Service")), ui.OnClick(func() { f.page.Show(page.TopicProvisioning) }))),
		inputs,
		f.viewConnectCheck(),
		f.viewAdvanced(),
	)
}

func (f *Form) connectButton() *ui.Node {
	return ui.H("button.primary", ui.Attr("type", "submit"), ui.TestID("connect"), ui.When(f.pressed == pressedDisconnect, ui.Attr("data-focus", "")), ui.Text(f.page.T("Connect")))
}

// viewSecret is the input of a secret, with a button beside it if there is one.
func (f *Form) viewSecret(name, id, placeholder string, secret *ui.Field, reveal *bool, beside *ui.Node, more ...ui.Part) *ui.Node {
	return ui.H("div.field",
		ui.H("label.field-name", ui.Attr("for", id), ui.Text(name)),
		ui.H("div.with-button",
			ui.H("input.mono", ui.Secret(*reveal), ui.Attr("id", id), ui.TestID(id), ui.Attr("autocomplete", "off"), ui.Attr("spellcheck", "false"),
				ui.Attr("autocapitalize", "off"), ui.Attr("placeholder", placeholder), ui.Attr("aria-describedby", "connect-check"), ui.Value(secret), f.page.Typing(secret), ui.Parts(more)),
			beside),
		f.page.CheckBox(f.page.T("Show the secret"), "reveal", reveal))
}

func (f *Form) viewConnectionString() *ui.Node {
	return ui.H("div.connect-way", ui.Key("string"),
		f.viewSecret(f.page.T("Device connection string"), "connection-string", f.page.T("HostName=…;DeviceId=…;SharedAccessKey=…"), &f.connection, &f.reveal, f.connectButton()),
		ui.When(f.connection.Trimmed() != f.emulator.Info.DeviceConnectionString && f.emulator.Info.DeviceConnectionString != "",
			ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("use-ready-made"), ui.Text(f.page.T("Use the emulator's ready-made device")),
				ui.OnClick(func() { f.page.Update(func() { f.connection.Set(f.emulator.Info.DeviceConnectionString) }) }))),
		ui.H("p.help", ui.Attr("id", "connection-help"), ui.Text(f.connectionHelp())))
}

func (f *Form) viewFields() *ui.Node {
	return ui.H("div.connect-way", ui.Key("fields"),
		ui.H("div.grid",
			f.page.CheckedField(f.page.T("Host name"), "connect-host", &f.host, f.page.T("myhub.azure-devices.net"), hubproto.ValidHost),
			f.page.CheckedField(f.page.T("Device id"), "connect-device-id", &f.deviceID, "", hubproto.ValidDeviceID),
			f.page.CheckedField(f.page.T("Module id (if it is a module)"), "connect-module-id", &f.moduleID, "", hubproto.ValidDeviceID)),
		f.viewSecret(f.page.T("Shared access key"), "connect-key", f.page.T("base64, ends in ="), &f.key, &f.reveal, f.connectButton(),
			ui.When(f.secretRequests > 0, ui.Attr("data-focus", fmt.Sprint(f.secretRequests)))))
}

func (f *Form) viewTokenWay() *ui.Node {
	token, err := hubproto.ParseSAS(f.token.Text)
	needsID := false
	if err == nil {
		_, deviceID, _ := tokenIdentity(token.Resource)
		needsID = deviceID == ""
	}
	return ui.H("div.connect-way", ui.Key("token"),
		f.viewSecret(f.page.T("SAS token"), "connect-token", f.page.T("SharedAccessSignature sr=…&sig=…&se=…"), &f.token, &f.reveal, f.connectButton()),
		ui.When(err == nil, tokenView(f.page, token)),
		ui.When(needsID, ui.H("div.grid", ui.Key("ids"),
			f.page.CheckedField(f.page.T("Device id"), "connect-device-id", &f.deviceID, "", hubproto.ValidDeviceID),
			f.page.CheckedField(f.page.T("Module id (if it is a module)"), "connect-module-id", &f.moduleID, "", hubproto.ValidDeviceID))))
}

// viewConnectCheck names the device that the form would connect, or the form's problem, once a secret is given.
func (f *Form) viewConnectCheck() *ui.Node {
	given := map[connectWay]*ui.Field{wayString: &f.connection, wayFields: &f.key, wayToken: &f.token}[f.way]
	problem, device := "", ""
	if given.Trimmed() != "" {
		if s, err := f.Settings(); err != nil {
			problem = f.page.Sentence(err)
		} else {
			device = f.deviceText(s.Credentials)
		}
	}
	token, err := hubproto.ParseSAS(f.connectionToken())
	return ui.H("div.connect-check", ui.Attr("id", "connect-check"), ui.Attr("role", "status"),
		ui.H("p.problem", ui.TestID("connect-problem"), ui.Text(hubproto.Redact(problem))),
		ui.When(device != "", ui.H("p.help", ui.TestID("connect-whom"), ui.Text(device))),
		ui.When(err == nil, tokenView(f.page, token)))
}

// connectionToken returns the token in the connection string, or "" if it has none.
func (f *Form) connectionToken() string {
	if f.way != wayString {
		return ""
	}
	cr, err := hubclient.ParseConnectionString(f.connection.Text)
	if err != nil {
		return ""
	}
	return cr.SharedAccessSignature
}

// deviceText names a device and its hub.
func (f *Form) deviceText(cr hubclient.Credentials) string {
	host := cr.Host
	if cr.Gateway != "" {
		host = f.page.T("%s through %s", cr.Host, cr.Gateway)
	}
	if cr.ModuleID != "" {
		return f.page.T("Module %s of device %s at %s.", cr.ModuleID, cr.DeviceID, host)
	}
	return f.page.T("Device %s at %s.", cr.DeviceID, host)
}

func (f *Form) viewAdvanced() *ui.Node {
	endpoint := func(string) error { _, err := f.checkedEndpoint(); return err }
	return ui.H("details.more", ui.H("summary", ui.TestID("advanced"), ui.Text(f.page.T("Advanced"))),
		ui.H("div.advanced",
			ui.H("div.grid",
				f.page.TextField(f.page.T("IoT Plug and Play model id"), "connect-model-id", &f.modelID, ui.Attr("placeholder", "dtmi:com:example:Thermostat;1")),
				f.page.CheckedField(f.page.T("Gateway host name"), "connect-gateway", &f.gateway, "", hubproto.ValidHost),
				f.page.CheckedField(f.page.T("Custom endpoint"), "connect-endpoint", &f.endpoint, "wss://gateway.example/mqtt", endpoint),
				f.page.TextField(f.page.T("Keep-alive in seconds"), "connect-keep-alive", &f.keepAlive, ui.Attr("inputmode", "numeric"), ui.Attr("placeholder", "240")),
				f.page.TextField(f.page.T("Lifetime of a SAS token in minutes"), "connect-token-ttl", &f.tokenTTL, ui.Attr("inputmode", "numeric"), ui.Attr("placeholder", "60")),
			),
			f.page.CheckBox(f.page.T("Clean session: the hub forgets subscriptions and waiting messages at each connect"), "connect-clean-session", &f.cleanSession),
			f.page.CheckBox(f.page.T("Will: the hub publishes this as telemetry if the connection breaks"), "connect-will", &f.will),
			ui.When(f.will, f.page.TextField(f.page.T("Body of the Will"), "connect-will-body", &f.willBody)),
		))
}

// connectionHelp explains where a connection string is found.
func (f *Form) connectionHelp() string {
	if f.connection.Text != "" && f.connection.Text == f.emulator.Info.DeviceConnectionString {
		return f.page.T("A ready-made device of the emulator. Or paste your own device's string: it stays in this page's memory.")
	}
	return f.page.T("The device's own string, from the Azure portal: Devices, your device, Primary connection string. It stays in this page's memory.")
}
