package hubservice

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
)

// Client makes signed requests to an emulator's service API. The nil Client belongs to a page without an emulator: each request returns
// an error. A Client is immutable and safe for concurrent use. Ids are those of a device, or "device/module".
type Client struct {
	fetch                 Fetch
	service, provisioning hubproto.ConnectionString
	instance              string // of the emulator whose keys these are; may be empty
}

// New returns a client with the keys of an emulator's info.
func New(fetch Fetch, info *Info) (*Client, error) {
	c := &Client{fetch: fetch, instance: info.Instance}
	var err error
	if c.service, err = hubproto.ParseServiceConnectionString(info.ServiceConnectionString); err != nil {
		return nil, err
	}
	if c.provisioning, err = hubproto.ParseServiceConnectionString(info.ProvisioningServiceConnectionString); err != nil {
		return nil, err
	}
	return c, nil
}

// Secrets returns the keys of the client's policies, in base64.
func (c *Client) Secrets() []string {
	if c == nil {
		return nil
	}
	return []string{base64.StdEncoding.EncodeToString(c.service.SharedAccessKey), base64.StdEncoding.EncodeToString(c.provisioning.SharedAccessKey)}
}

var errNoEmulator = l10n.New("there is no emulator behind this page, so it has no cloud side")

// apiVersion is the query of every request to the service.
const apiVersion = "?api-version=" + hubproto.APIVersion

// always makes a change whatever the ETag of the entity is.
var always = map[string]string{"If-Match": "*"}

// ask makes a request to the hub's service API, signed with the service policy. body is nil, bytes, or a value that is sent as JSON. The
// answer is decoded into answer unless that is nil. A refusal is an *Error.
func (c *Client) ask(ctx context.Context, method, path string, body any, header map[string]string, answer any) error {
	if c == nil {
		return errNoEmulator
	}
	return decode(c.do(ctx, &c.service, method, path, body, header))(answer)
}

// askProvisioning is ask for the Device Provisioning Service's API, which has a policy of its own.
func (c *Client) askProvisioning(ctx context.Context, method, path string, body any, header map[string]string, answer any) error {
	if c == nil {
		return errNoEmulator
	}
	return decode(c.do(ctx, &c.provisioning, method, path, body, header))(answer)
}

func (c *Client) do(ctx context.Context, policy *hubproto.ConnectionString, method, path string, body any, header map[string]string) (*FetchResponse, error) {
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
	res, err := c.fetch(ctx, r)
	if err != nil {
		return nil, err
	}
	if res.Status/100 == 2 {
		return res, nil
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	name, text := refusal(raw)
	return nil, &Error{Status: res.Status, Name: name, Text: text}
}

// maxAnswer is the most that is read of an answer, in bytes.
const maxAnswer = 4 << 20

// decode returns a function that reads a response as JSON into a variable. A nil variable discards the response.
func decode(res *FetchResponse, err error) func(answer any) error {
	return func(answer any) error {
		if err != nil {
			return err
		}
		defer res.Body.Close()
		raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
		if err != nil || answer == nil {
			return err
		}
		return json.Unmarshal(raw, answer)
	}
}
