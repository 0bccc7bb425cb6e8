package hubclient

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// refuse plays a hub that answers CONNECT with code.
func (d *device) refuse(code mqttcodec.ConnectCode) {
	d.t.Helper()
	hub := d.net.accept()
	want[*mqttcodec.Connect](hub)
	hub.send(&mqttcodec.Connack{ReturnCode: code})
	hub.wantEnd("refused")
}

// A timekeeper is a ServerTime whose clock is so much ahead of this machine's, and who takes so long to look at it.
type timekeeper struct {
	ahead, takes time.Duration
	err          error
	asked        int
}

func (k *timekeeper) now(ctx context.Context) (time.Time, error) {
	k.asked++
	select {
	case <-time.After(k.takes):
		return time.Now().Add(k.ahead), k.err
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	}
}

func TestClock(t *testing.T) {
	// lastRefusal is what a device says that is refused as often as it takes.
	lastRefusal := func(t *testing.T, d *device) *ConnectError {
		for d.State().Phase != Refused {
			d.refuse(mqttcodec.NotAuthorized)
			time.Sleep(clockTimeout + time.Second) // the check, and the backoff
			synctest.Wait()
		}
		var refusal *ConnectError
		require.ErrorAs(t, d.wantResult(), &refusal)
		return refusal
	}

	bubble(t, "a clock that is behind is named", func(t *testing.T) {
		k := &timekeeper{ahead: 2 * time.Hour}
		refusal := lastRefusal(t, start(t, &Options{ServerTime: k.now}))
		require.Equal(t, -2*time.Hour, refusal.Skew)
		require.Equal(t, "hubclient: myhub.azure-devices.net refused dev-1: not authorized: this machine's clock is 2h0m0s behind: "+
			"it says 2000-01-01T00:00:12Z, and it is 2000-01-01T02:00:12Z; the hub allows five minutes: set the clock", refusal.Error())
		require.Equal(t, maxRefusals, k.asked, "once for each refusal: it may have been set meanwhile")
	})

	bubble(t, "a clock that is ahead is named", func(t *testing.T) {
		refusal := lastRefusal(t, start(t, &Options{ServerTime: (&timekeeper{ahead: -hubproto.MaxClockSkew - time.Second}).now}))
		require.Equal(t, hubproto.MaxClockSkew+time.Second, refusal.Skew)
		require.ErrorContains(t, refusal, "this machine's clock is 5m1s ahead")
	})

	bubble(t, "hours are told to the minute", func(t *testing.T) {
		refusal := lastRefusal(t, start(t, &Options{ServerTime: (&timekeeper{ahead: 2*time.Hour - time.Second}).now}))
		require.Equal(t, -2*time.Hour+time.Second, refusal.Skew)
		require.ErrorContains(t, refusal, "this machine's clock is 2h0m0s behind")
	})

	bubble(t, "a clock that is right to five minutes is not blamed, and a slow answer is no skew", func(t *testing.T) {
		refusal := lastRefusal(t, start(t, &Options{ServerTime: (&timekeeper{ahead: -hubproto.MaxClockSkew, takes: 4 * time.Second}).now}))
		require.Equal(t, hubproto.MaxClockSkew-2*time.Second, refusal.Skew, "to half of the time that the answer took")
		require.ErrorContains(t, refusal, "check that the key or token is this device's")
		require.ErrorContains(t, refusal, "this machine's clock is right")
	})

	bubble(t, "who cannot tell the time leaves the question open", func(t *testing.T) {
		refusal := lastRefusal(t, start(t, &Options{ServerTime: (&timekeeper{ahead: time.Hour, err: errTest}).now}))
		require.Zero(t, refusal.ServerTime)
		require.ErrorContains(t, refusal, "this machine's clock (2000-01-01T00:00:12Z) is right to five minutes")
	})

	bubble(t, "the check delays a refusal by five seconds at most", func(t *testing.T) {
		d := start(t, &Options{ServerTime: (&timekeeper{takes: time.Hour}).now})
		d.refuse(mqttcodec.NotAuthorized)
		time.Sleep(clockTimeout - time.Millisecond)
		d.wantStates(Dialing, Connecting)
		time.Sleep(time.Millisecond)
		require.Zero(t, d.wantStates(Reconnecting)[0].Err.(*ConnectError).ServerTime)
	})

	bubble(t, "the end of Run's context does not wait for the check", func(t *testing.T) {
		d := start(t, &Options{ServerTime: (&timekeeper{takes: time.Hour}).now})
		d.refuse(mqttcodec.NotAuthorized)
		d.stop()
		require.NoError(t, d.wantResult())
	})

	bubble(t, "nobody is asked when a clock cannot be the reason", func(t *testing.T) {
		k := &timekeeper{}
		d := start(t, &Options{ServerTime: k.now})
		d.refuse(mqttcodec.ServerUnavailable)
		time.Sleep(time.Second)
		d.net.accept().welcome()
		d = startWith(t, Credentials{Host: testHost, DeviceID: testID, X509: true}, &Options{ServerTime: k.now})
		d.refuse(mqttcodec.NotAuthorized)
		synctest.Wait()
		require.Zero(t, k.asked)
	})

	bubble(t, "the clock of a token made elsewhere is checked too", func(t *testing.T) {
		token := hubproto.SignSAS(testKey, hubproto.DeviceResource(testHost, testID, ""), "", time.Now().Add(time.Hour))
		refusal := lastRefusal(t, startWith(t, Credentials{Host: testHost, DeviceID: testID, SharedAccessSignature: token},
			&Options{ServerTime: (&timekeeper{ahead: 2 * time.Hour}).now}))
		require.Equal(t, -2*time.Hour, refusal.Skew)
	})

	bubble(t, "DPS judges the clock as a hub does", func(t *testing.T) {
		n := newNetwork(t)
		registering := later(t, func() error {
			_, err := Register(t.Context(), individual, &Options{Dial: n.dial, ServerTime: (&timekeeper{ahead: 2 * time.Hour}).now,
				Backoff: func(int) time.Duration { return time.Second }})
			return err
		})
		for range maxRefusals {
			dps := n.accept()
			want[*mqttcodec.Connect](dps)
			dps.send(&mqttcodec.Connack{ReturnCode: mqttcodec.NotAuthorized})
			synctest.Wait()
			time.Sleep(time.Second)
		}
		require.ErrorContains(t, registering.result(), "this machine's clock is 2h0m0s behind")
	})
}
