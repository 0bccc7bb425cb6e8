package cloud

import (
	"context"
	"errors"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// rival is a second client with the target's identity. Guarded by the page's lock.
type rival struct {
	cancel context.CancelFunc // ends it; nil: there is none
}

func (r *rival) running() bool { return r.cancel != nil }

// stop ends the second client, if there is one. The lock is held.
func (r *rival) stop() {
	if r.cancel != nil {
		r.cancel()
	}
}

// setRival starts the second client or ends it. The lock is not held.
func (f *Faults) setRival(on bool) {
	if !on {
		f.room.Update(f.rival.stop)
		return
	}
	target := f.Begin()
	started := false
	var ctx context.Context
	f.room.Update(func() {
		if f.rival.running() {
			f.busy = false
			return
		}
		started = true
		ctx, f.rival.cancel = context.WithCancel(f.room.Context())
	})
	if !started {
		return
	}
	f.room.Go("the second session", func(context.Context) { f.runRival(ctx, target) })
}

// runRival connects a second device with the target's identity until ctx ends. It comes back each time when the hub closes it in favour of
// the first, until one of the two gives up.
func (f *Faults) runRival(ctx context.Context, target string) {
	var result page.Result
	client, err := f.newRival(ctx, target)
	if err == nil {
		f.room.Update(func() { f.busy, f.result = false, page.Result{} })
		if err = client.Run(ctx); err != nil {
			result = page.Result{OK: true, Text: l10n.New("The second session gave up. %s", l10n.Sentence{Err: err})}
		}
	} else {
		result = page.ResultOf(err, nil)
	}
	f.room.Update(func() {
		if err != nil && ctx.Err() == nil {
			f.busy, f.result = false, result
		}
		f.rival.stop()
		f.rival = rival{}
	})
}

// newRival returns a client with the target's identity.
func (f *Faults) newRival(ctx context.Context, target string) (*hubclient.Client, error) {
	room := f.room
	credentials, err := room.Registry.Credentials(ctx, target)
	if err != nil {
		return nil, err
	}
	var endpoint string
	room.Read(func() { endpoint = room.emulator.Endpoint(credentials.Host) })
	return hubclient.New(credentials, &hubclient.Options{
		Dial: room.network.Dial, Endpoint: endpoint, ClientType: "hubpanel second session",
		// The messages stay with the hub for the first device.
		OnMessage: func(context.Context, hubclient.Delivery) error { return errors.New("this session takes no messages") },
	})
}
