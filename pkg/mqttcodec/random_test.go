package mqttcodec

import (
	"math/rand/v2"
)

// randomPacket returns a legal packet of any type, its fields drawn from the corners of what is legal. It is in the
// form that Decode gives: the protocol name filled in, absent fields nil, present ones not.
func randomPacket(r *rand.Rand) Packet {
	id := uint16(r.IntN(0xffff) + 1)
	switch t := Type(r.IntN(14) + 1); t {
	case CONNECT:
		p := &Connect{ProtocolName: []byte("MQTT"), ProtocolLevel: 4, CleanSession: coin(r), KeepAlive: uint16(r.Uint32()),
			WillFlag: coin(r), UserNameFlag: coin(r), ClientID: randomText(r)}
		if len(p.ClientID) == 0 {
			p.CleanSession = true
		}
		if p.WillFlag {
			p.WillQoS, p.WillRetain = QoS(r.IntN(3)), coin(r)
			p.WillTopic, p.WillMessage = randomTopic(r), randomBytes(r, 300)
		}
		if p.UserNameFlag {
			p.UserName = randomText(r)
			if p.PasswordFlag = coin(r); p.PasswordFlag {
				p.Password = randomBytes(r, 300)
			}
		}
		return p
	case CONNACK:
		p := &Connack{ReturnCode: ConnectCode(r.IntN(6))}
		p.SessionPresent = p.ReturnCode == ConnectionAccepted && coin(r)
		return p
	case PUBLISH:
		p := &Publish{QoS: QoS(r.IntN(3)), Retain: coin(r), TopicName: randomTopic(r), Payload: randomBytes(r, 20_000)}
		if p.QoS > QoS0 {
			p.PacketID, p.Dup = id, coin(r)
		}
		return p
	case PUBACK:
		return &Puback{id}
	case PUBREC:
		return &Pubrec{id}
	case PUBREL:
		return &Pubrel{id}
	case PUBCOMP:
		return &Pubcomp{id}
	case SUBSCRIBE:
		p := &Subscribe{PacketID: id}
		for range r.IntN(20) + 1 {
			p.Subscriptions = append(p.Subscriptions, Subscription{TopicFilter: randomFilter(r), QoS: QoS(r.IntN(3))})
		}
		return p
	case SUBACK:
		p := &Suback{PacketID: id}
		for range r.IntN(200) + 1 {
			p.ReturnCodes = append(p.ReturnCodes, []byte{0, 1, 2, SubackFailure}[r.IntN(4)])
		}
		return p
	case UNSUBSCRIBE:
		p := &Unsubscribe{PacketID: id}
		for range r.IntN(20) + 1 {
			p.TopicFilters = append(p.TopicFilters, randomFilter(r))
		}
		return p
	case UNSUBACK:
		return &Unsuback{id}
	case PINGREQ:
		return &Pingreq{}
	case PINGRESP:
		return &Pingresp{}
	default:
		return &Disconnect{}
	}
}

func coin(r *rand.Rand) bool { return r.IntN(2) == 0 }

func randomBytes(r *rand.Rand, limit int) []byte {
	b := make([]byte, r.IntN(limit))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// runes are the characters at the corners of UTF-8, U+0000 and the wildcards left out.
var runes = []rune{1, ' ', '$', '/', 'a', 'Z', 0x7f, 0x80, 'ż', 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfeff, 0xfffd, 0xffff, 0x10000, 0x10ffff}

func randomText(r *rand.Rand) []byte {
	s := []byte{}
	ascii := coin(r) // long ASCII takes another way through the code
	for range r.IntN(80) {
		if ascii {
			s = append(s, byte('!'+r.IntN(2))) // neither wildcard
		} else {
			s = append(s, string(runes[r.IntN(len(runes))])...)
		}
	}
	return s
}

func randomTopic(r *rand.Rand) []byte {
	if r.IntN(1000) == 0 {
		return make65535()
	}
	return append(randomText(r), 't')
}

func make65535() []byte {
	s := make([]byte, maxString)
	for i := range s {
		s[i] = 'x'
	}
	return s
}

func randomFilter(r *rand.Rand) (s []byte) {
	for range r.IntN(6) {
		if coin(r) {
			s = append(s, '+')
		} else {
			s = append(s, randomText(r)...)
		}
		s = append(s, '/')
	}
	return append(s, []string{"#", "+", "x", "/"}[r.IntN(4)]...)
}
