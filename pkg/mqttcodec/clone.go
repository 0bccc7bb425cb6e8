package mqttcodec

// Clone returns a copy of p that shares no memory with it: what to keep of a packet that is only valid until the next
// call. It takes at most two allocations, or three for a Subscribe or Unsubscribe. Clone of nil is nil.
func Clone(p Packet) Packet {
	switch p := p.(type) {
	case *Connect:
		c := *p
		b := newBlock(len(p.ProtocolName) + len(p.ClientID) + len(p.WillTopic) + len(p.WillMessage) +
			len(p.UserName) + len(p.Password))
		c.ProtocolName = b.copy(p.ProtocolName)
		c.ClientID = b.copy(p.ClientID)
		c.WillTopic = b.copy(p.WillTopic)
		c.WillMessage = b.copy(p.WillMessage)
		c.UserName = b.copy(p.UserName)
		c.Password = b.copy(p.Password)
		return &c
	case *Connack:
		c := *p
		return &c
	case *Publish:
		c := *p
		b := newBlock(len(p.TopicName) + len(p.Payload))
		c.TopicName = b.copy(p.TopicName)
		c.Payload = b.copy(p.Payload)
		return &c
	case *Puback:
		c := *p
		return &c
	case *Pubrec:
		c := *p
		return &c
	case *Pubrel:
		c := *p
		return &c
	case *Pubcomp:
		c := *p
		return &c
	case *Subscribe:
		n := 0
		for _, s := range p.Subscriptions {
			n += len(s.TopicFilter)
		}
		b := newBlock(n)
		c := Subscribe{PacketID: p.PacketID, Subscriptions: make([]Subscription, len(p.Subscriptions))}
		for i, s := range p.Subscriptions {
			c.Subscriptions[i] = Subscription{TopicFilter: b.copy(s.TopicFilter), QoS: s.QoS}
		}
		return &c
	case *Suback:
		b := newBlock(len(p.ReturnCodes))
		return &Suback{PacketID: p.PacketID, ReturnCodes: b.copy(p.ReturnCodes)}
	case *Unsubscribe:
		n := 0
		for _, filter := range p.TopicFilters {
			n += len(filter)
		}
		b := newBlock(n)
		c := Unsubscribe{PacketID: p.PacketID, TopicFilters: make([][]byte, len(p.TopicFilters))}
		for i, filter := range p.TopicFilters {
			c.TopicFilters[i] = b.copy(filter)
		}
		return &c
	case *Unsuback:
		c := *p
		return &c
	case *Pingreq:
		return &Pingreq{}
	case *Pingresp:
		return &Pingresp{}
	case *Disconnect:
		return &Disconnect{}
	default:
		return nil
	}
}

// block is the one array that the fields of a copied packet share.
type block []byte

func newBlock(n int) block { return make(block, 0, n) }

// copy returns a copy of s, nil if s is nil. Its capacity ends with it: an append to one field does not reach the next.
func (b *block) copy(s []byte) []byte {
	if s == nil {
		return nil
	}
	n := len(*b)
	*b = append(*b, s...)
	return (*b)[n:len(*b):len(*b)]
}
