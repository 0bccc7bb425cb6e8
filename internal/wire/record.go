package wire

import (
	"slices"
	"time"
	"unicode/utf8"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// Direction is which way a packet went.
type Direction byte

// The directions, as the device sees them.
const (
	Sent     Direction = iota + 1 // from the device to the hub
	Received                      // from the hub to the device
)

// String returns "sent" or "received".
func (d Direction) String() string {
	if d == Received {
		return "received"
	}
	return "sent"
}

// A Record is one packet that went over the wire.
type Record struct {
	Number     int // of all that the log has seen, from 1; also after the oldest were dropped
	Connection int // of all that the log has seen, from 1; 0 before the first
	Message    int // the WebSocket message it travelled in, from 1 in each direction of a connection; 0 if that is not known
	At         time.Time
	Direction  Direction
	Type       mqttcodec.Type
	Size       int    // bytes on the wire, secrets included
	Bytes      []byte // the packet, encoded again without secrets
	Redacted   bool   // something in Bytes was removed or replaced
	Meaning    Text
	Partner    int           // the Number of the request that this answers, or of the answer to this; 0 for none yet
	Took       time.Duration // from the request to the answer, in the answer's record
}

// A Text is what a packet means: a sentence in English with the values that its verbs stand for, so that a page can translate it into its
// language.
type Text = l10n.Message

// The default bounds of a Log.
const (
	DefaultLimit      = 10_000
	DefaultLimitBytes = 16 << 20
)

// A Log keeps the last packets. The zero value is ready. Its methods must not be called at the same time.
type Log struct {
	Limit      int // records; 0 means DefaultLimit
	LimitBytes int // of their packets; 0 means DefaultLimitBytes

	records    []Record
	bytes      int
	dropped    int
	number     int
	connection int
	open       conversation
}

// Add keeps a packet that was sent or received at a time; message and size are as in Record. It copies what it keeps. An
// [*mqttcodec.Error] means that the packet cannot be encoded, and that nothing was kept.
func (l *Log) Add(at time.Time, direction Direction, message, size int, p mqttcodec.Packet) error {
	shown, redacted := redact(p)
	b, err := mqttcodec.Append(nil, shown)
	if err != nil {
		return err
	}
	if p.Type() == mqttcodec.CONNECT {
		l.connection++
		l.open = conversation{}
	}
	l.number++
	r := Record{Number: l.number, Connection: l.connection, Message: message, At: at, Direction: direction, Type: p.Type(),
		Size: size, Bytes: b, Redacted: redacted}
	l.open.explain(&r, shown)
	if request := l.find(r.Partner); request != nil {
		request.Partner = r.Number
	}
	if len(l.records) == cap(l.records) { // as much again: a full log moves once for as many packets as it holds
		l.records = slices.Grow(l.records, max(len(l.records), 64))
	}
	l.records = append(l.records, r)
	l.bytes += len(b)
	l.trim()
	return nil
}

// Records returns what is kept, oldest first. It is the log's own and valid until the next Add or Clear.
func (l *Log) Records() []Record { return l.records }

// Dropped returns how many records went because there was no room.
func (l *Log) Dropped() int { return l.dropped }

// Clear removes all records. Numbers continue, and answers to requests under way are still matched.
func (l *Log) Clear() { l.records, l.bytes, l.dropped = nil, 0, 0 }

func (l *Log) find(number int) *Record {
	if number == 0 {
		return nil
	}
	i, ok := slices.BinarySearchFunc(l.records, number, func(r Record, n int) int { return r.Number - n })
	if !ok {
		return nil
	}
	return &l.records[i]
}

// trim drops the oldest, an eighth of the limit at a time.
func (l *Log) trim() {
	limit, limitBytes := l.Limit, l.LimitBytes
	if limit <= 0 {
		limit = DefaultLimit
	}
	if limitBytes <= 0 {
		limitBytes = DefaultLimitBytes
	}
	if len(l.records) <= limit && l.bytes <= limitBytes {
		return
	}
	drop := 0
	for drop < len(l.records)-1 && (len(l.records)-drop > limit-limit/8 || l.bytes > limitBytes-limitBytes/8) {
		l.bytes -= len(l.records[drop].Bytes)
		drop++
	}
	l.dropped += drop
	clear(l.records[:drop]) // so that the array behind the slice does not keep them alive
	l.records = l.records[drop:]
}

// redact returns p without what hubproto.Redact takes for a secret. It never changes p.
func redact(p mqttcodec.Packet) (mqttcodec.Packet, bool) {
	changed := false
	text := func(b []byte) []byte {
		if !utf8.Valid(b) {
			return b
		}
		s := hubproto.Redact(string(b))
		if s == string(b) {
			return b
		}
		changed = true
		return []byte(s)
	}
	switch p := p.(type) {
	case *mqttcodec.Connect:
		q := *p
		q.ClientID, q.UserName, q.WillTopic, q.WillMessage = text(p.ClientID), text(p.UserName), text(p.WillTopic), text(p.WillMessage)
		if p.PasswordFlag {
			q.Password, changed = []byte(hubproto.Redacted), true
		}
		return &q, changed
	case *mqttcodec.Publish:
		q := *p
		q.TopicName, q.Payload = text(p.TopicName), text(p.Payload)
		return &q, changed
	case *mqttcodec.Subscribe:
		q := *p
		q.Subscriptions = slices.Clone(p.Subscriptions)
		for i := range q.Subscriptions {
			q.Subscriptions[i].TopicFilter = text(q.Subscriptions[i].TopicFilter)
		}
		return &q, changed
	}
	return p, false
}
