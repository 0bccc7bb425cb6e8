//go:build !js

package emulator_test

import (
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

func TestSettings(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		d := w.connect(w.put("dev-1"))
		require.Equal(t, 200, w.rest("PUT", "/emulator/settings", `{"lenient":true}`, nil).Status)
		d.publish("tele/sonoff/STATE", "x", 1)
		d.wantPuback("an open connection is treated leniently now", 1)
		require.JSONEq(t, `{"scaleUnits":0,"lenient":true,"trustedCAs":null}`, string(w.rest("GET", "/emulator/settings", "", nil).Body))

		require.Equal(t, 200, w.rest("PUT", "/emulator/settings", `{"scaleUnits":1}`, nil).Status)
		w.wantLogged("both said", "lenient", "limits of S1 with 1 unit")
		var last *emulator.Response
		for range 300 {
			if last = w.rest("POST", "/devices/query", `{"query":"SELECT * FROM devices"}`, nil); last.Status != 200 {
				break
			}
		}
		w.wantError("limits are in force", 429, "ThrottlingException", last)
		require.Equal(t, 200, w.rest("PUT", "/emulator/settings", `{}`, nil).Status)
		require.Equal(t, 200, w.rest("POST", "/devices/query", `{"query":"SELECT * FROM devices"}`, nil).Status, "and no longer")
		d.publish("tele/sonoff/STATE", "x", 1)
		d.wantClosed("strict again: PUT replaces")

		for why, body := range map[string]string{
			"negative":      `{"scaleUnits":-1}`,
			"too many":      `{"scaleUnits":201}`,
			"no number":     `{"scaleUnits":"S1"}`,
			"no text":       `{"trustedCAs":["%%"]}`,
			"no DER":        `{"trustedCAs":["aGVsbG8="]}`,
			"not an object": `[]`,
		} {
			w.wantError(why, 400, "ArgumentInvalid", w.rest("PUT", "/emulator/settings", body, nil))
		}
		w.wantError("not a device's affair", 401, "IotHubUnauthorizedAccess", w.restAs("device", "PUT", "/emulator/settings", `{"lenient":true}`, nil))
	})
}

func TestTrustedCAOverREST(t *testing.T) {
	ca := newAuthority(t)
	s := newMQTTS(t, &emulator.Hub{}, ca)
	_, err := s.PutDevice(t.Context(), emulator.Device{DeviceID: "dev-1", Authentication: emulator.Authentication{Type: emulator.AuthCA}})
	require.NoError(t, err)
	connect := func(why string, code mqttcodec.ConnectCode, certificate tls.Certificate) {
		t.Helper()
		d := s.dialTLS(certificate)
		d.send(&mqttcodec.Connect{CleanSession: true, ClientID: []byte("dev-1"), UserNameFlag: true, UserName: []byte("localhost/dev-1/?api-version=2021-04-12")})
		d.want(why, &mqttcodec.Connack{ReturnCode: code})
	}
	leaf := ca.client(t, "dev-1")
	connect("its CA is not known", mqttcodec.NotAuthorized, leaf)
	put := func(der []byte) *emulator.Response {
		body, err := json.Marshal(emulator.Settings{TrustedCAs: []string{string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}})
		require.NoError(t, err)
		return s.rest("PUT", "/emulator/settings", string(body), nil)
	}
	s.wantError("a device's own certificate signs nothing", 400, "ArgumentInvalid", put(leaf.Leaf.Raw))
	require.Equal(t, 200, put(ca.cert.Raw).Status)
	connect("now it is", mqttcodec.ConnectionAccepted, leaf)
}
