package emulator_test

import (
	"context"
	"encoding/json"
	"math"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// firstOf reads the first event of a stream, while next makes one. It returns the event's number and how many the reader missed.
func (w *world) firstOf(target string, header map[string]string, next func()) (number, lost int64) {
	w.t.Helper()
	res := w.rest("GET", target, "", header)
	require.Equal(w.t, 200, res.Status, string(res.Body))
	require.Equal(w.t, w.Instance(), res.Header["Emulator-Instance"], target)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for data := range res.Events {
			var e struct {
				SequenceNumber int64 `json:"sequenceNumber"`
				Lost           int64 `json:"lost"`
			}
			if json.Unmarshal(data, &e) == nil {
				number, lost = e.SequenceNumber, e.Lost
			}
			if res.LastEventID() != strconv.FormatInt(number, 10) {
				number = -1
			}
			return
		}
	}()
	synctest.Wait()
	next()
	<-done
	return number, lost
}

// Both streams begin and continue alike.
func TestStreamsResumeAlike(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		d := w.connect(w.put("dev-1"))
		event := func() {
			d.publish("devices/dev-1/messages/events/", "x", 1)
			d.next("PUBACK")
		}
		operation := func() { require.NoError(t, w.SetFaults(emulator.Faults{})) }
		for range 4 {
			event()
			operation()
		}
		for path, stream := range map[string]struct {
			add  func()
			next func() int64 // the number that the next one gets
		}{
			"/messages/events":     {event, func() int64 { return lastEvent(w) + 1 }},
			"/emulator/operations": {operation, func() int64 { synctest.Wait(); return w.log[len(w.log)-1].SequenceNumber + 1 }},
		} {
			next := func(target string, header map[string]string) int64 {
				n := stream.next()
				number, lost := w.firstOf(target, header, stream.add)
				require.Zero(t, lost, "%s %v", target, header)
				return number - n
			}
			require.Zero(t, next(path, nil), "%s: from now on", path)
			for _, from := range []string{"1000000", "9223372036854775806", "9223372036854775807"} {
				require.Zero(t, next(path+"?from="+from, nil), "%s: a number that does not exist yet begins with the next one, and not when that number comes", path)
				require.Zero(t, next(path, map[string]string{"Last-Event-ID": from}), "%s behind %s", path, from)
			}
			nothing := func() {}
			for _, from := range []string{"0", "1"} {
				number, lost := w.firstOf(path+"?from="+from, nil, nothing)
				require.Equal(t, [2]int64{1, 0}, [2]int64{number, lost}, "%s from %s", path, from)
			}
			number, lost := w.firstOf(path+"?from=3", nil, nothing)
			require.Equal(t, [2]int64{3, 0}, [2]int64{number, lost}, path)
			number, lost = w.firstOf(path, map[string]string{"Last-Event-ID": "2"}, nothing)
			require.Equal(t, [2]int64{3, 0}, [2]int64{number, lost}, "%s behind 2", path)
			for _, bad := range []string{"x", "-1", "9223372036854775808", "1.5"} {
				require.Equal(t, 400, w.rest("GET", path+"?from="+bad, "", nil).Status, bad)
				require.Equal(t, 400, w.rest("GET", path, "", map[string]string{"Last-Event-ID": bad}).Status, bad)
			}
		}
		for _, from := range []int64{math.MinInt64, 0, 1} {
			for e := range w.EventsFrom(t.Context(), from) {
				require.Equal(t, [2]int64{1, 0}, [2]int64{e.SequenceNumber, e.Lost})
				break
			}
			for o := range w.OperationsFrom(t.Context(), from) {
				require.Equal(t, [2]int64{1, 0}, [2]int64{o.SequenceNumber, o.Lost})
				break
			}
		}
	})
}

// lastEvent is the number of the last event of a hub.
func lastEvent(w *world) (n int64) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e := range w.EventsFrom(ctx, 0) {
			n = e.SequenceNumber
		}
	}()
	synctest.Wait()
	cancel()
	<-done
	return n
}

// A number of an earlier life of a hub means nothing: it neither waits nor counts numbers that no event ever had as lost.
func TestNumbersOfAnotherInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &disk{}
		w := newWorld(t, &emulator.Hub{Store: store})
		d := w.connect(w.put("dev-1"))
		d.publish("devices/dev-1/messages/events/", "x", 1)
		d.wantPuback("sent", 1)
		synctest.Wait()
		first := w.Instance()
		require.Equal(t, first, w.Instance())
		require.Regexp(t, "^[0-9a-f]{24}$", first)

		again := newWorld(t, &emulator.Hub{Store: store.image()})
		require.NotEqual(t, first, again.Instance())
		d = again.connectAs(credentials{Device: mustDevice(t, again.Hub, "dev-1")}, true)
		number, lost := again.firstOf("/messages/events?from=2", nil, func() { d.publish("devices/dev-1/messages/events/", "x", 0) })
		require.Greater(t, number, int64(1<<20))
		require.Zero(t, lost, "the numbers between are reserved, and were never used")
	})
}
