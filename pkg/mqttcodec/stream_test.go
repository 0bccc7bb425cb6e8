package mqttcodec

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// stream returns random packets, a few of them large, and their bytes one after the other.
func stream(t testing.TB, seed uint64, n int) (packets []Packet, wire []byte) {
	r := rand.New(rand.NewPCG(seed, 7))
	for i := range n {
		p := randomPacket(r)
		if i%50 == 49 {
			p = &Publish{TopicName: []byte("large"), Payload: randomBytes(r, 300<<10)}
		}
		packets = append(packets, p)
		var err error
		wire, err = Append(wire, p)
		require.NoError(t, err)
	}
	return packets, wire
}

// However the stream hands out its bytes, the packets are the same and the end is io.EOF.
func TestReader(t *testing.T) {
	packets, wire := stream(t, 1, 250)
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole":         func(r io.Reader) io.Reader { return r },
		"halves":        iotest.HalfReader,
		"one byte":      iotest.OneByteReader,
		"data with EOF": iotest.DataErrReader,
		"empty reads":   func(r io.Reader) io.Reader { return &stutter{r: r} },
		"random pieces": func(r io.Reader) io.Reader { return &pieces{r, rand.New(rand.NewPCG(1, 2))} },
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReader(wrap(bytes.NewReader(wire)), 0)
			for i, want := range packets {
				got, err := r.Next()
				require.NoError(t, err, "packet %d", i)
				require.Equal(t, want, got, "packet %d", i)
			}
			p, err := r.Next()
			require.Nil(t, p)
			require.Equal(t, io.EOF, err)
			_, err = r.Next()
			require.Equal(t, io.EOF, err, "and so it stays")
		})
	}
}

// stutter returns no bytes and no error before each read.
type stutter struct {
	r     io.Reader
	awake bool
}

func (s *stutter) Read(p []byte) (int, error) {
	if s.awake = !s.awake; s.awake {
		return 0, nil
	}
	return s.r.Read(p)
}

// pieces reads up to 5,000 bytes at a time.
type pieces struct {
	r    io.Reader
	rand *rand.Rand
}

func (s *pieces) Read(p []byte) (int, error) {
	return s.r.Read(p[:min(len(p), 1+s.rand.IntN(5000))])
}

// Pushed in pieces of any size, the packets are the same. Between two pieces some packets are taken, or none.
func TestBuffer(t *testing.T) {
	packets, wire := stream(t, 2, 120)
	for _, size := range []int{1, 2, 3, 100, 4095, 4096, 4097, 70_000, len(wire)} {
		r := rand.New(rand.NewPCG(5, uint64(size)))
		var b Buffer
		rest, i := wire, 0
		for i < len(packets) {
			if n := min(size, len(rest)); n > 0 {
				wrote, err := b.Write(rest[:n])
				require.NoError(t, err)
				require.Equal(t, n, wrote)
				rest = rest[n:]
			}
			for range r.IntN(4) {
				got, err := b.Next()
				if err == io.ErrUnexpectedEOF {
					break
				}
				require.NoError(t, err, "pieces of %d, packet %d", size, i)
				require.True(t, equal(packets[i], got), "pieces of %d, packet %d", size, i)
				i++
			}
		}
		require.Zero(t, b.Buffered())
	}
}

// Every vector, cut in two at every place, is read as when it is whole: accepted, refused by the same rule, or found
// to be cut off. What is refused before its last byte is here is refused for the same reason.
func TestEverySplit(t *testing.T) {
	for _, v := range readVectors(t, vectorFile) {
		src := v.bytes(t)
		want, wantErr := NewReader(bytes.NewReader(src), 0).Next()
		for at := range len(src) + 1 {
			got, err := NewReader(io.MultiReader(bytes.NewReader(src[:at]), bytes.NewReader(src[at:])), 0).Next()
			require.Equal(t, wantErr, err, "%s at %d", v.Name, at)
			require.Equal(t, want, got, "%s at %d", v.Name, at)

			var b Buffer
			got, err = nil, io.ErrUnexpectedEOF
			for _, piece := range [][]byte{src[:at], src[at:]} {
				if err == io.ErrUnexpectedEOF {
					_, err = b.Write(piece)
					require.NoError(t, err)
					got, err = b.Next()
				}
			}
			require.Equal(t, wantErr, err, "%s at %d", v.Name, at)
			require.Equal(t, want, got, "%s at %d", v.Name, at)
		}
	}
}

// A stream that ends inside a packet did not end well.
func TestReaderCutOff(t *testing.T) {
	wire, err := Append(nil, &Publish{TopicName: []byte("topic"), Payload: make([]byte, 9000)})
	require.NoError(t, err)
	for _, n := range []int{1, 2, 3, 4, 100, 4096, len(wire) - 1} {
		_, err := NewReader(bytes.NewReader(wire[:n]), 0).Next()
		require.Equal(t, io.ErrUnexpectedEOF, err, "after %d bytes", n)
	}
}

// A timeout loses nothing: the next call goes on where the stream stopped.
func TestReaderGoesOnAfterTimeout(t *testing.T) {
	ping := []byte{0xd0, 0x00}
	r := NewReader(io.MultiReader(bytes.NewReader(ping[:1]), &failOnce{os.ErrDeadlineExceeded}, bytes.NewReader(ping[1:])), 0)
	_, err := r.Next()
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	p, err := r.Next()
	require.NoError(t, err)
	require.Equal(t, PINGRESP, p.Type())
}

type failOnce struct{ err error }

func (f *failOnce) Read([]byte) (int, error) {
	err := f.err
	f.err = io.EOF
	return 0, err
}

// Behind a malformed packet nothing can be found: the error stays.
func TestMalformedIsFinal(t *testing.T) {
	wire := []byte{0xd0, 0x00, 0x30, 0x03, 0x00, 0x01, '#', 0xd0, 0x00}
	var e *Error

	r := NewReader(bytes.NewReader(wire), 0)
	_, err := r.Next()
	require.NoError(t, err)
	for range 3 {
		p, err := r.Next()
		require.Nil(t, p)
		require.ErrorAs(t, err, &e)
		require.Equal(t, "MQTT-3.3.2-2", e.Clause)
	}

	var b Buffer
	_, err = b.Write(wire)
	require.NoError(t, err)
	_, err = b.Next()
	require.NoError(t, err)
	_, err = b.Next()
	require.ErrorAs(t, err, &e)
	n, err := b.Write([]byte{0xd0, 0x00})
	require.Zero(t, n)
	require.ErrorAs(t, err, &e)
	_, err = b.Next()
	require.ErrorAs(t, err, &e)
}

// The limit is on the packet with its header, and is found in the header.
func TestLimit(t *testing.T) {
	wire, err := Append(nil, &Publish{TopicName: []byte("t"), Payload: make([]byte, 95)})
	require.NoError(t, err)
	require.Len(t, wire, 100)

	_, err = NewReader(bytes.NewReader(wire), 100).Next()
	require.NoError(t, err)

	_, err = NewReader(bytes.NewReader(wire), 99).Next()
	require.Equal(t, &LimitError{PUBLISH, 100, 99}, err)

	r := NewReader(bytes.NewReader(wire[:2]), 99)
	_, err = r.Next()
	require.Equal(t, &LimitError{PUBLISH, 100, 99}, err, "with nothing but the header here")
	_, err = r.Next()
	require.Equal(t, &LimitError{PUBLISH, 100, 99}, err)

	b := Buffer{Limit: 99}
	_, err = b.Write(wire[:2])
	require.NoError(t, err)
	_, err = b.Next()
	require.Equal(t, &LimitError{PUBLISH, 100, 99}, err)

	_, err = NewReader(bytes.NewReader([]byte{0x30, 0xff, 0xff, 0xff, 0x7f}), 0).Next()
	require.Equal(t, &LimitError{PUBLISH, MaxRemainingLength + 5, DefaultLimit}, err)
}

// A stream that breaks io.Reader's contract ends in an error, not in a panic or a hang.
func TestReaderBadStream(t *testing.T) {
	_, err := NewReader(readFunc(func(p []byte) (int, error) { return 0, nil }), 0).Next()
	require.Equal(t, io.ErrNoProgress, err)
	_, err = NewReader(readFunc(func(p []byte) (int, error) { return len(p) + 1, nil }), 0).Next()
	require.EqualError(t, err, "mqtt: the stream's Read returned an impossible count")
	_, err = NewReader(readFunc(func(p []byte) (int, error) { return -1, errors.New("x") }), 0).Next()
	require.EqualError(t, err, "mqtt: the stream's Read returned an impossible count")
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Five bytes that announce 256 MB cost little, whatever the limit; memory follows what arrives.
func TestMemoryFollowsArrivedBytes(t *testing.T) {
	for _, limit := range []int{0, MaxRemainingLength + 5} {
		for _, first := range []byte{0x10, 0x30, 0x82, 0x90, 0xa2} {
			header := []byte{first, 0xff, 0xff, 0xff, 0x7f}
			require.LessOrEqual(t, allocated(func() {
				_, err := NewReader(bytes.NewReader(header), limit).Next()
				require.Error(t, err)
			}), uint64(32<<10), "%x, limit %d", header, limit)
			require.LessOrEqual(t, allocated(func() {
				b := Buffer{Limit: limit}
				_, _ = b.Write(header)
				_, err := b.Next()
				require.Error(t, err)
			}), uint64(32<<10), "%x, limit %d", header, limit)
			require.LessOrEqual(t, allocated(func() {
				_, _, err := Decode(header)
				require.Error(t, err)
			}), uint64(32<<10), "%x", header)
		}
	}

	// 1 MB of a packet that announces 256 MB: all arrays together, the abandoned ones too, are within four times that.
	const arrived = 1 << 20
	src := append([]byte{0x30, 0xff, 0xff, 0xff, 0x7f}, make([]byte, arrived)...)
	require.LessOrEqual(t, allocated(func() {
		_, err := NewReader(bytes.NewReader(src), MaxRemainingLength+5).Next()
		require.Equal(t, io.ErrUnexpectedEOF, err)
	}), uint64(4*arrived))
}

// A stream that has always more is read in large pieces, one that has little keeps little memory.
func TestReadAhead(t *testing.T) {
	wire, err := Append(nil, &Publish{TopicName: []byte("t"), Payload: make([]byte, 100)})
	require.NoError(t, err)
	room := 0
	r := NewReader(readFunc(func(p []byte) (int, error) {
		room = len(p)
		return copy(p, wire), nil
	}), 0)
	for range 1000 {
		_, err := r.Next()
		require.NoError(t, err)
	}
	require.LessOrEqual(t, room, minRead)
	require.Equal(t, minRead, cap(r.buf.data))

	busy := &endless{wire: wire}
	r = NewReader(readFunc(func(p []byte) (n int, err error) {
		room = len(p)
		for n < len(p) {
			m, _ := busy.Read(p[n:])
			n += m
		}
		return n, nil
	}), 0)
	for range 1000 {
		_, err := r.Next()
		require.NoError(t, err)
	}
	require.Greater(t, room, readAhead/2)
	require.Equal(t, readAhead, cap(r.buf.data))
}

// The most that a packet can make a decoder allocate is what its filters' slice headers take: 32 bytes of memory for
// every 4 of a SUBSCRIBE of one-letter filters.
func TestMemoryOfTinyFilters(t *testing.T) {
	const n = 100_000
	sub, unsub := &Subscribe{PacketID: 1}, &Unsubscribe{PacketID: 1}
	for range n {
		sub.Subscriptions = append(sub.Subscriptions, Subscription{TopicFilter: []byte("x")})
		unsub.TopicFilters = append(unsub.TopicFilters, []byte("x"))
	}
	for _, p := range []Packet{sub, unsub} {
		wire, err := Append(nil, p)
		require.NoError(t, err)
		var d Decoder
		require.LessOrEqual(t, allocated(func() {
			_, _, err := d.Decode(wire)
			require.NoError(t, err)
		}), uint64(8*len(wire)+32<<10))
		small, err := Append(nil, &Subscribe{PacketID: 1, Subscriptions: sub.Subscriptions[:1]})
		require.NoError(t, err)
		_, _, err = d.Decode(small)
		require.NoError(t, err)
		require.LessOrEqual(t, cap(d.buf.packets.subscribe.Subscriptions), maxKept, "the large array is let go")
	}
}
