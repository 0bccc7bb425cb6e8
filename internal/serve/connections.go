package serve

import (
	"net"
	"net/http"
	"sync"
)

// connections are those that were opened and not used yet, as browsers open them to be quick when they need one.
// http.Server.Shutdown waits five seconds for a request on each of them, and a person at the keyboard with it. The zero
// value is ready.
type connections struct {
	mu     sync.Mutex
	set    map[net.Conn]struct{}
	closed bool
}

// track fits http.Server.ConnState.
func (c *connections) track(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state != http.StateNew {
		delete(c.set, conn)
		return
	}
	if c.closed { // accepted just before the listener closed
		conn.Close()
		return
	}
	if c.set == nil {
		c.set = map[net.Conn]struct{}{}
	}
	c.set[conn] = struct{}{}
}

// close closes them, and those that still come.
func (c *connections) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for conn := range c.set {
		conn.Close()
	}
}
