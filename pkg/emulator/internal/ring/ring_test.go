package ring

import (
	"context"
	"math"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestRing(t *testing.T) {
	s := New(3, 10, func(item int64) int { return int(item) })
	add := func(n int) {
		for range n {
			s.Append(func(sequence int64) int64 { return sequence })
		}
	}
	collect := func(from int64, n int) (items []int64, lost int64) {
		for item, l := range s.From(context.Background(), from) {
			items, lost = append(items, item), lost+l
			if len(items) == n {
				break
			}
		}
		return items, lost
	}
	add(4)
	items, lost := collect(1, 3)
	require.Equal(t, []int64{2, 3, 4}, items, "at most three items")
	require.Equal(t, int64(1), lost)
	add(2)
	items, lost = collect(4, 1)
	require.Equal(t, []int64{6}, items, "at most ten bytes")
	require.Equal(t, int64(2), lost, "5 and 6 are more than ten bytes")
	require.Equal(t, int64(7), s.Next())
	add(6)
	items, _ = collect(1, 1)
	require.Equal(t, []int64{12}, items, "but always one item")
}

func TestReadersFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(10, 1000, func(int64) int { return 1 })
		ctx, cancel := context.WithCancel(t.Context())
		got := [2][]int64{}
		for i := range got {
			go func() {
				for item := range s.From(ctx, 1) {
					got[i] = append(got[i], item)
				}
			}()
		}
		for i := range 3 {
			synctest.Wait()
			s.Append(func(sequence int64) int64 { return sequence })
			synctest.Wait()
			require.Len(t, got[0], i+1, "every reader is woken")
			require.Len(t, got[1], i+1)
		}
		cancel()
		synctest.Wait()
		s.Append(func(sequence int64) int64 { return sequence })
		s.End()
		n := 0
		for range s.From(t.Context(), 1) {
			n++
		}
		require.Equal(t, 4, n, "an ended stream gives what it has")
	})
}

func TestNumbersOfNoItem(t *testing.T) {
	for _, first := range []int64{1, 1 << 20} {
		r := New(2, 1000, func(int64) int { return 1 })
		r.StartAt(first)
		for range 3 {
			r.Append(func(sequence int64) int64 { return sequence })
		}
		for _, below := range []int64{math.MinInt64, -1, 0, 1} {
			for item, missed := range r.From(t.Context(), below) {
				require.Equal(t, first+1, item, "from %d: the oldest item", below)
				require.Equal(t, int64(1), missed, "from %d: the one that was dropped, and no number that never was", below)
				break
			}
		}
		for _, beyond := range []int64{first + 3, first + 100, math.MaxInt64} {
			items := r.From(t.Context(), beyond)
			r.Append(func(sequence int64) int64 { return sequence })
			for item, missed := range items {
				require.Equal(t, r.Next()-1, item, "from %d: the next item, at once", beyond)
				require.Zero(t, missed)
				break
			}
		}
	}
}
