package hubclient

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/iothub"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

func TestConnect(t *testing.T) {
	bubble(t, "a device without handlers connects and subscribes to nothing", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		require.Equal(t, []string{"wss://myhub.azure-devices.net/$iothub/websocket?iothub-no-client-cert=true"}, d.net.urls)
		connect := want[*mqttcodec.Connect](hub)
		require.Equal(t, "dev-1", string(connect.ClientID))
		require.Equal(t, "myhub.azure-devices.net/dev-1/?api-version=2021-04-12", string(connect.UserName))
		require.False(t, connect.CleanSession)
		require.Equal(t, uint16(240), connect.KeepAlive)
		require.False(t, connect.WillFlag)
		token, err := hubproto.ParseSAS(string(connect.Password))
		require.NoError(t, err)
		require.Equal(t, "myhub.azure-devices.net/devices/dev-1", token.Resource)
		require.True(t, token.SignedBy(testKey))
		require.Equal(t, time.Now().Add(time.Hour).UTC(), token.Expiry)
		d.wantStates(Dialing, Connecting)

		hub.send(&mqttcodec.Connack{SessionPresent: true})
		states := d.wantStates(Connected)
		require.True(t, states[0].SessionPresent)
		require.Equal(t, token.Expiry, states[0].TokenExpiry.UTC())
		require.Equal(t, Connected, d.State().Phase)
		hub.wantIdle("nothing to subscribe to")
	})

	bubble(t, "a device subscribes in one packet to what has a handler", func(t *testing.T) {
		d := start(t, &Options{
			OnMessage: func(context.Context, Delivery) error { return nil },
			OnMethod:  func(context.Context, Method) (Response, error) { return Response{}, nil },
			OnDesired: func(context.Context, Desired) {},
		})
		hub := d.net.accept()
		want[*mqttcodec.Connect](hub)
		hub.send(&mqttcodec.Connack{})
		subscribe := want[*mqttcodec.Subscribe](hub)
		require.Equal(t, []mqttcodec.Subscription{
			{TopicFilter: []byte("devices/dev-1/messages/devicebound/#"), QoS: 1},
			{TopicFilter: []byte("$iothub/methods/POST/#")},
			{TopicFilter: []byte("$iothub/twin/res/#")},
			{TopicFilter: []byte("$iothub/twin/PATCH/properties/desired/#")},
		}, subscribe.Subscriptions)
		require.Equal(t, Connecting, d.State().Phase, "not ready before the subscriptions are granted")
		hub.send(&mqttcodec.Suback{PacketID: subscribe.PacketID, ReturnCodes: []byte{1, 0, 0, 0}})
		hub.wantPublish("$iothub/twin/GET/?$rid=1", "")
		require.Equal(t, Connected, d.State().Phase)
	})

	bubble(t, "a module behind a gateway, with a model, a will and a clean session", func(t *testing.T) {
		cr := Credentials{Host: testHost, DeviceID: testID, ModuleID: "mod-1", Gateway: "edge.local", Key: testKey}
		d := startWith(t, cr, &Options{
			ModelID: "dtmi:com:example:Thermostat;1", ClientType: "my-device/1.0", CleanSession: true, KeepAlive: time.Minute,
			Will:    &Message{Body: []byte("gone"), Properties: iothub.Properties{{Name: "why", Value: "power cut"}}},
			OnInput: func(context.Context, Delivery) error { return nil },
		})
		hub := d.net.accept()
		require.Equal(t, []string{"wss://edge.local/$iothub/websocket?iothub-no-client-cert=true"}, d.net.urls)
		connect := hub.welcome("devices/dev-1/modules/mod-1/inputs/#")
		require.Equal(t, "dev-1/mod-1", string(connect.ClientID))
		require.Equal(t, "myhub.azure-devices.net/dev-1/mod-1/?api-version=2021-04-12&model-id=dtmi%3Acom%3Aexample%3AThermostat%3B1&DeviceClientType=my-device%2F1.0", string(connect.UserName))
		require.True(t, connect.CleanSession)
		require.Equal(t, uint16(60), connect.KeepAlive)
		require.Equal(t, "devices/dev-1/modules/mod-1/messages/events/why=power%20cut", string(connect.WillTopic))
		require.Equal(t, "gone", string(connect.WillMessage))
		require.Equal(t, mqttcodec.QoS1, connect.WillQoS)
		token, err := hubproto.ParseSAS(string(connect.Password))
		require.NoError(t, err)
		require.Equal(t, "myhub.azure-devices.net/devices/dev-1/modules/mod-1", token.Resource)
	})

	bubble(t, "a device with a certificate has no password, and the hub may ask for the certificate", func(t *testing.T) {
		d := startWith(t, Credentials{Host: testHost, DeviceID: testID, X509: true}, nil)
		connect := d.net.accept().welcome()
		require.Equal(t, []string{"wss://myhub.azure-devices.net/$iothub/websocket"}, d.net.urls)
		require.True(t, connect.UserNameFlag)
		require.False(t, connect.PasswordFlag)
	})

	for version, form := range map[string]string{ // "Use MQTT to communicate with IoT Hub", from today's book to the oldest
		"":           "myhub.azure-devices.net/dev-1/?api-version=2021-04-12",
		"2018-06-30": "myhub.azure-devices.net/dev-1/?api-version=2018-06-30",
		"2016-11-14": "myhub.azure-devices.net/dev-1/api-version=2016-11-14",
		"none":       "myhub.azure-devices.net/dev-1",
	} {
		bubble(t, "the user name for version "+version, func(t *testing.T) {
			d := start(t, &Options{APIVersion: version})
			require.Equal(t, form, string(d.net.accept().welcome().UserName))
		})
	}

	bubble(t, "the emulator on loopback is dialled without TLS", func(t *testing.T) {
		d := startWith(t, Credentials{Host: "127.0.0.1:8080", DeviceID: testID, Key: testKey}, nil)
		connect := d.net.accept().welcome()
		require.Equal(t, []string{"ws://127.0.0.1:8080/$iothub/websocket?iothub-no-client-cert=true"}, d.net.urls)
		require.Equal(t, "127.0.0.1:8080/dev-1/?api-version=2021-04-12", string(connect.UserName))
	})

	bubble(t, "a connection, and a subscription, that the hub never answers are given up after a minute", func(t *testing.T) {
		d := start(t, &Options{OnMethod: func(context.Context, Method) (Response, error) { return Response{}, nil }})
		for _, connack := range []bool{false, true} {
			hub := d.net.accept()
			want[*mqttcodec.Connect](hub)
			if connack {
				hub.send(&mqttcodec.Connack{})
				want[*mqttcodec.Subscribe](hub)
			}
			time.Sleep(connectTimeout - time.Millisecond)
			hub.wantIdle("still waiting")
			time.Sleep(time.Millisecond)
			hub.wantEnd("a minute is over")
			states := d.wantStates(Dialing, Connecting, Reconnecting)
			require.ErrorIs(t, states[2].Err, ErrSilent)
			time.Sleep(time.Second)
		}
	})
}

// slowReader is a hub's end that does not read for a while.
type slowReader struct {
	net.Conn
	mu   sync.Mutex
	held chan struct{} // closed when it reads again; nil: it does
}

func (s *slowReader) hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = make(chan struct{})
}

func (s *slowReader) goOn() { close(s.held) }

func (s *slowReader) Read(b []byte) (int, error) {
	s.mu.Lock()
	held := s.held
	s.mu.Unlock()
	if held != nil {
		<-held
	}
	return s.Conn.Read(b)
}

func TestShutdown(t *testing.T) {
	bubble(t, "the end of Run's context says DISCONNECT and ends everything", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		sending := d.sendLater("on its way")
		want[*mqttcodec.Publish](hub)
		d.stop()
		want[*mqttcodec.Disconnect](hub)
		hub.wantEnd("after DISCONNECT the client closes [MQTT-3.14.4-1]")
		require.NoError(t, d.wantResult())
		err := sending.result()
		require.ErrorIs(t, err, ErrUnacknowledged)
		require.ErrorIs(t, err, ErrClosed)
		require.ErrorIs(t, d.Send(t.Context(), Message{}), ErrClosed)
		_, err = d.Twin(t.Context())
		require.ErrorIs(t, err, net.ErrClosed)
		d.wantStates(Dialing, Connecting, Connected, Closed)
		require.ErrorIs(t, d.Run(t.Context()), errRunTwice)
	})

	bubble(t, "a hub that has stopped reading delays it by two seconds", func(t *testing.T) {
		d, began := start(t, nil), time.Now()
		conn := <-d.net.conns // nobody reads
		d.wantStates(Dialing, Connecting)
		d.stop()
		require.NoError(t, <-d.result)
		require.Equal(t, disconnectTimeout, time.Since(began))
		conn.Close()
	})

	bubble(t, "an acknowledgement that is too late does not follow DISCONNECT [MQTT-3.14.4-2]", func(t *testing.T) {
		release := make(chan error)
		d := start(t, &Options{OnMessage: func(context.Context, Delivery) error { return <-release }})
		slow := &slowReader{Conn: <-d.net.conns}
		hub := newHub(t, slow)
		hub.welcome(c2d)
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 5, TopicName: box("")})
		slow.hold()
		require.NoError(t, d.SendQoS0(t.Context(), Message{Body: []byte("the last that is read at once")}))
		want[*mqttcodec.Publish](hub)
		d.stop()
		synctest.Wait()
		release <- nil
		synctest.Wait()
		slow.goOn()
		want[*mqttcodec.Disconnect](hub)
		hub.wantEnd("and nothing else")
		require.NoError(t, d.wantResult())
	})

	bubble(t, "a dial that hangs ends with the context", func(t *testing.T) {
		d := start(t, &Options{Dial: func(ctx context.Context, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		d.wantStates(Dialing)
		d.stop()
		require.NoError(t, d.wantResult())
		d.wantStates(Closed)
	})

	bubble(t, "a dial that comes too late is closed", func(t *testing.T) {
		late, peer := net.Pipe()
		d := start(t, &Options{Dial: func(ctx context.Context, _ string) (net.Conn, error) {
			<-ctx.Done()
			return late, nil
		}})
		d.stop()
		require.NoError(t, d.wantResult())
		_, err := peer.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
	})

	bubble(t, "it waits for handlers, whose contexts have ended", func(t *testing.T) {
		release := make(chan struct{})
		d := start(t, &Options{OnMessage: func(ctx context.Context, _ Delivery) error {
			<-ctx.Done()
			<-release
			return nil
		}})
		hub := d.net.accept()
		hub.welcome(c2d)
		hub.send(&mqttcodec.Publish{TopicName: []byte("devices/dev-1/messages/devicebound/"), QoS: 1, PacketID: 7})
		synctest.Wait()
		d.stop()
		synctest.Wait()
		require.Empty(t, d.result, "the handler has not returned")
		close(release)
		require.NoError(t, d.wantResult())
	})
}

func TestReconnect(t *testing.T) {
	bubble(t, "a broken connection is made again after the backoff, which grows until a stable minute", func(t *testing.T) {
		d := start(t, &Options{Backoff: func(attempt int) time.Duration { return time.Duration(attempt) * time.Second }})
		for attempt := 1; attempt <= 3; attempt++ {
			hub := d.net.accept()
			hub.welcome()
			hub.cut()
			states := d.wantStates(Dialing, Connecting, Connected, Reconnecting)
			last := states[3]
			require.Equal(t, attempt, last.Attempt)
			require.Equal(t, time.Duration(attempt)*time.Second, last.RetryIn)
			require.ErrorIs(t, last.Err, io.EOF)
			require.Equal(t, "hubclient: the connection to myhub.azure-devices.net broke (in phase connected): the hub closed the connection", last.Err.Error())
			time.Sleep(last.RetryIn - time.Millisecond)
			d.net.wantNoDial("the backoff is not over")
			time.Sleep(time.Millisecond)
		}
		hub := d.net.accept()
		hub.welcome()
		time.Sleep(stableAfter)
		synctest.Wait()
		hub.cut()
		require.Equal(t, 1, d.wantStates(Dialing, Connecting, Connected, Reconnecting)[3].Attempt)
	})

	bubble(t, "Retry ends the wait", func(t *testing.T) {
		d := start(t, &Options{Backoff: func(int) time.Duration { return time.Hour }})
		d.Retry() // nothing to end yet
		hub := d.net.accept()
		hub.welcome()
		d.Retry()
		hub.cut()
		d.net.wantNoDial("what was asked for before counts no more")
		d.Retry()
		d.net.accept().welcome()
	})

	bubble(t, "a host that cannot be reached is tried until it can", func(t *testing.T) {
		n := newNetwork(t)
		n.setFail(&net.DNSError{Err: "no such host", Name: testHost, IsNotFound: true})
		d := start(t, &Options{Dial: n.dial})
		for range 20 {
			states := d.wantStates(Dialing, Reconnecting)
			var dial *DialError
			require.ErrorAs(t, states[1].Err, &dial)
			require.EqualError(t, dial, "hubclient: no host has the name myhub.azure-devices.net: check the host name for a typing error")
			time.Sleep(time.Second)
		}
		n.setFail(nil)
		time.Sleep(time.Second)
		n.accept().welcome()
		require.Equal(t, Connected, d.State().Phase)
	})

	bubble(t, "a page whose own policy forbids the host ends Run at once", func(t *testing.T) {
		n := newNetwork(t)
		n.setFail(&wsconn.HandshakeError{Host: testHost, Err: wsconn.ErrPolicy})
		d := start(t, &Options{Dial: n.dial})
		err := d.wantResult()
		require.ErrorIs(t, err, wsconn.ErrPolicy)
		var dial *DialError
		require.ErrorAs(t, err, &dial)
		require.Equal(t, testHost, dial.Host)
		require.Equal(t, err, d.wantStates(Dialing, Refused)[1].Err)
		require.Len(t, n.urls, 1)
	})

	bubble(t, "a hung dial is given up after a minute", func(t *testing.T) {
		d := start(t, &Options{Dial: func(ctx context.Context, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		time.Sleep(dialTimeout)
		states := d.wantStates(Dialing, Reconnecting)
		require.ErrorIs(t, states[1].Err, context.DeadlineExceeded)
		require.Contains(t, states[1].Err.Error(), "did not answer")
	})

	bubble(t, "a Dial that returns nothing at all is an error", func(t *testing.T) {
		d := start(t, &Options{Dial: func(context.Context, string) (net.Conn, error) { return nil, nil }})
		require.ErrorIs(t, d.wantStates(Dialing, Reconnecting)[1].Err, errNoConn)
	})
}

func TestRefusal(t *testing.T) {
	refuse := func(d *device, code mqttcodec.ConnectCode) {
		hub := d.net.accept()
		want[*mqttcodec.Connect](hub)
		hub.send(&mqttcodec.Connack{ReturnCode: code})
		hub.wantEnd("refused")
	}

	bubble(t, "not authorized is final after three tries", func(t *testing.T) {
		d := start(t, nil)
		for range 2 {
			refuse(d, mqttcodec.NotAuthorized)
			d.wantStates(Dialing, Connecting, Reconnecting)
			time.Sleep(time.Second)
		}
		refuse(d, mqttcodec.NotAuthorized)
		err := d.wantResult()
		var refusal *ConnectError
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, mqttcodec.NotAuthorized, refusal.Code)
		require.Equal(t, 3, refusal.Attempts)
		require.Contains(t, err.Error(), "check that the key or token is this device's, that the device exists and is enabled, and that this machine's clock (2000-01-01T00:00:02Z) is right")
		wantNoSecret(t, err.Error())
		require.Equal(t, err, d.wantStates(Dialing, Connecting, Refused)[2].Err)
	})

	bubble(t, "not authorized may be passing, more so when these credentials were good before", func(t *testing.T) {
		d := start(t, nil)
		refuse(d, mqttcodec.NotAuthorized)
		time.Sleep(time.Second)
		hub := d.net.accept()
		hub.welcome()
		hub.cut()
		for range maxRefusalsKnown - 1 {
			time.Sleep(time.Second)
			refuse(d, mqttcodec.NotAuthorized)
		}
		time.Sleep(time.Second)
		d.net.accept().welcome()
		require.Equal(t, Connected, d.State().Phase)
	})

	bubble(t, "server unavailable is never final", func(t *testing.T) {
		d := start(t, nil)
		for range 20 {
			refuse(d, mqttcodec.ServerUnavailable)
			time.Sleep(time.Second)
		}
		d.net.accept().welcome()
	})

	bubble(t, "a server that does not speak MQTT 3.1.1 is final at once", func(t *testing.T) {
		d := start(t, nil)
		refuse(d, mqttcodec.UnacceptableProtocolVersion)
		require.ErrorContains(t, d.wantResult(), "it does not speak MQTT 3.1.1")
	})

	bubble(t, "a refused subscription is final after three tries", func(t *testing.T) {
		d := start(t, &Options{OnMethod: func(context.Context, Method) (Response, error) { return Response{}, nil }})
		for range 3 {
			hub := d.net.accept()
			want[*mqttcodec.Connect](hub)
			hub.send(&mqttcodec.Connack{})
			s := want[*mqttcodec.Subscribe](hub)
			hub.send(&mqttcodec.Suback{PacketID: s.PacketID, ReturnCodes: []byte{mqttcodec.SubackFailure}})
			synctest.Wait()
			time.Sleep(time.Second)
		}
		var refused *SubscribeError
		require.ErrorAs(t, d.wantResult(), &refused)
		require.Equal(t, hubproto.MethodsFilter, refused.Filter)
	})

	bubble(t, "two clients of one identity are told apart from a bad network", func(t *testing.T) {
		d := start(t, &Options{MaxTakeovers: 4})
		for range 4 {
			hub := d.net.accept()
			hub.welcome()
			time.Sleep(2 * time.Second)
			hub.cut()
			synctest.Wait()
			time.Sleep(time.Second)
		}
		var takeover *TakeoverError
		err := d.wantResult()
		require.ErrorAs(t, err, &takeover)
		require.Equal(t, 4, takeover.Times)
		require.ErrorContains(t, err, "another client uses the same identity")
	})

	bubble(t, "a connection that lives for a minute in between ends the suspicion", func(t *testing.T) {
		d := start(t, &Options{MaxTakeovers: 2})
		for range 5 {
			hub := d.net.accept()
			hub.welcome()
			hub.cut()
			time.Sleep(time.Second)
			hub = d.net.accept()
			hub.welcome()
			time.Sleep(stableAfter)
			synctest.Wait()
			hub.cut()
			synctest.Wait()
			time.Sleep(time.Second)
		}
		d.net.accept().welcome()
	})
}

func TestKeepAlive(t *testing.T) {
	bubble(t, "PINGREQ after three quarters of the interval, and a deadline for its answer", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		for range 5 {
			time.Sleep(3*time.Minute - time.Millisecond)
			hub.wantIdle("not yet")
			time.Sleep(time.Millisecond)
			want[*mqttcodec.Pingreq](hub)
			hub.send(&mqttcodec.Pingresp{})
		}
		time.Sleep(3 * time.Minute)
		want[*mqttcodec.Pingreq](hub)
		time.Sleep(pingTimeout - time.Millisecond)
		hub.send(&mqttcodec.Pingresp{})
		time.Sleep(time.Millisecond)
		hub.wantIdle("answered in time")
		time.Sleep(3*time.Minute - pingTimeout)
		want[*mqttcodec.Pingreq](hub)
		time.Sleep(pingTimeout)
		hub.wantEnd("the hub is silent")
		require.ErrorIs(t, d.State().Err, ErrSilent)
		require.ErrorContains(t, d.State().Err, "PINGRESP")
	})

	bubble(t, "a device that only sends notices a dead hub too", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		for range 3 {
			time.Sleep(time.Minute - time.Second)
			require.NoError(t, d.SendQoS0(t.Context(), Message{}))
			want[*mqttcodec.Publish](hub)
		}
		time.Sleep(3 * time.Second)
		want[*mqttcodec.Pingreq](hub)
		time.Sleep(pingTimeout)
		hub.wantEnd("three minutes without a packet from the hub, and no answer")
	})
}

func TestProtocolViolations(t *testing.T) {
	ready := func(h *hub) { h.send(&mqttcodec.Connack{}) }
	for _, tt := range []struct {
		name string
		play func(h *hub)
		text string
	}{
		{"a packet before CONNACK [MQTT-3.2.0-1]", func(h *hub) { h.send(&mqttcodec.Pingresp{}) }, "PINGRESP before CONNACK"},
		{"a second CONNACK", func(h *hub) { ready(h); h.send(&mqttcodec.Connack{}) }, "CONNACK for the second time"},
		{"a client's packet", func(h *hub) { ready(h); h.send(&mqttcodec.Pingreq{}) }, "PINGREQ which a client never gets"},
		{"QoS 2", func(h *hub) {
			ready(h)
			h.send(&mqttcodec.Publish{TopicName: []byte("devices/dev-1/messages/devicebound/"), QoS: 2, PacketID: 1})
		}, "QoS 2"},
		{"bytes that are no packet", func(h *hub) { ready(h); h.write([]byte{0xf0, 0}) }, "reserved"},
		{"a packet over the limit", func(h *hub) { ready(h); h.write([]byte{0x30, 0xff, 0xff, 0xff, 0x7f}) }, "limit"},
	} {
		bubble(t, tt.name, func(t *testing.T) {
			d := start(t, nil)
			h := d.net.accept()
			want[*mqttcodec.Connect](h)
			tt.play(h)
			h.wantEnd("a protocol violation ends the connection [MQTT-4.8.0-1]")
			var link *LinkError
			require.ErrorAs(t, d.State().Err, &link)
			require.ErrorContains(t, link, tt.text)
			time.Sleep(time.Second)
			d.net.accept().welcome()
		})
	}
}
