package hubclient

import (
	"net"
	"slices"
	"sync"
	"time"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// readSize is how much one Read takes at most; two such arrays go back and forth, so that the reader can read
// while the owner handles the bytes before.
const readSize = 32 << 10

// maxWrite is how much goes into one Write, and so into one WebSocket message, at most. The largest packet fits.
const maxWrite = 512 << 10

// A link is one connection; each reconnect makes another. One goroutine, its owner, calls its methods and receives from
// its channels; a reader and a writer do the waiting.
type link struct {
	conn  net.Conn
	trace func(Traced) // nil for none

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

	// For trace alone, and owned by the owner.
	carrier  wsconn.MessageMarker // nil: it has no messages, or trace is nil
	wroteMsg int                  // messages that were handed to the writer
	readMsg  int                  // messages of which the end has passed
	readEnds []int64              // of messages that end further on, as offsets in what was received
	readAt   int64                // how many bytes were received
}

type chunk struct {
	bytes []byte
	ends  []int // of messages, in bytes
	err   error // the connection's end
}

type written struct {
	batch []byte
	err   error
}

func newLink(conn net.Conn, trace func(Traced)) *link {
	now := time.Now()
	l := &link{
		conn: conn, trace: trace,
		chunks: make(chan chunk), free: make(chan []byte, 2),
		ready: make(chan []byte, 1), wrote: make(chan written, 1),
		quit: make(chan struct{}), lastSent: now, lastReceived: now,
	}
	if carrier, ok := conn.(wsconn.MessageMarker); ok && trace != nil {
		carrier.MarkMessages()
		l.carrier = carrier
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
		var ends []int
		if l.carrier != nil {
			ends = slices.Clone(l.carrier.MessageEnds())
		}
		select {
		case l.chunks <- chunk{space[:n], ends, err}:
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
	from := len(l.out)
	l.out = out
	if l.trace != nil {
		l.traceSent(from, withoutSecrets(p))
	}
	return nil
}

// traceSent traces the packet that begins at from in out. flush cuts messages of maxWrite; it may begin in one and end in
// the next.
func (l *link) traceSent(from int, p mqttcodec.Packet) {
	t := Traced{Direction: Sent, Size: len(l.out) - from, Packet: p}
	if l.carrier != nil {
		t.Message = l.wroteMsg + from/maxWrite + 1
	}
	l.trace(t)
}

// sendFrame puts an encoded packet behind what is ready.
func (l *link) sendFrame(frame []byte) {
	from := len(l.out)
	l.out = append(l.out, frame...)
	if l.trace != nil {
		var d mqttcodec.Decoder
		if p, _, err := d.Decode(frame); err == nil {
			l.traceSent(from, p)
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
	l.wroteMsg += (len(l.out) + maxWrite - 1) / maxWrite
	l.ready <- l.out
	l.out, l.spare = l.spare[:0], nil
}

// received takes bytes from the reader and gives the array back.
func (l *link) received(c chunk, now time.Time) error {
	l.lastReceived = now
	for _, end := range c.ends {
		l.readEnds = append(l.readEnds, l.readAt+int64(end))
	}
	l.readAt += int64(len(c.bytes))
	_, err := l.in.Write(c.bytes)
	l.free <- c.bytes[:readSize]
	return err
}

// next returns the next packet that was received; io.ErrUnexpectedEOF means that there is none yet. The packet is valid
// until the next call of next or received.
func (l *link) next() (mqttcodec.Packet, error) {
	before := l.in.Buffered()
	p, err := l.in.Next()
	if err == nil && l.trace != nil {
		l.trace(Traced{Direction: Received, Message: l.readMessage(before), Size: before - l.in.Buffered(), Packet: p})
	}
	return p, err
}

// readMessage returns the number of the message that the byte came in behind which there are before-1 more.
func (l *link) readMessage(before int) int {
	if l.carrier == nil {
		return 0
	}
	at := l.readAt - int64(before)
	for len(l.readEnds) > 0 && l.readEnds[0] <= at {
		l.readEnds = l.readEnds[1:]
		l.readMsg++
	}
	return l.readMsg + 1
}

// done takes the array back that the writer has written.
func (l *link) done(w written) {
	l.writing = false
	l.spare = w.batch[:0]
}

// idle reports whether everything was written.
func (l *link) idle() bool { return !l.writing && len(l.out) == 0 }

// Close closes the connection and waits until the reader and the writer have ended. The owner calls no other method after it.
func (l *link) Close() error {
	close(l.quit)
	err := l.conn.Close() // releases a Read and a Write that wait
	close(l.ready)
	l.ended.Wait()
	return err
}

// withoutSecrets returns p, or a copy with a placeholder for the password if p is a CONNECT with one.
func withoutSecrets(p mqttcodec.Packet) mqttcodec.Packet {
	connect, ok := p.(*mqttcodec.Connect)
	if !ok || !connect.PasswordFlag {
		return p
	}
	shown := *connect
	shown.Password = []byte("…")
	return &shown
}
