package wsconn

import "net"

// A MessageMarker is a connection that can report where the WebSocket messages ended that its bytes arrived in. The connections
// that [Dial] and Accept return implement it. MQTT does not need the boundaries [MQTT-6.0.0-2]; a program that shows what
// crossed the wire does. A connection that wraps another can pass both methods on.
type MessageMarker interface {
	net.Conn

	// MarkMessages makes Read record the ends of messages from now on, which costs a little. Call it before the first Read.
	MarkMessages()

	// MessageEnds returns the ends of the messages that ended in the last Read, as offsets in the bytes that it returned. An
	// offset of 0 is the end of a message whose bytes an earlier Read has returned. Call it on the goroutine that calls Read;
	// the slice is valid until the next Read. It is empty unless MarkMessages was called.
	MessageEnds() []int
}

var _ MessageMarker = (*conn)(nil)

// marks implements MessageMarker.
type marks struct {
	marking bool
	ends    []int
}

// MarkMessages implements MessageMarker.
func (m *marks) MarkMessages() { m.marking = true }

// MessageEnds implements MessageMarker.
func (m *marks) MessageEnds() []int { return m.ends }

func (m *marks) clear() { m.ends = m.ends[:0] }

func (m *marks) mark(end int) {
	if m.marking {
		m.ends = append(m.ends, end)
	}
}
