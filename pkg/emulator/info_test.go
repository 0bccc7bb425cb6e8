package emulator_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

func TestInfo(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		require.NoError(t, w.SeedDemo())
		ask := func(host string) *emulator.Response {
			return w.Do(t.Context(), &emulator.Request{Method: "GET", Path: "/emulator/info", Host: host})
		}
		require.Equal(t, 403, ask("evil.example").Status, "DNS rebinding: a page that came by another name")
		for _, name := range []string{"127.0.0.1:8080", "localhost", "[::1]:8080"} {
			res := ask(name)
			require.Equal(t, 200, res.Status)
			require.Equal(t, "no-store", res.Header["Cache-Control"])
			var info emulator.Info
			require.NoError(t, json.Unmarshal(res.Body, &info))
			require.Equal(t, w.Info(name), info)
			require.Equal(t, name, info.HubHostName)
			device, err := hubproto.ParseConnectionString(info.DeviceConnectionString)
			require.NoError(t, err)
			require.Equal(t, "MyDevice01", device.DeviceID)
			_, err = hubproto.ParseServiceConnectionString(info.ServiceConnectionString)
			require.NoError(t, err)
		}
		var members map[string]any
		require.NoError(t, json.Unmarshal(ask("").Body, &members))
		require.Subset(t, []string{"hubHostName", "serviceConnectionString", "provisioningServiceConnectionString", "idScope", "deviceConnectionString", "demo"}, keys(members))
		require.Equal(t, []string{"deviceId", "group", "individual"}, keys(members["demo"].(map[string]any)))

		before := w.Info("h")
		require.NoError(t, w.SeedDemo())
		require.Equal(t, before, w.Info("h"), "again")

		info := w.Info(host)
		d := w.dpsConnect(info.Demo.Individual.RegistrationID, mustKey(t, info.Demo.Individual.PrimaryKey))
		d.conn.Close()
		w.dpsConnect(info.Demo.Group.RegistrationID, hubproto.DeriveDeviceKey(mustKey(t, info.Demo.Group.PrimaryKey), info.Demo.Group.RegistrationID))
	})
	bubble(t, &emulator.Hub{HostName: "hub.inpage"}, func(t *testing.T, w *world) {
		info := w.Info("elsewhere")
		require.Equal(t, "hub.inpage", info.HubHostName)
		require.Empty(t, info.DeviceConnectionString, "no demo")
		require.Equal(t, 200, w.Do(t.Context(), &emulator.Request{Method: "GET", Path: "/emulator/info", Host: "hub.inpage"}).Status, "its own name")
	})
}

func keys(m map[string]any) (all []string) {
	for _, name := range []string{"demo", "deviceConnectionString", "deviceId", "group", "hubHostName", "idScope", "individual", "provisioningServiceConnectionString", "serviceConnectionString"} {
		if _, ok := m[name]; ok {
			all = append(all, name)
		}
	}
	return all
}
