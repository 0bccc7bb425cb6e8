package wsconn_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// BenchmarkRead reads messages that arrive as fast as the server can send them.
func BenchmarkRead(b *testing.B) {
	const size = 100
	url := fmt.Sprintf("%snumbers?n=%d&size=%d", server(b), b.N, size)
	conn, err := wsconn.Dial(b.Context(), url)
	require.NoError(b, err)
	defer conn.Close()
	b.SetBytes(size)
	b.ReportAllocs()
	b.ResetTimer()
	p := make([]byte, 16<<10)
	for left := b.N * size; left > 0; {
		n, err := conn.Read(p)
		if err != nil {
			b.Fatal(err)
		}
		left -= n
	}
}

// BenchmarkWrite writes small messages, each with a Write of its own.
func BenchmarkWrite(b *testing.B) {
	const size = 100
	conn, err := wsconn.Dial(b.Context(), server(b)+"sink")
	require.NoError(b, err)
	defer conn.Close()
	message := make([]byte, size)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := conn.Write(message); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRoundTrip waits for the echo of each message before it sends the next.
func BenchmarkRoundTrip(b *testing.B) {
	conn, err := wsconn.Dial(b.Context(), server(b)+"echo")
	require.NoError(b, err)
	defer conn.Close()
	message := make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := conn.Write(message); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(conn, message); err != nil {
			b.Fatal(err)
		}
	}
}
