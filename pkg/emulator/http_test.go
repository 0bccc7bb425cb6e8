//go:build !js

package emulator_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/readymade"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// server is a hub behind a real HTTP server.
type server struct {
	*world
	*httptest.Server
	host string
}

func newServer(t *testing.T) *server {
	t.Helper()
	hub := &emulator.Hub{}
	require.NoError(t, readymade.Prepare(t.Context(), hub))
	s := httptest.NewServer(hub)
	t.Cleanup(func() {
		require.NoError(t, hub.Close())
		s.Close()
	})
	return &server{&world{Hub: hub, t: t}, s, strings.TrimPrefix(s.URL, "http://")}
}

// request makes a request with the owner's token.
func (s *server) request(ctx context.Context, method, path string, body io.Reader, header map[string]string) *http.Response {
	s.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, s.URL+path, body)
	require.NoError(s.t, err)
	r.Header.Set("Authorization", hubproto.SignSAS(servicePolicies(s.t, s.Hub)["iothubowner"], s.host, "iothubowner", time.Now().Add(time.Minute)))
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res, err := s.Client().Do(r)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { res.Body.Close() })
	return res
}

func (s *server) packet(d emulator.Device) *mqttcodec.Connect {
	p := connectPacket(s.t, credentials{Device: d})
	p.UserName = []byte(hubproto.Username{Host: s.host, DeviceID: d.DeviceID, APIVersion: hubproto.APIVersion}.String())
	p.Password = []byte(hubproto.SignSAS(mustKey(s.t, d.Authentication.SymmetricKey.PrimaryKey), hubproto.DeviceResource(s.host, d.DeviceID, ""), "", time.Now().Add(time.Hour)))
	return p
}

func TestWebSocket(t *testing.T) {
	s := newServer(t)
	device := s.put("dev-1")
	for i, url := range []string{hubproto.WebSocketURL(s.host), hubproto.WebSocketCertURL(s.host), "ws://" + s.host + "/"} {
		conn, err := wsconn.Dial(t.Context(), url)
		require.NoError(t, err, url)
		d := newPeer(t, conn)
		d.send(s.packet(device))
		d.want(url, &mqttcodec.Connack{SessionPresent: i > 0})
		d.publish("devices/dev-1/messages/events/", "over a WebSocket", 1)
		d.wantPuback("telemetry", 1)
		d.send(&mqttcodec.Disconnect{})
		d.wantClosed("as it asked")
	}
	_, err := wsconn.Dial(t.Context(), "ws://"+s.host+"/mqtt")
	var refused *wsconn.HandshakeError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, 400, refused.StatusCode, "another path")
	res := s.request(t.Context(), "GET", hubproto.WebSocketPath, nil, map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="})
	require.Equal(t, 400, res.StatusCode, "without the subprotocol")
}

func TestRefusalArrivesOverWebSocket(t *testing.T) {
	s := newServer(t)
	device := s.put("dev-1")
	device.Authentication.SymmetricKey.PrimaryKey = base64.StdEncoding.EncodeToString([]byte("0123456789abcdef"))
	for range 20 {
		conn, err := wsconn.Dial(t.Context(), hubproto.WebSocketURL(s.host))
		require.NoError(t, err)
		d := newPeer(t, conn)
		raw, err := mqttcodec.Append(nil, s.packet(device))
		require.NoError(t, err)
		raw, err = mqttcodec.Append(raw, &mqttcodec.Pingreq{}) // sent ahead of the answer
		require.NoError(t, err)
		_, err = conn.Write(raw)
		require.NoError(t, err)
		d.want("the reason arrives although more was sent", &mqttcodec.Connack{ReturnCode: mqttcodec.NotAuthorized})
		conn.Close()
	}
}

func TestHTTP(t *testing.T) {
	s := newServer(t)
	res := s.request(t.Context(), "PUT", "/devices/d%27%25?api-version=2021-04-12", strings.NewReader(`{"deviceId":"d'%"}`), nil)
	require.Equal(t, 200, res.StatusCode)
	require.Regexp(t, `^".+"$`, res.Header.Get("ETag"))
	require.Equal(t, "d'%", mustDevice(t, s.Hub, "d'%").DeviceID)
	res = s.request(t.Context(), "POST", "/devices/d%27%25/messages/devicebound", strings.NewReader("hello"), map[string]string{"iothub-app-Name": "v"})
	require.Equal(t, 204, res.StatusCode)
	res = s.request(t.Context(), "PUT", "/devices/d", strings.NewReader(strings.Repeat("x", emulator.MaxRequestBody+1)), nil)
	require.Equal(t, 413, res.StatusCode)
	require.Empty(t, res.Header.Get("Access-Control-Allow-Origin"), "no CORS, like the service")

	res = s.request(t.Context(), "GET", "/emulator/info", nil, nil)
	require.Equal(t, 200, res.StatusCode)
	var info readymade.Info
	require.NoError(t, json.NewDecoder(res.Body).Decode(&info))
	require.Equal(t, s.host, info.HubHostName)
	r := httptest.NewRequest("GET", "/emulator/info", nil)
	r.Host, r.RemoteAddr = "127.0.0.1:8080", "192.0.2.1:1234"
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	require.Equal(t, 403, w.Code, "from another machine")
	require.NotContains(t, w.Body.String(), "SharedAccessKey")
}

func TestServerSentEvents(t *testing.T) {
	s := newServer(t)
	device := s.put("dev-1")
	conn, err := wsconn.Dial(t.Context(), hubproto.WebSocketURL(s.host))
	require.NoError(t, err)
	d := newPeer(t, conn)
	d.send(s.packet(device))
	d.want("connected", &mqttcodec.Connack{})
	d.publish("devices/dev-1/messages/events/", "one", 1)
	d.wantPuback("one", 1)

	ctx, cancel := context.WithCancel(t.Context())
	read := func(header map[string]string, id string) *bufio.Reader {
		res := s.request(ctx, "GET", "/messages/events", nil, header)
		require.Equal(t, "text/event-stream", res.Header.Get("Content-Type"))
		lines := bufio.NewReader(res.Body)
		require.Equal(t, ": open", line(t, lines), "so that the reader knows before the first event")
		require.Equal(t, "id: "+id, line(t, lines), "and can resume before it, too")
		require.Empty(t, line(t, lines))
		return lines
	}
	live := read(nil, "1")
	resumed := read(map[string]string{"Last-Event-ID": "0"}, "0")
	require.Equal(t, "id: 1", line(t, resumed))
	require.Contains(t, line(t, resumed), `"body":"b25l"`)
	d.publish("devices/dev-1/messages/events/", "two", 2)
	d.wantPuback("two", 2)
	require.Equal(t, "id: 2", line(t, live))
	data := line(t, live)
	require.True(t, strings.HasPrefix(data, `data: {"sequenceNumber":2,`), data)
	cancel()
	_, err = live.ReadString('\n')
	if err == nil {
		_, err = live.ReadString('\n')
	}
	require.ErrorIs(t, err, context.Canceled)

	res := s.request(t.Context(), "GET", "/messages/events", nil, nil)
	require.NoError(t, s.Hub.Close(), "although a reader is there")
	rest, err := io.ReadAll(res.Body)
	require.NoError(t, err, "a proper end")
	require.Equal(t, ": open\nid: 2\n\n", string(rest))
	res = s.request(t.Context(), "GET", "/messages/events", nil, nil)
	require.Equal(t, 503, res.StatusCode)
}

func line(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	text, err := r.ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSuffix(text, "\n")
}

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	template := &x509.Certificate{Subject: pkix.Name{CommonName: "a test CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	pair := a.issue(t, template)
	a.cert, a.key = pair.Leaf, pair.PrivateKey.(*ecdsa.PrivateKey)
	return a
}

func (a *authority) issue(t *testing.T, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func (a *authority) client(t *testing.T, name string) tls.Certificate {
	return a.issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
}

// mqtts is a hub behind MQTT over TLS.
type mqtts struct {
	*world
	addr string
	ca   *authority
	done chan error
}

func newMQTTS(t *testing.T, hub *emulator.Hub, ca *authority) *mqtts {
	t.Helper()
	certificate := ca.issue(t, &x509.Certificate{DNSNames: []string{"localhost"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequestClientCert})
	require.NoError(t, err)
	s := &mqtts{&world{Hub: hub, t: t}, l.Addr().String(), ca, make(chan error, 1)}
	go func() { s.done <- hub.ServeMQTT(l) }()
	t.Cleanup(func() {
		require.NoError(t, hub.Close())
		require.NoError(t, <-s.done)
	})
	return s
}

// dialTLS connects as a device, with a certificate if it has one.
func (s *mqtts) dialTLS(certificates ...tls.Certificate) *peer {
	s.t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(s.ca.cert)
	conn, err := tls.Dial("tcp", s.addr, &tls.Config{ServerName: "localhost", RootCAs: roots, Certificates: certificates})
	require.NoError(s.t, err)
	return newPeer(s.t, conn)
}

func TestServeMQTT(t *testing.T) {
	s := newMQTTS(t, &emulator.Hub{}, newAuthority(t))
	d := s.dialTLS()
	d.send(connectPacket(t, credentials{Device: s.put("dev-1")}))
	d.want("with a token", &mqttcodec.Connack{})
	plain, err := net.Dial("tcp", s.addr)
	require.NoError(t, err)
	defer plain.Close()
	_, err = plain.Write([]byte("this is no TLS at all"))
	require.NoError(t, err)
	io.Copy(io.Discard, plain)
	d.send(&mqttcodec.Pingreq{})
	d.want("others do not notice", &mqttcodec.Pingresp{})
}

func TestX509(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	hub := &emulator.Hub{TrustedCAs: [][]byte{ca.cert.Raw}}
	s := newMQTTS(t, hub, ca)
	certificate := ca.client(t, "dev-1")
	connect := func(id string) *mqttcodec.Connect {
		return &mqttcodec.Connect{CleanSession: true, ClientID: []byte(id), UserNameFlag: true, UserName: []byte("localhost/" + id + "/?api-version=2021-04-12")}
	}
	try := func(why, id string, code mqttcodec.ConnectCode, certificates ...tls.Certificate) {
		t.Helper()
		d := s.dialTLS(certificates...)
		d.send(connect(id))
		d.want(why, &mqttcodec.Connack{ReturnCode: code})
	}
	thumbprint := func(c tls.Certificate) string {
		return fmt.Sprintf("%x", sha1.Sum(c.Leaf.Raw))
	}
	_, err := hub.PutDevice(t.Context(), emulator.Device{DeviceID: "dev-1", Authentication: emulator.Authentication{
		Type: emulator.AuthSelfSigned, X509Thumbprint: emulator.Thumbprint{PrimaryThumbprint: thumbprint(certificate)}}})
	require.NoError(t, err)
	try("by thumbprint", "dev-1", 0, certificate)
	try("another certificate", "dev-1", 5, ca.client(t, "dev-1"))
	try("none", "dev-1", 5)

	_, err = hub.PutDevice(t.Context(), emulator.Device{DeviceID: "dev-2", Authentication: emulator.Authentication{Type: emulator.AuthCA}})
	require.NoError(t, err)
	try("signed by the CA", "dev-2", 0, ca.client(t, "dev-2"))
	try("another's name", "dev-2", 5, ca.client(t, "dev-3"))
	try("another CA", "dev-2", 5, stranger.client(t, "dev-2"))
	s.put("dev-3")
	try("a certificate does not stand in for a token", "dev-3", 5, ca.client(t, "dev-3"))
}

func TestX509Provisioning(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	s := newMQTTS(t, &emulator.Hub{AssigningTime: -1}, ca)
	own := stranger.client(t, "reg-1") // whoever signed it, an individual enrollment names it
	pair := func(der []byte) *emulator.X509Pair {
		return &emulator.X509Pair{Primary: &emulator.X509Certificate{Certificate: base64.StdEncoding.EncodeToString(der)}}
	}
	s.enroll(emulator.Enrollment{RegistrationID: "reg-1", Enrolled: emulator.Enrolled{Attestation: emulator.Attestation{
		Type: emulator.AttestX509, X509: &emulator.X509{ClientCertificates: pair(own.Leaf.Raw)}}}})
	_, err := s.EnrollGroup(t.Context(), emulator.EnrollmentGroup{EnrollmentGroupID: "group", Enrolled: emulator.Enrolled{Attestation: emulator.Attestation{
		Type: emulator.AttestX509, X509: &emulator.X509{SigningCertificates: pair(ca.cert.Raw)}}}})
	require.NoError(t, err)
	connect := func(id string, code mqttcodec.ConnectCode, certificates ...tls.Certificate) *peer {
		t.Helper()
		d := s.dialTLS(certificates...)
		d.send(&mqttcodec.Connect{CleanSession: true, ClientID: []byte(id), UserNameFlag: true,
			UserName: []byte(emulator.DefaultIDScope + "/registrations/" + id + "/api-version=2019-03-31")})
		d.want(id, &mqttcodec.Connack{ReturnCode: code})
		return d
	}
	connect("reg-1", 5)
	connect("reg-1", 5, ca.client(t, "reg-1"))
	connect("reg-2", 5, own)
	connect("reg-2", 5, stranger.client(t, "reg-2"))
	for id, certificate := range map[string]tls.Certificate{"reg-1": own, "member": ca.client(t, "member")} {
		d := connect(id, 0, certificate)
		d.subscribe(mqttcodec.QoS1, hubproto.DPSResponseFilter)
		d.publish(register, "", 0)
		state := d.answer("assigned", "$dps/registrations/res/200/?$rid=1").State
		_, port, err := net.SplitHostPort(s.addr)
		require.NoError(t, err)
		require.Equal(t, "localhost:"+port, state.AssignedHub, "a name that the device can dial")
		d = s.dialTLS(certificate)
		d.send(&mqttcodec.Connect{CleanSession: true, ClientID: []byte(id), UserNameFlag: true, UserName: []byte(state.AssignedHub + "/" + id + "/?api-version=2021-04-12")})
		d.want("the hub knows the certificate", &mqttcodec.Connack{})
	}
}

// TestUpgradeReturnsAtOnce: a device may stay for days, and the HTTP server's goroutine is large.
func TestUpgradeReturnsAtOnce(t *testing.T) {
	hub := &emulator.Hub{}
	returned := make(chan struct{}, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hub.ServeHTTP(w, r)
		returned <- struct{}{}
	}))
	defer s.Close()
	w := &server{&world{Hub: hub, t: t}, s, strings.TrimPrefix(s.URL, "http://")}
	conn, err := wsconn.Dial(t.Context(), hubproto.WebSocketURL(w.host))
	require.NoError(t, err)
	<-returned
	d := newPeer(t, conn)
	d.send(w.packet(w.put("dev-1")))
	d.want("the connection goes on", &mqttcodec.Connack{})
	require.NoError(t, hub.Close())
	d.wantClosed("Close ends it")
}
