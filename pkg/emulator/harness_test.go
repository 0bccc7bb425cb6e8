package emulator_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/readymade"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

const host = "hub.test"

// world is a hub with a log that tests can look into.
type world struct {
	*emulator.Hub
	t   *testing.T
	log []emulator.Operation
}

// newWorld starts a hub that is closed at the end of the test. In a synctest bubble only.
func newWorld(t *testing.T, hub *emulator.Hub) *world {
	t.Helper()
	w := &world{Hub: hub, t: t}
	require.NoError(t, hub.Open(t.Context()))
	operations := hub.Operations(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for o := range operations {
			w.log = append(w.log, o)
		}
	}()
	t.Cleanup(func() {
		require.NoError(t, hub.Close())
		<-done
	})
	return w
}

// describe is the info of a hub that readymade.Prepare has prepared.
func (w *world) describe() readymade.Info {
	w.t.Helper()
	info, err := readymade.Describe(w.t.Context(), w.Hub, host)
	require.NoError(w.t, err)
	return info
}

// wantLogged checks that the operations log has said something since the last call, and forgets it.
func (w *world) wantLogged(why string, parts ...string) {
	w.t.Helper()
	synctest.Wait()
	for _, part := range parts {
		found := false
		for _, o := range w.log {
			found = found || strings.Contains(o.Name+" "+o.DeviceID+" "+string(o.Level)+" "+o.Description, part)
		}
		require.True(w.t, found, "%s: nothing in the log with %q: %+v", why, part, w.log)
	}
	w.log = nil
}

// put registers a device, or a module ("device/module"), and returns its entry.
func (w *world) put(id string) emulator.Device {
	w.t.Helper()
	device, module, _ := strings.Cut(id, "/")
	d, err := w.PutDevice(w.t.Context(), emulator.Device{DeviceID: device, ModuleID: module})
	require.NoError(w.t, err)
	return d
}

// peer is the device's end of a connection: a script that sends packets and says which it wants.
type peer struct {
	t       *testing.T
	conn    net.Conn
	packets chan mqttcodec.Packet // closed when the connection ends
}

// dial connects to the hub without sending anything.
func (w *world) dial() *peer {
	w.t.Helper()
	conn, err := w.Dial(w.t.Context(), "wss://"+host+hubproto.WebSocketPath)
	require.NoError(w.t, err)
	return newPeer(w.t, conn)
}

func newPeer(t *testing.T, conn net.Conn) *peer {
	p := &peer{t: t, conn: conn, packets: make(chan mqttcodec.Packet, 1000)}
	go func() {
		defer close(p.packets)
		r := mqttcodec.NewReader(conn, 0)
		for {
			packet, err := r.Next()
			if err != nil {
				return
			}
			p.packets <- mqttcodec.Clone(packet)
		}
	}()
	t.Cleanup(func() {
		conn.Close()
		for range p.packets {
		}
	})
	return p
}

func (p *peer) send(packet mqttcodec.Packet) {
	p.t.Helper()
	raw, err := mqttcodec.Append(nil, packet)
	require.NoError(p.t, err)
	_, err = p.conn.Write(raw)
	require.NoError(p.t, err)
}

// publish sends a message, at QoS 1 when packetID is not 0.
func (p *peer) publish(topic string, payload string, packetID uint16) {
	p.t.Helper()
	m := &mqttcodec.Publish{TopicName: []byte(topic), Payload: []byte(payload), PacketID: packetID}
	if packetID != 0 {
		m.QoS = mqttcodec.QoS1
	}
	p.send(m)
}

// next returns the next packet; the test fails if the connection ends instead.
func (p *peer) next(why string) mqttcodec.Packet {
	p.t.Helper()
	packet, ok := <-p.packets
	require.True(p.t, ok, "%s: the hub closed the connection", why)
	return packet
}

func (p *peer) want(why string, packet mqttcodec.Packet) {
	p.t.Helper()
	require.Equal(p.t, packet, p.next(why), why)
}

// wantPublish checks the next packet's topic and, unless body is "*", its payload.
func (p *peer) wantPublish(why, topic, body string) *mqttcodec.Publish {
	p.t.Helper()
	m, ok := p.next(why).(*mqttcodec.Publish)
	require.True(p.t, ok, why)
	require.Equal(p.t, topic, string(m.TopicName), why)
	if body != "*" {
		require.Equal(p.t, body, string(m.Payload), why)
	}
	return m
}

func (p *peer) wantPuback(why string, packetID uint16) {
	p.t.Helper()
	p.want(why, &mqttcodec.Puback{PacketID: packetID})
}

// wantIdle checks that the hub has nothing more to say.
func (p *peer) wantIdle(why string) {
	p.t.Helper()
	synctest.Wait()
	select {
	case packet, ok := <-p.packets:
		require.True(p.t, ok, "%s: the hub closed the connection", why)
		require.Fail(p.t, why, "the hub sent %v", packet)
	default:
	}
}

// wantClosed checks that the hub ends the connection without another packet.
func (p *peer) wantClosed(why string) {
	p.t.Helper()
	packet, ok := <-p.packets
	require.False(p.t, ok, "%s: the hub sent %v instead of closing", why, packet)
}

// credentials of a device, for connect.
type credentials struct {
	emulator.Device
	clean     bool
	keepAlive uint16
	ttl       time.Duration // of the token; an hour when zero
	will      *mqttcodec.Publish
	modelID   string
}

// connectPacket is what the current SDKs send.
func connectPacket(t *testing.T, c credentials) *mqttcodec.Connect {
	key, err := hubproto.ParseKey(c.Authentication.SymmetricKey.PrimaryKey)
	require.NoError(t, err)
	if c.ttl == 0 {
		c.ttl = time.Hour
	}
	p := &mqttcodec.Connect{
		CleanSession: c.clean, KeepAlive: c.keepAlive, ClientID: []byte(c.ID()),
		UserNameFlag: true, PasswordFlag: true,
		UserName: []byte(hubproto.Username{Host: host, DeviceID: c.DeviceID, ModuleID: c.ModuleID, APIVersion: hubproto.APIVersion, ModelID: c.modelID}.String()),
		Password: []byte(hubproto.SignSAS(key, hubproto.DeviceResource(host, c.DeviceID, c.ModuleID), "", time.Now().Add(c.ttl))),
	}
	if c.will != nil {
		p.WillFlag, p.WillTopic, p.WillMessage, p.WillQoS, p.WillRetain = true, c.will.TopicName, c.will.Payload, c.will.QoS, c.will.Retain
	}
	return p
}

// connect brings a device online with CleanSession 0.
func (w *world) connect(d emulator.Device) *peer {
	w.t.Helper()
	return w.connectAs(credentials{Device: d}, false)
}

// connectAs brings a device online, and checks SessionPresent.
func (w *world) connectAs(c credentials, present bool) *peer {
	w.t.Helper()
	p := w.dial()
	p.send(connectPacket(w.t, c))
	p.want("connected", &mqttcodec.Connack{SessionPresent: present})
	return p
}

// subscribe subscribes at a QoS and waits for the grant.
func (p *peer) subscribe(qos mqttcodec.QoS, filters ...string) {
	p.t.Helper()
	s := &mqttcodec.Subscribe{PacketID: 999}
	codes := []byte{}
	for _, f := range filters {
		s.Subscriptions = append(s.Subscriptions, mqttcodec.Subscription{TopicFilter: []byte(f), QoS: qos})
		codes = append(codes, byte(min(qos, mqttcodec.QoS1)))
	}
	p.send(s)
	p.want("subscribed", &mqttcodec.Suback{PacketID: 999, ReturnCodes: codes})
}

// events collects telemetry from now on.
func (w *world) events() func() emulator.Event {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	all := w.Events(ctx)
	got := make(chan emulator.Event, 1000)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e := range all {
			got <- e
		}
	}()
	w.t.Cleanup(func() { cancel(); <-done })
	return func() emulator.Event { return <-got }
}

// refused sends a CONNECT and wants it refused with a code, and the connection closed.
func (w *world) refused(why string, p *mqttcodec.Connect, code mqttcodec.ConnectCode, logged ...string) {
	w.t.Helper()
	d := w.dial()
	d.send(p)
	d.want(why, &mqttcodec.Connack{ReturnCode: code})
	d.wantClosed(why)
	w.wantLogged(why, logged...)
}

// bubble runs a test with a hub of its own in fake time.
func bubble(t *testing.T, hub *emulator.Hub, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newWorld(t, hub)) })
}

var _ io.Closer = (*emulator.Hub)(nil)

// sasToken makes a SAS token ("Control access to IoT Hub with shared access signatures").
func sasToken(resource, key, policy string) string {
	secret, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		panic(err)
	}
	resource = url.QueryEscape(resource)
	expiry := fmt.Sprint(time.Now().Add(time.Hour).Unix())
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(resource + "\n" + expiry))
	signature := url.QueryEscape(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	t := "SharedAccessSignature sr=" + resource + "&sig=" + signature + "&se=" + expiry
	if policy != "" {
		t += "&skn=" + policy
	}
	return t
}
