package connection

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// doctor runs Occupy with a connection of its own for a minute, and closes started when it has it.
func (s *site) doctor(ctx context.Context) (started chan struct{}, result chan error) {
	started, result = make(chan struct{}), make(chan error, 1)
	go func() {
		result <- s.Occupy(ctx, func(ctx context.Context) {
			close(started)
			s.signIn(ctx, time.Minute)
		})
	}()
	return started, result
}

func TestTheDoctorPausesTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.closing = time.Second
		s.connect()
		started, result := s.doctor(t.Context())
		<-started
		s.Read(func() { require.False(t, s.Running()) })
		require.Equal(t, "disconnected", s.bar())
		require.NoError(t, <-result)
		synctest.Wait()
		s.connected() // never two at a time
		require.True(t, s.has("disconnect"))
	})
}

func TestTheDoctorStartsNothingThatDidNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		_, result := s.doctor(t.Context())
		require.NoError(t, <-result)
		synctest.Wait()
		s.disconnected()
		dials, _, _ := s.account()
		require.Equal(t, 1, dials)
	})
}

func TestConnectEndsTheDoctorAndWaits(t *testing.T) {
	for _, connected := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := openSite(t)
			s.closing = time.Second
			if connected {
				s.connect()
			}
			started, result := s.doctor(t.Context())
			<-started
			synctest.Wait()
			_, open, _ := s.account()
			require.Equal(t, 1, open, "the doctor's own")
			before, _, _ := s.account()
			began := time.Now()
			s.Connect()
			synctest.Wait()
			after, _, _ := s.account()
			require.Equal(t, before, after, "it dialed beside the doctor")
			require.NoError(t, <-result)
			require.Equal(t, s.closing, time.Since(began), "the doctor ends at once")
			synctest.Wait()
			s.connected()
			after, _, _ = s.account()
			require.Equal(t, before+1, after)
		})
	}
}

func TestTheDoctorReplacesAStartThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.closing = time.Second
		s.connect()
		s.Start(s.settings())
		waiting := s.state.connection
		started, result := s.doctor(t.Context())
		<-started
		require.False(t, waiting.began)
		require.NoError(t, <-result)
		synctest.Wait()
		s.connected() // what waited is connected afterwards
	})
}

func TestDisconnectEndsTheDoctorForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.connect()
		started, result := s.doctor(t.Context())
		<-started
		began := time.Now()
		require.NoError(t, s.DisconnectAndWait(t.Context()))
		require.Zero(t, time.Since(began), "the doctor ends at once")
		_, open, _ := s.account()
		require.Zero(t, open)
		require.NoError(t, <-result)
		synctest.Wait()
		s.disconnected()
	})
}

// The doctor's own end gives the connection back, also when it comes before the doctor could begin.
func TestStoppingTheDoctorGivesTheConnectionBack(t *testing.T) {
	for _, wait := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := openSite(t)
			s.closing = time.Second
			s.connect()
			ctx, cancel := context.WithCancel(t.Context())
			started, result := s.doctor(ctx)
			if wait {
				<-started
			}
			synctest.Wait()
			cancel()
			err := <-result
			if wait {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, context.Canceled)
			}
			synctest.Wait()
			s.connected()
		})
	}
}

func TestADoctorThatWaitsCanBeReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.closing = time.Second
		s.connect()
		_, result := s.doctor(t.Context())
		synctest.Wait()
		s.Start(s.settings())
		require.ErrorIs(t, <-result, context.Canceled)
		synctest.Wait()
		s.connected()
	})
}

func TestASecondDoctorGivesTheConnectionBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.connect()
		started, first := s.doctor(t.Context())
		<-started
		_, second := s.doctor(t.Context())
		require.NoError(t, <-first)
		require.NoError(t, <-second)
		synctest.Wait()
		s.connected()
	})
}

func TestAPanicOfTheDoctorGivesTheConnectionBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.connect()
		s.Go("the doctor", func(ctx context.Context) {
			s.Occupy(ctx, func(context.Context) { panic("doctor") })
		})
		synctest.Wait()
		require.Contains(t, <-s.fatal, "the doctor")
		s.connected()
	})
}

func TestClosingThePageEndsTheDoctor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.connect()
		started := make(chan struct{})
		s.Go("the doctor", func(ctx context.Context) {
			s.Occupy(ctx, func(ctx context.Context) { close(started); <-ctx.Done() })
		})
		<-started
		s.Close()
		synctest.Wait()
		_, open, _ := s.account()
		require.Zero(t, open)
		s.Connect() // after Close it does nothing
		synctest.Wait()
		s.Read(func() { require.False(t, s.Running()) })
	})
}
