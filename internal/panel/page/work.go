package page

import (
	"context"
	"sync"

	"github.com/hubpanel/hubpanel/internal/ui"
)

// Work runs the page's goroutines and its event queue. Its methods can be called with or without the page's lock.
type Work struct {
	ctx       context.Context // ends with Close
	cancel    context.CancelFunc
	recovered func(what string, r any)

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
	queue   []func()
	wake    chan struct{} // buffered, one token
}

func newWork(recovered func(what string, r any)) *Work {
	w := &Work{recovered: recovered, wake: make(chan struct{}, 1)}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	return w
}

// Context returns the page's context, which ends with Close.
func (w *Work) Context() context.Context { return w.ctx }

// Go runs do on a goroutine of its own that Close waits for. A panic in it ends only do, and becomes Env.Fatal. After Close, Go does
// nothing and returns false.
func (w *Work) Go(what string, do func(ctx context.Context)) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.running.Go(func() {
		defer w.protect(what)
		do(w.ctx)
	})
	return true
}

// protect turns a panic into Env.Fatal.
func (w *Work) protect(what string) {
	if r := recover(); r != nil {
		w.recovered(what, r)
	}
}

// Close ends the page's context and waits for every goroutine that Go started.
func (w *Work) Close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.cancel()
	w.running.Wait()
}

// Handle queues what an event of the page does. The queue runs in order and one at a time, whatever the order in which goroutines
// get to run: two key strokes never change places.
func (w *Work) Handle(do func(ui.Event), e ui.Event) { w.Enqueue(func() { do(e) }) }

// Enqueue queues an action behind the events that wait. It must not block.
func (w *Work) Enqueue(do func()) {
	w.mu.Lock()
	w.queue = append(w.queue, do)
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *Work) serveEvents(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		}
		w.mu.Lock()
		queue := w.queue
		w.queue = nil
		w.mu.Unlock()
		for _, do := range queue {
			w.runEvent(do)
		}
	}
}

// runEvent recovers for each event by itself: the queue must outlive a handler that panics.
func (w *Work) runEvent(do func()) {
	defer w.protect("an action")
	do()
}
