package connection

import (
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// Card shows the connection form, or the facts of the connection and the button that ends it. The lock is held.
func (room *Room) Card() *ui.Node {
	if room.Running() {
		return room.viewFacts()
	}
	return ui.H("div.card.connect", ui.Key("connect"), room.Form.view(), room.Links.Profiles())
}

// viewFacts shows with what the device is connected, or tries to be.
func (room *Room) viewFacts() *ui.Node {
	c := room.state.connection
	fact := func(name, value string) *ui.Node {
		return ui.H("div", ui.H("dt", ui.Text(name)), ui.H("dd", ui.Text(value)))
	}
	expiry := c.state.TokenExpiry
	return ui.H("div.card.session", ui.Key("session"),
		ui.H("dl.facts",
			fact(room.T("Host"), c.host()),
			fact(room.T("Device id"), c.name()),
			ui.When(c.settings.Options.ModelID != "", fact(room.T("Model id"), c.settings.Options.ModelID)),
			ui.When(!expiry.IsZero(), ui.H("div", ui.H("dt", ui.Text(room.T("SAS token until"))), ui.H("dd", ui.TestID("session-token"), ui.Text(expiry.In(room.Env.Location).Format("15:04:05"))))),
			ui.When(!expiry.IsZero(), expiryFact(room.Page, expiry)),
		),
		ui.H("div.actions",
			ui.When(c.state.Phase == hubclient.Reconnecting,
				ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("try-now"), ui.Text(room.T("Try now")), ui.OnClick(room.TryNow))),
			ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("disconnect"), ui.When(room.Form.pressed == pressedConnect, ui.Attr("data-focus", "")), ui.Text(room.T("Disconnect")), ui.OnClick(room.Disconnect)),
		),
	)
}
