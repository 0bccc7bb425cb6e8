package hubservice

import (
	"encoding/json"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

const readyMade = "MyDevice01"

func TestTheRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, c := t.Context(), newSite(t).client()
		require.NoError(t, c.CreateDevice(ctx, "A-1", emulator.Authentication{}))
		require.NoError(t, c.CreateDevice(ctx, "A-1/pump", emulator.Authentication{}))
		require.Error(t, c.CreateDevice(ctx, "A-1", emulator.Authentication{}), "it exists")
		devices, err := c.Devices(ctx)
		require.NoError(t, err)
		require.Equal(t, []string{"A-1", readyMade}, []string{devices[0].DeviceID, devices[1].DeviceID})
		modules, err := c.Modules(ctx, "A-1")
		require.NoError(t, err)
		require.Equal(t, []string{"pump"}, modules)

		key, err := c.DeviceKey(ctx, "A-1")
		require.NoError(t, err)
		d, err := c.Device(ctx, "A-1")
		require.NoError(t, err)
		require.NoError(t, c.SetDeviceStatus(ctx, "A-1", false))
		disabled, err := c.Device(ctx, "A-1")
		require.NoError(t, err)
		require.EqualValues(t, emulator.StatusDisabled, disabled.Status)

		require.NoError(t, c.DeleteDevice(ctx, "A-1"))
		require.True(t, IsNotFound(c.DeleteDevice(ctx, "A-1")))
		require.NoError(t, c.CreateDevice(ctx, "A-1", d.Authentication))
		again, err := c.DeviceKey(ctx, "A-1")
		require.NoError(t, err)
		require.Equal(t, key, again, "the keys stay")
	})
}

func TestMessagesFaultsAndTwins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, s := t.Context(), newSite(t)
		c := s.client()
		m := Message{MessageID: "m-1", CorrelationID: "c-1", Expiry: time.Now().Add(time.Minute), Ack: "full", Body: []byte("open"),
			Properties: hubproto.Properties{{Name: "Urgency", Value: "a b"}, {Name: "none", Null: true}}}
		require.NoError(t, c.SendToDevice(ctx, readyMade, m))
		require.NoError(t, c.SendToDevice(ctx, readyMade, Message{}))
		n, err := c.PurgeQueue(ctx, readyMade)
		require.NoError(t, err)
		require.Equal(t, 2, n)
		require.NoError(t, c.CreateDevice(ctx, readyMade+"/pump", emulator.Authentication{}))
		require.NoError(t, c.SendToInput(ctx, readyMade+"/pump", "valves", m))
		require.Error(t, c.SendToInput(ctx, readyMade, "valves", m))

		in, err := c.SetFaults(ctx, emulator.Faults{Delay: time.Millisecond})
		require.NoError(t, err)
		require.Equal(t, time.Millisecond, in.Delay)
		in, err = c.Faults(ctx)
		require.NoError(t, err)
		require.Equal(t, time.Millisecond, in.Delay)
		require.Error(t, c.Cut(ctx, readyMade), "it is not connected")
		s.connect()
		synctest.Wait()
		time.Sleep(time.Second)
		require.NoError(t, c.Cut(ctx, readyMade))

		for _, id := range []string{readyMade, readyMade + "/pump"} {
			versions, err := c.PatchTwin(ctx, id, json.RawMessage(`{"rate":3}`), json.RawMessage(`{"site":"north"}`))
			require.NoError(t, err)
			require.EqualValues(t, 2, versions.Desired)
			twin, err := c.Twin(ctx, id)
			require.NoError(t, err)
			require.Equal(t, versions.Version, twin.Version)
			require.JSONEq(t, `{"site":"north"}`, string(twin.Tags))
			require.JSONEq(t, `{"rate":3,"$version":2}`, string(twin.Desired))
		}
		_, err = c.Invoke(ctx, "nobody", Call{Name: "reboot", Payload: json.RawMessage("null"), ResponseTimeout: 5})
		require.True(t, IsNotFound(err))
	})
}

func TestEnrollments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, c := t.Context(), newSite(t).client()
		for range 2 {
			require.NoError(t, c.ReplaceEnrollment(ctx, emulator.Enrollment{RegistrationID: "r-1"}))
			require.NoError(t, c.ReplaceEnrollmentGroup(ctx, emulator.EnrollmentGroup{EnrollmentGroupID: "g-1"}))
		}
		key, err := c.EnrollmentKey(ctx, "r-1")
		require.NoError(t, err)
		groupKey, err := c.EnrollmentGroupKey(ctx, "g-1")
		require.NoError(t, err)
		require.NotEqual(t, key, groupKey)
		require.True(t, IsNotFound(c.DeleteRegistration(ctx, "nobody")))
	})
}

func TestAClientOfAnEmulatorThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		_, before := s.now()
		c := s.client()
		s.restart()
		_, err := c.Devices(t.Context())
		require.True(t, IsUnauthorized(err))
		info, err := AskInfo(t.Context(), s.fetch)
		require.NoError(t, err)
		require.True(t, Restarted(&info, &before))

		var none *Client
		_, err = none.Devices(t.Context())
		require.ErrorIs(t, err, errNoEmulator)
	})
}

func TestARestartIsRecognized(t *testing.T) {
	keys := func(instance, service string) *Info {
		i := &Info{Instance: instance}
		i.ServiceConnectionString = service
		return i
	}
	require.False(t, Restarted(keys("", "k"), keys("", "k")))
	require.True(t, Restarted(keys("", "k"), keys("", "l")))
	require.True(t, Restarted(keys("a", "k"), keys("b", "k")), "a store keeps the keys")
	require.False(t, Restarted(keys("a", "k"), keys("a", "k")))
}

// A stored event is decoded when it is first read, also when several views read it at the same time.
func TestStoredEvents(t *testing.T) {
	e := Entry{Number: 1, Data: []byte(`{"sequenceNumber":1,"deviceId":"d","body":"eyJhIjoxfQ=="}`)}
	s, err := e.StoredEvent()
	require.NoError(t, err)
	require.Nil(t, s.event)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if s.Event().DeviceID != "d" {
				t.Error("it is not decoded")
			}
		})
	}
	wg.Wait()

	s, err = (&Entry{Number: 2, Data: []byte("not JSON")}).StoredEvent()
	require.NoError(t, err)
	require.Equal(t, "not JSON", string(s.Event().Body), "nothing is hidden")
	lost := Entry{Number: 9, Data: []byte(`{"sequenceNumber":9,"lost":6,"body":"","deviceId":"d"}`)}
	s, err = lost.StoredEvent()
	require.NoError(t, err)
	require.EqualValues(t, 6, s.Lost)
	lost.Restarted = true
	s, err = lost.StoredEvent()
	require.NoError(t, err)
	require.Zero(t, s.Lost)
	_, err = (&Entry{Data: []byte("{")}).StoredEvent()
	require.ErrorContains(t, err, "not an event")
}
