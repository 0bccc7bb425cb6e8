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

func TestToken(t *testing.T) {
	given := func(expiry time.Time) Credentials {
		token := hubproto.SignSAS(testKey, hubproto.DeviceResource(testHost, testID, ""), "", expiry)
		return Credentials{Host: testHost, DeviceID: testID, SharedAccessSignature: token}
	}

	bubble(t, "an expired token is not worth a dial", func(t *testing.T) {
		d := startWith(t, given(time.Now().Add(-time.Minute)), nil)
		var expired *TokenExpiredError
		err := d.wantResult()
		require.ErrorAs(t, err, &expired)
		require.EqualError(t, err, "hubclient: the SAS token expired at 1999-12-31T23:59:00Z, and this machine's clock says 2000-01-01T00:00:00Z: make a new token, or set the clock")
		require.Empty(t, d.net.urls)
		d.wantStates(Refused)
	})

	bubble(t, "a given token lives until the hub cuts it off", func(t *testing.T) {
		d := startWith(t, given(time.Now().Add(2*time.Minute)), &Options{KeepAlive: hubproto.MaxKeepAlive})
		hub := d.net.accept()
		hub.welcome()
		time.Sleep(2 * time.Minute)
		hub.wantIdle("there is nothing to renew it with")
		hub.cut()
		synctest.Wait()
		time.Sleep(time.Second)
		var expired *TokenExpiredError
		require.ErrorAs(t, d.wantResult(), &expired)
	})

	bubble(t, "a token that expires while the hub refuses it explains the refusal", func(t *testing.T) {
		d := startWith(t, given(time.Now().Add(time.Second)), nil)
		hub := d.net.accept()
		want[*mqttcodec.Connect](hub)
		time.Sleep(time.Second)
		hub.send(&mqttcodec.Connack{ReturnCode: mqttcodec.NotAuthorized})
		var expired *TokenExpiredError
		require.ErrorAs(t, d.wantResult(), &expired)
	})

	bubble(t, "a token of ours is renewed at 80 % of its life, after what is under way", func(t *testing.T) {
		release := make(chan struct{})
		d := start(t, &Options{KeepAlive: hubproto.MaxKeepAlive, OnMethod: func(context.Context, Method) (Response, error) {
			<-release
			return Response{}, nil
		}})
		hub := d.net.accept()
		first := hub.welcome(hubproto.MethodsFilter)
		for range 3 { // keep-alive
			time.Sleep(hubproto.MaxKeepAlive * 3 / 4)
			want[*mqttcodec.Pingreq](hub)
			hub.send(&mqttcodec.Pingresp{})
		}
		time.Sleep(48*time.Minute - 10*time.Second - 3*(hubproto.MaxKeepAlive*3/4))
		hub.wantIdle("the renewal is 10 s away")
		hub.send(message("$iothub/methods/POST/slow/?$rid=1", "null"))
		under := d.sendLater("under way")
		sent := want[*mqttcodec.Publish](hub)
		d.wantStates(Dialing, Connecting, Connected)

		time.Sleep(15 * time.Second)
		held := d.sendLater("held back")
		hub.wantIdle("nothing new is begun")
		hub.send(&mqttcodec.Puback{PacketID: sent.PacketID})
		require.NoError(t, under.result())
		hub.wantIdle("a method is under way")
		close(release)
		hub.wantPublish("$iothub/methods/res/200/?$rid=1", "")
		want[*mqttcodec.Disconnect](hub)
		hub.wantEnd("this connection is over")

		hub = d.net.accept() // at once, without a backoff
		second := hub.welcome(hubproto.MethodsFilter)
		require.NotEqual(t, first.Password, second.Password)
		require.Nil(t, d.wantStates(Dialing, Connecting, Connected)[0].Err)
		sent = hub.wantPublish(events, "held back")
		require.False(t, sent.Dup)
		hub.send(&mqttcodec.Puback{PacketID: sent.PacketID})
		require.NoError(t, held.result())
	})

	bubble(t, "what is under way delays the renewal by half a minute at most, and is not lost", func(t *testing.T) {
		d := start(t, &Options{TokenTTL: time.Minute})
		hub := d.net.accept()
		hub.welcome()
		time.Sleep(48*time.Second - time.Millisecond)
		sending := d.sendLater("never acknowledged")
		want[*mqttcodec.Publish](hub)
		time.Sleep(time.Millisecond + drainTimeout)
		want[*mqttcodec.Disconnect](hub)
		hub.wantEnd("renewed anyway")
		hub = d.net.accept()
		hub.welcome()
		again := hub.wantPublish(events, "never acknowledged")
		require.True(t, again.Dup)
		hub.send(&mqttcodec.Puback{PacketID: again.PacketID})
		require.NoError(t, sending.result())
	})
}
