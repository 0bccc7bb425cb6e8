package hubclient

import "context"

// A dispatcher runs handlers one at a time, in the order in which their events came. The loop never waits for it: events
// gather until the dispatcher is idle, and then go over all at once.
type dispatcher struct {
	batches chan []event  // loop to dispatcher, never more than one
	idle    chan []event  // dispatcher to loop: the batch is done, its array comes back
	acks    chan ack      // dispatcher to loop: acknowledge this
	over    chan struct{} // closed when the loop receives no more
	ended   chan struct{} // closed when the dispatcher has ended
}

// An event is the call of a handler.
type event struct {
	run    func(context.Context) (acknowledge bool) // nil: there is nothing but the acknowledgement
	always bool                                     // also after the end of the context: the last states
	ack                                             // for what came with QoS 1; otherwise its id is 0
}

// An ack is a PUBACK that is due. It belongs to its connection.
type ack struct {
	link *link
	id   uint16
	bad  bool // the handler failed: no PUBACK, but the handler is done
}

func newDispatcher(ctx context.Context, over chan struct{}) *dispatcher {
	d := &dispatcher{
		batches: make(chan []event, 1), idle: make(chan []event, 1),
		acks: make(chan ack, 64), over: over, ended: make(chan struct{}),
	}
	go d.run(ctx)
	return d
}

func (d *dispatcher) run(ctx context.Context) {
	defer close(d.ended)
	for batch := range d.batches {
		for i := range batch {
			e := &batch[i]
			if ctx.Err() != nil && !e.always {
				continue // not acknowledged, so the hub delivers it to the next life
			}
			acknowledge := e.run == nil || e.run(ctx)
			if e.id == 0 {
				continue
			}
			e.bad = !acknowledge
			select {
			case d.acks <- e.ack:
			case <-d.over:
			}
		}
		clear(batch)
		d.idle <- batch[:0]
	}
}
