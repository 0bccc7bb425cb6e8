package panel

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// serviceError is a refusal of the service's REST API.
type serviceError struct {
	Status int
	Text   string
}

func (e *serviceError) told() *told { return tell("the hub answered %d: %s", e.Status, e.Text) }

func (e *serviceError) Error() string { return e.told().Error() }

// service makes a request to the hub's service API, signed with the service policy, and returns the answer if it is a
// 2xx. The caller closes its Body.
func (p *Panel) service(ctx context.Context, method, path string, body any, header map[string]string) (*FetchResponse, error) {
	p.mu.Lock()
	fetch, policy := p.cloud.fetch, p.cloud.service
	p.mu.Unlock()
	if fetch == nil {
		return nil, tell("there is no emulator behind this page, so it has no cloud side")
	}
	r := &FetchRequest{Method: method, Path: path, Header: map[string]string{
		// One minute is enough for a request; a stream was admitted when it was opened.
		"Authorization": hubproto.SignSAS(policy.SharedAccessKey, policy.HostName, policy.SharedAccessKeyName, time.Now().Add(time.Minute)),
	}}
	switch b := body.(type) {
	case nil:
	case []byte:
		r.Body = b
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		r.Body, r.Header["Content-Type"] = raw, "application/json; charset=utf-8"
	}
	for name, value := range header {
		r.Header[name] = value
	}
	res, err := fetch(ctx, r)
	if err != nil {
		return nil, err
	}
	if res.Status/100 == 2 {
		return res, nil
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	return nil, &serviceError{res.Status, refusal(raw)}
}

// refusal is the sentence in an error's body: its Message is "ErrorCode:Name;text", or JSON of its own in a string
// (protocol.md sections 6 and 8).
func refusal(body []byte) string {
	var outer struct{ Message string }
	if json.Unmarshal(body, &outer) != nil || outer.Message == "" {
		return string(body)
	}
	var inner struct{ Message string }
	if json.Unmarshal([]byte(outer.Message), &inner) == nil && inner.Message != "" {
		return inner.Message
	}
	return strings.TrimPrefix(outer.Message, "ErrorCode:")
}

// ask is service for an answer in JSON that fits in memory. The answer may be empty.
func (p *Panel) ask(ctx context.Context, method, path string, body any, header map[string]string) (json.RawMessage, error) {
	res, err := p.service(ctx, method, path, body, header)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(io.LimitReader(res.Body, 4<<20))
}

const apiVersion = "?api-version=" + hubproto.APIVersion
