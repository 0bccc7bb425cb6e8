package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

const (
	minLife = 200 * time.Millisecond // of a connection, from its beginning to its cut
	maxLife = 2 * time.Second

	// grace is how long a cut waits for a write, to happen in the middle of it.
	grace = 20 * time.Millisecond

	// maxSilence is how long a connection may look alive when it is dead already.
	maxSilence = 300 * time.Millisecond

	pauseChance = 0.02 // of one piece
	maxPause    = 10 * time.Millisecond
)

// errCut is what the writer sees whose write was cut.
var errCut = errors.New("chaos: the connection was cut")

// An ending is how a connection is cut.
type ending byte

const (
	endReset   ending = iota // TCP's RST: what is in the buffers of both sides is gone
	endClose                 // a proper end of the carrier, but inside a packet
	endSilence               // what is written is lost without an error, and nothing is read; then endReset or endClose
)

// A Network is a bad one: connections that go through it are delayed, split into small pieces and, when their time is up, cut.
// It begins calm, which is to say good. Its methods may be called from several goroutines at once.
type Network struct {
	seed uint64

	mu    sync.Mutex
	rough bool
	made  uint64
	cuts  Cuts
	conns map[*conn]struct{} // those that are open
}

// Cuts counts connections and how they were cut.
type Cuts struct {
	Connections int // TCP connections, cut or not
	Resets      int // TCP's RST, in the middle of a write where there was one
	Closes      int // TCP's FIN, likewise
	Goodbyes    int // WebSocket's closing handshake, from the device's side, without MQTT's DISCONNECT
	Silences    int // of all these: after a time in which everything was swallowed
}

// All is the number of cuts.
func (c Cuts) All() int { return c.Resets + c.Closes + c.Goodbyes }

// NewNetwork returns a calm network. The seed decides what it does once it is rough.
func NewNetwork(seed uint64) *Network {
	return &Network{seed: seed, conns: make(map[*conn]struct{})}
}

// SetRough makes the network rough, or calm. Connections that are open when it becomes rough begin their life again; cuts that have
// begun when it becomes calm are finished.
func (n *Network) SetRough(rough bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.rough == rough {
		return
	}
	n.rough = rough
	for c := range n.conns {
		if c.state != alive {
			continue
		}
		c.timer.Stop() // one that has fired already will find that it is calm
		if rough {
			c.timer.Reset(c.plan.life)
		}
	}
}

// Cuts returns what has happened so far.
func (n *Network) Cuts() Cuts {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.cuts
}

// Listener makes what l accepts go through the network, below whatever is spoken there.
func (n *Network) Listener(l net.Listener) net.Listener { return &listener{l, n} }

type listener struct {
	net.Listener
	network *Network
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.network.open(c), nil
}

// Dial makes what dial opens go through the network, above whatever dial speaks: a piece of a write becomes a message of the
// WebSocket.
func (n *Network) Dial(dial func(context.Context, string) (net.Conn, error)) func(context.Context, string) (net.Conn, error) {
	return func(ctx context.Context, url string) (net.Conn, error) {
		c, err := dial(ctx, url)
		if err != nil {
			return nil, err
		}
		return n.open(c), nil
	}
}

// A lingerer is a TCP connection.
type lingerer interface{ SetLinger(seconds int) error }

// A plan is what the network will do to a connection.
type plan struct {
	life    time.Duration
	end     ending
	silence time.Duration
	piece   int // the largest piece, in bytes
}

func (n *Network) open(inner net.Conn) *conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.made++
	random := func(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(n.seed, 3*n.made+stream)) }
	c := &conn{Conn: inner, network: n, over: make(chan struct{}), in: half{random: random(0)}, out: half{random: random(1)}}
	r := random(2)
	c.plan = plan{
		life: minLife + time.Duration(r.Int64N(int64(maxLife-minLife))),
		end:  ending(r.IntN(3)), silence: time.Duration(r.Int64N(int64(maxSilence))),
		piece: 32 << r.IntN(9), // 32 bytes to 8 KiB
	}
	if _, c.tcp = inner.(lingerer); c.tcp {
		n.cuts.Connections++
	}
	n.conns[c] = struct{}{}
	c.timer = time.AfterFunc(c.plan.life, c.expire)
	if !n.rough {
		c.timer.Stop()
	}
	return c
}

// A state is how alive a connection is.
type state byte

const (
	alive  state = iota
	doomed       // the next write is cut
	ended
)

// conn is a connection through the network. Reading and writing may go on at the same time.
type conn struct {
	net.Conn
	network *Network
	tcp     bool
	plan    plan
	timer   *time.Timer
	over    chan struct{} // closed when state is ended
	in, out half

	// Guarded by network.mu.
	state state
	mute  bool // everything is swallowed, to the end: a gap in the stream would not be a cut
}

// half is one direction of a connection.
type half struct {
	mu     sync.Mutex // held during a Read, or a Write
	random *rand.Rand
}

// expire begins the end of a connection.
func (c *conn) expire() {
	n := c.network
	n.mu.Lock()
	defer n.mu.Unlock()
	if c.state != alive || !n.rough {
		return
	}
	wait := grace
	c.state = doomed
	if c.plan.end == endSilence {
		c.mute, wait = true, c.plan.silence
	}
	c.timer = time.AfterFunc(wait, c.cut)
}

// cut ends the connection, unless it has ended.
func (c *conn) cut() {
	if !c.end(true) {
		return
	}
	if c.tcp && c.plan.end != endClose {
		// An error would mean a connection that is gone already.
		_ = c.Conn.(lingerer).SetLinger(0)
	}
	c.Conn.Close()
}

// end makes the state ended, and reports whether it was not before.
func (c *conn) end(cut bool) bool {
	n := c.network
	n.mu.Lock()
	defer n.mu.Unlock()
	if c.state == ended {
		return false
	}
	if cut {
		switch {
		case !c.tcp:
			n.cuts.Goodbyes++
		case c.plan.end == endClose:
			n.cuts.Closes++
		default:
			n.cuts.Resets++
		}
		if c.mute {
			n.cuts.Silences++
		}
	}
	c.timer.Stop()
	c.state = ended
	close(c.over)
	delete(n.conns, c)
	return true
}

// Close closes the connection as its owner wants it.
func (c *conn) Close() error {
	c.end(false)
	return c.Conn.Close()
}

// snapshot returns the state of the connection.
func (c *conn) snapshot() (state state, mute, rough bool) {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	return c.state, c.mute, c.network.rough
}

// pause delays a piece now and then.
func (c *conn) pause(r *rand.Rand) {
	if r.Float64() >= pauseChance {
		return
	}
	t := time.NewTimer(time.Duration(r.Int64N(int64(maxPause))))
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.over:
	}
}

// Write writes p in pieces, as far as the connection lives.
func (c *conn) Write(p []byte) (int, error) {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	n := 0
	for n < len(p) {
		piece := p[n:]
		if _, _, rough := c.snapshot(); rough {
			piece = piece[:min(len(piece), 1+c.out.random.IntN(c.plan.piece))]
			c.pause(c.out.random)
		}
		switch state, mute, _ := c.snapshot(); {
		case state == ended:
			return n, net.ErrClosed
		case mute:
			n += len(piece)
			continue
		case state == doomed:
			m, _ := c.Conn.Write(piece[:c.out.random.IntN(len(piece))])
			c.cut()
			return n + m, fmt.Errorf("%w after %d of %d bytes", errCut, n+m, len(p))
		}
		m, err := c.Conn.Write(piece)
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// Read reads a piece, as long as the connection lives.
func (c *conn) Read(p []byte) (int, error) {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	space := p
	if _, _, rough := c.snapshot(); rough && len(p) > 0 {
		space = p[:min(len(p), 1+c.in.random.IntN(c.plan.piece))]
		c.pause(c.in.random)
	}
	for {
		n, err := c.Conn.Read(space)
		switch _, mute, _ := c.snapshot(); {
		case !mute:
			return n, err
		case err != nil:
			return 0, err
		}
	}
}
