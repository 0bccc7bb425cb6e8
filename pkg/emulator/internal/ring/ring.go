// Package ring has a bounded, numbered log that any number of readers follow. It knows nothing about its items: the emulator keeps
// telemetry and its operations log in two of them.
package ring

import (
	"context"
	"iter"
	"sync"
)

// A Ring keeps the latest items, numbered from 1 or from where StartAt says. A reader has no queue of its own: it holds a number
// and asks for the item behind it, so that slow readers cost nothing and learn how many items they missed.
type Ring[T any] struct {
	maxItems, maxBytes int         // static
	size               func(T) int // static

	mu    sync.Mutex
	items []T
	start int64 // the number of the first item that this ring ever got
	first int64 // the number of items[0]
	bytes int
	wake  chan struct{} // closed by the next Append; nil while no reader waits
	ended bool
}

// New returns a ring of at most maxItems items and, but for the latest, maxBytes bytes. size returns an item's bytes.
func New[T any](maxItems, maxBytes int, size func(T) int) *Ring[T] {
	return &Ring[T]{maxItems: maxItems, maxBytes: maxBytes, size: size, start: 1, first: 1}
}

// Append adds the item that make returns for its number, and drops the oldest items that no longer fit.
func (r *Ring[T]) Append(make func(sequence int64) T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	item := make(r.first + int64(len(r.items)))
	r.items = append(r.items, item)
	r.bytes += r.size(item)
	drop := 0
	for len(r.items)-drop > r.maxItems || r.bytes > r.maxBytes && len(r.items)-drop > 1 {
		r.bytes -= r.size(r.items[drop])
		drop++
	}
	clear(r.items[:drop]) // so that the array behind the slice does not keep them alive
	r.items = r.items[drop:]
	r.first += int64(drop)
	r.wakeLocked()
}

// StartAt numbers the first item. The ring must be empty.
func (r *Ring[T]) StartAt(sequence int64) {
	r.mu.Lock()
	r.start, r.first = sequence, sequence
	r.mu.Unlock()
}

// Next returns the number that the next item will get.
func (r *Ring[T]) Next() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.first + int64(len(r.items))
}

func (r *Ring[T]) wakeLocked() {
	if r.wake != nil {
		close(r.wake)
		r.wake = nil
	}
}

// End lets every reader finish the items that are here and then stop.
func (r *Ring[T]) End() {
	r.mu.Lock()
	r.ended = true
	r.wakeLocked()
	r.mu.Unlock()
}

// From follows the ring from the item with that number until ctx or the ring ends. It begins at once, whatever the number: a number
// below those that the ring ever had begins with the oldest item, and a number beyond the next one, which no item of this ring has
// yet, begins with the next item. Each item comes with the number of items between it and the one before that this reader missed,
// because it was too slow or asked for items that are no longer here. Numbers that this ring never had do not count as missed.
func (r *Ring[T]) From(ctx context.Context, sequence int64) iter.Seq2[T, int64] {
	r.mu.Lock()
	sequence = min(max(sequence, r.start), r.first+int64(len(r.items)))
	r.mu.Unlock()
	return func(yield func(T, int64) bool) {
		for {
			item, missed, ok := r.wait(ctx, &sequence)
			if !ok || !yield(item, missed) {
				return
			}
		}
	}
}

// wait returns the item with that number, or the oldest one, when there is one, and moves the number behind it.
func (r *Ring[T]) wait(ctx context.Context, sequence *int64) (item T, missed int64, ok bool) {
	for ctx.Err() == nil {
		r.mu.Lock()
		if *sequence < r.first {
			missed = r.first - *sequence
			*sequence = r.first
		}
		if i := *sequence - r.first; i < int64(len(r.items)) {
			item = r.items[i]
			r.mu.Unlock()
			*sequence++
			return item, missed, true
		}
		if r.ended {
			r.mu.Unlock()
			return item, 0, false
		}
		if r.wake == nil {
			r.wake = make(chan struct{})
		}
		wake := r.wake
		r.mu.Unlock()
		select {
		case <-wake:
		case <-ctx.Done():
		}
	}
	return item, 0, false
}
