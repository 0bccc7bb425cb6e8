package page

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
)

// A thousand packets in a tenth of a second are one drawing and not a thousand, and none is forgotten.
func TestUpdatesInARowAreDrawnTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		packets := 0
		var drawings atomic.Int64
		p := New(Env{Changed: func() { drawings.Add(1) }, Location: time.UTC})
		defer p.Close()
		synctest.Wait()
		p.Begin()
		drawings.Store(0)
		for range 1000 {
			time.Sleep(100 * time.Microsecond)
			p.UpdateSoon(func() { packets++ })
		}
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, 1000, packets)
		require.Positive(t, drawings.Load())
		require.LessOrEqual(t, drawings.Load(), int64(3))

		p.Begin()
		p.Drew(50 * time.Millisecond)
		drawings.Store(0)
		p.UpdateSoon(func() {})
		time.Sleep(drawShare*50*time.Millisecond - time.Millisecond)
		synctest.Wait()
		require.Zero(t, drawings.Load(), "a slow page draws less often")
		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.EqualValues(t, 1, drawings.Load())
		p.Update(func() {})
		require.EqualValues(t, 2, drawings.Load(), "what a person does is drawn at once")
	})
}

func TestCloseWaitsForEveryGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Env{Changed: func() {}, Location: time.UTC})
		ended := false
		p.Lock() // Go can be called with the lock held
		started := p.Go("a test", func(ctx context.Context) {
			<-ctx.Done()
			time.Sleep(time.Second)
			ended = true
		})
		p.Unlock()
		require.True(t, started)
		p.Close()
		require.True(t, ended)
		require.False(t, p.Go("a test", func(context.Context) { t.Error("it runs after Close") }))
	})
}

// Events run in their order and one at a time, also when the one before panics.
func TestTheQueueOutlivesAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fatal []string
		p := New(Env{Changed: func() {}, Fatal: func(sentence, _ string) { fatal = append(fatal, sentence) }, Location: time.UTC})
		defer p.Close()
		var order []int
		for i := range 100 {
			p.Enqueue(func() {
				order = append(order, i)
				if i == 50 {
					panic("broken")
				}
			})
		}
		p.Enqueue(func() { p.Update(func() { panic("with the lock") }) })
		synctest.Wait()
		require.Len(t, order, 100)
		require.IsIncreasing(t, order)
		require.Len(t, fatal, 2)
		p.Update(func() {}) // the lock is free
	})
}

func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Env{Changed: func() {}, Location: time.UTC})
		defer p.Close()
		n := 0
		p.Go("a test", func(ctx context.Context) {
			for range 3 {
				time.Sleep(time.Second)
				p.UpdateSoon(func() { n++ })
			}
		})
		require.NoError(t, p.Await(t.Context(), func() bool { return n == 3 }))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, p.Await(ctx, func() bool { return n == 4 }), context.DeadlineExceeded)
	})
}

func TestTheGutter(t *testing.T) {
	require.Equal(t, "1\n2\n3", uitest.Text(gutter(3, 0)))
	marked := gutter(3, 2)
	require.Equal(t, "b", marked.Children[1].Tag)
	require.Equal(t, "2", marked.Children[1].Text)
	require.Equal(t, 2, jsontext.ErrorLine(jsontext.Check("It", "{\n\"a\": x\n}")))
	require.Zero(t, jsontext.ErrorLine(nil))
}

func TestABusyListDrawsItsWindowOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Env{Changed: func() {}, Location: time.UTC})
		defer p.Close()
		var list BusyList
		list.Prepare(p.Drawing, 100)
		require.Equal(t, 50, list.Rows(50, 10), "the first rows are not a rush")
		list.Prepare(p.Drawing, 200)
		require.Equal(t, 10, list.Rows(50, 10))
		scroll := p.WatchScroll(&list)
		p.Handle(scroll.Do, ui.Event{Top: 40})
		synctest.Wait()
		require.Equal(t, 50, list.Rows(50, 10), "somebody reads further down")
		p.Handle(scroll.Do, ui.Event{})
		synctest.Wait()
		require.Equal(t, 10, list.Rows(50, 10))
		time.Sleep(2 * time.Second)
		require.Equal(t, 50, list.Rows(50, 10), "it is calm")
	})
}
