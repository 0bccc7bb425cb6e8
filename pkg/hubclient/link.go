package hubclient

import (
	"net"
	"sync"
	"time"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// readSize is how much one Read takes at most; two such arrays go back and forth, so that reading goes on while what was
// read is worked through.
const readSize = 32 << 10

// maxWrite is how much goes into one Write, and so into one WebSocket message, at most. The largest packet fits.
const maxWrite = 512 << 10

// A link is one connection. It dies once and is never mended. One goroutine, its owner, calls its methods and receives from
// its channels; a reader and a writer do the waiting.
type link struct {
	conn  net.Conn
	trace func(Direction, mqttcodec.Packet) // nil for none

	chunks chan chunk    // reader to owner
	free   chan []byte   // owner to reader: arrays to read into
	ready  chan []byte   // owner to writer, never more than one
	wrote  chan written  // writer to owner, one for each ready
	quit   chan struct{} // closed by close
	ended  sync.WaitGroup

	// Owned by the owner.
	in           mqttcodec.Buffer
	out          []byte // encoded, in order, and not with the writer yet
	spare        []byte // the array that the writer does not have
	writing      bool   // the writer is at work
	lastSent     time.Time
	lastReceived time.Time
}

type chunk struct {
	bytes []byte
	err   error // the connection's end
}

type written struct {
	batch []byte
	err   error
}

func newLink(conn net.Conn, trace func(Direction, mqttcodec.Packet)) *link {
	now := time.Now()
	l := &link{
		conn: conn, trace: trace,
		chunks: make(chan chunk), free: make(chan []byte, 2),
		ready: make(chan []byte, 1), wrote: make(chan written, 1),
		quit: make(chan struct{}), lastSent: now, lastReceived: now,
	}
	l.free <- make([]byte, readSize)
	l.free <- make([]byte, readSize)
	l.ended.Go(l.read)
	l.ended.Go(l.write)
	return l
}

func (l *link) read() {
	for {
		var space []byte
		select {
		case space = <-l.free:
		case <-l.quit:
			return
		}
		n, err := 0, error(nil)
		for n == 0 && err == nil {
			n, err = l.conn.Read(space)
		}
		select {
		case l.chunks <- chunk{space[:n], err}:
		case <-l.quit:
			return
		}
		if err != nil {
			return
		}
	}
}

func (l *link) write() {
	for batch := range l.ready {
		var err error
		for rest := batch; len(rest) > 0 && err == nil; {
			part := rest[:min(len(rest), maxWrite)]
			_, err = l.conn.Write(part)
			rest = rest[len(part):]
		}
		l.wrote <- written{batch, err}
	}
}

// send encodes p behind what is ready.
func (l *link) send(p mqttcodec.Packet) error {
	out, err := mqttcodec.Append(l.out, p)
	if err != nil {
		return err
	}
	l.out = out
	if l.trace != nil {
		l.trace(Sent, withoutSecrets(p))
	}
	return nil
}

// sendFrame puts an encoded packet behind what is ready.
func (l *link) sendFrame(frame []byte) {
	l.out = append(l.out, frame...)
	if l.trace != nil {
		var d mqttcodec.Decoder
		if p, _, err := d.Decode(frame); err == nil {
			l.trace(Sent, p)
		}
	}
}

// flush hands everything that is ready to the writer, for one Write, unless the writer is still at work: then more gathers.
func (l *link) flush(now time.Time) {
	if l.writing || len(l.out) == 0 {
		return
	}
	l.writing = true
	l.lastSent = now
	l.ready <- l.out
	l.out, l.spare = l.spare[:0], nil
}

// received takes bytes from the reader and gives the array back.
func (l *link) received(c chunk, now time.Time) error {
	l.lastReceived = now
	_, err := l.in.Write(c.bytes)
	l.free <- c.bytes[:readSize]
	return err
}

// next returns the next packet that was received; io.ErrUnexpectedEOF means that there is none yet. The packet is valid
// until the next call of next or received.
func (l *link) next() (mqttcodec.Packet, error) {
	p, err := l.in.Next()
	if err == nil && l.trace != nil {
		l.trace(Received, p)
	}
	return p, err
}

// done takes the array back that the writer has written.
func (l *link) done(w written) {
	l.writing = false
	l.spare = w.batch[:0]
}

// idle reports whether everything was written.
func (l *link) idle() bool { return !l.writing && len(l.out) == 0 }

// close closes the connection and waits until the reader and the writer have ended.
func (l *link) close() {
	close(l.quit)
	l.conn.Close() // releases a Read and a Write that wait; how it goes does not matter any more
	close(l.ready)
	l.ended.Wait()
}

// withoutSecrets returns p, or when p is a CONNECT with a password a copy that only tells that there was one.
func withoutSecrets(p mqttcodec.Packet) mqttcodec.Packet {
	connect, ok := p.(*mqttcodec.Connect)
	if !ok || !connect.PasswordFlag {
		return p
	}
	shown := *connect
	shown.Password = []byte("…")
	return &shown
}
