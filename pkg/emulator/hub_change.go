package emulator

import (
	"context"
	"net"
)

// Code that reads or changes the hub's state for a service uses change and read; a connection uses changeFor.

// change runs f with the lock held and, when f succeeds, waits until the changes are durable. It returns f's error, an *Error when
// the store failed or ctx ended first, net.ErrClosed when the hub is closed, or the error of opening it.
func (h *Hub) change(ctx context.Context, f func() error) error {
	if err := h.read(ctx, f); err != nil {
		return err
	}
	if err := h.settled(ctx); err != nil {
		return errStore(err)
	}
	return nil
}

// read runs f with the lock held, and returns its error or the error that kept it from running; see change.
func (h *Hub) read(ctx context.Context, f func() error) error {
	if err := h.Open(ctx); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return net.ErrClosed
	}
	return f()
}

// changeFor runs f with the lock held for a connection that handles one request after the other. When its changes are durable, it
// runs the function that f returned, with the lock held too; err is not nil when the store failed. It returns after that, or when
// ended is closed. f may return nil to do nothing more.
func (h *Hub) changeFor(ended <-chan struct{}, f func() (answer func(err error))) {
	done := make(chan struct{})
	h.mu.Lock()
	answer := f()
	if answer == nil {
		h.mu.Unlock()
		return
	}
	h.settle(func(err error) {
		defer close(done)
		answer(err)
	})
	h.mu.Unlock()
	select {
	case <-done:
	case <-ended:
	}
}
