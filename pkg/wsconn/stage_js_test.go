package wsconn

import (
	"bytes"
	"encoding/binary"
	"syscall/js"
	"testing"

	"github.com/stretchr/testify/require"
)

// arrive lets messages arrive at c together, as a browser does: each a []byte or a string. It returns the bytes of those
// before the first string.
func arrive(c *conn, messages ...any) (want []byte) {
	text := false
	for _, m := range messages {
		data := js.ValueOf(nil)
		switch m := m.(type) {
		case []byte:
			view := uint8Array.New(len(m))
			js.CopyBytesToJS(view, m)
			data = view.Get("buffer")
			if !text {
				want = append(want, m...)
			}
		case string:
			data, text = js.ValueOf(m), true
		}
		c.stage.listener.Invoke(js.Global().Get("MessageEvent").New("message", map[string]any{"data": data}))
	}
	return want
}

// filled returns n bytes that tell their places.
func filled(seed uint32, n int) []byte {
	b := make([]byte, 0, n+4)
	for i := range uint32(n/4 + 1) {
		b = binary.LittleEndian.AppendUint32(b, seed<<20+i)
	}
	return b[:n]
}

// TestStage reads bursts of every shape with arrays of every size: what comes is what was sent, in order.
func TestStage(t *testing.T) {
	var small, mixed []any
	for i := range 3 << 10 {
		small = append(small, filled(uint32(i), 4))
		mixed = append(mixed, filled(uint32(i), i*i%301))
	}
	for name, burst := range map[string][]any{
		"one":                         {filled(1, 100)},
		"two":                         {filled(1, 100), filled(2, 100)},
		"three":                       {filled(1, 100), filled(2, 100), filled(3, 100)},
		"many":                        small,
		"more than there is room for": mixed,
		"empty ones":                  {filled(1, 0), filled(1, 0), filled(1, 0), filled(1, 0), filled(2, 8)},
		"large among small":           {filled(1, 4), filled(2, 4), filled(3, 4), filled(4, stageSize+1), filled(5, 4), filled(6, 4), filled(7, 4)},
		"as large as the room":        {filled(1, stageSize), filled(2, stageSize-1), filled(3, 1), filled(4, stageSize+1), filled(5, 3)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int{1, 7, 100, 4 << 10, 32 << 10, 300 << 10} {
				c := dialConn(t, "sink")
				for range 2 { // what the first burst used is used again
					want, got := arrive(c, burst...), []byte(nil)
					if size == 1 && len(want) > 10<<10 {
						continue // takes too long
					}
					for p := make([]byte, size); len(got) < len(want); {
						n, err := c.Read(p)
						require.NoError(t, err)
						got = append(got, p[:n]...)
					}
					require.True(t, bytes.Equal(want, got), "arrays of %d", size)
				}
			}
		})
	}
}

// Chromium compiles no more than 4 KiB on a page's main thread without being asked to wait for it.
func TestStageModuleIsSmall(t *testing.T) {
	require.Less(t, len(stageModule), 4<<10)
}

// What was sent before a text message is read before its refusal.
func TestTextAmongManyIsRefused(t *testing.T) {
	c := dialConn(t, "sink")
	want, got := arrive(c, filled(1, 10), filled(2, 10), filled(3, 10), "text", filled(4, 10)), []byte(nil)
	for p := make([]byte, 16); ; {
		n, err := c.Read(p)
		got = append(got, p[:n]...)
		if err != nil {
			require.ErrorContains(t, err, textMessage)
			break
		}
	}
	require.Equal(t, want, got)
}
