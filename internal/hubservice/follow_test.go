package hubservice

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// follow runs a follower until the end of the test, and returns what it gets.
func (s *site) follow(f *Follower) func() []Entry {
	var mu sync.Mutex
	var entries []Entry
	f.Got = func(e Entry) {
		mu.Lock()
		defer mu.Unlock()
		entries = append(entries, e)
	}
	if f.Client == nil {
		client := s.client()
		f.Client = func(context.Context, error) *Client { return client }
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); f.Run(ctx) }()
	s.t.Cleanup(func() { cancel(); <-done })
	synctest.Wait()
	return func() []Entry {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		return append([]Entry(nil), entries...)
	}
}

func numbers(entries []Entry) (list []int64) {
	for _, e := range entries {
		list = append(list, e.Number)
	}
	return list
}

// Telemetry that arrives while the stream is broken comes when it is open again, once.
func TestABrokenStreamIsResumed(t *testing.T) {
	send := map[Stream]func(t *testing.T, s *site) func(n int){
		Telemetry: func(t *testing.T, s *site) func(int) {
			device := s.connect()
			synctest.Wait()
			return func(n int) {
				require.NoError(t, device.Send(t.Context(), hubclient.Message{Body: []byte(fmt.Sprint(n))}))
			}
		},
		Operations: func(t *testing.T, s *site) func(int) {
			return func(n int) {
				hub, _ := s.now()
				require.NoError(t, hub.SetFaults(emulator.Faults{Delay: time.Duration(n)}))
			}
		},
	}
	for stream, source := range send {
		t.Run(string(stream), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t)
				send := source(t, s)
				var opened []bool
				got := s.follow(&Follower{Stream: stream, Open: func(open bool) { opened = append(opened, open) }})
				for n := range 3 {
					send(n)
				}
				require.Len(t, got(), 3)
				s.breakStreams()
				synctest.Wait()
				for n := range 5 {
					send(n)
				}
				require.Len(t, got(), 3, "the stream is broken")
				time.Sleep(firstPause)
				entries := got()
				require.Len(t, entries, 8)
				first := entries[0].Number
				require.Positive(t, first)
				for i, n := range numbers(entries) {
					require.Equal(t, first+int64(i), n)
					require.False(t, entries[i].Restarted)
				}
				require.Equal(t, []bool{true, false, true}, opened)
				s.breakStreams()
				time.Sleep(maxPause)
				send(9)
				require.Len(t, got(), 9, "nothing comes twice")
			})
		})
	}
}

func TestAFollowerBeginsAtANumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		hub, _ := s.now()
		for n := range 3 {
			require.NoError(t, hub.SetFaults(emulator.Faults{Delay: time.Duration(n)}))
		}
		got := s.follow(&Follower{Stream: Operations, From: 2})
		require.EqualValues(t, 2, numbers(got())[0])
	})
}

// The numbers of a restarted emulator begin again: nothing of it is missed, and what it did not have is not counted as lost.
func TestAStreamOfARestartedEmulator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		client := s.client()
		got := s.follow(&Follower{Stream: Operations, Client: func(_ context.Context, broken error) *Client {
			if broken != nil {
				if _, info := s.now(); info.ServiceConnectionString != client.service.String() {
					client = s.client()
				}
			}
			return client
		}})
		hub, _ := s.now()
		for n := range 200 {
			require.NoError(t, hub.SetFaults(emulator.Faults{Delay: time.Duration(n)}))
		}
		before := got()
		s.restart()
		hub, _ = s.now()
		require.NoError(t, hub.SetFaults(emulator.Faults{Delay: time.Second}))
		time.Sleep(2 * maxPause)
		after := got()[len(before):]
		require.Greater(t, len(after), 1)
		require.EqualValues(t, 1, after[0].Number, "the first of the new instance")
		require.Less(t, len(after), len(before))
		require.True(t, after[0].Restarted)
		require.False(t, after[1].Restarted)
		o, err := after[0].Operation()
		require.NoError(t, err)
		require.Zero(t, o.Lost)
	})
}

// Another instance is recognized by the stream's header, before one of its entries is taken for one of the instance before.
func TestAStreamOfAnotherInstanceIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		_, info := s.now()
		info.Instance = "before"
		fetch := func(ctx context.Context, r *FetchRequest) (*FetchResponse, error) {
			res, err := s.fetch(ctx, r)
			if err == nil {
				res.Header["emulator-instance"] = "after"
			}
			return res, err
		}
		client, err := New(fetch, &info)
		require.NoError(t, err)
		info.Instance = "after"
		now, err := New(fetch, &info)
		require.NoError(t, err)
		var broken []error
		got := s.follow(&Follower{Stream: Operations, Client: func(_ context.Context, err error) *Client {
			if broken = append(broken, err); err != nil {
				return now
			}
			return client
		}})
		require.Empty(t, got())
		time.Sleep(firstPause)
		require.NotEmpty(t, got())
		require.Equal(t, []error{nil, ErrRestarted}, broken)
	})
}

func TestAStreamIsOpenedAgainLessAndLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		_, info := s.now()
		began := time.Now()
		var attempts []time.Duration
		client, err := New(func(ctx context.Context, r *FetchRequest) (*FetchResponse, error) {
			attempts = append(attempts, time.Since(began))
			return nil, errors.New("offline")
		}, &info)
		require.NoError(t, err)
		got := s.follow(&Follower{Stream: Telemetry, Client: func(context.Context, error) *Client { return client }})
		time.Sleep(45 * time.Second)
		require.Empty(t, got())
		ms := time.Millisecond
		require.Equal(t, []time.Duration{0, 500 * ms, 1500 * ms, 3500 * ms, 7500 * ms, 15500 * ms, 25500 * ms, 35500 * ms}, attempts)
	})
}

func TestServerSentEvents(t *testing.T) {
	var got []string
	err := readEvents(strings.NewReader("retry: 5\n\nid: 6\n\nid: 7\ndata: a\n\n: comment\ndata:b\ndata: c\r\n\r\nid: 9\ndata: incomplete\n"),
		func(id string, data []byte) { got = append(got, fmt.Sprintf("%s %s %t", id, data, data == nil)) })
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, []string{"6  true", "7 a false", "7 b\nc false"}, got)
}

// A stream that gives the number of its last entry at its beginning is resumed there, also if no entry came.
func TestAStreamWithoutEntriesIsResumedAtItsNumber(t *testing.T) {
	f := &Follower{Got: func(Entry) { t.Error("there is no entry") }}
	var at position
	f.receive(&at, "41", nil)
	require.Equal(t, position{known: true, next: 42}, at)
	at = position{}
	f.receive(&at, "0", nil)
	require.Equal(t, position{known: true, next: 1}, at)
}

// An entry that comes again, because a carrier or a hub did not begin where it should, is not passed on.
func TestAnEntryThatComesAgain(t *testing.T) {
	var got []int64
	f := &Follower{Got: func(e Entry) { got = append(got, e.Number) }}
	var at position
	for _, id := range []string{"4", "5", "4", "5", "6"} {
		f.receive(&at, id, []byte("{}"))
	}
	f.receive(&at, "", []byte(`{"sequenceNumber":6}`))
	f.receive(&at, "", []byte(`{"sequenceNumber":7}`))
	require.Equal(t, []int64{4, 5, 6, 7}, got)
}
