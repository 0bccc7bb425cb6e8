package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/pkg/emulator/internal/query"
)

func (h *Hub) restGetTwin(x *exchange) (*Response, error) {
	doc, err := h.serviceTwin(x.ctx, x.id())
	if err != nil {
		return nil, err
	}
	return jsonResponse(doc, doc["etag"].(string)), nil
}

// restChangeTwin is PATCH (merge) and PUT (replace) of tags and desired properties.
func (h *Hub) restChangeTwin(x *exchange) (*Response, error) {
	var body struct {
		Tags       json.RawMessage `json:"tags"`
		Properties struct {
			Desired json.RawMessage `json:"desired"`
		} `json:"properties"`
	}
	if err := x.decode(&body); err != nil {
		return nil, err
	}
	change := twinChange{replace: x.Method == "PUT"}
	for _, part := range []struct {
		raw  json.RawMessage
		into *map[string]any
	}{{body.Tags, &change.tags}, {body.Properties.Desired, &change.desired}} {
		switch {
		case len(part.raw) == 0 && change.replace: // replaced by nothing
			*part.into = map[string]any{}
		case len(part.raw) == 0:
		case bytes.Equal(part.raw, []byte("null")):
			return nil, errorf(400004, "ArgumentInvalid", "tags and properties.desired are objects: null deletes members only")
		default:
			doc, err := parseServiceProperties(part.raw)
			if err != nil {
				return nil, err
			}
			*part.into = doc
		}
	}
	doc, err := h.changeServiceTwin(x.ctx, x.id(), change, x.ifMatch("*"))
	if err != nil {
		return nil, err
	}
	return jsonResponse(doc, doc["etag"].(string)), nil
}

func (h *Hub) restInvoke(x *exchange) (*Response, error) {
	var body struct {
		MethodName      string          `json:"methodName"`
		Payload         json.RawMessage `json:"payload"`
		ResponseTimeout *int            `json:"responseTimeoutInSeconds"`
		ConnectTimeout  *int            `json:"connectTimeoutInSeconds"`
	}
	if err := x.decode(&body); err != nil {
		return nil, err
	}
	in := invocation{name: body.MethodName, payload: body.Payload, responseTimeout: defaultResponseTimeout}
	if body.ResponseTimeout != nil {
		in.responseTimeout = seconds(*body.ResponseTimeout)
	}
	if body.ConnectTimeout != nil {
		in.connectTimeout = seconds(*body.ConnectTimeout)
	}
	status, payload, err := h.invoke(x.ctx, x.id(), in)
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return nil, errorf(504101, "GatewayTimeout", "the request ended before the device answered")
	}
	if err != nil {
		return nil, err
	}
	return jsonResponse(struct {
		Status  int             `json:"status"`
		Payload json.RawMessage `json:"payload"`
	}{status, payload}, ""), nil
}

// seconds is safe for whatever number a request holds.
func seconds(n int) time.Duration {
	const limit = 1 << 20
	return time.Duration(min(max(n, -limit), limit)) * time.Second
}

func (h *Hub) restQueryDevices(x *exchange) (*Response, error) {
	q, err := x.query("devices", "devices.modules")
	if err != nil {
		return nil, err
	}
	docs, err := h.serviceTwins(x.ctx, q.Source == "devices.modules")
	if err != nil {
		return nil, err
	}
	itemType := "Twin"
	if !q.Whole() {
		itemType = "Raw"
	}
	return page(x, q.Run(docs), itemType)
}

// query reads {"query":"SELECT …"}.
func (x *exchange) query(from ...string) (*query.Query, error) {
	var body struct {
		Query string `json:"query"`
	}
	if err := x.decode(&body); err != nil {
		return nil, err
	}
	if x.isDPS() && strings.TrimSpace(body.Query) == "*" {
		return query.All(from[0]), nil // as the samples of the Node SDK for DPS do
	}
	q, err := query.Parse(body.Query, from...)
	if err != nil {
		return nil, errorf(400004, "ArgumentInvalid", "the query %v", err)
	}
	return q, nil
}

// restSendToDevice is C2D over HTTP, which the service has over AMQP only. The headers are those of the service's HTTPS device API.
func (h *Hub) restSendToDevice(x *exchange) (*Response, error) {
	m := Message{
		MessageID: x.header("iothub-messageid"), CorrelationID: x.header("iothub-correlationid"), UserID: x.header("iothub-userid"),
		Ack: Ack(x.header("iothub-ack")), Expiry: x.header("iothub-expiry"),
		ContentType: x.header("Content-Type"), ContentEncoding: x.header("Content-Encoding"), Body: x.Body,
	}
	var err error
	if m.Properties, err = x.appProperties(); err != nil {
		return nil, err
	}
	if len(x.args) == 3 {
		err = h.SendToInput(x.ctx, x.id(), x.args[2], m)
	} else {
		err = h.SendToDevice(x.ctx, x.id(), m)
	}
	if err != nil {
		return nil, err
	}
	return noContent(), nil
}
