package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"sync"
	"time"

	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// desired lets the service change the desired properties, and keeps what the device believes they are.
type desired struct {
	hub   *emulator.Hub
	count int

	// Owned by the service, and then by who compares.
	want    map[string]any
	version int64

	mu        sync.Mutex // guards below, which the device's dispatcher writes
	view      map[string]any
	viewed    int64 // the version of view
	documents int   // whole documents that were read
	changes   int
	wrong     problems
}

func newDesired(count int) *desired { return &desired{count: count, want: map[string]any{}} }

func (d *desired) send(ctx context.Context, over time.Duration) error {
	start := time.Now()
	for n := range d.count {
		if err := until(ctx, start.Add(over*time.Duration(n)/time.Duration(d.count))); err != nil {
			return err
		}
		key, value := fmt.Sprintf("property%d", n%20), any(float64(n))
		if n%7 == 0 {
			value = nil
		}
		patch, err := json.Marshal(map[string]any{key: value})
		if err != nil {
			return err
		}
		version, err := d.hub.PatchDesired(ctx, deviceID, patch)
		if err != nil {
			return fmt.Errorf("desired properties: %w", err)
		}
		d.version = version
		change(d.want, map[string]any{key: value})
	}
	return nil
}

// change is a merge of flat documents.
func change(document, patch map[string]any) {
	for key, value := range patch {
		if value == nil {
			delete(document, key)
		} else {
			document[key] = value
		}
	}
}

func (d *desired) handle(_ context.Context, news hubclient.Desired) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var patch map[string]any
	if err := json.Unmarshal(news.Patch, &patch); err != nil {
		d.wrong.add("the device got desired properties that are not JSON: %v", err)
		return
	}
	if version, ok := patch["$version"].(float64); !ok || int64(version) != news.Version {
		d.wrong.add("the device got version %d of the desired properties, and in them %v", news.Version, patch["$version"])
	}
	delete(patch, "$version")
	switch {
	case news.Full && news.Version < d.viewed:
		d.wrong.add("the device's desired properties went back from version %d to %d", d.viewed, news.Version)
	case news.Full:
		d.documents++
		d.view = map[string]any{}
	case news.Version != d.viewed+1:
		d.wrong.add("the device got change %d of the desired properties after %d", news.Version, d.viewed)
	default:
		d.changes++
	}
	change(d.view, patch)
	d.viewed = news.Version
}

// begun reports whether the device has read the document.
func (d *desired) begun() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.documents > 0
}

// arrived reports whether the device knows the last change.
func (d *desired) arrived() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.viewed == d.version
}

// compare compares three views: what the service has written, what the hub has, what the device believes.
func (d *desired) compare(p *problems, hub map[string]any) {
	p.merge(&d.wrong)
	hub = maps.Clone(hub)
	if version := hub["$version"]; version != float64(d.version) {
		p.add("the hub's desired properties have version %v, the service made %d", version, d.version)
	}
	delete(hub, "$version")
	delete(hub, "$metadata")
	if !reflect.DeepEqual(hub, d.want) {
		p.add("the hub's desired properties are %v, the service made %v", hub, d.want)
	}
	if !reflect.DeepEqual(d.view, d.want) {
		p.add("the device believes the desired properties to be %v, the service made %v", d.view, d.want)
	}
}

// reported lets a few reporters patch the reported properties. Some give up early.
type reported struct {
	device *hubclient.Client
	seed   uint64
	perOne int
	by     [reporters]reporter
}

const reporters = 4

// A reporter is owned by its goroutine, and then by who compares.
type reporter struct {
	acknowledged []bool
	gaveUp       int
}

func newReported(seed uint64, count int) *reported {
	r := &reported{seed: seed, perOne: count / reporters}
	for i := range r.by {
		r.by[i].acknowledged = make([]bool, r.perOne)
	}
	return r
}

func reportedKey(reporter, n int) string { return fmt.Sprintf("r%dn%d", reporter, n) }
func latestKey(reporter int) string      { return fmt.Sprintf("r%dlatest", reporter) }

func (r *reported) send(ctx context.Context, reporter int, over time.Duration) error {
	random := rand.New(rand.NewPCG(r.seed, uint64(1000+reporter)))
	start, latest := time.Now(), int64(0)
	for n := range r.perOne {
		if err := until(ctx, start.Add(over*time.Duration(n)/time.Duration(r.perOne))); err != nil {
			return err
		}
		patch, err := json.Marshal(map[string]any{reportedKey(reporter, n): n, latestKey(reporter): n})
		if err != nil {
			return err
		}
		version, err := r.report(ctx, patch, random.IntN(20) == 0)
		switch {
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			r.by[reporter].gaveUp++
			continue
		case err != nil:
			return fmt.Errorf("reported properties: %w", err)
		case version <= latest:
			return fmt.Errorf("reported properties: version %d after %d", version, latest)
		}
		latest = version
		r.by[reporter].acknowledged[n] = true
	}
	return nil
}

func (r *reported) report(ctx context.Context, patch json.RawMessage, hurried bool) (int64, error) {
	if hurried {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 2*time.Millisecond)
		defer cancel()
	}
	return r.device.Report(ctx, patch)
}

// A reportedReport is what was counted.
type reportedReport struct{ acknowledged, lost, gaveUp, gaveUpArrived int }

// compare looks for every patch that was acknowledged. A patch that a caller gave up may or may not be there.
func (r *reported) compare(p *problems, hub map[string]any) (report reportedReport) {
	for i := range r.by {
		report.gaveUp += r.by[i].gaveUp
		last := -1
		for n, done := range r.by[i].acknowledged {
			value, there := hub[reportedKey(i, n)]
			switch {
			case done && value != float64(n):
				report.lost++
				p.add("patch %d of reporter %d was acknowledged, and the twin has %v", n, i, value)
			case there && !done:
				report.gaveUpArrived++
			}
			if done {
				report.acknowledged++
				last = n
			}
		}
		if latest, _ := hub[latestKey(i)].(float64); int(latest) < last {
			p.add("reporter %d's patch %d was acknowledged last, and the twin has %v, of an earlier one", i, last, latest)
		}
	}
	return report
}
