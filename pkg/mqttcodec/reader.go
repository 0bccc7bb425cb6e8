package mqttcodec

import (
	"errors"
	"io"
)

// Reader reads packets from a byte stream. It reads ahead into a buffer of its own, so nothing else may read from the
// stream. The buffer grows to the largest packet that has arrived and stays so.
type Reader struct {
	src io.Reader
	buf Buffer
}

// NewReader returns a Reader of packets of at most limit bytes, fixed header included; 0 or less means [DefaultLimit].
// No limit above MaxRemainingLength+5 has a meaning.
func NewReader(r io.Reader, limit int) *Reader {
	return &Reader{src: r, buf: Buffer{Limit: limit}}
}

// Next returns the next packet, reading until it is complete. The packet and its byte slices are valid until the next
// call; [Clone] makes a copy to keep. The error is io.EOF where the stream ends between packets, io.ErrUnexpectedEOF
// where it ends inside one, an [*Error] or [*LimitError] for a packet that must not be (these are final), and otherwise
// the stream's own, such as a timeout: then nothing is lost, and Next may be called again.
func (r *Reader) Next() (Packet, error) { return r.buf.pull(r.src) }

// maxEmptyReads is how often in a row a stream may return neither bytes nor an error.
const maxEmptyReads = 100

// fill reads at least one byte. An error that comes with bytes is left to the next read, as io.Reader allows.
func (b *Buffer) fill(r io.Reader) error {
	space := b.space()
	for range maxEmptyReads {
		n, err := r.Read(space)
		if n < 0 || n > len(space) {
			return errors.New("mqtt: the stream's Read returned an impossible count")
		}
		if n > 0 {
			b.data = b.data[:len(b.data)+n]
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}
