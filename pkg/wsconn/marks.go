package wsconn

// marks remembers where messages ended in what Read returned. MQTT does not care [MQTT-6.0.0-2]; a person who looks at the
// wire does. A connection that is asked for nothing marks nothing.
type marks struct {
	marking bool
	ends    []int
}

// MarkMessages makes Read note the ends of messages from now on. It is called before the first Read.
func (m *marks) MarkMessages() { m.marking = true }

// MessageEnds returns how far into the bytes of the last Read each message ended that ended there; 0 is the end of a message
// all of which an earlier Read had returned. It is called by the goroutine that calls Read, and valid until the next Read.
func (m *marks) MessageEnds() []int { return m.ends }

func (m *marks) clear() { m.ends = m.ends[:0] }

func (m *marks) mark(end int) {
	if m.marking {
		m.ends = append(m.ends, end)
	}
}
