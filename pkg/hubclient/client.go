package hubclient

import (
	"context"
	"sync/atomic"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// A Client is a device, or a module, of an IoT Hub. New makes one, and Run connects it.
type Client struct {
	// Fixed after New.
	cr       Credentials
	o        Options
	url      string
	resource string // what a token is for

	sendings sendingPool

	calls   chan call     // taken by the loop while it can
	retry   chan struct{} // size 1
	done    chan struct{} // closed when Run ends
	started atomic.Bool
	state   atomic.Pointer[State]
}

// A call is a *sending or a *request.
type call interface{ isCall() }

// New returns a device that is not connected yet: see Run. It checks its arguments and does no I/O. o may be nil.
func New(cr Credentials, o *Options) (*Client, error) {
	if err := cr.validate(); err != nil {
		return nil, err
	}
	options, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if options.OnInput != nil && cr.ModuleID == "" {
		return nil, invalid("OnInput is set, but %s is not a module: only modules have inputs", cr.DeviceID)
	}
	if cr.ModuleID != "" && hubproto.OldUsername(options.usernameVersion()) {
		return nil, invalid("APIVersion is %q, but %s is a module: modules need at least \"2018-06-30\"", options.APIVersion, cr.ModuleID)
	}
	c := &Client{
		cr: cr, o: options,
		url:      endpointURL(options.Endpoint, cr),
		resource: hubproto.DeviceResource(cr.Host, cr.DeviceID, cr.ModuleID),
		calls:    make(chan call), retry: make(chan struct{}, 1), done: make(chan struct{}),
	}
	c.state.Store(&State{})
	return c, nil
}

func endpointURL(endpoint string, cr Credentials) string {
	host := cr.Host
	if cr.Gateway != "" {
		host = cr.Gateway
	}
	switch {
	case endpoint != "":
		return endpoint
	case cr.X509:
		return hubproto.WebSocketCertURL(host)
	}
	return hubproto.WebSocketURL(host)
}

// Run keeps the device connected until ctx ends, and then returns nil, or until the hub refuses it permanently. It may be
// called once. It waits for Options.Backoff and connects again when a connection ends, when the host cannot be reached
// and when the hub answers CONNECT with code 3, server unavailable. It returns
//
//   - a *ConnectError at the first answer to CONNECT with code 1 or 2: another try would get the same answer;
//   - a *ConnectError or *SubscribeError after three refusals in a row (code 4 or 5, or SUBACK 0x80), or ten if this Client was
//     connected before: a busy hub refuses with code 5 too. A completed connect begins the count again;
//   - a *DialError at the first wsconn.ErrPolicy: in a browser, the page's own policy forbids the connection;
//   - a *TokenExpiredError when a token without a key has expired;
//   - a *TakeoverError when the hub has closed Options.MaxTakeovers young connections in a row.
//
// Options.RenewCredentials can replace credentials that are refused or expired.
func (c *Client) Run(ctx context.Context) error {
	if c.started.Swap(true) {
		return errRunTwice
	}
	return newLoop(ctx, c).run()
}

// State returns the device's current state.
func (c *Client) State() State { return *c.state.Load() }

// Retry ends the wait for the next try to connect, if the device is waiting for one: "try now".
func (c *Client) Retry() {
	select {
	case c.retry <- struct{}{}:
	default:
	}
}

// submit hands a call to the loop. After an error the loop has not received it.
func (c *Client) submit(ctx context.Context, what any, call call) error {
	select {
	case c.calls <- call:
		return nil
	case <-c.done:
		return ErrClosed
	case <-ctx.Done():
		return newMessage("%v not sent, the device is %v: %v", what, c.State().Phase, ctx.Err())
	}
}
