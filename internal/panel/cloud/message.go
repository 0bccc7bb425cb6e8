package cloud

import (
	"cmp"
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// noAck is the choice of a message without feedback.
const noAck = "none"

// Messages is the form of messages to devices and to inputs of modules, and their history.
type Messages struct {
	room                           *Room
	input                          ui.Field // of the module
	body, messageID, correlationID ui.Field
	expiry                         ui.Field // seconds from now; empty: the hub decides
	ack                            string
	properties                     page.PropertyRows
	busy                           bool
	result                         page.Result
	history                        history
}

func newMessages(room *Room) *Messages {
	m := &Messages{room: room, ack: noAck}
	m.body.Set("Hello, device")
	m.properties.Add("priority", "high")
	m.input.Set("input1")
	return m
}

// send sends the message of the form to the target. The lock is not held.
func (m *Messages) send() {
	room := m.room
	var id, input string
	var message hubservice.Message
	var err error
	room.Update(func() {
		id, input = room.target.id(), ""
		if room.target.module != "" {
			input = m.input.Trimmed()
			err = checkInput(input)
		}
		if err == nil {
			message, err = m.message()
		}
		if err != nil {
			m.result = page.ResultOf(err, nil)
			return
		}
		m.busy = true
	})
	if err == nil {
		room.Go("send to the device", func(ctx context.Context) { m.post(ctx, id, input, message) })
	}
}

// Send shows a message in the form, sends it to a device and shows the result. The lock is not held.
func (m *Messages) Send(ctx context.Context, deviceID string, message hubservice.Message) error {
	m.room.Update(func() {
		m.busy = true
		m.body.Set(jsontext.Indent(message.Body))
		m.messageID.Set(message.MessageID)
		m.correlationID.Set(message.CorrelationID)
		m.ack = cmp.Or(message.Ack, noAck)
		m.properties.Replace(message.Properties)
	})
	return m.post(ctx, deviceID, "", message)
}

// post sends a message to a device or to an input of a module, and shows the result.
func (m *Messages) post(ctx context.Context, id, input string, message hubservice.Message) error {
	room := m.room
	if message.MessageID == "" { // the operations log names the message by its id
		message.MessageID = page.NewMessageID("c2d-")
	}
	room.Update(func() {
		m.history.begin(room.Now(), id, message.MessageID, jsontext.OneLine(string(message.Body), 90))
	})
	err := room.call(ctx, func(c *hubservice.Client) error {
		if input != "" {
			return c.SendToInput(ctx, id, input, message)
		}
		return c.SendToDevice(ctx, id, message)
	})
	room.Update(func() {
		m.busy = false
		m.result = page.ResultOf(err, l10n.New("The hub has it: it delivers as soon as %s is connected.", id))
		if err != nil {
			m.history.fail(id, message.MessageID, m.result.Text)
		}
	})
	return err
}

// message returns the message of the form. The lock is held.
func (m *Messages) message() (hubservice.Message, error) {
	message := hubservice.Message{Body: []byte(m.body.Text), MessageID: m.messageID.Trimmed(), CorrelationID: m.correlationID.Trimmed(), Properties: m.properties.List()}
	if m.ack != noAck {
		message.Ack = m.ack
	}
	if json.Valid(message.Body) {
		message.ContentType, message.ContentEncoding = "application/json", "utf-8"
	}
	if text := m.expiry.Trimmed(); text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds < 1 || seconds > 48*3600 {
			return message, l10n.New("the expiry is a whole number of seconds from 1 to 172800, which is two days")
		}
		message.Expiry = time.Now().Add(time.Duration(seconds) * time.Second)
	}
	return message, nil
}

// checkInput returns an error for a name that no module's input can have: it is one level of an MQTT topic [MQTT-3.3.2-2].
func checkInput(name string) error {
	switch {
	case name == "":
		return l10n.New("the input has no name. Write one, for example input1")
	case strings.ContainsAny(name, "/+#"):
		return l10n.New("the input's name holds /, + or #: it is a part of a topic, where they mean something else")
	}
	return nil
}

func (m *Messages) save(f *savefile.Forms) {
	f.ToDevice, f.ToDeviceProperties = m.body.Text, savefile.FromBag(m.properties.List())
	f.ToDeviceMessageID, f.ToDeviceCorrelation = m.messageID.Text, m.correlationID.Text
	f.ToDeviceExpiry, f.ToDeviceAck = m.expiry.Text, m.ack
}

func (m *Messages) restore(f *savefile.Forms, version int) {
	m.body.Set(f.ToDevice)
	if version == 1 {
		return
	}
	m.properties.Replace(savefile.Bag(f.ToDeviceProperties))
	m.messageID.Set(f.ToDeviceMessageID)
	m.correlationID.Set(f.ToDeviceCorrelation)
	m.expiry.Set(f.ToDeviceExpiry)
	switch f.ToDeviceAck {
	case noAck, "positive", "negative", "full":
		m.ack = f.ToDeviceAck
	}
}
