package emulator_test

import (
	"context"
	"encoding/base64"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

func TestConnectUserNames(t *testing.T) {
	for _, name := range []string{
		"hub.test/dev-1/?api-version=2021-04-12",
		"hub.test/dev-1/?api-version=2021-04-12&DeviceClientType=azure-iot-device%2F1.18.4%20(node%20v20.20.0)",
		"hub.test/dev-1/?api-version=2020-09-30&model-id=dtmi:com:example:Thermostat;1&DeviceClientType=x",
		"hub.test/dev-1/api-version=2016-11-14",
		"hub.test/dev-1/DeviceClientType=azure-iot-device%2F1.1.2&api-version=2016-11-14",
		"hub.test/dev-1",
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
				p := connectPacket(t, credentials{Device: w.put("dev-1")})
				p.UserName = []byte(name)
				d := w.dial()
				d.send(p)
				d.want("any form that an SDK has sent", &mqttcodec.Connack{})
			})
		})
	}
}

func TestConnectRefusals(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		device := w.put("dev-1")
		good := func() *mqttcodec.Connect { return connectPacket(t, credentials{Device: device}) }
		key := mustKey(t, device.Authentication.SymmetricKey.PrimaryKey)
		token := func(resource, policy string, key []byte, left time.Duration) []byte {
			return []byte(hubproto.SignSAS(key, resource, policy, time.Now().Add(left)))
		}
		const own = host + "/devices/dev-1"

		for _, c := range []struct {
			why    string
			change func(p *mqttcodec.Connect)
			logged string
		}{
			{"no user name", func(p *mqttcodec.Connect) {
				p.UserNameFlag, p.PasswordFlag, p.UserName, p.Password = false, false, nil, nil
			}, "no user name"},
			{"no password", func(p *mqttcodec.Connect) { p.PasswordFlag, p.Password = false, nil }, "CONNECT has no password"},
			{"not a token", func(p *mqttcodec.Connect) { p.Password = []byte("secret") }, "is not a SAS token"},
			{"another client id", func(p *mqttcodec.Connect) { p.ClientID = []byte("dev-2") }, `client id is "dev-2"`},
			{"the case of an id counts", func(p *mqttcodec.Connect) {
				p.ClientID, p.UserName = []byte("DEV-1"), []byte(host+"/DEV-1/?api-version=2021-04-12")
			}, `there is no device "DEV-1"`},
			{"a wrong key", func(p *mqttcodec.Connect) { p.Password = token(own, "", []byte("0123456789abcdef"), time.Hour) }, "not made with a key of this device"},
			{"another device's token", func(p *mqttcodec.Connect) { p.Password = token(host+"/devices/dev-2", "", key, time.Hour) }, `the token is for "hub.test/devices/dev-2"`},
			{"a longer id is not below a shorter one", func(p *mqttcodec.Connect) { p.Password = token(host+"/devices/dev-", "", key, time.Hour) }, "the token is for"},
			{"another hub's token", func(p *mqttcodec.Connect) { p.Password = token("other.test/devices/dev-1", "", key, time.Hour) }, "the token is for"},
			{"a token more than five minutes too old", func(p *mqttcodec.Connect) { p.Password = token(own, "", key, -hubproto.MaxClockSkew-time.Second) }, "expired"},
			{"an unknown policy", func(p *mqttcodec.Connect) { p.Password = token(host, "nobody", key, time.Hour) }, `no policy "nobody"`},
			{"a policy without DeviceConnect", func(p *mqttcodec.Connect) {
				p.Password = token(host, "iothubowner", key, time.Hour)
			}, "not made with a key of policy"},
			{"a Will that is no telemetry", func(p *mqttcodec.Connect) {
				p.WillFlag, p.WillTopic = true, []byte("devices/dev-2/messages/events/")
			}, "the Will's topic"},
			{"a Will with QoS 2", func(p *mqttcodec.Connect) {
				p.WillFlag, p.WillTopic, p.WillQoS = true, []byte("devices/dev-1/messages/events/"), mqttcodec.QoS2
			}, "QoS 2"},
		} {
			p := good()
			c.change(p)
			w.refused(c.why, p, mqttcodec.NotAuthorized, c.logged)
		}

		device.Status = emulator.StatusDisabled
		_, err := w.PutDevice(t.Context(), device)
		require.NoError(t, err)
		w.refused("a disabled device", good(), mqttcodec.NotAuthorized, "the device is disabled")
		require.NoError(t, w.DeleteDevice(t.Context(), "dev-1"))
		w.refused("a deleted device", good(), mqttcodec.NotAuthorized, `there is no device "dev-1"`)
	})
}

func TestConnectTokens(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		device := w.put("dev-1")
		owner := servicePolicies(t, w.Hub)["iothubowner"]
		secondary := mustKey(t, device.Authentication.SymmetricKey.SecondaryKey)
		expiry := time.Now().Add(time.Hour)
		for why, password := range map[string]string{
			"the secondary key":         hubproto.SignSAS(secondary, host+"/devices/dev-1", "", expiry),
			"a policy for the host":     hubproto.SignSAS(owner, host, "iothubowner", expiry),
			"a policy for a path":       hubproto.SignSAS(owner, host+"/devices", "iothubowner", expiry),
			"a clock that goes ahead":   hubproto.SignSAS(secondary, host+"/devices/dev-1", "", time.Now().Add(-4*time.Minute)),
			"the form of an old sample": hubproto.SignSAS(secondary, host+"/devices/dev-1/api-version=2016-11-14", "", expiry),
		} {
			p := connectPacket(t, credentials{Device: device, clean: true})
			p.Password = []byte(password)
			d := w.dial()
			d.send(p)
			d.want(why, &mqttcodec.Connack{})
		}
	})
}

// The signatures were made with openssl: printf 'sr\nse' | openssl dgst -sha256 -hmac key12345key12345 -binary | base64.
func TestConnectGoldenTokens(t *testing.T) {
	const (
		encoded = "WVBNa8hsA7wmvqusrb7d03cxpu0HCd7RhJ0zGmw3yIg%3D"     // of localhost%2Fdevices%2Fdev-1
		plain   = "vHf%2Fr%2BsEdn1BhlOb6rwkbUKQwoXnPw750qYitLgD4a8%3D" // of localhost/devices/dev-1
		lower   = "MO0nU768F1GvUQ%2BHhpb%2Fu3CxlG10lAd5i0b55lzx90A%3D" // of localhost%2fdevices%2fdev-1
	)
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		device, err := w.PutDevice(t.Context(), emulator.Device{DeviceID: "dev-1", Authentication: emulator.Authentication{
			SymmetricKey: emulator.SymmetricKey{PrimaryKey: base64.StdEncoding.EncodeToString([]byte("key12345key12345"))}}})
		require.NoError(t, err)
		for why, c := range map[string]struct {
			token string
			code  mqttcodec.ConnectCode
		}{
			"sr encoded":                  {"SharedAccessSignature sr=localhost%2Fdevices%2Fdev-1&sig=" + encoded + "&se=1700000000", 0},
			"sr encoded in lower case":    {"SharedAccessSignature sr=localhost%2fdevices%2fdev-1&sig=" + lower + "&se=1700000000", 0},
			"sr as it is":                 {"SharedAccessSignature sr=localhost/devices/dev-1&sig=" + plain + "&se=1700000000", 0},
			"any order, any case":         {"SharedAccessSignature SIG=" + plain + "&Se=1700000000&SR=localhost/devices/dev-1", 0},
			"an sr that was not signed":   {"SharedAccessSignature sr=localhost%2Fdevices%2Fdev-1&sig=" + lower + "&se=1700000000", 5},
			"an expiry that was not":      {"SharedAccessSignature sr=localhost/devices/dev-1&sig=" + plain + "&se=1700000001", 5},
			"a raw plus in sig":           {"SharedAccessSignature sr=localhost%2fdevices%2fdev-1&sig=MO0nU768F1GvUQ+Hhpb/u3CxlG10lAd5i0b55lzx90A%3D&se=1700000000", 5},
			"another host than user name": {"SharedAccessSignature sr=localhost/devices/dev-1&sig=" + plain + "&se=1700000000&host=1", 5},
		} {
			p := connectPacket(t, credentials{Device: device, clean: true})
			p.Password = []byte(c.token)
			p.UserName = []byte("localhost/dev-1/?api-version=2021-04-12")
			if why == "another host than user name" {
				p.UserName = []byte("hub.test/dev-1/?api-version=2021-04-12")
			}
			d := w.dial()
			d.send(p)
			d.want(why, &mqttcodec.Connack{ReturnCode: c.code})
		}
	})
}

func TestConnectProtocolLevel(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		for _, level := range []byte{3, 5, 0x84} {
			d := w.dial()
			_, err := d.conn.Write([]byte{0x10, 0x0d, 0, 4, 'M', 'Q', 'T', 'T', level, 2, 0, 0, 0, 1, 'a'})
			require.NoError(t, err)
			d.want("another protocol level is refused with 1 [MQTT-3.1.2-2]", &mqttcodec.Connack{ReturnCode: mqttcodec.UnacceptableProtocolVersion})
			d.wantClosed("after the refusal")
			w.wantLogged("why", "MQTT 3.1.1 only")
		}
		d := w.dial()
		_, err := d.conn.Write([]byte{0x10, 0x0f, 0, 6, 'M', 'Q', 'I', 's', 'd', 'p', 3, 2, 0, 0, 0, 1, 'a'})
		require.NoError(t, err)
		d.want("MQTT 3.1 has another name too", &mqttcodec.Connack{ReturnCode: mqttcodec.UnacceptableProtocolVersion})
	})
}

func TestFirstPacketHasToBeConnect(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		d := w.dial()
		d.send(&mqttcodec.Pingreq{})
		d.wantClosed("[MQTT-3.1.0-1]")
		w.wantLogged("why", "the first packet is PINGREQ")

		d = w.connect(w.put("dev-1"))
		d.send(connectPacket(t, credentials{Device: mustDevice(t, w.Hub, "dev-1")}))
		d.wantClosed("a second CONNECT [MQTT-3.1.0-2]")
		w.wantLogged("why", "a second CONNECT")
	})
}

func TestHalfOpenConnectionIsCutAfterThirtySeconds(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		d := w.dial()
		_, err := d.conn.Write([]byte{0x10, 0xff, 0xff, 0x10}) // promises much, brings nothing
		require.NoError(t, err)
		time.Sleep(30*time.Second - 1)
		d.wantIdle("it may take its time")
		began := time.Now()
		d.wantClosed("its time is over")
		require.Equal(t, time.Duration(1), time.Since(began))
	})
}

func TestKeepAlive(t *testing.T) {
	for _, c := range []struct {
		seconds uint16
		cut     time.Duration
	}{
		{10, 15 * time.Second},
		{1177, 1177 * time.Second * 3 / 2},
		{1178, 1767 * time.Second},
		{65535, 1767 * time.Second},
		{0, 1767 * time.Second},
	} {
		bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
			d := w.connectAs(credentials{Device: w.put("dev-1"), keepAlive: c.seconds, ttl: 24 * time.Hour}, false)
			time.Sleep(c.cut - time.Second)
			d.send(&mqttcodec.Pingreq{})
			d.want("a packet counts", &mqttcodec.Pingresp{})
			began := time.Now()
			d.wantClosed("one and a half times the keep-alive interval, at most 1767 s [MQTT-3.1.2-24]")
			require.Equal(t, c.cut, time.Since(began), "keep-alive %d", c.seconds)
			w.wantLogged("why", "nothing came for")
		})
	}
}

func TestConnectionIsCutWhenTheTokenExpires(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		began := time.Now()
		d := w.connectAs(credentials{Device: w.put("dev-1"), ttl: 10 * time.Minute}, false)
		d.wantClosed("the token is over")
		require.Equal(t, 10*time.Minute, time.Since(began))
		w.wantLogged("why", "the SAS token expired")

		began = time.Now()
		d = w.connectAs(credentials{Device: mustDevice(t, w.Hub, "dev-1"), ttl: -time.Minute}, true)
		d.wantClosed("accepted because clocks disagree, until they may not")
		require.Equal(t, 4*time.Minute, time.Since(began))
	})
}

func TestSecondConnectionTakesOver(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		device := w.put("dev-1")
		events := w.events()
		first := w.connectAs(credentials{Device: device, will: &mqttcodec.Publish{TopicName: []byte("devices/dev-1/messages/events/"), Payload: []byte("gone")}}, false)
		second := w.connectAs(credentials{Device: device}, true)
		first.wantClosed("another connection has the identity now [MQTT-3.1.4-2]")
		require.Equal(t, "gone", string(events().Body), "the Will of the first one [MQTT-3.1.2-8]")
		second.wantIdle("the second one stays")
		w.wantLogged("with the reason", "ConnectionForcefullyClosedOnNewConnection")
		require.Equal(t, emulator.StateConnected, mustDevice(t, w.Hub, "dev-1").ConnectionState)
	})
}

func TestDisableAndDeleteCutTheConnection(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		device, module := w.put("dev-1"), w.put("dev-1/mod-1")
		d, m := w.connect(device), w.connect(module)
		device.Status = emulator.StatusDisabled
		_, err := w.PutDevice(t.Context(), device)
		require.NoError(t, err)
		d.wantClosed("disabled")
		m.wantClosed("with its modules")
		device.Status = emulator.StatusEnabled
		_, err = w.PutDevice(t.Context(), device)
		require.NoError(t, err)
		d = w.connectAs(credentials{Device: device}, true)
		require.NoError(t, w.DeleteDevice(t.Context(), "dev-1"))
		d.wantClosed("deleted")
		_, err = w.Device("dev-1/mod-1")
		require.ErrorContains(t, err, "there is no device")
	})
}

func TestCloseEndsConnectionsAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := &emulator.Hub{}
		w := &world{Hub: hub, t: t}
		d := w.connect(w.put("dev-1"))
		half := w.dial()
		served := make(chan error, 1)
		ours, theirs := net.Pipe()
		defer ours.Close()
		go func() { served <- hub.ServeConn(context.Background(), theirs, host) }()
		synctest.Wait()
		require.NoError(t, hub.Close())
		d.wantClosed("the hub has ended")
		half.wantClosed("the half-open one too")
		require.ErrorIs(t, <-served, net.ErrClosed)
		_, err := hub.Dial(t.Context(), "wss://hub.test")
		require.ErrorIs(t, err, net.ErrClosed)
		_, err = hub.PutDevice(t.Context(), emulator.Device{DeviceID: "late"})
		require.ErrorIs(t, err, net.ErrClosed)
		require.NoError(t, hub.Close(), "again")
	})
}

func TestServeConnEnds(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		device := w.put("dev-1")
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		start := func() *peer {
			ours, theirs := net.Pipe()
			go func() { served <- w.ServeConn(ctx, theirs, host) }()
			d := newPeer(t, ours)
			d.send(connectPacket(t, credentials{Device: device, clean: true}))
			d.want("connected", &mqttcodec.Connack{})
			return d
		}
		d := start()
		d.send(&mqttcodec.Disconnect{})
		d.wantClosed("as it asked")
		require.NoError(t, <-served, "DISCONNECT is no error")

		d = start()
		d.send(&mqttcodec.Pubrec{PacketID: 1})
		d.wantClosed("a violation")
		require.ErrorContains(t, <-served, "QoS 2")

		d = start()
		cancel()
		d.wantClosed("the caller's context ended")
		require.ErrorIs(t, <-served, context.Canceled)
	})
}

func mustKey(t *testing.T, text string) []byte {
	t.Helper()
	key, err := hubproto.ParseKey(text)
	require.NoError(t, err)
	return key
}

func mustDevice(t *testing.T, hub *emulator.Hub, id string) emulator.Device {
	t.Helper()
	d, err := hub.Device(id)
	require.NoError(t, err)
	return d
}

// servicePolicies are the keys of the policies that the tests use.
func servicePolicies(t *testing.T, hub *emulator.Hub) map[string][]byte {
	t.Helper()
	keys := make(map[string][]byte)
	for _, name := range []string{emulator.PolicyOwner, emulator.PolicyProvisioningOwner} {
		key, err := hub.PolicyKey(t.Context(), name)
		require.NoError(t, err)
		keys[name] = mustKey(t, key)
	}
	return keys
}
