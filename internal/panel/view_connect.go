package panel

import (
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// viewConnection is the connection form, or the session's facts and the way to end it.
func (p *Panel) viewConnection() *Node {
	d := &p.device
	if d.running() {
		return h("div.card.session", key("session"),
			h("dl.facts",
				h("div", h("dt", text(p.say("Host"))), h("dd", text(d.endpoint()))),
				h("div", h("dt", text(p.say("Device id"))), h("dd", text(d.name()))),
				when(!d.state.TokenExpiry.IsZero(),
					h("div", h("dt", text(p.say("SAS token until"))), h("dd", text(d.state.TokenExpiry.In(p.env.Location).Format("15:04:05"))))),
			),
			h("div.actions",
				when(d.state.Phase == hubclient.Reconnecting,
					h("button.secondary", attr("type", "button"), testid("try-now"), text(p.say("Try now")), onClick(p.TryNow))),
				h("button.secondary", attr("type", "button"), testid("disconnect"), text(p.say("Disconnect")), onClick(p.Disconnect)),
			),
		)
	}
	return h("form.card.connect", key("connect"), onSubmit(p.Connect),
		h("label.field-name", attr("for", "connection-string"), text(p.say("Device connection string"))),
		h("div.with-button",
			h("input.mono", secret(d.reveal), attr("id", "connection-string"), testid("connection-string"), attr("autocomplete", "off"), attr("spellcheck", "false"),
				attr("autocapitalize", "off"), attr("placeholder", p.say("HostName=…;DeviceId=…;SharedAccessKey=…")),
				attr("aria-describedby", "connection-help"), value{&d.connection}, p.typing(&d.connection)),
			h("button.primary", attr("type", "submit"), testid("connect"), text(p.say("Connect"))),
		),
		p.viewCheck(p.say("Show the key"), "reveal", &d.reveal),
		h("p.help", attr("id", "connection-help"), text(p.connectionHelp())),
	)
}

func (p *Panel) connectionHelp() string {
	if d := &p.device; d.connection.text != "" && d.connection.text == p.cloud.info.DeviceConnectionString {
		return "A ready-made device of the emulator. Or paste your own device's string: it stays in this page's memory."
	}
	return "The device's own string, from the Azure portal: Devices, your device, Primary connection string. It stays in this page's memory."
}
