package mqttcodec

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func addVectors(f *testing.F, add func(src []byte)) {
	for _, v := range readVectors(f, vectorFile) {
		add(v.bytes(f))
	}
}

// FuzzDecode: no input panics; an error is one of the two kinds; what is decoded says the truth about its bytes and
// needs memory in proportion to them.
func FuzzDecode(f *testing.F) {
	addVectors(f, func(src []byte) { f.Add(src) })
	f.Fuzz(func(t *testing.T, src []byte) {
		before := bytes.Clone(src)
		p, n, err := Decode(src)
		require.Equal(t, before, src, "Decode wrote to its source")
		var malformed *Error
		if err != nil {
			require.Nil(t, p)
			require.Zero(t, n)
			require.True(t, err == io.ErrUnexpectedEOF || errors.As(err, &malformed), "%v", err)
			if malformed != nil {
				require.NotEmpty(t, malformed.Clause)
				require.NotEmpty(t, malformed.Reason)
				_, _, err = Decode(append(bytes.Clone(src), "more bytes"...))
				require.ErrorAs(t, err, &malformed, "more bytes have mended a malformed packet")
			}
			return
		}
		require.GreaterOrEqual(t, n, 2)
		require.LessOrEqual(t, n, len(src))
		require.NotEmpty(t, p.String())
		for cut := range min(n, 300) { // every beginning of a packet waits for the rest
			_, _, err := Decode(src[:cut])
			require.Equal(t, io.ErrUnexpectedEOF, err)
		}
		switch p := p.(type) {
		case *Subscribe:
			require.LessOrEqual(t, cap(p.Subscriptions), n/4)
		case *Unsubscribe:
			require.LessOrEqual(t, cap(p.TopicFilters), n/3)
		}
	})
}

// FuzzReader: a stream in pieces of any size gives the packets, and the error, that Decode gives for the whole;
// whatever is announced, a buffer never grows past what has arrived.
func FuzzReader(f *testing.F) {
	addVectors(f, func(src []byte) {
		f.Add(src, uint16(1))
		f.Add(append(bytes.Clone(src), src...), uint16(3))
	})
	f.Fuzz(func(t *testing.T, src []byte, piece uint16) {
		size := max(1, int(piece))
		var want []Packet
		var wantErr error
		rest := src
		for wantErr == nil {
			p, n, err := Decode(rest)
			if err != nil {
				wantErr = err
				break
			}
			want, rest = append(want, p), rest[n:]
		}

		const limit = MaxRemainingLength + 5
		r := NewReader(&fixedPieces{src, size}, limit)
		for i := 0; ; i++ {
			p, err := r.Next()
			require.LessOrEqual(t, cap(r.buf.data), 2*len(src)+minRead)
			if err != nil {
				require.Len(t, want, i)
				if len(rest) == 0 {
					require.Equal(t, io.EOF, err)
				} else {
					require.Equal(t, wantErr, err)
				}
				break
			}
			require.Less(t, i, len(want))
			require.Equal(t, want[i], p)
		}

		b := Buffer{Limit: limit}
		i := 0
		for stream, err := src, error(nil); len(stream) > 0 && err == nil; {
			n := min(size, len(stream))
			_, err = b.Write(stream[:n])
			stream = stream[n:]
			require.LessOrEqual(t, cap(b.data), 2*len(src)+minRead)
			for err == nil {
				var p Packet
				if p, err = b.Next(); err == nil {
					require.Equal(t, want[i], p)
					i++
				}
			}
			if err == io.ErrUnexpectedEOF {
				err = nil
			} else {
				require.Equal(t, wantErr, err)
			}
		}
		require.Len(t, want, i)
	})
}

type fixedPieces struct {
	src  []byte
	size int
}

func (s *fixedPieces) Read(p []byte) (int, error) {
	if len(s.src) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.src[:min(s.size, len(s.src))])
	s.src = s.src[n:]
	return n, nil
}

// FuzzRoundTrip: what Decode accepts, Append writes again; the bytes are the same when the remaining length was
// minimal, and always decode to the same packet. One packet is read but not written, [MQTT-3.1.3-7].
func FuzzRoundTrip(f *testing.F) {
	addVectors(f, func(src []byte) { f.Add(src) })
	f.Fuzz(func(t *testing.T, src []byte) {
		p, n, err := Decode(src)
		if err != nil {
			return
		}
		wire, err := Append(nil, p)
		if c, ok := p.(*Connect); ok && len(c.ClientID) == 0 && !c.CleanSession {
			var malformed *Error
			require.ErrorAs(t, err, &malformed)
			require.Equal(t, "MQTT-3.1.3-7", malformed.Clause)
			return
		}
		require.NoError(t, err)
		size, remaining, err := parseFixedHeader(src)
		require.NoError(t, err)
		if size == 1+lengthSize(remaining) {
			require.Equal(t, src[:n], wire)
		} else {
			require.Equal(t, src[size:n], wire[1+lengthSize(remaining):])
		}
		again, _, err := Decode(wire)
		require.NoError(t, err)
		require.Equal(t, p, again)
		require.Equal(t, p, Clone(p))
		got, err := Size(p)
		require.NoError(t, err)
		require.Equal(t, len(wire), got)
	})
}
