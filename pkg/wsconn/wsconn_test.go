package wsconn_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

func TestEveryWriteComesBack(t *testing.T) {
	conn := newScript(t).dial("echo")
	for _, size := range []int{1, 2, 125, 126, 4095, 4096, 4097, 65535, 65536, 1 << 20, 3} {
		sent := bytes.Repeat([]byte{byte(size), 0, 255}, size)[:size]
		n, err := conn.Write(sent)
		require.NoError(t, err)
		require.Equal(t, size, n)
		got := make([]byte, size)
		_, err = io.ReadFull(conn, got)
		require.NoError(t, err)
		require.True(t, bytes.Equal(sent, got), "%d bytes", size)
	}
}

func TestReadsNeedNotFitMessages(t *testing.T) {
	conn := newScript(t).dial("numbers", "n=50", "size=1000", "then=close")
	var all []byte
	for size := 1; ; size = size*2%1777 + 1 {
		p := make([]byte, size)
		n, err := conn.Read(p)
		all = append(all, p[:n]...)
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			break
		}
	}
	require.Len(t, all, 50*1000)
	wantNumbers(t, bytes.NewReader(all), 50, 1000)
}

func TestAMessageIsOneWrite(t *testing.T) {
	s := newScript(t)
	key := s.key()
	conn := s.dial("sink", "key="+key)
	for _, p := range []string{"a", "", "bc", "def"} {
		n, err := io.WriteString(conn, p)
		require.NoError(t, err)
		require.Equal(t, len(p), n)
	}
	require.NoError(t, conn.Close())
	require.Equal(t, "3/6/1000", s.await(key), "a Write of nothing sends nothing")
}

func TestFragmentsAreOneMessage(t *testing.T) {
	conn := newScript(t).dial("fragments")
	p := make([]byte, len("fragmented"))
	_, err := io.ReadFull(conn, p)
	require.NoError(t, err)
	require.Equal(t, "fragmented", string(p))
}

func TestOrder(t *testing.T) {
	conn := newScript(t).dial("numbers", "n=20000", "size=100")
	wantNumbers(t, conn, 20000, 100)
}

func TestABurstBeforeACloseIsRead(t *testing.T) {
	s := newScript(t)
	for range 500 {
		conn := s.dial("numbers", "n=20", "size=100", "then=close")
		wantNumbers(t, conn, 20, 100)
		require.ErrorIs(t, wantClose(t, conn), io.EOF)
		conn.Close()
	}
}

func TestABurstBeforeACutIsRead(t *testing.T) {
	s := newScript(t)
	for range 50 {
		conn := s.dialCut("n=20", "size=100", "then=cut")
		wantNumbers(t, conn, 20, 100)
		end := wantClose(t, conn)
		require.Equal(t, 1006, end.Code)
		require.True(t, end.Remote)
		require.ErrorIs(t, end, net.ErrClosed)
		require.NotErrorIs(t, end, io.EOF)
		conn.Close()
	}
}

func TestACutRightBehindTheHandshakeIsAnError(t *testing.T) {
	s := newScript(t)
	conn, err := wsconn.Dial(t.Context(), s.url("numbers", "n=20", "size=100", "then=cut"))
	if firefox && err != nil { // it takes both for one failure, and says nothing of what came between
		var failed *wsconn.HandshakeError
		require.ErrorAs(t, err, &failed)
		return
	}
	require.NoError(t, err)
	defer conn.Close()
	wantNumbers(t, conn, 20, 100)
	require.Equal(t, 1006, wantClose(t, conn).Code)
}

func TestTextIsRefused(t *testing.T) { // [MQTT-6.0.0-1]
	s := newScript(t)
	key := s.key()
	conn := s.dial("text", "key="+key)
	p := make([]byte, 100)
	n, err := conn.Read(p)
	require.NoError(t, err)
	require.Equal(t, "before", string(p[:n]))
	end := wantClose(t, conn)
	require.Equal(t, 1003, end.Code)
	require.False(t, end.Remote)
	require.ErrorIs(t, end, net.ErrClosed)
	require.ErrorContains(t, end, "closed by this side (code 1003): the peer sent a text message")
	require.Equal(t, end, wantClose(t, conn), "the error stays")
	require.NotContains(t, s.await(key), "/1006", "the peer was told with a close")
}

func TestWriteWaitsForAPeerThatStopsReading(t *testing.T) {
	const chunk, chunks = 64 << 10, 1024
	s := newScript(t)
	key, until := s.key(), s.key()
	conn := s.dial("stuck", "key="+key, "until="+until)
	var written atomic.Int64
	done := make(chan error, 1)
	go func() {
		p := make([]byte, chunk)
		for range chunks {
			if _, err := conn.Write(p); err != nil {
				done <- err
				return
			}
			written.Add(1)
		}
		done <- nil
	}()
	stalled(t, &written)
	require.Less(t, written.Load(), int64(chunks/2), "Write does not wait")
	s.release(until)
	require.NoError(t, <-done)
	require.NoError(t, conn.Close())
	require.Equal(t, fmt.Sprintf("%d/%d/1000", chunks, chunk*chunks), s.await(key))
}

func TestUseFromManyGoroutines(t *testing.T) {
	const writers, messages = 8, 100
	conn := newScript(t).dial("echo")
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			message := bytes.Repeat([]byte{byte(w)}, 1000)
			for range messages {
				if _, err := conn.Write(message); err != nil {
					t.Error(err)
				}
			}
		})
	}
	counts := make([]int, writers)
	message := make([]byte, 1000)
	for range writers * messages {
		_, err := io.ReadFull(conn, message)
		require.NoError(t, err)
		require.Equal(t, bytes.Repeat(message[:1], 1000), message, "messages are not mixed")
		counts[message[0]]++
	}
	all.Wait()
	for _, n := range counts {
		require.Equal(t, messages, n)
	}
	var closers sync.WaitGroup
	for range writers {
		closers.Go(func() { conn.Close() })
	}
	closers.Wait()
}

func TestNoDeadlines(t *testing.T) {
	s := newScript(t)
	conn := s.dial("echo")
	soon := time.Now().Add(time.Hour)
	require.ErrorIs(t, conn.SetDeadline(soon), os.ErrNoDeadline)
	require.ErrorIs(t, conn.SetReadDeadline(soon), os.ErrNoDeadline)
	require.ErrorIs(t, conn.SetWriteDeadline(soon), os.ErrNoDeadline)
	require.Contains(t, s.server, conn.RemoteAddr().String())
	require.NotEmpty(t, conn.LocalAddr().String())
	n, err := conn.Read(nil)
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestNoGoroutineIsLeft(t *testing.T) {
	s := newScript(t)
	s.dial("echo").Close()
	before := runtime.NumGoroutine()
	ends := map[string]func(){
		"closed":   func() { s.dial("echo").Close() },
		"by peer":  func() { conn := s.dial("numbers", "n=0", "then=close"); wantClose(t, conn); conn.Close() },
		"cut":      func() { conn := s.dialCut("n=0", "then=cut"); wantClose(t, conn); conn.Close() },
		"no reply": func() { s.dial("deaf").Close() },
		"refused":  func() { _, err := wsconn.Dial(t.Context(), s.url("refuse")); require.Error(t, err) },
		"cancelled": func() {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			_, err := wsconn.Dial(ctx, s.url("hang"))
			require.Error(t, err)
		},
	}
	for name, end := range ends {
		end()
		deadline := time.Now().Add(patience)
		for runtime.NumGoroutine() > before { // those of the server and of net/http end a little later
			require.True(t, time.Now().Before(deadline), "%s: %d goroutines, %d before", name, runtime.NumGoroutine(), before)
			time.Sleep(time.Millisecond)
		}
	}
}
