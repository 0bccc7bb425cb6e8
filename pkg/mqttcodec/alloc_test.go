package mqttcodec

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// hotPackets are what a connection sends and receives all day.
func hotPackets() []Packet {
	topic := []byte("devices/MyDevice01/messages/events/$.ct=application%2Fjson&$.ce=utf-8")
	return []Packet{
		&Publish{QoS: QoS1, TopicName: topic, PacketID: 7, Payload: make([]byte, 100)},
		&Publish{TopicName: topic, Payload: make([]byte, 4<<10)},
		&Publish{QoS: QoS1, TopicName: topic, PacketID: 7, Payload: make([]byte, 256<<10)},
		&Publish{TopicName: []byte("zażółć/gęślą/jaźń"), Payload: make([]byte, 10)},
		&Puback{7}, &Pubrec{7}, &Pubrel{7}, &Pubcomp{7},
		&Subscribe{7, []Subscription{{[]byte("devices/MyDevice01/messages/devicebound/#"), QoS1},
			{[]byte("$iothub/methods/POST/#"), QoS0}, {[]byte("$iothub/twin/res/+/x"), QoS0}}},
		&Suback{7, []byte{1, 0, 0x80}},
		&Unsubscribe{7, [][]byte{[]byte("$iothub/twin/res/#")}},
		&Unsuback{7}, &Pingreq{}, &Pingresp{}, &Disconnect{},
		&Connect{ProtocolName: []byte("MQTT"), ProtocolLevel: 4, KeepAlive: 240, ClientID: []byte("MyDevice01"), UserNameFlag: true,
			UserName:     []byte("myhub.azure-devices.net/MyDevice01/?api-version=2021-04-12"),
			PasswordFlag: true, Password: make([]byte, 170)},
		&Connack{},
	}
}

func TestNoAllocations(t *testing.T) {
	dst := make([]byte, 0, 512<<10)
	var d Decoder
	for _, p := range hotPackets() {
		wire, err := Append(nil, p)
		require.NoError(t, err)
		require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = Append(dst, p) }), "Append %v", p)
		require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = Size(p) }), "Size %v", p)
		require.Zero(t, testing.AllocsPerRun(100, func() { _, _, _ = d.Decode(wire) }), "Decoder.Decode %v", p)
		require.Zero(t, testing.AllocsPerRun(100, func() { _, _, _ = d.Decode(wire[:len(wire)-1]) }), "a part of %v", p)
	}
	topic, payload := []byte("topic"), make([]byte, 10)
	require.Zero(t, testing.AllocsPerRun(100, func() { // packets that are made for the call stay on the stack
		_, _ = Append(dst, &Publish{QoS: QoS1, TopicName: topic, PacketID: 1, Payload: payload})
		_, _ = Append(dst, &Puback{PacketID: 9})
		_, _ = Append(dst, &Subscribe{PacketID: 9, Subscriptions: []Subscription{{TopicFilter: topic}}})
		_, _ = AppendPublishHeader(dst, &Publish{TopicName: topic, Payload: payload})
	}))
}

// Append makes one array of the right size when it must. (The race detector makes slices.Grow take two.)
func TestAppendGrowsOnce(t *testing.T) {
	for _, p := range hotPackets() {
		size, err := Size(p)
		require.NoError(t, err)
		once := testing.AllocsPerRun(100, func() { sink = slices.Grow(sink[:0:0], size) })
		require.LessOrEqual(t, testing.AllocsPerRun(100, func() { sink, _ = Append(nil, p) }), once, "%v", p)
	}
}

var sink []byte

// After the first packets a Reader and a Buffer work in the memory they have.
func TestStreamsDoNotAllocate(t *testing.T) {
	var wire []byte
	packets := hotPackets()
	for _, p := range packets {
		var err error
		wire, err = Append(wire, p)
		require.NoError(t, err)
	}
	r := NewReader(&endless{wire: wire}, 0)
	next := func() {
		for range packets {
			if _, err := r.Next(); err != nil {
				panic(err)
			}
		}
	}
	next()
	require.Zero(t, testing.AllocsPerRun(100, next), "Reader")

	var b Buffer
	push := func() {
		for chunk := range bytesChunks(wire, 1000) {
			_, _ = b.Write(chunk)
			for {
				if _, err := b.Next(); err == io.ErrUnexpectedEOF {
					break
				} else if err != nil {
					panic(err)
				}
			}
		}
	}
	push()
	require.Zero(t, testing.AllocsPerRun(100, push), "Buffer")
}

// endless repeats wire.
type endless struct {
	wire []byte
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.wire[e.at:])
	e.at = (e.at + n) % len(e.wire)
	return n, nil
}

func bytesChunks(b []byte, size int) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(b) > 0 {
			n := min(size, len(b))
			if !yield(b[:n]) {
				return
			}
			b = b[n:]
		}
	}
}

// An owned copy of a message is one struct and one block of bytes.
func TestCloneAllocations(t *testing.T) {
	for _, p := range hotPackets() {
		limit := 2.0
		switch p.(type) {
		case *Subscribe, *Unsubscribe:
			limit = 3
		}
		require.LessOrEqual(t, testing.AllocsPerRun(100, func() { Clone(p) }), limit, "Clone %v", p)
		wire, err := Append(nil, p)
		require.NoError(t, err)
		if _, ok := p.(*Publish); ok {
			require.LessOrEqual(t, testing.AllocsPerRun(100, func() { _, _, _ = Decode(wire) }), limit, "Decode %v", p)
		}
	}
	require.Nil(t, Clone(nil))
}

// A packet is valid until the next call, as its documentation says; its clone for good.
func TestViewsLast(t *testing.T) {
	wire, err := Append(nil, &Publish{TopicName: []byte("t"), Payload: []byte("one")})
	require.NoError(t, err)
	wire, err = Append(wire, &Publish{TopicName: []byte("u"), Payload: []byte("two")})
	require.NoError(t, err)
	r := NewReader(bytes.NewReader(wire), 0)
	one, err := r.Next()
	require.NoError(t, err)
	require.Equal(t, `one`, string(one.(*Publish).Payload))
	kept := Clone(one).(*Publish)
	two, err := r.Next()
	require.NoError(t, err)
	require.Same(t, one, two, "one packet of each type, filled again")
	require.Equal(t, "one", string(kept.Payload))
	require.Equal(t, "t", string(kept.TopicName))
}
