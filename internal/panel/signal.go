package panel

import (
	"context"
	"sync"
)

// signal wakes everybody who waits for a change.
type signal struct {
	mu sync.Mutex
	ch chan struct{} // nil while nobody waits
}

// next returns a channel that is closed at the next raise.
func (s *signal) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) raise() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}

// awaitSo waits until so is true, which is asked with the lock held after every change of the panel. Its error is ctx's.
func (p *Panel) awaitSo(ctx context.Context, so func() bool) error {
	for {
		changed := p.changes.next()
		p.mu.Lock()
		ok := so()
		p.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
