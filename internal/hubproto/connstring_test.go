package hubproto

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const canary = "Y2FuYXJ5LWtleS0xMjM0NQ==" // base64 of "canary-key-12345"

func TestParseConnectionString(t *testing.T) {
	key := []byte("canary-key-12345")
	const token = "SharedAccessSignature sr=h.net%2Fdevices%2Fd&sig=eA%3D%3D&se=1700000000"
	for name, tt := range map[string]struct {
		s    string
		want ConnectionString
	}{
		"as the portal shows it": {"HostName=myhub.azure-devices.net;DeviceId=d;SharedAccessKey=" + canary,
			ConnectionString{HostName: "myhub.azure-devices.net", DeviceID: "d", SharedAccessKey: key}},
		"any order and letter case, spaces, quotes, a last semicolon": {` "sharedaccesskey = ` + canary + ` ; DEVICEID=D%;HostName=H.Net;" ` + "\n",
			ConnectionString{HostName: "H.Net", DeviceID: "D%", SharedAccessKey: key}},
		"a module behind a gateway": {"HostName=h.net;DeviceId=d;ModuleId=m;SharedAccessKey=" + canary + ";GatewayHostName=edge:8443",
			ConnectionString{HostName: "h.net", GatewayHostName: "edge:8443", DeviceID: "d", ModuleID: "m", SharedAccessKey: key}},
		"a token":       {"HostName=h.net;DeviceId=d;SharedAccessSignature=" + token, ConnectionString{HostName: "h.net", DeviceID: "d", SharedAccessSignature: token}},
		"a certificate": {"HostName=h.net;DeviceId=d;x509=True", ConnectionString{HostName: "h.net", DeviceID: "d", X509: true}},
		"an emulator":   {"HostName=[::1]:8080;DeviceId=d;x509=true", ConnectionString{HostName: "[::1]:8080", DeviceID: "d", X509: true}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseConnectionString(tt.s)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
			again, err := ParseConnectionString(got.String())
			require.NoError(t, err)
			require.Equal(t, got, again)
		})
	}
}

func TestParseConnectionStringSaysWhatToDo(t *testing.T) {
	for s, want := range map[string]struct{ part, text string }{
		"":              {"", "is empty: paste the device's own connection string"},
		"   ":           {"", "is empty"},
		canary:          {"one part", "is not a part of a connection string"},
		"hello":         {"", "has a part without = (number 1): write Name=value parts"},
		"HostNam=h.net": {`"hostnam"`, "is not a part of a connection string: known parts are HostName, DeviceId"},
		"HostName=h.net;SharedAccessKeyName=iothubowner;SharedAccessKey=" + canary:                                         {"SharedAccessKeyName", "hub-level string, which opens the whole hub: paste the device's own connection string instead"},
		"HostName=x.azure-devices-provisioning.net;SharedAccessKeyName=provisioningserviceowner;SharedAccessKey=" + canary: {"SharedAccessKeyName", "provisioning service's own string"},
		"Endpoint=sb://x/;SharedAccessKeyName=a;SharedAccessKey=" + canary:                                                 {"Endpoint", "Event Hubs string"},
		"DeviceId=d;SharedAccessKey=" + canary:                                                                             {"HostName", "is missing"},
		"HostName=h.net;SharedAccessKey=" + canary:                                                                         {"DeviceId", "is missing: paste the device's own"},
		"HostName=h.net;DeviceId=d":                                                                                        {"SharedAccessKey", "is missing: copy the whole string"},
		"HostName=h.net;DeviceId=d;x509=false":                                                                             {"SharedAccessKey", "is missing"},
		"HostName=h.net;DeviceId=d;SharedAccessKey=" + canary + ";x509=true":                                               {"", "more than one of"},
		"HostName=h.net;HostName=h.net":                                                                                    {"HostName", "is given twice"},
		"HostName=":                                                                                                        {"HostName", "is empty: give it a value"},
		"HostName=https://h.net":                                                                                           {"HostName", "holds a slash: give the name alone"},
		"HostName=h net":                                                                                                   {"HostName", "holds ' '"},
		"HostName=h.net:99999":                                                                                             {"HostName", "has a port that is not a number"},
		"HostName=h..net":                                                                                                  {"HostName", "empty label"},
		"HostName=[zz]:1":                                                                                                  {"HostName", "is not an IPv6 address"},
		"HostName=h.net;DeviceId=a/b":                                                                                      {"DeviceId", "device id holds '/'"},
		"HostName=h.net;DeviceId=zażółć":                                                                                   {"DeviceId", "device id holds 'ż'"},
		"HostName=h.net;DeviceId=d;SharedAccessKey=Y2FuYXJ5LW%tleS0xMjM0NQ==":                                              {"SharedAccessKey", "is not base64 (at character 11 of 25): copy the key again"},
		"HostName=h.net;DeviceId=d;SharedAccessKey=Y2FuYXJ5LWtleS0xMjM0NQ":                                                 {"SharedAccessKey", "is not base64"},
		"HostName=h.net;DeviceId=d;SharedAccessKey=Y2FuYXJ5LWtleS0xMjM0NQ=":                                                {"SharedAccessKey", "is not base64"},
		"HostName=h.net;DeviceId=d;SharedAccessSignature=" + canary:                                                        {"SharedAccessSignature", "is not a SAS token"},
		"HostName=h.net;DeviceId=d;x509=maybe":                                                                             {"x509", "is neither true nor false"},
	} {
		_, err := ParseConnectionString(s)
		var e *ConnectionStringError
		require.ErrorAs(t, err, &e, s)
		require.Equal(t, want.part, e.Part, s)
		require.ErrorContains(t, err, want.text, s)
		for _, secret := range []string{"Y2FuYXJ5", "y2fuyxj5", "LWtleS0x"} {
			require.NotContains(t, err.Error(), secret)
		}
	}
}

func TestParseServiceConnectionString(t *testing.T) {
	s := "HostName=h.net;SharedAccessKeyName=service;SharedAccessKey=" + canary
	got, err := ParseServiceConnectionString(s)
	require.NoError(t, err)
	require.Equal(t, ConnectionString{HostName: "h.net", SharedAccessKeyName: "service", SharedAccessKey: []byte("canary-key-12345")}, got)
	require.Equal(t, s, got.String())
	for s, text := range map[string]string{
		"HostName=h.net;DeviceId=d;SharedAccessKey=" + canary: "DeviceId says that this is a device's string: paste the hub-level string",
		"SharedAccessKeyName=a;SharedAccessKey=" + canary:     "HostName is missing",
		"HostName=h.net;SharedAccessKey=" + canary:            "SharedAccessKeyName is missing",
		"HostName=h.net;SharedAccessKeyName=a":                "SharedAccessKey is missing",
		"nonsense":                                            "without =",
	} {
		_, err := ParseServiceConnectionString(s)
		require.ErrorContains(t, err, text)
	}
}

func TestIDs(t *testing.T) {
	long := string(make([]byte, 129))
	for id, ok := range map[string]bool{"d": true, "A-z:.0+%_#*?!(),=@$'": true, "": false, "a;b": false, "a b": false, "a/b": false, "é": false, "a\x00": false, long: false, "\xff": false} {
		require.Equal(t, ok, ValidDeviceID(id) == nil, "device id %q", id)
	}
	for id, ok := range map[string]bool{"reg-1": true, "a:b_c.d-": true, "a.": false, "a_": false, "": false, "a+b": false, long: false} {
		require.Equal(t, ok, ValidRegistrationID(id) == nil, "registration id %q", id)
	}
	for name, ok := range map[string]bool{"reboot": true, "thermostat1*reboot": true, "a.b-c_d": true, "": false, "a b": false, "a/b": false, "a=b": false, "é": false, long: false} {
		require.Equal(t, ok, ValidMethodName(name) == nil, "method name %q", name)
	}
}

func TestEndpoints(t *testing.T) {
	for host, url := range map[string]string{
		"h.azure-devices.net":     "wss://h.azure-devices.net/$iothub/websocket?iothub-no-client-cert=true",
		"h.azure-devices.net:443": "wss://h.azure-devices.net:443/$iothub/websocket?iothub-no-client-cert=true",
		"gateway:8443":            "wss://gateway:8443/$iothub/websocket?iothub-no-client-cert=true",
		"localhost":               "wss://localhost/$iothub/websocket?iothub-no-client-cert=true",
		"localhost:443":           "wss://localhost:443/$iothub/websocket?iothub-no-client-cert=true",
		"localhost:8080":          "ws://localhost:8080/$iothub/websocket?iothub-no-client-cert=true",
		"127.0.0.7:1":             "ws://127.0.0.7:1/$iothub/websocket?iothub-no-client-cert=true",
		"[::1]:8080":              "ws://[::1]:8080/$iothub/websocket?iothub-no-client-cert=true",
		"localhost.evil.net:80":   "wss://localhost.evil.net:80/$iothub/websocket?iothub-no-client-cert=true",
	} {
		require.Equal(t, url, WebSocketURL(host))
	}
	require.Equal(t, "wss://h.net/$iothub/websocket", WebSocketCertURL("h.net"))
	for host, is := range map[string]bool{"LocalHost": true, "[::1]": true, "::1": true, "127.1.2.3": true, "127.0.0.1:80": true, "10.0.0.1": false, "localhost.net": false, "": false} {
		require.Equal(t, is, IsLoopback(host), host)
	}
}

func FuzzParseConnectionString(f *testing.F) {
	f.Add("HostName=h.net;DeviceId=d;SharedAccessKey=" + canary)
	f.Add("HostName=[::1]:8080;DeviceId=d;ModuleId=m;x509=true;GatewayHostName=g")
	f.Add("HostName=h;DeviceId=d;SharedAccessSignature=SharedAccessSignature sr=h&sig=eA%3D%3D&se=1")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseConnectionString(s)
		if err != nil {
			var e *ConnectionStringError
			require.ErrorAs(t, err, &e)
			return
		}
		again, err := ParseConnectionString(c.String())
		require.NoError(t, err)
		require.Equal(t, c, again)
	})
}
