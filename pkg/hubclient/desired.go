package hubclient

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

const (
	maxHeld = 256 // notices that may wait for the document; the oldest give way, and the gap is noticed

	// A document that cannot be read is tried again after so long, and then ever more slowly.
	minResync = 30 * time.Second
	maxResync = 10 * time.Minute
)

// A desiredSync turns the hub's notices, which are neither stored nor repeated, and reads of the whole document into a
// sequence without a gap: the document first, then its changes ("Understand and use device twins", device
// reconnection flow). It holds no connection, so that it can be tested alone.
type desiredSync struct {
	version int64     // of what was delivered last
	reading bool      // the document has been asked for
	held    []Desired // notices that came meanwhile, or after a gap
}

func (d *desiredSync) connected() { d.held = nil }

func (d *desiredSync) disconnected() { d.reading, d.held = false, nil }

// notice takes a change and returns what is to be delivered, and whether the document has to be read.
func (d *desiredSync) notice(n Desired) (deliver []Desired, read bool) {
	if d.reading {
		if len(d.held) == maxHeld {
			d.held = append(d.held[:0], d.held[1:]...)
		}
		d.held = append(d.held, n)
		return nil, false
	}
	switch {
	case n.Version <= d.version:
		return nil, false // it is in the document
	case n.Version == d.version+1:
		d.version = n.Version
		return []Desired{n}, false
	}
	d.held = append(d.held, n)
	return nil, true
}

// document takes the whole document and returns it with the changes behind it, and whether it has to be read again.
func (d *desiredSync) document(doc Desired) (deliver []Desired, read bool) {
	d.reading = false
	d.version = doc.Version
	deliver = append(deliver, doc)
	held := d.held
	d.held = nil
	for i, n := range held {
		more, gap := d.notice(n)
		deliver = append(deliver, more...)
		if gap {
			d.held = append(d.held, held[i+1:]...)
			return deliver, true
		}
	}
	return deliver, false
}

// failed delivers the changes that are known when the document cannot be read.
func (d *desiredSync) failed() (deliver []Desired) {
	d.reading = false
	for _, n := range d.held {
		if n.Version > d.version {
			d.version = n.Version
			deliver = append(deliver, n)
		}
	}
	d.held = nil
	return deliver
}

// readDesired asks for the whole document.
func (l *loop) readDesired() {
	l.resyncAt = time.Time{}
	if l.desired.reading || l.link == nil {
		return
	}
	l.desired.reading = true
	l.startRequest(&request{ctx: l.ctx, kind: hubproto.TwinGet, own: true, answer: func(r result) {
		if l.link != nil { // otherwise all is over
			l.desiredAnswer(r)
		}
	}})
}

func (l *loop) desiredAnswer(r result) {
	var doc Twin
	if r.err == nil {
		doc, r.err = parseTwin(r.body)
	}
	if r.err != nil {
		l.deliverDesired(l.desired.failed())
		if l.link == nil {
			return // the changes exceeded the limit; the next connection reads the document again
		}
		l.resyncWait = min(max(2*l.resyncWait, minResync), maxResync)
		l.resyncAt = l.now.Add(l.resyncWait)
		l.log.Warn("desired properties cannot be read", "error", hubproto.Redact(r.err.Error()), "retryIn", l.resyncWait)
		return
	}
	l.resyncWait = 0
	deliver, again := l.desired.document(Desired{Patch: bytes.Clone(doc.Desired), Version: doc.DesiredVersion, Full: true})
	l.deliverDesired(deliver)
	if again {
		l.readDesired()
	}
}

func (l *loop) desiredNotice(version int64, patch []byte) {
	if !json.Valid(patch) {
		l.log.Warn("change of the desired properties is not JSON, they are read again", "version", version)
		l.readDesired()
		return
	}
	deliver, read := l.desired.notice(Desired{Patch: bytes.Clone(patch), Version: version})
	l.deliverDesired(deliver)
	if read {
		l.log.Info("desired properties are read again, a change is missing", "version", version)
		l.readDesired()
	}
}

func (l *loop) deliverDesired(changes []Desired) {
	for _, d := range changes {
		l.enqueue(event{call: callFunc(func(ctx context.Context) bool {
			l.c.o.OnDesired(ctx, d)
			return true
		})}, len(d.Patch))
	}
}
