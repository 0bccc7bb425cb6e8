package chaos

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// pair is a connection through a network: ours is the end with the plan, theirs is the bare other one.
func pair(n *Network, p plan) (ours *conn, theirs net.Conn) {
	a, b := net.Pipe()
	ours = n.open(a)
	ours.plan = p
	ours.timer.Reset(p.life)
	return ours, b
}

func TestCalmNetworkChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork(1)
		ours, theirs := pair(n, plan{life: time.Second, piece: 8})
		go ours.Write(bytes.Repeat([]byte("x"), 1000))
		space := make([]byte, 2000)
		got, err := theirs.Read(space)
		require.NoError(t, err)
		require.Equal(t, 1000, got, "in one piece")
		time.Sleep(time.Hour)
		go theirs.Write([]byte("still there"))
		got, err = ours.Read(space)
		require.NoError(t, err)
		require.Equal(t, "still there", string(space[:got]))
		require.Zero(t, n.Cuts())
		ours.Close()
		theirs.Close()
	})
}

func TestRoughNetworkSplitsAndDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork(1)
		n.SetRough(true)
		ours, theirs := pair(n, plan{life: time.Hour, piece: 8})
		want := bytes.Repeat([]byte("0123456789"), 1000)
		for name, way := range map[string]struct{ from, to net.Conn }{"written": {ours, theirs}, "read": {theirs, ours}} {
			start := time.Now()
			written := make(chan error, 1)
			go func() {
				_, err := way.from.Write(want)
				written <- err
			}()
			var got []byte
			for space := make([]byte, 100); len(got) < len(want); {
				n, err := way.to.Read(space)
				require.NoError(t, err)
				require.LessOrEqual(t, n, 8, name)
				got = append(got, space[:n]...)
			}
			require.NoError(t, <-written)
			require.Equal(t, want, got, name)
			require.Greater(t, time.Since(start), 50*time.Millisecond, "%s: 1250 pieces or more, every fiftieth of them 5 ms late", name)
		}
		require.Zero(t, n.Cuts())
		ours.Close()
		theirs.Close()
	})
}

func TestCutInTheMiddleOfAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork(1)
		n.SetRough(true)
		ours, theirs := pair(n, plan{life: time.Second, piece: 8})
		read := make(chan []byte)
		go func() {
			b, _ := io.ReadAll(theirs)
			read <- b
		}()
		time.Sleep(time.Second)
		synctest.Wait()
		written, err := ours.Write(make([]byte, 100))
		require.ErrorIs(t, err, errCut)
		require.Less(t, written, 8)
		require.Len(t, <-read, written, "the writer knows what went out")
		_, err = ours.Write([]byte("more"))
		require.ErrorIs(t, err, net.ErrClosed)
		require.Equal(t, Cuts{Goodbyes: 1}, n.Cuts())
	})
}

func TestCutWithoutAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork(1)
		n.SetRough(true)
		start := time.Now()
		ours, theirs := pair(n, plan{life: time.Second, piece: 8})
		_, err := ours.Read(make([]byte, 1))
		require.Error(t, err)
		require.Equal(t, time.Second+grace, time.Since(start))
		_, err = theirs.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, Cuts{Goodbyes: 1}, n.Cuts())
	})
}

func TestSilenceSwallowsBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork(1)
		n.SetRough(true)
		ours, theirs := pair(n, plan{life: time.Second, end: endSilence, silence: 200 * time.Millisecond, piece: 8})
		time.Sleep(time.Second)
		synctest.Wait()
		written, err := ours.Write(make([]byte, 100))
		require.NoError(t, err, "it looks as if all were well")
		require.Equal(t, 100, written)
		go theirs.Write([]byte("lost"))
		start := time.Now()
		_, err = ours.Read(make([]byte, 100))
		require.Error(t, err, "nothing comes before the end")
		require.Less(t, time.Since(start), 200*time.Millisecond)
		_, err = theirs.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF, "nothing of the write has arrived")
		require.Equal(t, Cuts{Goodbyes: 1, Silences: 1}, n.Cuts())
	})
}

func TestCalmFinishesWhatHasBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork(1)
		n.SetRough(true)
		doomed, _ := pair(n, plan{life: time.Second, end: endSilence, silence: 200 * time.Millisecond})
		spared, _ := pair(n, plan{life: 2 * time.Second})
		time.Sleep(time.Second + 100*time.Millisecond)
		n.SetRough(false)
		time.Sleep(time.Hour)
		require.Equal(t, Cuts{Goodbyes: 1, Silences: 1}, n.Cuts())
		_, err := doomed.Write([]byte("x"))
		require.ErrorIs(t, err, net.ErrClosed)
		state, _, _ := spared.snapshot()
		require.Equal(t, alive, state)
		spared.Close()
	})
}

// TestTCPEndings cuts real TCP connections: what the other side sees of a reset and of a close are different things.
func TestTCPEndings(t *testing.T) {
	for name, tt := range map[string]struct {
		end  ending
		want Cuts
		eof  bool
	}{
		"reset": {endReset, Cuts{Connections: 1, Resets: 1}, false},
		"close": {endClose, Cuts{Connections: 1, Closes: 1}, true},
	} {
		t.Run(name, func(t *testing.T) {
			n := NewNetwork(1)
			n.SetRough(true)
			bare, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			l := n.Listener(bare)
			defer l.Close()
			theirs, err := n.Dial(func(ctx context.Context, addr string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "tcp", addr)
			})(t.Context(), bare.Addr().String())
			require.NoError(t, err)
			theirs.(*conn).timer.Stop()
			accepted, err := l.Accept()
			require.NoError(t, err)
			ours := accepted.(*conn)
			ours.plan.end = tt.end
			ours.expire()
			_, err = theirs.Read(make([]byte, 1))
			require.Equal(t, tt.eof, errors.Is(err, io.EOF), "%v", err)
			theirs.Close()
			tt.want.Connections++ // both ends are TCP here
			require.Equal(t, tt.want, n.Cuts())
		})
	}
}

func TestSeedRepeatsThePlan(t *testing.T) {
	plans := func(seed uint64) (plans []plan) {
		n := NewNetwork(seed)
		for range 100 {
			a, b := net.Pipe()
			c := n.open(a)
			plans = append(plans, c.plan)
			c.Close()
			b.Close()
		}
		return plans
	}
	require.Equal(t, plans(7), plans(7))
	require.NotEqual(t, plans(7), plans(8))
	seen := map[ending]int{}
	for _, p := range plans(7) {
		require.GreaterOrEqual(t, p.life, minLife)
		require.Less(t, p.life, maxLife)
		seen[p.end]++
	}
	require.Len(t, seen, 3, "every ending happens")
}
