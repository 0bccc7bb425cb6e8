package readymade_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/readymade"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// ask reads GET /emulator/info as a client does.
func ask(t *testing.T, hub *emulator.Hub, host string) (info readymade.Info, members map[string]any) {
	t.Helper()
	res := hub.Do(t.Context(), &emulator.Request{Method: "GET", Path: "/emulator/info", Host: host})
	require.Equal(t, 200, res.Status, string(res.Body))
	require.NoError(t, json.Unmarshal(res.Body, &info))
	require.NoError(t, json.Unmarshal(res.Body, &members))
	return info, members
}

func TestInfo(t *testing.T) {
	var hub emulator.Hub
	defer hub.Close()
	require.NoError(t, readymade.Prepare(t.Context(), &hub))
	info, members := ask(t, &hub, "127.0.0.1:8080")
	for _, name := range []string{"instance", "hubHostName", "serviceConnectionString", "provisioningServiceConnectionString", "idScope", "deviceConnectionString", "demo"} {
		require.Contains(t, members, name)
	}
	require.Len(t, members, 7)
	require.Equal(t, hub.Instance(), info.Instance)
	require.Equal(t, "127.0.0.1:8080", info.HubHostName)
	require.Equal(t, emulator.DefaultIDScope, info.IDScope)
	device, err := hubproto.ParseConnectionString(info.DeviceConnectionString)
	require.NoError(t, err)
	require.Equal(t, "MyDevice01", device.DeviceID)
	for text, policy := range map[string]string{info.ServiceConnectionString: "iothubowner", info.ProvisioningServiceConnectionString: "provisioningserviceowner"} {
		service, err := hubproto.ParseServiceConnectionString(text)
		require.NoError(t, err)
		require.Equal(t, policy, service.SharedAccessKeyName)
	}
	require.Equal(t, "my-registration-01", info.Demo.Individual.RegistrationID)
	require.Equal(t, "my-group", info.Demo.Group.EnrollmentGroupID)
	require.Equal(t, "my-group-device-01", info.Demo.Group.RegistrationID)
	require.NotEmpty(t, info.Demo.Individual.PrimaryKey)
	require.NotEmpty(t, info.Demo.Group.PrimaryKey)

	require.NoError(t, hub.DeleteDevice(t.Context(), "MyDevice01"))
	_, members = ask(t, &hub, "localhost")
	require.NotContains(t, members, "deviceConnectionString", "it was deleted")
}

// store fails on demand, and keeps what it has.
type store struct {
	content map[string][]byte
	fail    error
}

func (s *store) Each(ctx context.Context, f func(string, []byte) error) error {
	for key, value := range s.content {
		if err := f(key, value); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (s *store) Commit(_ context.Context, writes []emulator.Write) error {
	if s.fail != nil {
		return s.fail
	}
	for _, w := range writes {
		if s.content == nil {
			s.content = map[string][]byte{}
		}
		s.content[w.Key] = w.Value
	}
	return nil
}

func TestPrepareReportsAndRetries(t *testing.T) {
	disk := &store{}
	hub := &emulator.Hub{Store: disk}
	dead, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, readymade.Prepare(dead, hub), context.Canceled)
	require.NoError(t, readymade.Prepare(t.Context(), hub))
	before, _ := ask(t, hub, "localhost")
	require.NoError(t, readymade.Prepare(t.Context(), hub), "what exists stays")
	after, _ := ask(t, hub, "localhost")
	require.Equal(t, before, after)
	require.NoError(t, hub.Close())

	hub = &emulator.Hub{Store: disk}
	require.NoError(t, readymade.Prepare(t.Context(), hub), "after a restart")
	after, _ = ask(t, hub, "localhost")
	require.NotEqual(t, before.Instance, after.Instance)
	after.Instance = before.Instance
	require.Equal(t, before, after)
	require.NoError(t, hub.Close())

	full := errors.New("no space left")
	hub = &emulator.Hub{Store: &store{fail: full}}
	require.ErrorIs(t, readymade.Prepare(t.Context(), hub), full)
	require.NoError(t, hub.Close())
}
