package jsapi

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// A Device is a device or module that a JavaScript program drives. Make it with Connect; its methods may be called at the same time.
type Device struct {
	client  *hubclient.Client
	program Program
	renewal *renewal // nil: the credentials are those that the program gave

	stop  context.CancelFunc
	ended chan struct{} // closed when Run has returned
	err   error         // what Run returned; read after ended

	once  sync.Once
	first chan error // receives the outcome of the first attempt
}

// clientType names this software to the hub and to DPS.
const clientType = "hubpanel"

// errEnded is the outcome of a first attempt that Close ended.
var errEnded = errors.New("the device was closed")

// Connect opens a device and returns it when the hub has accepted it. options is the JSON text of connect's options. The error is that
// of the first attempt, or ErrAborted. ctx ends the attempt only: the device stays connected until Close.
func Connect(ctx context.Context, options string, page Page, program Program) (*Device, error) {
	o, err := decode[connectOptions]("options", options)
	if err != nil {
		return nil, err
	}
	credentials, err := o.credentials()
	if err != nil {
		return nil, err
	}
	d := &Device{program: program, ended: make(chan struct{}), first: make(chan error, 1)}
	if d.renewal, err = findRenewal(ctx, page, credentials, o.Endpoint); err != nil {
		return nil, abortedOr(ctx, err)
	}
	clientOptions := &hubclient.Options{
		Dial:         page.Dial,
		Endpoint:     o.Endpoint,
		CleanSession: o.CleanSession,
		ModelID:      o.ModelID,
		ClientType:   clientType,
		ServerTime:   page.ServerTime,
		OnState:      d.onState,
		OnMessage:    d.onMessage,
		OnDesired:    d.onDesired,
		OnMethod:     d.onMethod,
		Trace:        d.onPacket,
	}
	if credentials.ModuleID != "" { // only modules have inputs
		clientOptions.OnInput = d.onInput
	}
	if d.renewal != nil {
		clientOptions.RenewCredentials = d.renewal.renew
	}
	if d.client, err = hubclient.New(credentials, clientOptions); err != nil {
		return nil, err
	}
	lifetime, stop := context.WithCancel(context.WithoutCancel(ctx))
	d.stop = stop
	go func() {
		defer close(d.ended)
		d.err = d.client.Run(lifetime)
		d.settle(errors.Join(d.err, errEnded))
	}()
	select {
	case err = <-d.first:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err == nil {
		return d, nil
	}
	_ = d.Close(context.WithoutCancel(ctx)) // Run waits for nothing that does not end with its own context
	return nil, abortedOr(ctx, err)
}

// settle gives the outcome of the first attempt to Connect. Those of later ones are state events.
func (d *Device) settle(err error) { d.once.Do(func() { d.first <- err }) }

// Send sends telemetry, the JSON text of a message, and returns when the hub has acknowledged it (QoS 1) or when it has been written
// (QoS 0). If ctx ends while the message is on its way, the hub may or may not have it.
func (d *Device) Send(ctx context.Context, document string) error {
	m, err := decode[message]("message", document)
	if err != nil {
		return err
	}
	telemetry, err := m.telemetry()
	if err != nil {
		return err
	}
	if m.QoS != nil && *m.QoS == 0 {
		return abortedOr(ctx, d.client.SendQoS0(ctx, telemetry))
	}
	return abortedOr(ctx, d.client.Send(ctx, telemetry))
}

// Twin returns the device twin as JSON text: {"desired", "reported"}, each with its $version.
func (d *Device) Twin(ctx context.Context) (string, error) {
	twin, err := d.client.Twin(ctx)
	if err != nil {
		return "", abortedOr(ctx, err)
	}
	text, err := json.Marshal(map[string]json.RawMessage{"desired": twin.Desired, "reported": twin.Reported})
	return string(text), err
}

// Report merges a patch, JSON text, into the reported properties and returns their new version.
func (d *Device) Report(ctx context.Context, patch string) (version int64, err error) {
	version, err = d.client.Report(ctx, json.RawMessage(patch))
	return version, abortedOr(ctx, err)
}

// Close disconnects the device and waits until everything that it started has ended. It returns the error that had ended the device
// before, if there is one. Close may be called more than once, also at the same time. If ctx ends first, the device closes nevertheless.
func (d *Device) Close(ctx context.Context) error {
	d.stop()
	select {
	case <-d.ended:
		return d.err
	case <-ctx.Done():
		return abortedOr(ctx, ctx.Err())
	}
}
