package serve

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/readymade"
	"github.com/hubpanel/hubpanel/internal/site"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// page stands for the built web/: what is tested here does not depend on what the page does.
func page() fs.FS {
	return fstest.MapFS{
		"index.html":    {Data: []byte("<!doctype html><head>\n<!-- csp -->\n<title>the page</title></head>")},
		"hubpanel.wasm": {Data: []byte("\x00asm")},
		"wasm_exec.js":  {Data: []byte("")},
	}
}

// start starts a server, on kernel-chosen ports, that ends with the test.
func start(t *testing.T, o Options) *Server {
	t.Helper()
	if o.HTTP == "" && o.HTTPS == "" {
		o.HTTP = "127.0.0.1:0"
	}
	o.Web = page()
	s, err := Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// request asks as a client would that called the server by the host; empty means by its address.
func request(t *testing.T, client *http.Client, method, url, host string, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	r.Host = host
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := client.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

// info is what the page asks the emulator for first.
func info(t *testing.T, client *http.Client, s *Server) readymade.Info {
	t.Helper()
	status, body := request(t, client, "GET", s.URL+"/emulator/info", "")
	require.Equal(t, 200, status, body)
	var info readymade.Info
	require.NoError(t, json.Unmarshal([]byte(body), &info))
	return info
}

// connect sends CONNECT as the device of the connection string and returns the answer.
func connect(t *testing.T, conn net.Conn, connectionString string) *mqttcodec.Connack {
	t.Helper()
	cs, err := hubproto.ParseConnectionString(connectionString)
	require.NoError(t, err)
	user := hubproto.Username{Host: cs.HostName, DeviceID: cs.DeviceID, APIVersion: hubproto.APIVersion}
	token := hubproto.SignSAS(cs.SharedAccessKey, hubproto.DeviceResource(cs.HostName, cs.DeviceID, ""), "", time.Now().Add(time.Hour))
	packet, err := mqttcodec.Append(nil, &mqttcodec.Connect{
		CleanSession: true, KeepAlive: 240,
		ClientID:     []byte(cs.DeviceID),
		UserNameFlag: true, UserName: []byte(user.String()),
		PasswordFlag: true, Password: []byte(token),
	})
	require.NoError(t, err)
	_, err = conn.Write(packet)
	require.NoError(t, err)
	answer, err := mqttcodec.NewReader(conn, 0).Next()
	require.NoError(t, err)
	require.IsType(t, &mqttcodec.Connack{}, answer)
	return answer.(*mqttcodec.Connack)
}

func TestPageAndEmulatorShareAnOrigin(t *testing.T) {
	s := start(t, Options{})
	client := http.DefaultClient
	require.Regexp(t, `^http://127\.0\.0\.1:\d+$`, s.URL)

	status, body := request(t, client, "GET", s.URL, "")
	require.Equal(t, 200, status)
	require.Contains(t, body, "the page")
	status, _ = request(t, client, "GET", s.URL+"/healthz", "")
	require.Equal(t, 200, status)
	status, _ = request(t, client, "GET", s.URL+"/devices?api-version="+hubproto.APIVersion, "")
	require.Equal(t, 401, status, "the emulator's, and nothing without a token")
	status, _ = request(t, client, "PUT", s.URL+"/index.html", "")
	require.NotEqual(t, 200, status, "the page is for reading")

	cs := info(t, client, s).DeviceConnectionString
	for _, path := range []string{"$iothub/websocket?iothub-no-client-cert=true", "$iothub/websocket", ""} {
		conn, err := wsconn.Dial(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http")+"/"+path)
		require.NoError(t, err, path)
		require.Equal(t, mqttcodec.ConnectionAccepted, connect(t, conn, cs).ReturnCode, path)
		require.NoError(t, conn.Close())
	}
}

func TestKeysAreForThisMachineAndItsNamesOnly(t *testing.T) {
	s := start(t, Options{})
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	for _, host := range []string{"127.0.0.1" + port, "localhost" + port, "[::1]" + port} {
		status, body := request(t, http.DefaultClient, "GET", s.URL+"/emulator/info", host)
		require.Equal(t, 200, status, host)
		require.Contains(t, body, "SharedAccessKey")
	}
	// A name of somebody else's that was made to resolve to 127.0.0.1.
	for _, host := range []string{"attacker.example", "attacker.example" + port, "127.0.0.1.attacker.example", "localhost.attacker.example" + port} {
		status, body := request(t, http.DefaultClient, "GET", s.URL+"/emulator/info", host)
		require.Equal(t, 403, status, host)
		require.NotContains(t, body, "SharedAccessKey=")
	}
}

func TestSameOverTLSWithACertificateToTrust(t *testing.T) {
	certs := filepath.Join(t.TempDir(), "certs")
	s := start(t, Options{HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", MQTTS: "127.0.0.1:0", Certs: certs, Hostname: "hub.example"})
	require.Regexp(t, `^http://127\.0\.0\.1:\d+$`, s.URL)
	require.Regexp(t, `^https://hub\.example:\d+$`, s.HTTPSURL)
	require.Equal(t, filepath.Join(certs, "ca.pem"), s.Certificates.CAFile)

	ca, err := os.ReadFile(s.Certificates.CAFile)
	require.NoError(t, err)
	trusting := &tls.Config{RootCAs: x509.NewCertPool()}
	require.True(t, trusting.RootCAs.AppendCertsFromPEM(ca))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trusting}}
	defer client.CloseIdleConnections()

	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.HTTPSURL, "https://"))
	require.NoError(t, err)
	for _, name := range []string{"localhost", "127.0.0.1"} {
		status, body := request(t, client, "GET", "https://"+name+":"+port+"/", "")
		require.Equal(t, 200, status)
		require.Contains(t, body, "the page")
	}
	_, err = http.Get("https://localhost:" + port + "/")
	require.Error(t, err, "who does not trust the authority is not connected")

	// MQTT over TLS, the device called by its server's name and port as SDKs do it.
	address := net.JoinHostPort("localhost", s.MQTTSAddr[strings.LastIndex(s.MQTTSAddr, ":")+1:])
	conn, err := tls.Dial("tcp", address, trusting)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	described, err := readymade.Describe(t.Context(), s.Hub, address)
	require.NoError(t, err)
	cs := described.DeviceConnectionString
	require.Equal(t, mqttcodec.ConnectionAccepted, connect(t, conn, cs).ReturnCode)

	wrong := strings.Replace(cs, "SharedAccessKey=", "SharedAccessKey=AAAA", 1)
	second, err := tls.Dial("tcp", address, trusting)
	require.NoError(t, err)
	defer second.Close()
	require.NoError(t, second.SetDeadline(time.Now().Add(patience)))
	require.Equal(t, mqttcodec.NotAuthorized, connect(t, second, wrong).ReturnCode)
}

func TestCloseEndsDevicesAndStreams(t *testing.T) {
	s := start(t, Options{MQTTS: "127.0.0.1:0", Certs: t.TempDir()})
	conn, err := wsconn.Dial(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http")+"/$iothub/websocket")
	require.NoError(t, err)
	defer conn.Close()
	seen := info(t, http.DefaultClient, s)
	require.Equal(t, mqttcodec.ConnectionAccepted, connect(t, conn, seen.DeviceConnectionString).ReturnCode)

	service, err := hubproto.ParseServiceConnectionString(seen.ServiceConnectionString)
	require.NoError(t, err)
	token := hubproto.SignSAS(service.SharedAccessKey, service.HostName, service.SharedAccessKeyName, time.Now().Add(time.Hour))
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/messages/events", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", token)
	events, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer events.Body.Close()
	require.Equal(t, 200, events.StatusCode)

	// A browser opens connections before it needs them.
	idle, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	require.NoError(t, err)
	defer idle.Close()

	device := make(chan error, 1)
	go func() {
		_, err := io.ReadAll(conn)
		device <- err
	}()
	before := time.Now()
	require.NoError(t, s.Close())
	require.Less(t, time.Since(before), time.Second, "nothing was waited for")
	require.NoError(t, ended(<-device))
	_, err = io.ReadAll(events.Body)
	require.NoError(t, err, "the stream has an end")
	_, err = http.Get(s.URL)
	require.Error(t, err)
	require.NoError(t, s.Close(), "a second Close is the first one's")
	select {
	case <-s.Done():
		require.Fail(t, "a closed server has not failed")
	default:
	}
}

// ended is nil for the error of a connection that the other side has closed.
func ended(err error) error {
	if _, ok := err.(*wsconn.CloseError); ok {
		return nil
	}
	return err
}

func TestListenerThatFailsIsNoticed(t *testing.T) {
	s, err := Start(t.Context(), Options{HTTP: "127.0.0.1:0", Web: page()})
	require.NoError(t, err)
	s.stopped("127.0.0.1:8080", io.ErrUnexpectedEOF) // an accept cannot be made to fail from outside
	<-s.Done()
	require.ErrorIs(t, s.Close(), io.ErrUnexpectedEOF)
}

func TestRegistrySurvivesARestart(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	first := start(t, Options{Data: data})
	_, err := first.Hub.PutDevice(t.Context(), emulator.Device{DeviceID: "kept"})
	require.NoError(t, err)
	key := info(t, http.DefaultClient, first).Demo
	require.NoError(t, first.Close())

	second := start(t, Options{Data: data})
	_, err = second.Hub.Device("kept")
	require.NoError(t, err)
	require.Equal(t, key, info(t, http.DefaultClient, second).Demo, "what was pasted elsewhere still works")
	stat, err := os.Stat(data)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), stat.Mode().Perm(), "keys are in there")
}

func TestStartSaysWhatIsWrongAndLeavesNothing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))

	for name, c := range map[string]struct {
		options Options
		reason  string
	}{
		"no listener":            {Options{MQTTS: "127.0.0.1:0", Web: page()}, "-http or -https"},
		"page not built":         {Options{HTTP: "127.0.0.1:0", Web: fstest.MapFS{"index.html": {}}}, "run make wasm"},
		"port taken":             {Options{HTTP: taken.Addr().String(), Web: page()}, "address already in use"},
		"not an address":         {Options{HTTP: "8080", Web: page()}, "missing port"},
		"TLS without a folder":   {Options{HTTPS: "127.0.0.1:0", Web: page()}, "-certs"},
		"a file for a folder":    {Options{HTTPS: "127.0.0.1:0", Certs: file, Web: page()}, "certificates"},
		"a file for the data":    {Options{HTTP: "127.0.0.1:0", Data: file, Web: page()}, "data"},
		"the second port taken":  {Options{HTTP: "127.0.0.1:0", HTTPS: taken.Addr().String(), Certs: t.TempDir(), Web: page()}, "address already in use"},
		"a host name with port":  {Options{HTTPS: "127.0.0.1:0", Certs: t.TempDir(), Hostname: "hub.example:443", Web: page()}, "not a host name"},
		"an address of somebody": {Options{HTTP: "192.0.2.1:0", Web: page()}, "192.0.2.1"},
	} {
		s, err := Start(t.Context(), c.options)
		require.ErrorContains(t, err, c.reason, name)
		require.Nil(t, s, name)
	}
	_, err = Start(t.Context(), Options{HTTP: "127.0.0.1:0", Web: fstest.MapFS{"index.html": {}}})
	require.ErrorIs(t, err, site.ErrNotBuilt)
}

func TestContextOfTheStartDoesNotEndTheServer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Start(ctx, Options{HTTP: "127.0.0.1:0", Web: page(), Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	require.NoError(t, err)
	cancel()
	status, _ := request(t, http.DefaultClient, "GET", s.URL+"/healthz", "")
	require.Equal(t, 200, status)
	require.NoError(t, s.Close())
}

func TestWhatOthersCanReachIsSaid(t *testing.T) {
	require.Empty(t, start(t, Options{HTTP: "127.0.0.1:0"}).Exposed)
	everywhere := start(t, Options{HTTP: ":0"})
	require.Len(t, everywhere.Exposed, 1)
	require.Regexp(t, `^http://127\.0\.0\.1:\d+$`, everywhere.URL, "an address that can be opened")
}

func TestOrigin(t *testing.T) {
	tcp := func(ip string, port int) net.Addr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: port} }
	for _, c := range []struct {
		scheme string
		addr   net.Addr
		name   string
		want   string
	}{
		{"http", tcp("127.0.0.1", 8080), "127.0.0.1", "http://127.0.0.1:8080"},
		{"http", tcp("127.0.0.1", 80), "127.0.0.1", "http://127.0.0.1"},
		{"http", tcp("::1", 8080), "127.0.0.1", "http://[::1]:8080"},
		{"http", tcp("::1", 80), "127.0.0.1", "http://[::1]"},
		{"http", tcp("0.0.0.0", 8080), "127.0.0.1", "http://127.0.0.1:8080"},
		{"http", tcp("::", 8080), "127.0.0.1", "http://127.0.0.1:8080"},
		{"https", tcp("127.0.0.1", 443), "localhost", "https://localhost"},
		{"https", tcp("0.0.0.0", 8443), "hub.example", "https://hub.example:8443"},
		{"https", tcp("192.0.2.7", 443), "2001:db8::7", "https://[2001:db8::7]"},
	} {
		require.Equal(t, c.want, origin(c.scheme, c.addr, c.name))
	}
}
