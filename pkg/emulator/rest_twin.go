package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// serviceTwin is the twin as services see it, with tags, metadata and the state of the device. h.mu is held; the documents in
// it are never changed in place, so it may be used after that.
func (who *identity) serviceTwin() map[string]any {
	t := &who.twin
	d := who.view()
	doc := map[string]any{
		"deviceId":                  d.DeviceID,
		"etag":                      etagOf(t.ETag),
		"deviceEtag":                d.ETag,
		"status":                    d.Status,
		"statusUpdateTime":          d.StatusUpdatedTime,
		"connectionState":           d.ConnectionState,
		"lastActivityTime":          d.LastActivityTime,
		"cloudToDeviceMessageCount": json.Number(jsonInt(int64(d.CloudToDeviceMessageCount))),
		"authenticationType":        d.Authentication.Type,
		"x509Thumbprint":            map[string]any{"primaryThumbprint": emptyIsNull(d.Authentication.X509Thumbprint.PrimaryThumbprint), "secondaryThumbprint": emptyIsNull(d.Authentication.X509Thumbprint.SecondaryThumbprint)},
		"modelId":                   t.ModelID,
		"version":                   json.Number(jsonInt(t.Version)),
		"tags":                      orEmpty(t.Tags),
		"properties": map[string]any{
			"desired":  with(with(t.Desired, "$metadata", t.DesiredMeta), "$version", json.Number(jsonInt(t.DesiredVersion))),
			"reported": with(with(t.Reported, "$metadata", t.ReportedMeta), "$version", json.Number(jsonInt(t.ReportedVersion))),
		},
		"capabilities": map[string]any{"iotEdge": d.Capabilities.IoTEdge},
	}
	if d.ModuleID != "" {
		doc["moduleId"] = d.ModuleID
	}
	return doc
}

func jsonInt(n int64) string { return string(encodeJSON(n)) }

func emptyIsNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func orEmpty(doc map[string]any) map[string]any {
	if doc == nil {
		return map[string]any{}
	}
	return doc
}

func (h *Hub) restGetTwin(x *exchange) (*Response, error) {
	if err := h.lockOpen(); err != nil {
		return nil, err
	}
	who, err := h.find(x.id())
	if err != nil {
		h.mu.Unlock()
		return nil, err
	}
	doc := who.serviceTwin()
	h.mu.Unlock()
	if err := h.settled(x.ctx); err != nil { // what a service reads is durable
		return nil, errStore(err)
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
	doc, err := h.serviceTwinChange(x.ctx, x.id(), change, x.ifMatch("*"))
	if err != nil {
		return nil, err
	}
	return jsonResponse(doc, doc["etag"].(string)), nil
}

// serviceTwinChange applies a change under an ETag or "*", and returns the whole twin when it is durable.
func (h *Hub) serviceTwinChange(ctx context.Context, id string, change twinChange, etag string) (map[string]any, error) {
	if err := h.lockOpen(); err != nil {
		return nil, err
	}
	who, err := h.find(id)
	if err == nil && etag != "*" && etag != etagOf(who.twin.ETag) {
		err = errPrecondition(etagOf(who.twin.ETag), etag)
	}
	if err == nil {
		_, err = h.changeTwin(who, change)
	}
	if err != nil {
		h.mu.Unlock()
		return nil, err
	}
	how := "patched"
	if change.replace {
		how = "replaced"
	}
	h.note(Operation{Category: CategoryC2DTwin, Name: "update", DeviceID: who.DeviceID, ModuleID: who.ModuleID, StatusCode: 200,
		Description: "a service " + how + " tags or desired properties"})
	doc := who.serviceTwin()
	h.mu.Unlock()
	if err := h.settled(ctx); err != nil {
		return nil, errStore(err)
	}
	return doc, nil
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
	if err := h.lockOpen(); err != nil {
		return nil, err
	}
	var docs []map[string]any
	h.each(func(who *identity) {
		if (who.ModuleID != "") == (q.from == "devices.modules") {
			docs = append(docs, who.serviceTwin())
		}
	})
	h.mu.Unlock()
	itemType := "Twin"
	if !q.everything() {
		itemType = "Raw"
	}
	return page(x, q.run(docs), itemType)
}

// query reads {"query":"SELECT …"}.
func (x *exchange) query(from ...string) (*query, error) {
	var body struct {
		Query string `json:"query"`
	}
	if err := x.decode(&body); err != nil {
		return nil, err
	}
	if x.isDPS() && strings.TrimSpace(body.Query) == "*" {
		return &query{from: from[0]}, nil // what the samples of the Node SDK for DPS ask
	}
	q, err := parseQuery(body.Query, from...)
	if err != nil {
		return nil, errorf(400004, "ArgumentInvalid", "the query %v", err)
	}
	return q, nil
}

// restSendToDevice is C2D over HTTP, which the service has over AMQP only. The headers are those of the service's HTTPS device API.
func (h *Hub) restSendToDevice(x *exchange) (*Response, error) {
	m := Message{Body: x.Body, SystemProperties: hubproto.SystemProperties{
		MessageID: x.header("iothub-messageid"), CorrelationID: x.header("iothub-correlationid"), UserID: x.header("iothub-userid"),
		Ack: x.header("iothub-ack"), Expiry: x.header("iothub-expiry"),
		ContentType: x.header("Content-Type"), ContentEncoding: x.header("Content-Encoding"),
	}}
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
