package emulator

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

const (
	// connectTimeout is how long a connection may take to send its CONNECT, and then to be answered.
	connectTimeout = 30 * time.Second

	// refusalDrain is how long a refused device has to read why and to close. Closing at once could reset the connection
	// before the CONNACK arrives, because what the device sent behind its CONNECT is still unread.
	refusalDrain = time.Second

	// maxPacket is the largest packet that is legal anywhere: the largest telemetry message with the longest topic.
	maxPacket = hubproto.MaxTelemetrySize + 64<<10 + 16

	// maxOutgoing is how many bytes may wait for a device that reads slowly. A full queue of the largest cloud-to-device
	// messages fits.
	maxOutgoing = 8 << 20

	// keepBuffer is how large a connection's outgoing buffer may stay when it is empty: idle devices are many.
	keepBuffer = 4 << 10
)

// peer is what a transport knows about the other side of a connection.
type peer struct {
	host string       // the host name by which it came, with the port where that is unusual
	cert *certificate // the TLS client certificate, if it showed one
}

// certificate is what authentication needs of a TLS client certificate, without crypto/x509.
type certificate struct {
	commonName string
	sha1       string // thumbprints, upper-case hex
	sha256     string
	signedBy   func(der []byte) bool // reports whether the chain that was shown leads to this CA certificate
}

// conn is one device's connection, until it ends.
type conn struct {
	hub    *Hub
	nc     net.Conn
	peer   peer
	reader *mqttcodec.Reader // the reading goroutine's

	// Set by accept, under Hub.mu.
	id         *identity // nil at DPS
	dps        *provisioning
	who        string // client id, for the log and for faults
	apiVersion string
	authMethod string  // as telemetry names it
	sender     *sender // set with id, unless that is DPS's
	keepAlive  time.Duration
	refused    bool // with a line in the log
	will       *telemetry
	expires    *time.Timer // cuts the connection when its token expires

	// Guarded by Hub.mu.
	attached bool             // is its identity's connection
	ready    bool             // CONNACK is on its way; nothing may go before it
	session  *session         // the identity's, or one of DPS, which keeps none
	calls    map[string]*call // direct methods under way, by request id
	locks    *time.Timer      // the earliest lock of a cloud-to-device message

	tasks sync.WaitGroup // the writer, and the closing of nc
	wake  chan struct{}  // of size 1: there is something to write
	done  chan struct{}  // closed by fail

	mu    sync.Mutex // guards below; taken with or without Hub.mu, never the other way round
	why   *cause
	out   []byte
	due   []due // when parts of out may leave; empty without a delay
	inUse int   // bytes the writer has taken and not yet written
}

// due says that what stands in out up to end may leave at time at.
type due struct {
	end int
	at  time.Time
}

// serve is the whole life of a connection. It returns when everything that belongs to it has ended.
func (h *Hub) serve(ctx context.Context, nc net.Conn, p peer) error {
	c := &conn{
		hub: h, nc: nc, peer: p, reader: mqttcodec.NewReader(nc, maxPacket),
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		nc.Close()
		return net.ErrClosed
	}
	h.conns[c] = struct{}{}
	h.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { c.fail(causeOf(ctx.Err())) })

	err := c.run()

	stop()
	h.mu.Lock()
	stranger := c.id == nil && c.dps == nil && !c.refused
	h.detach(c, causeOf(err))
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
	halfOpen := time.AfterFunc(connectTimeout, func() { c.fail(causeHalfOpen) })
	first, err := c.reader.Next()
	if err == nil {
		err = c.accept(first)
	} else {
		c.refuseProtocol(err)
	}
	halfOpen.Stop()
	if err != nil {
		return err
	}
	// Any packet counts [MQTT-3.1.2-24].
	idle := time.AfterFunc(c.keepAlive, func() {
		c.fail(cause{code: 404104, level: LevelWarning,
			text: "nothing came for " + c.keepAlive.String() + ", one and a half times the keep-alive interval (at most 1767 s)"})
	})
	defer idle.Stop()
	for {
		p, err := c.reader.Next()
		if err != nil {
			return err
		}
		idle.Reset(c.keepAlive)
		switch c.hub.faults.Load().verdict(c.who, p) {
		case Discard:
			continue
		case Break:
			c.fail(cause{code: 404104, level: LevelWarning, text: "a fault that was asked for broke the link"})
			return nil
		}
		if why := c.handle(p); why != nil {
			c.fail(*why)
			return nil
		}
	}
}

// fail ends the connection. The first cause counts. It does not wait.
func (c *conn) fail(why cause) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why != nil {
		return
	}
	c.why = &why
	close(c.done)
	// Closing may take a while (a WebSocket says goodbye), and the caller may hold Hub.mu.
	c.tasks.Go(func() { c.nc.Close() })
}

func (c *conn) cause() *cause {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.why
}

// send appends a packet to what goes to the device. It does not wait: a device that lets too much pile up is cut off.
func (c *conn) send(p mqttcodec.Packet) {
	c.mu.Lock()
	if c.why != nil {
		c.mu.Unlock()
		return
	}
	out, err := mqttcodec.Append(c.out, p)
	if err != nil {
		c.mu.Unlock()
		c.fail(cause{code: 500001, text: "the hub tried to send an illegal packet: " + err.Error(), err: err})
		return
	}
	c.out = out
	if delay := c.hub.faults.Load().Delay; delay > 0 || len(c.due) > 0 {
		c.due = append(c.due, due{len(out), time.Now().Add(delay)})
	}
	full := len(out)+c.inUse > maxOutgoing
	c.mu.Unlock()
	if full {
		c.fail(causeSlow)
		return
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// write is the writing goroutine: it takes all that is ready and writes it at once.
func (c *conn) write() {
	var spare []byte
	for {
		buf, wait := c.take(spare)
		switch {
		case len(buf) > 0:
			if _, err := c.nc.Write(buf); err != nil {
				c.fail(causeOf(err))
				return
			}
			spare = nil // it is c.out now
			if cap(buf) <= keepBuffer {
				spare = buf[:0]
			}
		case wait > 0:
			t := time.NewTimer(wait)
			select {
			case <-t.C:
			case <-c.done:
				t.Stop()
				return
			}
		default:
			select {
			case <-c.wake:
			case <-c.done:
				return
			}
		}
	}
}

// take returns what may be written now, and leaves spare in its place; or how long to wait for the first delayed packet.
func (c *conn) take(spare []byte) (buf []byte, wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inUse = 0
	if len(c.out) == 0 {
		return nil, 0 // spare stays the caller's
	}
	if len(c.due) == 0 {
		buf, c.out = c.out, spare
		c.inUse = len(buf)
		return buf, 0
	}
	now := time.Now()
	n, end := 0, 0
	for n < len(c.due) && !c.due[n].at.After(now) {
		end = c.due[n].end
		n++
	}
	if n == 0 {
		return nil, c.due[0].at.Sub(now)
	}
	buf = append([]byte(nil), c.out[:end]...)
	c.out = append(c.out[:0], c.out[end:]...)
	c.due = c.due[n:]
	for i := range c.due {
		c.due[i].end -= end
	}
	c.inUse = len(buf)
	return buf, 0
}

// detach takes a connection away from its identity, for whatever reason, and ends it. h.mu is held.
func (h *Hub) detach(c *conn, why cause) {
	c.fail(why)
	why = *c.cause() // the first one
	if !c.attached {
		return
	}
	c.attached, c.ready = false, false
	if c.expires != nil {
		c.expires.Stop()
	}
	o := Operation{Category: CategoryConnections, Name: "deviceDisconnect", Level: why.level, StatusCode: why.code, Description: why.text}
	if c.id == nil {
		o.Category, o.DeviceID = CategoryProvisioning, c.dps.registrationID
		h.note(o)
		return
	}
	o.DeviceID, o.ModuleID = c.id.DeviceID, c.id.ModuleID
	h.note(o)
	if c.will != nil && !why.clean {
		// Also when this server closes the connection [MQTT-3.1.2-8].
		h.enqueueTelemetry(c, c.will)
	}
	if c.locks != nil {
		c.locks.Stop()
	}
	for _, call := range c.calls {
		call.fail(errOffline("its connection ended before it answered"))
	}
	c.calls = nil
	now := time.Now().UTC()
	c.id.conn, c.id.ConnectionStateUpdatedTime, c.id.LastActivityTime = nil, now, now
	h.saveIdentity(c.id)
	h.suspendSession(c.id)
}
