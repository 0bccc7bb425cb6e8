package wsconn_test

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

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
