package wsconn_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// These tests run natively and in the browser, against the same scripted servers.

// patience bounds what must happen, soon, on a busy machine.
const patience = 20 * time.Second

// A script is a client's view of the scripted servers.
type script struct {
	*testing.T
	server string
}

func newScript(t *testing.T) *script { return &script{t, server(t)} }

// url returns the URL of a script; the details are "name=value".
func (s *script) url(name string, details ...string) string {
	query := url.Values{}
	for _, d := range details {
		k, v, _ := strings.Cut(d, "=")
		query.Set(k, v)
	}
	return s.server + name + "?" + query.Encode()
}

// dial connects to a script.
func (s *script) dial(name string, details ...string) net.Conn {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	conn, err := wsconn.Dial(ctx, s.url(name, details...))
	require.NoError(s, err)
	s.Cleanup(func() { conn.Close() })
	return conn
}

// dialCut connects to numbers that end without a close. In Firefox they begin when they are asked for, since there
// an end right behind the handshake keeps a connection from opening at all.
func (s *script) dialCut(details ...string) net.Conn {
	s.Helper()
	if !firefox {
		return s.dial("numbers", details...)
	}
	conn := s.dial("numbers", append(details, "when=asked")...)
	_, err := conn.Write([]byte("now"))
	require.NoError(s, err)
	return conn
}

// await returns what a script signalled under a key.
func (s *script) await(key string) string {
	s.Helper()
	conn := s.dial("await", "key="+key)
	defer conn.Close()
	text, err := io.ReadAll(conn)
	require.ErrorIs(s, err, io.EOF)
	return string(text)
}

// wantNone waits until a script has no connection any more.
func (s *script) wantNone(name string) {
	s.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		conn := s.dial("count", "script="+name)
		text, err := io.ReadAll(conn)
		require.ErrorIs(s, err, io.EOF)
		conn.Close()
		if string(text) == "0" {
			return
		}
		require.True(s, time.Now().Before(deadline), "%s connections are left", text)
	}
}

// release lets a script go on that waits for a key.
func (s *script) release(key string) {
	s.Helper()
	conn := s.dial("release", "key="+key)
	_, err := conn.Read(make([]byte, 1))
	require.ErrorIs(s, err, io.EOF)
	conn.Close()
}

var keys atomic.Int64

// key returns a word that no other test uses.
func (s *script) key() string { return fmt.Sprintf("key%d", keys.Add(1)) }

// wantNumbers reads n numbered messages of size bytes.
func wantNumbers(t *testing.T, r io.Reader, n, size int) {
	t.Helper()
	message := make([]byte, size)
	for i := range n {
		_, err := io.ReadFull(r, message)
		require.NoError(t, err, "message %d of %d", i, n)
		if got := binary.BigEndian.Uint32(message); got != uint32(i) { // require would take most of the time
			require.Equal(t, uint32(i), got)
		}
	}
}

// wantClose reads the end of a connection.
func wantClose(t *testing.T, r io.Reader) *wsconn.CloseError {
	t.Helper()
	n, err := r.Read(make([]byte, 1))
	require.Zero(t, n)
	var end *wsconn.CloseError
	require.ErrorAs(t, err, &end)
	return end
}

// within runs f and requires it to return before d has passed.
func within(t *testing.T, d time.Duration, what string, f func()) {
	t.Helper()
	start := time.Now()
	f()
	require.Less(t, time.Since(start), d, what)
}

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

func TestABurstBeforeOurCloseIsSent(t *testing.T) {
	s := newScript(t)
	message := make([]byte, 100)
	for range 500 {
		key := s.key()
		conn := s.dial("sink", "key="+key)
		for range 20 {
			_, err := conn.Write(message)
			require.NoError(t, err)
		}
		require.NoError(t, conn.Close())
		require.Equal(t, "20/2000/1000", s.await(key))
	}
}

func TestHowItWasClosed(t *testing.T) {
	s := newScript(t)
	tests := []struct {
		code   int
		reason string
		is     error
	}{
		{1000, "", io.EOF},
		{1000, "good bye", io.EOF},
		{1001, "restarting", io.EOF},
		{1011, "", net.ErrClosed},
		{3000, "", net.ErrClosed},
		{4001, "zażółć gęślą jaźń", net.ErrClosed},
	}
	for _, test := range tests {
		conn := s.dial("numbers", "then=close", fmt.Sprint("code=", test.code), "reason="+test.reason)
		wantNumbers(t, conn, 1, 4)
		end := wantClose(t, conn)
		require.Equal(t, &wsconn.CloseError{Code: test.code, Reason: test.reason, Remote: true}, end)
		require.ErrorIs(t, end, test.is)
		require.Contains(t, end.Error(), test.reason)
		require.Equal(t, end, wantClose(t, conn), "the error stays")
		_, err := conn.Write([]byte("too late"))
		require.Equal(t, error(end), err)
		conn.Close()
	}
	conn := s.dialCut("n=0", "then=reset")
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

func TestRefusedHandshakes(t *testing.T) {
	s := newScript(t)
	closed := s.server[:strings.LastIndex(s.server, ":")] + ":1/" // tcpmux, which nobody serves
	tests := []struct {
		name, url string
		status    int // natively
		native    string
	}{
		{"status 400", s.url("refuse", "status=400"), 400, "the server answered 400 Bad Request instead of upgrading to WebSocket"},
		{"status 503", s.url("refuse", "status=503"), 503, "the server answered 503 Service Unavailable"},
		{"status 200", s.url("refuse", "status=200"), 200, "the server answered 200 OK"},
		{"redirect", s.url("refuse", "status=302"), 302, "the server answered 302 Found"},
		{"nobody there", closed, 0, "connection refused"},
		{"not a URL", "wss://example.test:port/", 0, "the address is not of the form wss://host/path"},
		{"not a WebSocket", "https://example.test/", 0, "the address is not of the form wss://host/path"},
		{"fragment", "wss://example.test/#here", 0, "the address is not of the form wss://host/path"},
		{"no host", "wss:///path", 0, "the address is not of the form wss://host/path"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			conn, err := wsconn.Dial(t.Context(), test.url)
			require.Nil(t, conn)
			var refused *wsconn.HandshakeError
			require.ErrorAs(t, err, &refused)
			if strings.Contains(test.native, "address") {
				require.ErrorContains(t, err, test.native)
				return
			}
			require.Contains(t, test.url, "ws://"+refused.Host+"/")
			require.NotContains(t, err.Error(), "status=", "an error shows the query")
			if runtime.GOOS == "js" {
				require.Zero(t, refused.StatusCode)
				require.ErrorContains(t, err, "the browser does not say why")
			} else {
				require.Equal(t, test.status, refused.StatusCode)
				require.ErrorContains(t, err, test.native)
			}
		})
	}
}

func TestOtherSubprotocolsAreRefused(t *testing.T) { // [MQTT-6.0.0-4]
	s := newScript(t)
	for _, name := range []string{"", "mqttv3.1", "soap"} {
		key := s.key()
		conn, err := wsconn.Dial(t.Context(), s.url("protocol", "name="+name, "key="+key))
		require.Nil(t, conn)
		var refused *wsconn.SubprotocolError
		switch {
		case runtime.GOOS != "js":
			require.ErrorAs(t, err, &refused)
			require.Equal(t, name, refused.Got)
		case errors.As(err, &refused): // the browser left it to us, as it may for none
			require.Empty(t, name)
		default:
			var failed *wsconn.HandshakeError
			require.ErrorAs(t, err, &failed)
			require.ErrorContains(t, err, "subprotocol mqtt not accepted")
		}
		s.await(key) // the connection has ended
	}
}

func TestDialWithAContextThatIsOver(t *testing.T) {
	s := newScript(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	conn, err := wsconn.Dial(ctx, s.url("echo"))
	require.Nil(t, conn)
	require.ErrorIs(t, err, context.Canceled)
	var failed *wsconn.HandshakeError
	require.ErrorAs(t, err, &failed)
}

func TestDialCancelledDuringTheHandshake(t *testing.T) {
	s := newScript(t)
	for range 3 {
		key := s.key()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		within(t, 2*time.Second, "a cancelled Dial returns at once", func() {
			conn, err := wsconn.Dial(ctx, s.url("hang", "key="+key))
			require.Nil(t, conn)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		})
		cancel()
		within(t, 2*time.Second, "the next Dial to the host is not held up", func() { s.dial("echo").Close() })
		if !firefox { // it keeps the TCP connection until the server answers: TestASocketThatOpensLateIsClosed
			require.Equal(t, "gone", s.await(key), "the handshake is given up")
		}
	}
}

func TestASocketThatOpensLateIsClosed(t *testing.T) {
	s := newScript(t)
	key, until := s.key(), s.key()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	conn, err := wsconn.Dial(ctx, s.url("late", "key="+key, "until="+until))
	require.Nil(t, conn)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	s.release(until)
	require.Contains(t, s.await(key), "0/0/")
	s.wantNone("late")
}

func TestACancelThatRacesTheHandshakeLeavesNoSocket(t *testing.T) {
	s := newScript(t)
	for i := range 100 {
		key := s.key()
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*50*time.Microsecond)
		conn, err := wsconn.Dial(ctx, s.url("sink", "key="+key))
		cancel()
		if err == nil {
			require.NoError(t, conn.Close())
			require.Equal(t, "0/0/1000", s.await(key), "a context that ends after Dial ends nothing")
		}
	}
	s.wantNone("sink")
}

func TestTheContextOfDialIsNotTheConnections(t *testing.T) {
	s := newScript(t)
	ctx, cancel := context.WithCancel(t.Context())
	conn, err := wsconn.Dial(ctx, s.url("echo"))
	require.NoError(t, err)
	defer conn.Close()
	cancel()
	for range 100 {
		_, err = conn.Write([]byte("still here"))
		require.NoError(t, err)
		_, err = io.ReadFull(conn, make([]byte, len("still here")))
		require.NoError(t, err)
	}
}

func TestCloseOfAPeerThatDoesNotAnswer(t *testing.T) {
	conn := newScript(t).dial("deaf")
	read := make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		read <- err
	}()
	runtime.Gosched()
	closed := make(chan struct{})
	start := time.Now()
	go func() {
		conn.Close()
		close(closed)
	}()
	if runtime.GOOS == "js" { // natively coder/websocket frees Read last
		require.ErrorIs(t, <-read, net.ErrClosed)
		require.Less(t, time.Since(start), time.Second, "Read is freed at once")
		<-closed
	} else {
		<-closed
		require.ErrorIs(t, <-read, net.ErrClosed)
	}
	require.Less(t, time.Since(start), 3*time.Second)
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

func TestCloseWhileWriteWaits(t *testing.T) {
	s := newScript(t)
	key, until := s.key(), s.key()
	conn := s.dial("stuck", "key="+key, "until="+until)
	var written atomic.Int64
	done := make(chan error, 1)
	go func() {
		p := make([]byte, 64<<10)
		for {
			if _, err := conn.Write(p); err != nil {
				done <- err
				return
			}
			written.Add(1)
		}
	}()
	stalled(t, &written)
	within(t, 3*time.Second, "Close", func() { conn.Close() })
	require.ErrorIs(t, <-done, net.ErrClosed)
	s.release(until)
	s.await(key)
}

// stalled waits until a counter has begun to rise and has then not risen for a while.
func stalled(t *testing.T, n *atomic.Int64) {
	t.Helper()
	last, since := int64(0), time.Now()
	for last == 0 || time.Since(since) < 500*time.Millisecond {
		time.Sleep(10 * time.Millisecond)
		if now := n.Load(); now != last {
			last, since = now, time.Now()
		}
		require.Less(t, time.Since(since), patience)
	}
}

func TestAfterClose(t *testing.T) {
	conn := newScript(t).dial("numbers", "n=10")
	wantNumbers(t, conn, 1, 4)
	require.NoError(t, conn.Close())
	_, err := conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, net.ErrClosed, "what was not read is of no interest any more")
	_, err = conn.Write([]byte("x"))
	require.ErrorIs(t, err, net.ErrClosed)
	require.NoError(t, conn.Close(), "closing again does nothing")
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
