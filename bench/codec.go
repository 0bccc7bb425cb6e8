package main

import (
	"io"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// A codec is one line of a table. Its functions do what a program that uses the codec would do, on the same bytes.
type codec struct {
	name string
	note string
	// decoder returns a function that decodes the next n packets of wire, repeated without end, and returns what it
	// found in the last (see sum). Nil: not measured. The loop over n is inside, so that nothing is measured that a
	// program would not do.
	decoder func(wire []byte) (next func(n int) (int, error))
	// encoder returns a function that encodes the next n of packets, repeated without end, from structs of the
	// codec's own that are made beforehand, each into memory that is used again where the codec can do that. It
	// returns the bytes of the last. Nil: not measured.
	encoder func(packets []mqttcodec.Packet) (next func(n int) ([]byte, error))
}

var codecs = []codec{limit, ours, oursReader, oursMessages, oursOwned, oursHeader, gomqttCodec, natiuCodec, mochiCodec, libmqttCodec, pahoCodec}

// sum is what a decoder found in a packet, enough to see that all find the same.
func sum(kind, id, topic, payload int) int { return kind + id<<8 + topic<<24 + payload<<40 }

// limit is not a codec: it copies the bytes, which is the least that moving them costs.
var limit = codec{
	name: "*memmove*",
	note: "the limit: one copy of the bytes",
	decoder: func(wire []byte) func(int) (int, error) {
		dst := make([]byte, len(wire))
		sizes, i, at := packetSizes(wire), 0, 0
		return func(n int) (int, error) {
			for range n {
				size := sizes[i]
				copy(dst, wire[at:at+size])
				if at, i = at+size, i+1; i == len(sizes) {
					at, i = 0, 0
				}
			}
			return 0, nil
		}
	},
	encoder: func(packets []mqttcodec.Packet) func(int) ([]byte, error) {
		var wires [][]byte
		for _, p := range packets {
			wire, _ := mqttcodec.Append(nil, p)
			wires = append(wires, wire)
		}
		dst, i := make([]byte, 512<<10), 0
		return func(n int) ([]byte, error) {
			size := 0
			for range n {
				size = copy(dst, wires[i])
				if i++; i == len(wires) {
					i = 0
				}
			}
			return dst[:size], nil
		}
	},
}

// packetSizes cuts wire.
func packetSizes(wire []byte) (sizes []int) {
	var d mqttcodec.Decoder
	for len(wire) > 0 {
		_, n, err := d.Decode(wire)
		if err != nil {
			panic(err)
		}
		sizes, wire = append(sizes, n), wire[n:]
	}
	return sizes
}

var ours = codec{
	name: "**mqttcodec**",
	note: "Decoder on bytes in memory, views; Append",
	decoder: func(wire []byte) func(int) (int, error) {
		d, rest := new(mqttcodec.Decoder), wire
		return func(n int) (int, error) {
			var last mqttcodec.Packet
			for range n {
				p, size, err := d.Decode(rest)
				if err != nil {
					return 0, err
				}
				if rest = rest[size:]; len(rest) == 0 {
					rest = wire
				}
				last = p
			}
			return oursSum(last), nil
		}
	},
	encoder: func(packets []mqttcodec.Packet) func(int) ([]byte, error) {
		var dst []byte
		i := 0
		return func(n int) (_ []byte, err error) {
			for range n {
				if dst, err = mqttcodec.Append(dst[:0], packets[i]); err != nil {
					return nil, err
				}
				if i++; i == len(packets) {
					i = 0
				}
			}
			return dst, nil
		}
	},
}

var oursReader = codec{
	name: "**mqttcodec, Reader**",
	note: "Reader on an io.Reader, views",
	decoder: func(wire []byte) func(int) (int, error) {
		r := mqttcodec.NewReader(&endless{wire: wire}, 0)
		return func(n int) (int, error) {
			var last mqttcodec.Packet
			for range n {
				p, err := r.Next()
				if err != nil {
					return 0, err
				}
				last = p
			}
			return oursSum(last), nil
		}
	},
}

var oursMessages = codec{
	name: "**mqttcodec, messages**",
	note: "Buffer, given each packet as a WebSocket message of its own, views",
	decoder: func(wire []byte) func(int) (int, error) {
		b, rest := new(mqttcodec.Buffer), wire
		sizes, i := packetSizes(wire), 0
		return func(n int) (int, error) {
			var last mqttcodec.Packet
			for range n {
				if _, err := b.Write(rest[:sizes[i]]); err != nil {
					return 0, err
				}
				rest = rest[sizes[i]:]
				if i++; i == len(sizes) {
					i, rest = 0, wire
				}
				for {
					p, err := b.Next()
					if err == io.ErrUnexpectedEOF {
						break
					} else if err != nil {
						return 0, err
					}
					last = p
				}
			}
			return oursSum(last), nil
		}
	},
}

var oursOwned = codec{
	name: "**mqttcodec, owned**",
	note: "Reader on an io.Reader, every packet cloned",
	decoder: func(wire []byte) func(int) (int, error) {
		r := mqttcodec.NewReader(&endless{wire: wire}, 0)
		return func(n int) (int, error) {
			var last mqttcodec.Packet
			for range n {
				p, err := r.Next()
				if err != nil {
					return 0, err
				}
				last = mqttcodec.Clone(p)
			}
			return oursSum(last), nil
		}
	},
}

var oursHeader = codec{
	name: "**mqttcodec, header**",
	note: "AppendPublishHeader: the payload is sent from where it is",
	encoder: func(packets []mqttcodec.Packet) func(int) ([]byte, error) {
		pub, ok := packets[0].(*mqttcodec.Publish)
		if !ok || len(packets) > 1 {
			return nil
		}
		var dst []byte
		return func(n int) (_ []byte, err error) {
			for range n {
				if dst, err = mqttcodec.AppendPublishHeader(dst[:0], pub); err != nil {
					return nil, err
				}
			}
			return dst, nil
		}
	},
}

func oursSum(p mqttcodec.Packet) int {
	switch p := p.(type) {
	case *mqttcodec.Publish:
		return sum(3, int(p.PacketID), len(p.TopicName), len(p.Payload))
	case *mqttcodec.Puback:
		return sum(4, int(p.PacketID), 0, 0)
	case *mqttcodec.Subscribe:
		return sum(8, int(p.PacketID), len(p.Subscriptions), 0)
	case *mqttcodec.Suback:
		return sum(9, int(p.PacketID), len(p.ReturnCodes), 0)
	case *mqttcodec.Connect:
		return sum(1, int(p.KeepAlive), len(p.UserName), len(p.Password))
	}
	return sum(int(p.Type()), 0, 0, 0)
}

// repeat returns a decoder's function made of one that decodes a packet, and one that says what it found. For codecs
// whose packet takes long enough that one more call does not count.
func repeat[P any](one func() (P, error), found func(P) (int, error)) func(int) (int, error) {
	return func(n int) (int, error) {
		var last P
		for range n {
			p, err := one()
			if err != nil {
				return 0, err
			}
			last = p
		}
		return found(last)
	}
}

// repeatPackets returns an encoder's function made of one that encodes a packet, and the packets in the codec's form.
func repeatPackets[P any](packets []mqttcodec.Packet, convert func(mqttcodec.Packet) P, one func(P) ([]byte, error)) func(int) ([]byte, error) {
	var own []P
	for _, p := range packets {
		own = append(own, convert(p))
	}
	i := 0
	return func(n int) (b []byte, err error) {
		for range n {
			if b, err = one(own[i]); err != nil {
				return nil, err
			}
			if i++; i == len(own) {
				i = 0
			}
		}
		return b, nil
	}
}
