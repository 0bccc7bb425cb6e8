package wsconn_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// Wherever reads begin and end, each message's end is told once, and at the latest with the bytes that follow it.
func TestWhereMessagesEnd(t *testing.T) {
	const n, size = 200, 300
	for _, room := range []int{1, 7, size - 1, size, size + 1, 4096, n * size} {
		conn := newScript(t).dial("numbers", "n=200", "size=300")
		conn.(wsconn.MessageMarker).MarkMessages()
		at, ended := 0, 0
		for p := make([]byte, room); at < n*size; {
			got, err := conn.Read(p)
			require.NoError(t, err)
			for _, end := range conn.(wsconn.MessageMarker).MessageEnds() {
				ended++
				require.LessOrEqual(t, end, got)
				require.Equal(t, ended*size, at+end, "arrays of %d", room)
			}
			at += got
			require.GreaterOrEqual(t, ended, (at-1)/size, "arrays of %d: the end of a message was not told before the next began", room)
		}
	}
}

func TestNothingIsMarkedUnasked(t *testing.T) {
	conn := newScript(t).dial("numbers", "n=3", "size=4")
	for range 3 {
		_, err := conn.Read(make([]byte, 4))
		require.NoError(t, err)
		require.Empty(t, conn.(wsconn.MessageMarker).MessageEnds())
	}
}
