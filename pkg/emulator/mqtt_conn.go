package emulator

import (
	"context"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

const (
	// connectTimeout is how long a connection may take to send its CONNECT, and then to be answered.
	connectTimeout = 30 * time.Second

	// refusalDrain is how long a refused device has to read the reason and to close. Closing at once could reset the connection
	// before the CONNACK arrives, because the bytes that the device sent behind its CONNECT are still unread.
	refusalDrain = time.Second

	// maxPacket is the largest packet that is legal anywhere: the largest telemetry message with the longest topic.
	maxPacket = hubproto.MaxTelemetrySize + 64<<10 + 16
)

// peer describes the other side of a connection, as its transport knows it.
type peer struct {
	host string       // the host name that the device used, with the port where that is unusual
	cert *certificate // the TLS client certificate, if the device showed one
}

// conn is one device's MQTT connection, until it ends. It is the attachment of its identity. While nothing moves it has one goroutine,
// which reads, and no buffers: a hub has thousands of idle devices.
type conn struct {
	hub  *Hub
	nc   net.Conn
	peer peer

	// The reading goroutine's.
	in        incoming
	topic     *telemetryTopic // of the last telemetry, or nil
	unflushed bool            // sendSoon appended something since the last flush

	// Set by accept, under Hub.mu.
	id         *identity     // nil at DPS
	dps        *provisioning // nil at the hub
	name       string        // the client id, for the log and for faults
	apiVersion string
	sender     *sender // set with id
	keepAlive  time.Duration
	refused    bool // with a line in the log
	will       *telemetry
	expires    *time.Timer // ends the connection when its token expires

	// Guarded by Hub.mu.
	attached bool     // the identity's attachment is this connection
	ready    bool     // CONNACK is on its way; nothing may go before it
	session  *session // the identity's, or one of DPS, which keeps none

	tasks sync.WaitGroup // the writer, and the closing of nc
	done  chan struct{}  // closed by fail

	outgoing
}

// serve serves a device in the caller's goroutine. It returns when everything that belongs to the connection has ended.
func (h *Hub) serve(ctx context.Context, nc net.Conn, p peer) error {
	c, err := h.newConn(nc, p)
	if err != nil {
		return err
	}
	if ctx.Done() != nil {
		stop := context.AfterFunc(ctx, func() { c.fail(causeOf(ctx.Err())) })
		defer stop()
	}
	if err = c.open(); err == nil {
		err = c.run()
	}
	return c.finish(err)
}

// start serves a device in goroutines of its own. The caller has called h.begin. Handling CONNECT makes a stack grow that never shrinks
// again, so the goroutine that stays for as long as the device does is another one.
func (h *Hub) start(nc net.Conn, p peer) {
	go func() {
		c, err := h.newConn(nc, p)
		if err != nil {
			h.running.Done()
			return
		}
		if err := c.open(); err != nil {
			defer h.running.Done()
			c.finish(err)
			return
		}
		go func() {
			defer h.running.Done()
			c.finish(c.run())
		}()
	}()
}

// newConn returns the connection of a device that has not sent anything yet, or closes nc when the hub is closed.
func (h *Hub) newConn(nc net.Conn, p peer) (*conn, error) {
	c := &conn{hub: h, nc: nc, peer: p, done: make(chan struct{})}
	h.mu.Lock()
	closed := h.closed
	if !closed {
		h.conns[c] = struct{}{}
	}
	h.mu.Unlock()
	if closed {
		nc.Close()
		return nil, net.ErrClosed
	}
	return c, nil
}

// finish ends the connection because of err, and returns when everything that belongs to it has ended.
func (c *conn) finish(err error) error {
	h := c.hub
	h.mu.Lock()
	stranger := c.id == nil && c.dps == nil && !c.refused
	if c.id != nil {
		h.detach(c.id, c, causeOf(err))
	} else {
		c.end(causeOf(err))
	}
	delete(h.conns, c)
	if why := c.cause(); stranger && why.code != 404104 && why.level == "" {
		h.note(Operation{Category: CategoryConnections, Name: "deviceConnect", StatusCode: why.code, Description: why.text})
	}
	h.mu.Unlock()
	c.tasks.Wait()
	return c.cause().error()
}

// run reads and handles packets until the connection ends.
func (c *conn) run() error {
	// Any packet counts [MQTT-3.1.2-24].
	idle := time.AfterFunc(c.keepAlive, func() {
		c.fail(cause{code: 404104, level: LevelWarning,
			text: "nothing came for " + c.keepAlive.String() + ", one and a half times the keep-alive interval (at most 1767 s)"})
	})
	defer idle.Stop()
	for {
		p, err := c.next()
		if err != nil {
			return err
		}
		idle.Reset(c.keepAlive)
		faults := c.hub.faults.Load()
		if faults.OnPacket != nil {
			c.flush() // it may wait
		}
		switch faults.verdict(c.name, p) {
		case Discard:
			continue
		case Break:
			c.fail(cause{code: 404104, level: LevelWarning, text: "a fault that was asked for broke the link"})
			return nil
		}
		if why := c.handle(p); why != nil {
			c.flush()
			c.fail(*why)
			return nil
		}
	}
}

// open reads and answers CONNECT.
func (c *conn) open() error {
	halfOpen := time.AfterFunc(connectTimeout, func() { c.fail(causeHalfOpen) })
	defer halfOpen.Stop()
	first, err := c.next()
	if err != nil {
		c.refuseProtocol(err)
		return err
	}
	return c.accept(first)
}

// fail ends the connection. The first cause counts. It does not wait.
func (c *conn) fail(why cause) {
	c.outgoing.mu.Lock()
	defer c.outgoing.mu.Unlock()
	if c.why != nil {
		return
	}
	c.why = &why
	close(c.done)
	// Closing may take a while (a WebSocket has a closing handshake), and the caller may hold Hub.mu.
	c.tasks.Go(func() { c.nc.Close() })
}

func (c *conn) cause() *cause {
	c.outgoing.mu.Lock()
	defer c.outgoing.mu.Unlock()
	return c.why
}

// end implements attachment. It publishes the Will and keeps the part of the session that outlives the connection.
func (c *conn) end(why cause) cause {
	c.fail(why)
	why = *c.cause() // the first one
	if !c.attached {
		return why
	}
	c.attached, c.ready = false, false
	if c.expires != nil {
		c.expires.Stop()
	}
	o := c.operation("deviceDisconnect", why.code, why.text)
	o.Level = why.level
	c.hub.note(o)
	if c.id == nil {
		return why
	}
	if c.will != nil && !why.clean {
		// Also when this server closes the connection [MQTT-3.1.2-8].
		c.hub.publish(c.sender, c.will)
	}
	c.suspendSession()
	return why
}

// operation begins a line of the log that is about this connection. h.mu is held, or the connection is being handled.
func (c *conn) operation(name string, code int, description string) Operation {
	o := Operation{Category: CategoryConnections, Name: name, StatusCode: code, Description: description}
	switch {
	case c.id != nil:
		o.DeviceID, o.ModuleID = c.id.DeviceID, c.id.ModuleID
	case c.dps != nil:
		o.Category, o.DeviceID = CategoryProvisioning, c.dps.registrationID
	case c.refused:
		o.DeviceID, o.ModuleID, _ = strings.Cut(c.name, "/")
	}
	return o
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

var _ attachment = (*conn)(nil)
