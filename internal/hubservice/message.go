package hubservice

import (
	"context"
	"net/url"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// Message is a message to a device, or to an input of a module.
type Message struct {
	MessageID, CorrelationID     string
	Expiry                       time.Time // zero: the hub decides
	Ack                          string    // the feedback that is asked for: "positive", "negative" or "full"; empty: none
	ContentType, ContentEncoding string
	Properties                   hubproto.Properties
	Body                         []byte
}

// header returns the message without its body, as the service's REST API has it.
func (m *Message) header() map[string]string {
	header := map[string]string{}
	set := func(name, value string) {
		if value != "" {
			header[name] = value
		}
	}
	set("iothub-messageid", m.MessageID)
	set("iothub-correlationid", m.CorrelationID)
	set("iothub-ack", m.Ack)
	if !m.Expiry.IsZero() {
		set("iothub-expiry", m.Expiry.UTC().Format(time.RFC3339))
	}
	// One header with the whole bag, not one header for each property: the names of headers have no case.
	set("iothub-properties", string(hubproto.AppendBag(nil, &hubproto.SystemProperties{}, m.Properties)))
	set("Content-Type", m.ContentType)
	set("Content-Encoding", m.ContentEncoding)
	return header
}

// SendToDevice queues a cloud-to-device message. The device need not be connected.
func (c *Client) SendToDevice(ctx context.Context, deviceID string, m Message) error {
	return c.ask(ctx, "POST", "/devices/"+url.PathEscape(deviceID)+"/messages/deviceBound"+apiVersion, body(m.Body), m.header(), nil)
}

// SendToInput queues a message for an input of a module ("device/module"), which the emulator allows and a real hub does not.
func (c *Client) SendToInput(ctx context.Context, id, input string, m Message) error {
	return c.ask(ctx, "POST", devicePath(id)+"/inputs/"+url.PathEscape(input)+apiVersion, body(m.Body), m.header(), nil)
}

// body returns the bytes of a request that has a body, even if that is empty.
func body(b []byte) []byte { return append([]byte{}, b...) }
