package hubclient

import "context"

// A dispatcher runs handlers one at a time, in the order in which their events came. The loop never waits for it: events
// gather until the dispatcher is idle, and then go over all at once.
type dispatcher struct {
	batches chan []event  // loop to dispatcher, never more than one
	idle    chan []event  // dispatcher to loop: the batch is done, and comes back
	acks    chan []ack    // dispatcher to loop: acknowledge these; while they are in it the dispatcher may take them back and add to them
	ended   chan struct{} // closed when the dispatcher has ended
}

// An event is the call of a handler.
type event struct {
	call   handlerCall // nil: there is nothing but the acknowledgement
	always bool        // also after the end of the context: the last states
	ack                // for what came with QoS 1; otherwise its id is 0
}

// A handlerCall calls a handler.
type handlerCall interface {
	run(context.Context) (acknowledge bool)
}

type callFunc func(context.Context) (acknowledge bool)

func (f callFunc) run(ctx context.Context) bool { return f(ctx) }

// An ack is a PUBACK that is due. It belongs to its connection.
type ack struct {
	link     *link
	id       uint16
	bad      bool   // the handler failed: no PUBACK, but the handler is done
	delivery uint64 // Delivery.ID; 0: no handler has received it
}

func newDispatcher(ctx context.Context) *dispatcher {
	d := &dispatcher{
		batches: make(chan []event, 1), idle: make(chan []event, 1),
		acks: make(chan []ack, 1), ended: make(chan struct{}),
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
				continue // not acknowledged, so the hub delivers it to the next Client
			}
			acknowledge := e.call == nil || e.call.run(ctx)
			if e.id == 0 {
				continue
			}
			e.bad = !acknowledge
			d.acknowledge(e.ack)
		}
		d.idle <- batch
	}
}

// acknowledge gives an ack to the loop, at once, and together with those that it has not taken yet. It does not wait.
func (d *dispatcher) acknowledge(a ack) {
	var acks []ack
	select {
	case acks = <-d.acks:
	default:
	}
	d.acks <- append(acks, a)
}
