package connection

import "context"

// A tenant uses the device's connection alone: a client of the device, or the connection doctor. The hub lets an identity have one
// connection, so that a second client would take it over from the first. Tenants run one at a time, in the order of their starts.
type tenant struct {
	ctx      context.Context // ends when the tenant has to end
	cancel   context.CancelFunc
	previous <-chan struct{} // closed when the tenant before has ended; nil if there was none
	ended    chan struct{}   // closed when this tenant, and with it every tenant before, has ended
	resume   *Settings       // the connection to make when the tenant ends by itself; nil: none
}

// owner has the tenant that was started last. The page's lock guards it.
type owner struct {
	current *tenant // nil: there is none, and none is about to end
}

// replace makes a new tenant the current one and cancels the one before. Its caller, which holds the lock, sees to it that await is
// called before the tenant does anything, and release when it has ended. The tenant's context is a child of parent.
func (o *owner) replace(parent context.Context) *tenant {
	t := &tenant{ended: make(chan struct{})}
	t.ctx, t.cancel = context.WithCancel(parent)
	if o.current != nil {
		o.current.cancel()
		t.previous = o.current.ended
	}
	o.current = t
	return t
}

// end cancels the current tenant, also one that waits for the tenant before it. It returns a channel that is closed when no tenant is
// left of those that were started until now. The caller holds the lock.
func (o *owner) end() <-chan struct{} {
	if o.current == nil {
		return closed
	}
	o.current.cancel()
	return o.current.ended
}

// release notes that a tenant has ended, and reports whether it was still the current one. The caller holds the lock.
func (o *owner) release(t *tenant) bool {
	t.cancel()
	current := o.current == t
	if current {
		o.current = nil
	}
	close(t.ended)
	return current
}

// await waits until the tenant before has ended, and reports whether this one may run. The wait is short, because the tenant before is
// cancelled. It does not end with the tenant's own context: otherwise a third tenant could run beside the first. The caller does not
// hold the lock.
func (t *tenant) await() bool {
	if t.previous != nil {
		<-t.previous
	}
	return t.ctx.Err() == nil
}

// closed is the end of a tenant that never was.
var closed = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()
