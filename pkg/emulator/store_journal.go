package emulator

import (
	"context"
	"slices"
	"strings"
)

// A journal makes changes durable and then lets their effects happen. Changes are made in memory under Hub.mu, noted here, and
// committed by one goroutine, as many at a time as have gathered while the commit before was under way. An effect (an
// acknowledgement, a notice to a device) runs when every change made before it is durable, and effects run in the order in
// which they were handed in: so no change is announced that a crash could undo, and notices arrive in the order of versions.
//
// Without a Store nothing is ever pending, and effects run at once.
type journal struct {
	store Store // static

	// Guarded by Hub.mu.
	writes     map[string][]byte
	effects    []func(error)
	committing bool
	failed     error // of the last commit, until one succeeds

	wake chan struct{} // of size 1
	stop chan struct{} // the committer is to end when nothing is pending
	done chan struct{} // closed when the committer has ended
}

func (h *Hub) startJournal() {
	h.journal.store = h.Store
	h.journal.stop = make(chan struct{})
	h.journal.done = make(chan struct{})
	if h.Store == nil {
		close(h.journal.done)
		return
	}
	h.journal.writes = make(map[string][]byte)
	h.journal.wake = make(chan struct{}, 1)
	go h.commitLoop()
}

// stopJournal waits until everything is stored, and returns the error of the last commit.
func (h *Hub) stopJournal() error {
	close(h.journal.stop)
	<-h.journal.done
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.journal.failed
}

// put notes that key has a new value, or none. h.mu is held.
func (h *Hub) put(key string, value any) {
	if h.journal.store == nil {
		return
	}
	var raw []byte
	if value != nil {
		raw = encodeJSON(value)
	}
	h.journal.writes[key] = raw
	h.journal.poke()
}

// settle runs effect, with h.mu held, once every change made so far is durable; err is not nil when one is not. h.mu is held.
func (h *Hub) settle(effect func(err error)) {
	j := &h.journal
	if j.store == nil || len(j.writes) == 0 && len(j.effects) == 0 && !j.committing {
		effect(nil)
		return
	}
	j.effects = append(j.effects, effect)
	j.poke()
}

func (j *journal) poke() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// settled waits until every change made so far is durable. h.mu is not held.
func (h *Hub) settled(ctx context.Context) error {
	done := make(chan error, 1)
	h.mu.Lock()
	h.settle(func(err error) { done <- err })
	h.mu.Unlock()
	select {
	case err := <-done: // also when ctx has ended
		return err
	default:
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// commitLoop ends when the hub is closed and nothing is pending any more.
func (h *Hub) commitLoop() {
	j := &h.journal
	defer close(j.done)
	for stopping := false; ; {
		h.mu.Lock()
		writes, effects := j.writes, j.effects
		j.writes, j.effects = make(map[string][]byte), nil
		j.committing = len(writes) > 0 || len(effects) > 0
		h.mu.Unlock()

		if len(writes) == 0 && len(effects) == 0 {
			if stopping {
				return
			}
			select {
			case <-j.wake:
			case <-j.stop:
				stopping = true
			}
			continue
		}
		var err error
		if len(writes) > 0 {
			// Not a caller's context, because the batch has the changes of many callers.
			err = j.store.Commit(context.Background(), sortedWrites(writes))
		}

		h.mu.Lock()
		j.committing = false
		if len(writes) > 0 {
			j.failed = err
		}
		if err != nil {
			// The next commit includes the writes that this one could not do; a newer value of a key wins.
			for key, value := range writes {
				if _, newer := j.writes[key]; !newer {
					j.writes[key] = value
				}
			}
			h.logStoreFailure(err)
		}
		for _, effect := range effects {
			effect(err)
		}
		h.mu.Unlock()
		if err != nil && stopping {
			return
		}
		if err != nil {
			// What failed is tried again with the next change, not at once: a full disk stays full for a while.
			select {
			case <-j.wake:
			case <-j.stop:
				stopping = true
			}
		}
	}
}

func sortedWrites(writes map[string][]byte) []Write {
	sorted := make([]Write, 0, len(writes))
	for key, value := range writes {
		sorted = append(sorted, Write{key, value})
	}
	slices.SortFunc(sorted, func(a, b Write) int { return strings.Compare(a.Key, b.Key) })
	return sorted
}
