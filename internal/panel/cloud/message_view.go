package cloud

import (
	"github.com/hubpanel/hubpanel/internal/ui"
)

// view is the card that sends messages.
func (m *Messages) view() *ui.Node {
	room := m.room
	title, send := room.T("Send a cloud-to-device message"), room.T("Send to the device")
	toModule := room.target.module != ""
	if toModule {
		title, send = room.T("Send a message to a module's input"), room.T("Send to the module")
	}
	return ui.H("form.card", ui.Key("c2d"), ui.OnSubmit(m.send),
		ui.H("h3", ui.Text(title)),
		ui.When(toModule,
			room.TextField(room.T("Input"), "c2d-input", &m.input),
			ui.H("p.help", ui.Text(room.T("On a real hub only IoT Edge sends to a module's inputs, by its routes; the emulator does it so that a module can be tried.")))),
		ui.H("div.field", ui.H("label.field-name", ui.Attr("for", "c2d-body"), ui.Text(room.T("Body"))),
			ui.H("textarea.mono", ui.Attr("id", "c2d-body"), ui.TestID("c2d-body"), ui.Attr("rows", "3"), ui.Attr("spellcheck", "false"), ui.Value(&m.body), room.Typing(&m.body))),
		room.PropertyEditor(&m.properties, "c2d-property", room.T("Application properties")),
		ui.H("div.grid",
			room.TextField(room.T("message-id"), "c2d-message-id", &m.messageID, ui.Attr("placeholder", room.T("made for you"))),
			room.TextField(room.T("correlation-id"), "c2d-correlation-id", &m.correlationID),
			room.TextField(room.T("Expires after (s)"), "c2d-expiry", &m.expiry, ui.Attr("inputmode", "numeric"), ui.Attr("placeholder", "3600")),
			ui.H("label.field", ui.H("span.field-name", ui.Text(room.T("iothub-ack"))),
				ui.H("select", ui.TestID("c2d-ack"), ui.Listener{Event: "change", Do: func(e ui.Event) { room.Update(func() { m.ack = e.Value }) }},
					ui.Nodes(ui.Options(m.ack, noAck, noAck, "positive", "positive", "negative", "negative", "full", "full")))),
		),
		ui.H("div.actions", ui.H("button.primary", ui.Attr("type", "submit"), ui.TestID("c2d-send"), ui.Flag("disabled", m.busy), ui.Text(send))),
		room.ResultView(m.result, "c2d-result"),
		m.viewHistory(),
	)
}
