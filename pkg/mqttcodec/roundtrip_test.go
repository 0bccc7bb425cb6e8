package mqttcodec

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// Decode of Append is the identity, Size tells the truth, and Clone shares nothing.
func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 11))
	seen := map[Type]int{}
	for range 5_000 {
		p := randomPacket(r)
		seen[p.Type()]++

		wire, err := Append([]byte("before"), p)
		require.NoError(t, err, "%v", p)
		require.Equal(t, "before", string(wire[:6]))
		wire = wire[6:]
		size, err := Size(p)
		require.NoError(t, err)
		require.Equal(t, len(wire), size)

		got, n, err := Decode(wire)
		require.NoError(t, err, "%v", p)
		require.Equal(t, len(wire), n)
		require.Equal(t, p, got)

		c := Clone(got)
		for i := range wire {
			wire[i] = 0xaa
		}
		require.Equal(t, p, got, "Decode's packet shares memory with its source")
		require.Equal(t, p, c)
	}
	require.Len(t, seen, 14, "every type was drawn")
}

// A decoder gives the same packets as Decode, whatever it has decoded before.
func TestDecoderReuse(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	var d Decoder
	for range 5_000 {
		p := randomPacket(r)
		wire, err := Append(nil, p)
		require.NoError(t, err)
		got, n, err := d.Decode(wire)
		require.NoError(t, err)
		require.Equal(t, len(wire), n)
		require.Equal(t, p, got)
	}
}

// What a caller appends to one field of a view does not run into the next field.
func TestViewsAreCapped(t *testing.T) {
	wire, err := Append(nil, &Publish{QoS: QoS1, TopicName: []byte("a/b"), PacketID: 5, Payload: []byte("payload")})
	require.NoError(t, err)
	var d Decoder
	for _, decode := range []func([]byte) (Packet, int, error){Decode, d.Decode} {
		p, _, err := decode(append(wire, "next"...))
		require.NoError(t, err)
		pub := p.(*Publish)
		_ = append(pub.TopicName, "XXXX"...)
		_ = append(pub.Payload, "XXXX"...)
		require.Equal(t, "payload", string(pub.Payload))
		require.EqualValues(t, 5, pub.PacketID)
	}
	require.Equal(t, "next", string(append(wire, "next"...)[len(wire):]))
}

// The header alone, with the payload behind it, is the packet.
func TestAppendPublishHeader(t *testing.T) {
	for _, n := range []int{0, 1, 100, 117, 118, 16_000, 16_373, 16_374, 2_097_140, 2_097_142, 2_097_143} {
		p := &Publish{QoS: QoS1, TopicName: []byte("topic"), PacketID: 1, Payload: make([]byte, n)}
		whole, err := Append(nil, p)
		require.NoError(t, err)
		header, err := AppendPublishHeader([]byte{1, 2}, p)
		require.NoError(t, err)
		require.True(t, bytes.Equal(whole, append(header, p.Payload...)[2:]), "%d bytes", n)
	}
}

// The remaining length has the form of table 2.4 at each of its borders, and is read back.
func TestRemainingLength(t *testing.T) {
	for _, c := range []struct {
		remaining int
		wire      []byte
	}{
		{0, []byte{0x00}},
		{127, []byte{0x7f}},
		{128, []byte{0x80, 0x01}},
		{16_383, []byte{0xff, 0x7f}},
		{16_384, []byte{0x80, 0x80, 0x01}},
		{2_097_151, []byte{0xff, 0xff, 0x7f}},
		{2_097_152, []byte{0x80, 0x80, 0x80, 0x01}},
		{268_435_455, []byte{0xff, 0xff, 0xff, 0x7f}},
	} {
		require.Equal(t, c.wire, appendLength(nil, c.remaining))
		require.Equal(t, len(c.wire), lengthSize(c.remaining))
		size, remaining, err := parseFixedHeader(append([]byte{byte(PUBLISH) << 4}, c.wire...))
		require.NoError(t, err)
		require.Equal(t, 1+len(c.wire), size)
		require.Equal(t, c.remaining, remaining)
	}
}
