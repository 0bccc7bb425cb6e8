package emulator_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// The hub checks a proof without its lock, so the entry may change meanwhile. A device that was disabled is not connected afterwards,
// whichever came first.
func TestDeviceIsDisabledWhileItConnects(t *testing.T) {
	var hub emulator.Hub
	defer hub.Close()
	w := &world{Hub: &hub, t: t}
	for range 200 {
		device := w.put("dev-1")
		p := connectPacket(t, credentials{Device: device})
		conn := w.dial()
		device.Status = emulator.StatusDisabled
		var wg sync.WaitGroup
		var failed error
		wg.Go(func() { _, failed = hub.PutDevice(context.Background(), device) })
		conn.send(p)
		<-conn.packets
		wg.Wait()
		require.NoError(t, failed)
		require.Equal(t, emulator.StateDisconnected, mustDevice(t, &hub, "dev-1").ConnectionState)
		require.NoError(t, hub.DeleteDevice(t.Context(), "dev-1"))
	}
}

const otherKey = "b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgISE="

// An enrollment that changes while a device registers by it counts as it is at the end.
func TestEnrollmentChangesWhileADeviceRegisters(t *testing.T) {
	hub := &emulator.Hub{AssigningTime: -1}
	hub.Allocate = func(ctx context.Context, a emulator.Allocation) (emulator.Allocation, error) {
		_, err := hub.Enroll(ctx, emulator.Enrollment{RegistrationID: a.RegistrationID, DeviceID: "renamed", Enrolled: emulator.Enrolled{
			Attestation: emulator.Attestation{SymmetricKey: &emulator.SymmetricKey{PrimaryKey: otherKey}}}})
		return a, err
	}
	bubble(t, hub, func(t *testing.T, w *world) {
		e := w.enroll(emulator.Enrollment{RegistrationID: "reg-1", Enrolled: emulator.Enrolled{AllocationPolicy: emulator.AllocationCustom}})
		d := w.dpsConnect("reg-1", mustKey(t, e.Attestation.SymmetricKey.PrimaryKey))
		d.publish(register, "", 0)
		require.Equal(t, "renamed", d.answer("assigned", "$dps/registrations/res/200/?$rid=1").State.DeviceID)
		require.Equal(t, otherKey, mustDevice(t, hub, "renamed").Authentication.SymmetricKey.PrimaryKey)
	})
	hub = &emulator.Hub{AssigningTime: -1}
	hub.Allocate = func(ctx context.Context, a emulator.Allocation) (emulator.Allocation, error) {
		res := hub.Do(ctx, &emulator.Request{Method: "DELETE", Path: "/enrollments/" + a.RegistrationID, Header: map[string]string{
			"Authorization": provisioningToken(ctx, hub)}})
		if res.Status != 204 {
			panic(string(res.Body))
		}
		return a, nil
	}
	bubble(t, hub, func(t *testing.T, w *world) {
		e := w.enroll(emulator.Enrollment{RegistrationID: "reg-1", Enrolled: emulator.Enrolled{AllocationPolicy: emulator.AllocationCustom}})
		d := w.dpsConnect("reg-1", mustKey(t, e.Attestation.SymmetricKey.PrimaryKey))
		d.publish(register, "", 0)
		require.Equal(t, 404201, d.answer("the enrollment is gone", "$dps/registrations/res/404/?$rid=1").ErrorCode)
		_, err := hub.Device("reg-1")
		requireCode(t, 404001, err)
	})
}

func provisioningToken(ctx context.Context, hub *emulator.Hub) string {
	key, err := hub.PolicyKey(ctx, emulator.PolicyProvisioningOwner)
	if err != nil {
		panic(err)
	}
	return sasToken("any", key, emulator.PolicyProvisioningOwner)
}
