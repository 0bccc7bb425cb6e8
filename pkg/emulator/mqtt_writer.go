package emulator

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

const (
	// maxOutgoing is how many bytes may wait for a device that reads slowly. A full queue of the largest cloud-to-device
	// messages fits.
	maxOutgoing = 8 << 20

	// keepOutgoing is how large a buffer may be that goes back to its pool.
	keepOutgoing = 16 << 10
)

// outgoingBytes are the bytes that go to a device. They come from a pool and go back to it, because few connections have any at a
// moment.
type outgoingBytes struct{ b []byte }

var outgoingBuffers = sync.Pool{New: func() any { return new(outgoingBytes) }}

// outgoing is the queue of a connection. mu may be taken with Hub.mu held, never the other way round.
type outgoing struct {
	mu      sync.Mutex
	why     *cause         // the cause of the connection's end, once it has ended
	out     *outgoingBytes // nil when there are none
	due     []due          // when parts of out may be sent; empty without a delay
	inUse   int            // bytes that the writer is writing
	writing bool           // the writing goroutine runs, and will see the bytes that are added to out
}

// due is the time at which the bytes of out up to end may be sent.
type due struct {
	end int
	at  time.Time
}

// send appends a packet to the bytes that go to the device. It does not wait: a device that lets too much pile up loses its connection.
func (c *conn) send(p mqttcodec.Packet) { c.enqueue(p, true) }

// sendSoon is send for the reading goroutine, which has more packets to handle at once: it does not start writing, and flush does before
// the goroutine waits. So the acknowledgements of a burst of telemetry are one write.
func (c *conn) sendSoon(p mqttcodec.Packet) {
	c.unflushed = true
	c.enqueue(p, false)
}

// flush starts to write what sendSoon appended. The reading goroutine calls it before it waits for anything.
func (c *conn) flush() {
	if !c.unflushed {
		return
	}
	c.unflushed = false
	o := &c.outgoing
	o.mu.Lock()
	c.startWriting()
	o.mu.Unlock()
}

// startWriting lets a goroutine write, unless one does or there is nothing to write. outgoing.mu is held.
func (c *conn) startWriting() {
	if o := &c.outgoing; o.why == nil && !o.writing && o.out != nil && len(o.out.b) > 0 {
		o.writing = true
		c.tasks.Add(1)
		c.hub.writers.write(c)
	}
}

func (c *conn) enqueue(p mqttcodec.Packet, start bool) {
	o := &c.outgoing
	o.mu.Lock()
	if o.why != nil {
		o.mu.Unlock()
		return
	}
	if o.out == nil {
		o.out = outgoingBuffers.Get().(*outgoingBytes)
	}
	b, err := mqttcodec.Append(o.out.b, p)
	if err != nil {
		o.mu.Unlock()
		c.fail(cause{code: 500001, text: "the hub tried to send an illegal packet: " + err.Error(), err: err})
		return
	}
	o.out.b = b
	if delay := c.hub.faults.Load().Delay; delay > 0 || len(o.due) > 0 {
		o.due = append(o.due, due{len(b), time.Now().Add(delay)})
	}
	full := len(b)+o.inUse > maxOutgoing
	if start && !full {
		c.startWriting()
	}
	o.mu.Unlock()
	if full {
		c.fail(causeSlow)
	}
}

// write writes everything that is ready at once, and returns when there is nothing more.
func (c *conn) write() {
	defer c.tasks.Done()
	for {
		out, wait := c.outgoing.next()
		if wait > 0 {
			t := time.NewTimer(wait)
			select {
			case <-t.C:
				continue
			case <-c.done:
				t.Stop()
				return
			}
		}
		if out == nil {
			return
		}
		_, err := c.nc.Write(out.b)
		if cap(out.b) <= keepOutgoing {
			out.b = out.b[:0]
			outgoingBuffers.Put(out)
		}
		if err != nil {
			c.fail(causeOf(err))
			return
		}
	}
}

// writers are the goroutines that write, for any connection that has something to write. An idle connection has none. A few goroutines
// without work stay, because a new one first grows its stack, which costs as much as the write.
type writers struct {
	work  chan *conn    // unbuffered: only a goroutine that waits for work receives
	end   chan struct{} // closed to end the goroutines that wait for work
	idle  atomic.Int32  // how many wait for work
	alive sync.WaitGroup
}

// idleWriters is how many goroutines may wait for work.
const idleWriters = 16

// write lets a goroutine call c.write. It does not wait.
func (w *writers) write(c *conn) {
	select {
	case w.work <- c:
	default:
		w.alive.Go(func() { w.run(c) })
	}
}

func (w *writers) run(c *conn) {
	for {
		c.write()
		if w.idle.Add(1) > idleWriters {
			w.idle.Add(-1)
			return
		}
		select {
		case c = <-w.work:
			w.idle.Add(-1)
		case <-w.end:
			return
		}
	}
}

// next returns the bytes that may be written now, or how long to wait for the first delayed packet. With neither the writer ends.
func (o *outgoing) next() (out *outgoingBytes, wait time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.inUse = 0
	if o.out == nil || len(o.out.b) == 0 {
		o.writing = false
		return nil, 0
	}
	if len(o.due) == 0 {
		out, o.out = o.out, nil
		o.inUse = len(out.b)
		return out, 0
	}
	now := time.Now()
	n, end := 0, 0
	for n < len(o.due) && !o.due[n].at.After(now) {
		end = o.due[n].end
		n++
	}
	if n == 0 {
		return nil, o.due[0].at.Sub(now)
	}
	out = outgoingBuffers.Get().(*outgoingBytes)
	out.b = append(out.b, o.out.b[:end]...)
	o.out.b = append(o.out.b[:0], o.out.b[end:]...)
	o.due = o.due[n:]
	if len(o.due) == 0 {
		o.due = nil
	}
	for i := range o.due {
		o.due[i].end -= end
	}
	o.inUse = len(out.b)
	return out, 0
}
