package hubclient

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// renewals is an Options.RenewCredentials that returns what the test has queued and collects the refusals.
type renewals struct {
	refusals collected[error]
	next     []func() (Credentials, error)
}

func (r *renewals) renew(_ context.Context, refusal error) (Credentials, error) {
	r.refusals.add(refusal)
	if len(r.next) == 0 {
		return Credentials{}, errTest
	}
	next := r.next[0]
	r.next = r.next[1:]
	return next()
}

func withKey(key string) func() (Credentials, error) {
	return func() (Credentials, error) {
		return Credentials{Host: testHost, DeviceID: testID, Key: []byte(key)}, nil
	}
}

func withToken(expiry time.Time) Credentials {
	token := hubproto.SignSAS(testKey, hubproto.DeviceResource(testHost, testID, ""), "", expiry)
	return Credentials{Host: testHost, DeviceID: testID, SharedAccessSignature: token}
}

// refuse plays a hub that refuses CONNECT.
func (h *hub) refuse(code mqttcodec.ConnectCode) {
	h.t.Helper()
	want[*mqttcodec.Connect](h)
	h.send(&mqttcodec.Connack{ReturnCode: code})
}

// wantSignedBy wants the token of a CONNECT to be made with key.
func wantSignedBy(t *testing.T, key string, connect *mqttcodec.Connect) {
	t.Helper()
	token, err := hubproto.ParseSAS(string(connect.Password))
	require.NoError(t, err)
	require.True(t, token.SignedBy([]byte(key)), "the token is not signed with %s", key)
}

func TestRenewCredentials(t *testing.T) {
	bubble(t, "new credentials keep messages in flight, messages that wait, requests and handlers", func(t *testing.T) {
		r := &renewals{next: []func() (Credentials, error){withKey("new key")}}
		var got []string
		d := start(t, &Options{RenewCredentials: r.renew, OnMessage: func(_ context.Context, m Delivery) error {
			got = append(got, string(m.Body))
			return nil
		}})
		hub := d.net.accept()
		hub.welcome(c2d)
		sending := d.sendLater("in flight")
		hub.wantPublish(events, "in flight")
		var twin Twin
		reading := later(t, func() (err error) { twin, err = d.Twin(t.Context()); return err })
		hub.grant(hubproto.TwinResponseFilter)
		want[*mqttcodec.Publish](hub)
		hub.cut()
		synctest.Wait()
		waiting := d.sendLater("waits")
		time.Sleep(time.Second)

		hub = d.net.accept()
		hub.refuse(mqttcodec.NotAuthorized)
		hub = d.net.accept() // without a back-off
		var refusal *ConnectError
		refusals := r.refusals.drain()
		require.Len(t, refusals, 1)
		require.ErrorAs(t, refusals[0], &refusal)
		require.Equal(t, mqttcodec.NotAuthorized, refusal.Code)
		wantSignedBy(t, "new key", hub.welcome(c2d, hubproto.TwinResponseFilter))
		again := hub.wantPublish(events, "in flight")
		require.True(t, again.Dup)
		get := want[*mqttcodec.Publish](hub)
		first := hub.wantPublish(events, "waits")
		hub.send(&mqttcodec.Puback{PacketID: again.PacketID}, &mqttcodec.Puback{PacketID: first.PacketID})
		topic, err := hubproto.ParseTopic(string(get.TopicName))
		require.NoError(t, err)
		hub.send(message("$iothub/twin/res/200/?$rid="+topic.RID, `{"desired":{"$version":3},"reported":{"$version":4}}`))
		require.NoError(t, sending.result())
		require.NoError(t, waiting.result())
		require.NoError(t, reading.result())
		require.Equal(t, json.RawMessage(`{"$version":3}`), twin.Desired)
		hub.send(message("devices/dev-1/messages/devicebound/", "hello"))
		synctest.Wait()
		require.Equal(t, []string{"hello"}, got)
	})

	bubble(t, "credentials that are refused too wait for the back-off, and the last refusal is final", func(t *testing.T) {
		r := &renewals{next: []func() (Credentials, error){withKey("second"), withKey("third"), withKey("never asked for")}}
		d := start(t, &Options{RenewCredentials: r.renew})
		d.net.accept().refuse(mqttcodec.BadUserNameOrPassword)
		hub := d.net.accept()
		hub.refuse(mqttcodec.NotAuthorized)
		d.net.wantNoDial("the renewed credentials were refused")
		require.Equal(t, Reconnecting, d.State().Phase)
		require.Len(t, r.refusals.drain(), 2)
		time.Sleep(time.Second)
		hub = d.net.accept()
		connect := want[*mqttcodec.Connect](hub)
		wantSignedBy(t, "third", connect)
		hub.send(&mqttcodec.Connack{ReturnCode: mqttcodec.NotAuthorized})
		var refused *ConnectError
		require.ErrorAs(t, d.wantResult(), &refused)
		require.Equal(t, maxRefusals, refused.Attempts)
		require.Empty(t, r.refusals.drain(), "Run gives up without another call")
	})

	bubble(t, "credentials that were accepted once are renewed without a back-off the next time", func(t *testing.T) {
		r := &renewals{next: []func() (Credentials, error){withKey("second"), withKey("third")}}
		d := start(t, &Options{RenewCredentials: r.renew})
		d.net.accept().refuse(mqttcodec.NotAuthorized)
		hub := d.net.accept()
		wantSignedBy(t, "second", hub.welcome())
		hub.cut()
		time.Sleep(time.Second)
		d.net.accept().refuse(mqttcodec.NotAuthorized)
		wantSignedBy(t, "third", d.net.accept().welcome())
	})

	for name, next := range map[string]func() (Credentials, error){
		"an error":               func() (Credentials, error) { return Credentials{}, errTest },
		"the credentials in use": withKey(string(testKey)),
		"another device":         func() (Credentials, error) { return Credentials{Host: testHost, DeviceID: "dev-2", Key: testKey}, nil },
		"another hub": func() (Credentials, error) {
			return Credentials{Host: "other.example", DeviceID: testID, Key: testKey}, nil
		},
		"credentials that are not usable": func() (Credentials, error) { return Credentials{Host: testHost, DeviceID: testID}, nil },
	} {
		bubble(t, name+" changes nothing", func(t *testing.T) {
			r := &renewals{next: []func() (Credentials, error){next, next}}
			d := start(t, &Options{RenewCredentials: r.renew})
			for range maxRefusals {
				hub := d.net.accept()
				connect := want[*mqttcodec.Connect](hub)
				require.Equal(t, testID, string(connect.ClientID))
				wantSignedBy(t, string(testKey), connect)
				hub.send(&mqttcodec.Connack{ReturnCode: mqttcodec.NotAuthorized})
				d.net.wantNoDial("there is a back-off")
				time.Sleep(time.Second)
			}
			var refused *ConnectError
			require.ErrorAs(t, d.wantResult(), &refused)
			require.Len(t, r.refusals.drain(), maxRefusals-1)
		})
	}

	bubble(t, "a token that has expired is replaced before the dial", func(t *testing.T) {
		r := &renewals{next: []func() (Credentials, error){
			func() (Credentials, error) { return withToken(time.Now().Add(time.Minute)), nil },
			func() (Credentials, error) { return withToken(time.Now().Add(time.Hour)), nil },
		}}
		d := startWith(t, withToken(time.Now().Add(-time.Minute)), &Options{RenewCredentials: r.renew})
		hub := d.net.accept()
		require.Len(t, d.net.urls, 1, "the expired token is not dialled with")
		hub.welcome()
		require.Equal(t, time.Now().Add(time.Minute).Unix(), d.State().TokenExpiry.Unix())
		time.Sleep(time.Minute)
		hub.cut()
		synctest.Wait()
		time.Sleep(time.Second)
		d.net.accept().welcome()
		require.Equal(t, Connected, d.State().Phase)
		refusals := r.refusals.drain()
		require.Len(t, refusals, 2)
		var expired *TokenExpiredError
		require.ErrorAs(t, refusals[0], &expired)
		require.ErrorAs(t, refusals[1], &expired)
	})

	bubble(t, "a token that cannot be replaced, and one that is replaced by expired ones, end Run", func(t *testing.T) {
		r := &renewals{}
		d := startWith(t, withToken(time.Now().Add(-time.Minute)), &Options{RenewCredentials: r.renew})
		var expired *TokenExpiredError
		require.ErrorAs(t, d.wantResult(), &expired)

		var ages time.Duration
		d = startWith(t, withToken(time.Now().Add(-time.Minute)), &Options{RenewCredentials: func(context.Context, error) (Credentials, error) {
			ages++
			return withToken(time.Now().Add(-ages * time.Second)), nil
		}})
		synctest.Wait()
		require.Equal(t, Reconnecting, d.State().Phase, "not in a tight loop")
		time.Sleep(time.Minute)
		require.ErrorAs(t, d.wantResult(), &expired)
		require.Empty(t, d.net.urls)
		require.EqualValues(t, maxRefusals-1, ages)
	})

	bubble(t, "a hub that has no such protocol or is unavailable does not ask for credentials", func(t *testing.T) {
		r := &renewals{}
		d := start(t, &Options{RenewCredentials: r.renew})
		d.net.accept().refuse(mqttcodec.ServerUnavailable)
		time.Sleep(time.Second)
		d.net.accept().refuse(mqttcodec.UnacceptableProtocolVersion)
		var refused *ConnectError
		require.ErrorAs(t, d.wantResult(), &refused)
		require.Empty(t, r.refusals.drain())
	})

	bubble(t, "the gateway of the new credentials is dialled", func(t *testing.T) {
		d := start(t, &Options{RenewCredentials: func(context.Context, error) (Credentials, error) {
			return Credentials{Host: testHost, DeviceID: testID, Key: testKey, Gateway: "edge.example"}, nil
		}})
		d.net.accept().refuse(mqttcodec.NotAuthorized)
		d.net.accept()
		require.Equal(t, hubproto.WebSocketURL("edge.example"), d.net.urls[1])
	})

	bubble(t, "while the function runs nothing is dialled, and the end of Run ends it", func(t *testing.T) {
		returned := false
		d := start(t, &Options{RenewCredentials: func(ctx context.Context, _ error) (Credentials, error) {
			<-ctx.Done()
			time.Sleep(time.Second)
			returned = true
			return Credentials{}, ctx.Err()
		}})
		hub := d.net.accept()
		hub.refuse(mqttcodec.NotAuthorized)
		hub.wantEnd("the refused connection is closed")
		d.Retry()
		time.Sleep(time.Hour)
		d.net.wantNoDial("the credentials are being renewed")
		d.stop()
		time.Sleep(time.Second)
		require.NoError(t, d.wantResult())
		require.True(t, returned, "Run waits for the function")
	})
}
