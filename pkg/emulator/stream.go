package emulator

import (
	"context"
	"iter"
	"sync"
)

// A stream is a bounded ring of the latest items, numbered from 1, and a way to follow it. A reader has no queue of its own:
// it holds a number and looks here for the next item, so that slow readers cost nothing and learn how much they missed.
type stream[T any] struct {
	maxItems, maxBytes int         // static
	size               func(T) int // static

	mu    sync.Mutex
	items []T
	first int64 // the number of items[0]
	bytes int
	wake  chan struct{} // closed by the next append; nil while nobody waits
	ended bool
}

func newStream[T any](maxItems, maxBytes int, size func(T) int) *stream[T] {
	return &stream[T]{maxItems: maxItems, maxBytes: maxBytes, size: size, first: 1}
}

// append adds the item that make returns for its number, and drops the oldest ones that no longer fit.
func (s *stream[T]) append(make func(sequence int64) T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	item := make(s.first + int64(len(s.items)))
	s.items = append(s.items, item)
	s.bytes += s.size(item)
	drop := 0
	for len(s.items)-drop > s.maxItems || s.bytes > s.maxBytes && len(s.items)-drop > 1 {
		s.bytes -= s.size(s.items[drop])
		drop++
	}
	clear(s.items[:drop]) // so that the array behind the slice does not keep them alive
	s.items = s.items[drop:]
	s.first += int64(drop)
	s.wakeLocked()
}

// startAt numbers the next item, in a stream that has none yet.
func (s *stream[T]) startAt(sequence int64) {
	s.mu.Lock()
	s.first = sequence
	s.mu.Unlock()
}

// next is the number that the next item will get.
func (s *stream[T]) next() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first + int64(len(s.items))
}

func (s *stream[T]) wakeLocked() {
	if s.wake != nil {
		close(s.wake)
		s.wake = nil
	}
}

// end lets every reader finish what there is and then stop.
func (s *stream[T]) end() {
	s.mu.Lock()
	s.ended = true
	s.wakeLocked()
	s.mu.Unlock()
}

// from follows the stream, beginning with the item of that number, until ctx or the stream ends. Each item comes with the
// number of items that were dropped before it because this reader was too slow, or asked for what is no longer there.
func (s *stream[T]) from(ctx context.Context, sequence int64) iter.Seq2[T, int64] {
	return func(yield func(T, int64) bool) {
		for {
			item, lost, ok := s.wait(ctx, &sequence)
			if !ok || !yield(item, lost) {
				return
			}
		}
	}
}

func (s *stream[T]) wait(ctx context.Context, sequence *int64) (item T, lost int64, ok bool) {
	for ctx.Err() == nil {
		s.mu.Lock()
		if *sequence < s.first {
			lost = s.first - *sequence
			*sequence = s.first
		}
		if i := *sequence - s.first; i < int64(len(s.items)) {
			item = s.items[i]
			s.mu.Unlock()
			*sequence++
			return item, lost, true
		}
		if s.ended {
			s.mu.Unlock()
			return item, 0, false
		}
		if s.wake == nil {
			s.wake = make(chan struct{})
		}
		wake := s.wake
		s.mu.Unlock()
		select {
		case <-wake:
		case <-ctx.Done():
		}
	}
	return item, 0, false
}
