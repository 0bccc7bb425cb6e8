package connection

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubservice"
)

// restart ends the hub and starts one with new keys, as an emulator without a store does.
func (s *site) restart() {
	old := s.currentHub()
	hub := newHub(s.t)
	s.mu.Lock()
	s.hub = hub
	s.mu.Unlock()
	old.Close()
}

func TestTheReadyMadeDeviceOutlivesARestartOfTheEmulator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.connect()
		before := s.settings().Credentials
		for range 3 { // each restart makes new keys
			s.restart()
			time.Sleep(time.Minute)
			synctest.Wait()
			s.connected()
		}
		require.Equal(t, 3, s.refreshes)
		now := s.settings().Credentials // the form has the new key
		require.NotEqual(t, before.Key, now.Key)
		s.Read(func() {
			require.Equal(t, now.Key, s.Credentials().Key)
			require.Contains(t, s.Secrets(), base64.StdEncoding.EncodeToString(now.Key))
			require.Nil(t, s.Notice.Text)
		})
		s.Disconnect()
		synctest.Wait()
		s.disconnected()
		s.connect()
	})
}

func TestWrongKeysOfAPersonStayRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.Update(func() {
			s.Form.OfferConnectionString("HostName=hub.inpage;DeviceId=" + deviceID + ";SharedAccessKey=" + base64.StdEncoding.EncodeToString([]byte("wrong")))
		})
		s.Connect()
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, "refused", s.bar())
		require.Zero(t, s.refreshes)
		s.disconnected()
	})
}

// A device of the registry that is not the ready-made one has no new key in the emulator's info.
func TestAnotherDeviceOfTheEmulatorStaysRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		other := s.settings()
		other.Credentials.DeviceID = "other"
		s.Start(other)
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, "refused", s.bar())
		require.Zero(t, s.refreshes)
	})
}

// What a person typed meanwhile stays in the form.
func TestOnlyTheOldReadyMadeStringIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.connect()
		const typed = "HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=a2V5MTIzNDU="
		s.Update(func() { s.Form.OfferConnectionString(typed) })
		s.restart()
		time.Sleep(time.Minute)
		synctest.Wait()
		s.connected()
		require.Equal(t, typed, s.Form.connection.Text)
	})
}

// An emulator that calls itself something else has other devices, whatever their names are.
func TestAnotherHubsDeviceIsNotTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSite(t)
		s.connect()
		c := s.state.connection
		s.Update(func() {
			info := &s.emulator.Info
			info.DeviceConnectionString = strings.Replace(info.DeviceConnectionString, hubservice.InPageHost, "elsewhere.example", 1)
		})
		s.Links.RefreshEmulator = func(context.Context) error { return nil }
		renewed, err := c.renew(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, s.Credentials(), renewed)
		require.Equal(t, hubservice.InPageHost, renewed.Host)
	})
}
