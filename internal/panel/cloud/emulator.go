package cloud

import (
	"context"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// search is the state of the search for the emulator.
type search struct{ running bool }

// Start looks for the emulator: the one that serves the page or, where there is none, one inside the page. It may be called again after a
// failure.
func (room *Room) Start() {
	if room.Env.Params.Refused {
		room.Fail("link", l10n.New("the link to this page held a secret. It was wiped from the address and not used. "+
			"Paste the connection string into the page instead, and treat the link as leaked: renew the key"))
	}
	room.startSearch()
}

// startSearch looks for the emulator unless it is found, or being looked for. The lock is not held.
func (room *Room) startSearch() {
	started := false
	room.Update(func() {
		if !room.search.running && !room.emulator.Found() {
			room.search.running, started = true, true
			room.emulator.Kind, room.failure = hubservice.Unknown, nil
		}
	})
	if started {
		room.Go("find the hub", room.find)
	}
}

// found is an emulator that the search has found.
type found struct {
	kind   hubservice.Kind
	info   hubservice.Info
	client *hubservice.Client
	hub    *emulator.Hub // only of InPage
}

// find looks for the emulator, and follows its streams until ctx ends.
func (room *Room) find(ctx context.Context) {
	f, err := room.locate(ctx)
	if err != nil {
		room.Update(func() {
			room.search.running = false
			room.emulator.Kind = hubservice.None
			room.FailLocked("hub", err)
			room.failure = room.Notice.Text
		})
		return
	}
	room.Update(func() {
		room.search.running = false
		e := room.emulator
		e.Kind, e.Info, e.Client, e.Hub = f.kind, f.info, f.client, f.hub
		room.ClearNotice("hub")
		room.target.set(f.info.Demo.DeviceID, "")
		room.Links.Found()
	})
	room.Go("the device list", room.LoadDevices)
	room.Go("the faults", room.Faults.read)
	room.Go("the operations log", func(ctx context.Context) {
		room.follow(ctx, hubservice.Operations, room.gotOperation, nil)
	})
	if f.hub != nil {
		room.Telemetry.followHub(ctx, f.hub)
		return
	}
	room.follow(ctx, hubservice.Telemetry, room.Telemetry.got, room.Telemetry.setLive)
}

// locate asks the page's origin for its emulator, and opens one inside the page where there is none.
func (room *Room) locate(ctx context.Context) (f found, err error) {
	if room.network.Fetch != nil && room.Env.Params.Hub != "inpage" {
		f.kind = hubservice.Served
		if f.info, err = hubservice.AskInfo(ctx, room.network.Fetch); err == nil {
			f.client, err = hubservice.New(room.network.Fetch, &f.info)
			return f, err
		}
		if room.Env.Params.Hub == "served" {
			return f, l10n.New("there is no emulator behind this page (%v): start it with make run, or open the page with ?hub=inpage", err)
		}
	}
	f.kind, f.hub = hubservice.InPage, room.newHub()
	if f.info, err = hubservice.OpenInPage(ctx, f.hub); err == nil {
		f.client, err = hubservice.New(hubservice.FetchFrom(f.hub, hubservice.InPageHost), &f.info)
	}
	if err != nil {
		f.hub.Close()
	}
	return f, err
}

// follow follows one of the emulator's streams until ctx ends. open may be nil.
func (room *Room) follow(ctx context.Context, s hubservice.Stream, got func(hubservice.Entry), open func(bool)) {
	f := hubservice.Follower{Stream: s, Got: got, Open: open, Client: func(ctx context.Context, broken error) *hubservice.Client {
		if broken != nil {
			room.Refresh(ctx) // an error means that there is no emulator at the moment: the next attempt asks again
		}
		return room.client()
	}}
	f.Run(ctx)
}

// flight is a request for the emulator's info that its callers share.
type flight struct {
	done      chan struct{} // closed when the rest is set
	restarted bool
	err       error
}

// Refresh asks the emulator that serves the page for its info again, and takes what changed: it has new keys after a restart. It reports
// whether the emulator was restarted since the info that the page had. Callers at the same time share one request, which goes on when one
// of them gives up. The hub inside the page does not change. The lock is not held.
func (room *Room) Refresh(ctx context.Context) (restarted bool, err error) {
	served := false
	room.Read(func() { served = room.emulator.Kind == hubservice.Served })
	if !served {
		return false, nil
	}
	r := &room.refresh
	r.mu.Lock()
	f := r.flight
	if f == nil {
		f = &flight{done: make(chan struct{}), err: context.Canceled}
		if !room.Go("the emulator's info", func(ctx context.Context) { room.askAgain(ctx, f) }) {
			r.mu.Unlock()
			return false, context.Canceled
		}
		r.flight = f
	}
	r.mu.Unlock()
	select {
	case <-f.done:
		return f.restarted, f.err
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// infoTimeout is how long the emulator may take to answer, so that a stream that waits for it is tried again.
const infoTimeout = 10 * time.Second

// askAgain makes the request of a flight.
func (room *Room) askAgain(ctx context.Context, f *flight) {
	defer func() { // also when something in it panics
		room.refresh.mu.Lock()
		room.refresh.flight = nil
		room.refresh.mu.Unlock()
		close(f.done)
	}()
	ctx, cancel := context.WithTimeout(ctx, infoTimeout)
	defer cancel()
	info, err := hubservice.AskInfo(ctx, room.network.Fetch)
	if err == nil {
		f.restarted, err = room.replaceInfo(&info)
	}
	f.err = err
}

// replaceInfo makes the info the emulator's. If the emulator was restarted, it reads again what the hub may have no longer.
func (room *Room) replaceInfo(info *hubservice.Info) (restarted bool, err error) {
	client, err := hubservice.New(room.network.Fetch, info)
	if err != nil {
		return false, err
	}
	changed := false
	room.Read(func() { changed = *info != room.emulator.Info })
	if !changed {
		return false, nil
	}
	room.Update(func() {
		e := room.emulator
		old := e.Info
		restarted = hubservice.Restarted(info, &old)
		e.Info = *info
		room.Links.InfoChanged(&old, &e.Info)
		if restarted {
			e.Client = client
			line := l10n.New("The emulator restarted.")
			if old.ServiceConnectionString != info.ServiceConnectionString {
				line = l10n.New("The emulator restarted. The page uses its new keys.")
			}
			room.DeviceLog.Add(room.Now(), page.StateChange, l10n.New("Hub"), line, nil)
		}
	})
	if restarted {
		room.Go("the device list", room.LoadDevices)
		room.Go("the faults", room.Faults.read)
	}
	return restarted, nil
}
