package emulator_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

func TestLoggerGetsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		hub := &emulator.Hub{Logger: slog.New(slog.NewTextHandler(&out, nil))}
		w := &world{Hub: hub, t: t}
		device := w.put("dev-1")
		w.connect(device)
		require.NoError(t, hub.Close())
		for _, want := range []string{
			`level=INFO msg="registered with authentication sas" category=DeviceIdentityOperations operation=create device=dev-1 status=200`,
			`msg="connected over pipe`,
			`level=INFO msg="the hub is shutting down" category=Connections operation=deviceDisconnect device=dev-1 status=503001`,
		} {
			require.Contains(t, out.String(), want)
		}
	})
}

func TestLogHoldsNoSecrets(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		const key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
		device, err := w.PutDevice(t.Context(), emulator.Device{DeviceID: "dev-1", Authentication: emulator.Authentication{
			SymmetricKey: emulator.SymmetricKey{PrimaryKey: key}}})
		require.NoError(t, err)
		p := connectPacket(t, credentials{Device: device})
		signature := string(p.Password[strings.Index(string(p.Password), "sig=")+4:][:40])
		p.UserName = append([]byte("hub.test/"), p.Password...) // pasted into the wrong field
		p.UserName = append(p.UserName, "/x/y/z"...)
		p.ClientID = []byte("SharedAccessKey=" + key)
		w.refused("nonsense", p, mqttcodec.NotAuthorized)
		d := w.connect(device)
		d.publish("sig="+signature+"/"+key, "", 0)
		d.wantClosed("a topic of its own")
		synctest.Wait()
		res := w.rest("GET", "/emulator/operations?from=1", "", nil)
		for data := range res.Events {
			require.NotContains(t, string(data), signature)
			require.NotContains(t, string(data), key)
			if strings.Contains(string(data), "none of IoT Hub's") {
				break
			}
		}
	})
}
