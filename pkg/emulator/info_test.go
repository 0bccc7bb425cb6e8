package emulator_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/readymade"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

func TestInfo(t *testing.T) {
	ask := func(w *world, host string) *emulator.Response {
		return w.Do(w.t.Context(), &emulator.Request{Method: "GET", Path: "/emulator/info", Host: host})
	}
	give := func(host string) (any, error) { return map[string]string{"calledAs": host}, nil }
	bubble(t, &emulator.Hub{Info: give}, func(t *testing.T, w *world) {
		require.Equal(t, 403, ask(w, "evil.example").Status, "DNS rebinding: a page that came by another name")
		for _, name := range []string{"127.0.0.1:8080", "localhost", "[::1]:8080", ""} {
			res := ask(w, name)
			require.Equal(t, 200, res.Status)
			require.Equal(t, "no-store", res.Header["Cache-Control"])
			var info map[string]string
			require.NoError(t, json.Unmarshal(res.Body, &info))
			require.Equal(t, map[string]string{"calledAs": name}, info)
		}
	})
	bubble(t, &emulator.Hub{HostName: "hub.inpage", Info: give}, func(t *testing.T, w *world) {
		require.Equal(t, 200, ask(w, "hub.inpage").Status, "its own name")
	})
	bubble(t, &emulator.Hub{Info: func(string) (any, error) { return nil, errors.New("no") }}, func(t *testing.T, w *world) {
		require.Equal(t, 500, ask(w, "localhost").Status)
	})
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		require.Equal(t, 404, ask(w, "localhost").Status, "a hub of a Go program need not have an info")
	})
}

func TestReadyMadeEnrollmentsWork(t *testing.T) {
	hub := &emulator.Hub{}
	require.NoError(t, readymade.Prepare(t.Context(), hub))
	defer hub.Close()
	w := &world{Hub: hub, t: t}
	info := w.describe()
	d := w.dpsConnect(info.Demo.Individual.RegistrationID, mustKey(t, info.Demo.Individual.PrimaryKey))
	d.conn.Close()
	w.dpsConnect(info.Demo.Group.RegistrationID, hubproto.DeriveDeviceKey(mustKey(t, info.Demo.Group.PrimaryKey), info.Demo.Group.RegistrationID))
}
