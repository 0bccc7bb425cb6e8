package hubclient

import (
	"context"
	"encoding/binary"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// Bounds of what may be in flight. There are no more packet identifiers than 65,535 [MQTT-2.3.1-1].
const (
	maxInFlight      = 65534 // one is left for SUBSCRIBE
	maxInFlightBytes = 16 << 20

	// maxReady is how many encoded bytes may wait for the writer before the loop takes no more calls.
	maxReady = 64 << 10
)

// A sending is one call of Send, SendQoS0 or SendBatch. Its caller owns it until it is offered, and again when done has
// its result; if the caller leaves before, it is the loop's to the end.
type sending struct {
	ctx            context.Context
	qos            mqttcodec.QoS
	publishes      []publish
	unacknowledged int        // publishes; owned by the loop
	done           chan error // size 1; gets one result for each time that the loop took the call
	sent           func()     // see OnSent; may be nil
	topic          []byte     // scratch
	block          []byte     // where the frames are, as far as they fit
}

func (*sending) isCall() {}

// A publish is one PUBLISH of telemetry. In flight, it is in the loop's list and under its id.
type publish struct {
	frame      []byte // the packet's bytes; the identifier is filled in by the loop
	idAt       int    // where in frame the identifier is
	id         uint16
	sentAt     time.Time
	of         *sending
	prev, next *publish
}

// A sendingPool lets sendings be used again: the steady path allocates nothing. Each Client has its own, since a channel
// must not leave the testing/synctest bubble that it was made in.
type sendingPool struct{ pool sync.Pool }

func (p *sendingPool) get() *sending {
	if s, ok := p.pool.Get().(*sending); ok {
		return s
	}
	return &sending{done: make(chan error, 1)}
}

// keepBlock is the largest array that is kept for the next message, and the most that is taken at once for a batch's frames.
const keepBlock = 64 << 10

func (p *sendingPool) put(s *sending) {
	if len(s.publishes) != 1 || cap(s.block) > keepBlock {
		return
	}
	s.ctx, s.sent, s.publishes[0].frame = nil, nil, nil
	p.pool.Put(s)
}

// Send sends m as telemetry at QoS 1 and returns nil when the hub has acknowledged it. Until then it waits, also
// while there is no connection: the message is sent again on the next, marked as a duplicate [MQTT-4.4.0-1]. If ctx ends first, the
// error is an ErrUnacknowledged if the message had been sent. m is not kept.
func (c *Client) Send(ctx context.Context, m Message, options ...SendOption) error {
	return c.send(ctx, mqttcodec.QoS1, options, m)
}

// SendQoS0 sends m as telemetry at QoS 0 and returns nil when it is written. Whether it arrives stays unknown. If the connection ends
// before, the error is ErrConnectionLost.
func (c *Client) SendQoS0(ctx context.Context, m Message, options ...SendOption) error {
	return c.send(ctx, mqttcodec.QoS0, options, m)
}

// SendBatch sends all of ms as Send does, in order, without waiting for one before the next, and returns nil when the hub has
// acknowledged each. Nothing is sent when one of them is not valid.
func (c *Client) SendBatch(ctx context.Context, ms []Message, options ...SendOption) error {
	if len(ms) == 0 {
		return nil
	}
	return c.send(ctx, mqttcodec.QoS1, options, ms...)
}

// SendBatchQoS0 sends all of ms as SendQoS0 does, in order, and returns nil when all are written. If the connection ends before, the
// error is ErrConnectionLost, and it is unknown how many of them arrived. Nothing is sent if one of them is invalid.
func (c *Client) SendBatchQoS0(ctx context.Context, ms []Message, options ...SendOption) error {
	if len(ms) == 0 {
		return nil
	}
	return c.send(ctx, mqttcodec.QoS0, options, ms...)
}

// A SendOption changes one call of Send, SendQoS0, SendBatch or SendBatchQoS0. It is opaque; OnSent makes one.
type SendOption struct{ sent func() }

// OnSent makes a SendOption that calls f when the message, or the last one of a batch, joins the packets that the connection
// writes next. Until then the message waits for a connection, or for room among the messages in flight. At QoS 1 f is called
// again each time the message is sent again after a reconnect. f runs on the goroutine of Run: it must not block and must not call
// the Client. It may still run after the call has returned because its context ended.
func OnSent(f func()) SendOption { return SendOption{sent: f} }

func (c *Client) send(ctx context.Context, qos mqttcodec.QoS, options []SendOption, ms ...Message) error {
	s := c.sendings.get()
	s.ctx, s.qos, s.unacknowledged = ctx, qos, len(ms)
	for _, o := range options {
		if o.sent != nil {
			s.sent = o.sent
		}
	}
	if cap(s.publishes) < len(ms) {
		s.publishes = make([]publish, len(ms))
	}
	s.publishes, s.block = s.publishes[:len(ms)], s.block[:0]
	for i := range ms {
		if err := s.encode(i, c.cr, &ms[i]); err != nil {
			c.sendings.put(s)
			if len(ms) > 1 {
				return wrong("message %d of %d: %v", i+1, len(ms), err)
			}
			return wrong("message: %v", err)
		}
	}
	if err := c.submit(ctx, l10n.New("message"), s); err != nil {
		c.sendings.put(s)
		return err
	}
	var err error
	select {
	case err = <-s.done:
	case <-ctx.Done():
		select {
		case err = <-s.done: // a result that is there counts more than the context's end
		default:
			return l10n.New("%v: %v", ErrUnacknowledged, ctx.Err())
		}
	}
	c.sendings.put(s)
	return err
}

func (s *sending) encode(i int, cr Credentials, m *Message) error {
	if err := validateTelemetry(m); err != nil {
		return err
	}
	s.topic = hubproto.AppendTelemetryTopic(s.topic[:0], cr.DeviceID, cr.ModuleID, &m.SystemProperties, m.Properties)
	packet := mqttcodec.Publish{QoS: s.qos, TopicName: s.topic, Payload: m.Body}
	if s.qos > mqttcodec.QoS0 {
		packet.PacketID = 1 // a place for the one that the loop chooses
	}
	size, err := mqttcodec.Size(&packet)
	if err != nil {
		return err
	}
	if cap(s.block)-len(s.block) < size {
		s.block = make([]byte, 0, max(size, min(size*(len(s.publishes)-i), keepBlock)))
	}
	start := len(s.block)
	if s.block, err = mqttcodec.Append(s.block, &packet); err != nil {
		return err
	}
	frame := s.block[start:len(s.block):len(s.block)]
	// Field by field: a whole struct costs several times as much while the garbage collector marks. The others are set when it is sent.
	p := &s.publishes[i]
	p.frame, p.idAt, p.of = frame, len(frame)-len(m.Body)-2, s
	return nil
}

// validateTelemetry reports what the hub would not take, before it is sent.
func validateTelemetry(m *Message) error {
	if len(m.MessageID) > hubproto.MaxMessageIDLength {
		return l10n.New("its message id has %d characters: at most %d are allowed", len(m.MessageID), hubproto.MaxMessageIDLength)
	}
	size := len(m.Body)
	for key, value := range m.SystemProperties.All() {
		if !utf8.ValidString(value) {
			return l10n.New("its system property %s is not UTF-8", key)
		}
		size += len(value)
	}
	for i := range m.Properties {
		p := &m.Properties[i]
		if p.Name == "" {
			return l10n.New("it has a property without a name: give each property one")
		}
		if !utf8.ValidString(p.Name) || !utf8.ValidString(p.Value) {
			return l10n.New("its property %q is not UTF-8", p.Name)
		}
		if strings.HasPrefix(p.Name, "$.") || p.Name == "iothub-ack" {
			return l10n.New("its property %q has a name that is the hub's own: set the system property instead", p.Name)
		}
		size += len(p.Name) + len(p.Value)
	}
	if size > hubproto.MaxTelemetrySize {
		return l10n.New("it has %d bytes with its properties: at most %d are allowed", size, hubproto.MaxTelemetrySize)
	}
	return nil
}

// An outbox holds the telemetry that the loop has taken and the hub has not acknowledged.
type outbox struct {
	waiting     []*publish // of a batch that did not fit; no calls are accepted until they are sent
	first, last *publish   // in flight, in the order in which they were sent
	ids         packetIDs
	bytes       int
	lastID      uint16
	unwritten   []*sending // QoS 0, ready but not with the writer
	written     []*sending // QoS 0, with the writer
}

// full reports whether no more calls can be taken.
func (b *outbox) full() bool {
	return len(b.waiting) > 0 || b.ids.used >= maxInFlight || b.bytes >= maxInFlightBytes
}

// newID returns a packet identifier that is not in use [MQTT-2.3.1-2]; there is one, unless the outbox is full.
func (b *outbox) newID() uint16 {
	for {
		b.lastID++
		if b.lastID != 0 && !b.ids.inUse(b.lastID) {
			return b.lastID
		}
	}
}

// reserve and release keep an identifier from being used for something else.
func (b *outbox) reserve(id uint16) { b.ids.put(id, reserved) }
func (b *outbox) release(id uint16) { b.ids.free(id) }

func (b *outbox) add(p *publish) {
	p.prev, p.next = b.last, nil
	if b.last == nil {
		b.first = p
	} else {
		b.last.next = p
	}
	b.last = p
	b.ids.put(p.id, p)
	b.bytes += len(p.frame)
}

func (b *outbox) remove(p *publish) {
	if p.prev == nil {
		b.first = p.next
	} else {
		p.prev.next = p.next
	}
	if p.next == nil {
		b.last = p.prev
	} else {
		p.next.prev = p.prev
	}
	p.prev, p.next = nil, nil
	b.ids.free(p.id)
	b.bytes -= len(p.frame)
}

// startSending begins a call of Send or its variants. The device is connected.
func (l *loop) startSending(s *sending) {
	if s.qos == mqttcodec.QoS0 {
		for i := range s.publishes {
			l.link.sendFrame(s.publishes[i].frame)
		}
		s.notifySent(&s.publishes[len(s.publishes)-1])
		l.outbox.unwritten = append(l.outbox.unwritten, s)
		return
	}
	for i := range s.publishes {
		l.outbox.waiting = append(l.outbox.waiting, &s.publishes[i])
	}
	l.publish()
}

// publish sends what waits, as far as there is room.
func (l *loop) publish() {
	b := &l.outbox
	if len(b.waiting) == 0 || l.phase != Connected || !l.disconnectBy.IsZero() {
		return
	}
	sent := 0
	for _, p := range b.waiting {
		if b.ids.used >= maxInFlight || b.bytes >= maxInFlightBytes || len(l.link.out) >= maxReady {
			break
		}
		sent++
		if err := p.of.ctx.Err(); err != nil { // its caller leaves: do not begin
			l.finished(p, l10n.New("%v: %v", ErrUnacknowledged, err))
			continue
		}
		p.id = b.newID()
		p.sentAt = l.now
		binary.BigEndian.PutUint16(p.frame[p.idAt:], p.id)
		b.add(p)
		l.link.sendFrame(p.frame)
		p.of.notifySent(p)
	}
	if sent == len(b.waiting) {
		clear(b.waiting)
		b.waiting = b.waiting[:0]
	} else {
		b.waiting = b.waiting[sent:]
	}
}

// publishAgain sends again what was in flight when the last connection ended, in the order of the first time
// [MQTT-4.6.0-1] [MQTT-4.4.0-1]. With CleanSession the hub has no session, and these are new messages.
func (l *loop) publishAgain() {
	const dup = 0x08 // [MQTT-3.3.1-1]
	for p := l.outbox.first; p != nil; p = p.next {
		if l.c.o.CleanSession {
			p.frame[0] &^= dup
		} else {
			p.frame[0] |= dup
		}
		p.sentAt = l.now
		l.link.sendFrame(p.frame)
		p.of.notifySent(p)
	}
}

// notifySent calls OnSent's function if p is the last publish of its call.
func (s *sending) notifySent(p *publish) {
	if s.sent != nil && p == &s.publishes[len(s.publishes)-1] {
		s.sent()
	}
}

// acknowledged handles PUBACK.
func (l *loop) acknowledged(id uint16) {
	p := l.outbox.ids.find(id)
	if p == nil {
		// Late, or a mistake of the hub: there is no publish that it could acknowledge.
		l.log.Warn("PUBACK for a message that is not in flight", "packetId", id)
		return
	}
	l.outbox.remove(p)
	l.finished(p, nil)
	l.publish()
}

// finished counts a publish off, and answers its caller after the last one.
func (l *loop) finished(p *publish, err error) {
	s := p.of
	s.unacknowledged--
	if err != nil {
		s.fail(err)
	} else if s.unacknowledged == 0 {
		s.fail(nil)
	}
}

// fail answers the caller, once.
func (s *sending) fail(err error) {
	select {
	case s.done <- err:
	default:
	}
}

// abandonUnwritten answers the callers whose QoS 0 messages the connection took with it.
func (b *outbox) abandonUnwritten(err error) {
	for _, s := range b.unwritten {
		s.fail(err)
	}
	for _, s := range b.written {
		s.fail(err)
	}
	b.unwritten, b.written = nil, nil
}

// abandon answers all callers, at the end.
func (b *outbox) abandon() {
	b.abandonUnwritten(ErrClosed)
	unacknowledged := l10n.New("%v: %v", ErrUnacknowledged, ErrClosed)
	for p := b.first; p != nil; {
		next := p.next
		p.of.fail(unacknowledged)
		p = next
	}
	for _, p := range b.waiting {
		p.of.fail(unacknowledged)
	}
	b.first, b.last, b.waiting = nil, nil, nil
}
