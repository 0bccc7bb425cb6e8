//go:build !js

package emulator_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/readymade"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/emulator/boltstore"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// storeOfVersion1 opens a copy of a file that the emulator wrote before its stores had a version. The test that made it is in
// boltstore/testdata.
func storeOfVersion1(t *testing.T) *boltstore.Store {
	t.Helper()
	packed, err := os.Open("boltstore/testdata/v1.db.gz")
	require.NoError(t, err)
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	require.NoError(t, err)
	raw, err := io.ReadAll(r)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "hub.db")
	require.NoError(t, os.WriteFile(path, raw, 0o600))
	store, err := boltstore.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

func records(t *testing.T, store emulator.Store) map[string]string {
	t.Helper()
	all := make(map[string]string)
	require.NoError(t, store.Each(t.Context(), func(key string, value []byte) error {
		all[key] = string(value)
		return nil
	}))
	return all
}

func TestStoreOfVersion1(t *testing.T) {
	store := storeOfVersion1(t)
	before := records(t, store)
	// stored reads a record of the old file.
	stored := func(key string) (doc map[string]any) {
		require.NoError(t, json.Unmarshal([]byte(before[key]), &doc), key)
		return doc
	}
	synctest.Test(t, func(t *testing.T) { // which begins at the time at which the file was made
		hub := &emulator.Hub{Store: store, AssigningTime: -1}
		require.NoError(t, readymade.Prepare(t.Context(), hub))
		w := newWorld(t, hub)

		// Keys of policies, of the ready-made device and enrollments.
		for name, key := range servicePolicies(t, hub) {
			var policy struct{ Keys [2][]byte }
			require.NoError(t, json.Unmarshal([]byte(before["policy/"+name]), &policy))
			require.Equal(t, policy.Keys[0], key, name)
		}
		demo := stored("demo")
		info := w.describe()
		require.Equal(t, demo["deviceId"], info.Demo.DeviceID)
		require.Equal(t, demo["individual"], map[string]any{
			"registrationId": info.Demo.Individual.RegistrationID, "primaryKey": info.Demo.Individual.PrimaryKey})
		require.Equal(t, demo["group"], map[string]any{"enrollmentGroupId": info.Demo.Group.EnrollmentGroupID,
			"primaryKey": info.Demo.Group.PrimaryKey, "registrationId": info.Demo.Group.RegistrationID})

		// The registry. connectionState and cloudToDeviceMessageCount are computed, and were never right in the file.
		ids := map[string]int{"dev-1": 3, "dev-1/mod-1": 1, "no-session": 1, "qos-0": 1, "MyDevice01": 0, "by-ca": 0, "disabled": 0,
			"my-group-device-01": 0, "pump": 0, "self-signed": 0}
		n := 0
		for d := range hub.Devices() {
			messages, ok := ids[d.ID()]
			require.True(t, ok, d.ID())
			require.Equal(t, messages, d.CloudToDeviceMessageCount, d.ID())
			require.Equal(t, emulator.StateDisconnected, d.ConnectionState)
			d.CloudToDeviceMessageCount, d.ConnectionState = 0, ""
			raw, err := json.Marshal(d)
			require.NoError(t, err)
			require.JSONEq(t, before["device/"+d.ID()], string(raw))
			n++
		}
		require.Len(t, ids, n)

		// Twins, with numbers as they were written.
		res := w.rest("GET", "/twins/dev-1", "", nil)
		require.Contains(t, string(res.Body), `"firmware":1.50`)
		require.Contains(t, string(res.Body), `"list":[1,2.50]`)
		twin := w.wantJSON("twin", 200, res)
		require.Equal(t, "dtmi:example:Pump;1", twin["modelId"])
		require.Equal(t, map[string]any{"site": "north", "floor": 2.0}, twin["tags"])
		require.Equal(t, stored("twin/dev-1")["Version"], twin["version"])
		desired := twin["properties"].(map[string]any)["desired"].(map[string]any)
		require.Equal(t, stored("twin/dev-1")["DesiredMeta"], desired["$metadata"])
		require.Equal(t, 2.0, desired["$version"])
		twin = w.wantJSON("the module's", 200, w.rest("GET", "/twins/dev-1/modules/mod-1", "", nil))
		require.Equal(t, 1.0, twin["properties"].(map[string]any)["desired"].(map[string]any)["m"])

		// Enrollments and registrations.
		for _, id := range []string{"Reg-1", "tpm-1", "x509-1", "my-registration-01"} {
			e, err := hub.Enrollment(id)
			require.NoError(t, err)
			raw, err := json.Marshal(e)
			require.NoError(t, err)
			require.JSONEq(t, before["enrollment/"+strings.ToLower(id)], string(raw), id)
		}
		g, err := hub.EnrollmentGroup("my-group")
		require.NoError(t, err)
		raw, err := json.Marshal(g)
		require.NoError(t, err)
		require.JSONEq(t, before["group/my-group"], string(raw))
		for id, device := range map[string]string{"reg-1": "pump", "my-group-device-01": "my-group-device-01"} {
			r := w.wantJSON("registration", 200, w.rest("GET", "/registrations/"+id, "", nil))
			require.Equal(t, device, r["deviceId"])
			require.Equal(t, stored("registration/" + id)["ETag"], r["etag"])
		}

		// dev-1's session, and its messages: those in flight come again with DUP and their old packet ids, in their old order.
		events := w.events()
		d := w.connectAs(credentials{Device: mustDevice(t, hub, "dev-1")}, true)
		m := d.wantPublish("sent four times before", "devices/dev-1/messages/devicebound/%24.mid=sent-often&%24.cid=c%201&%24.uid=user&%24.to=%2Fdevices%2Fdev-1%2Fmessages%2FdeviceBound"+
			"&%24.exp=2000-01-02T16%3A00%3A00Z&%24.ct=application%2Fjson&%24.ce=utf-8&iothub-ack=full&null&empty=&Name=a%2Fb%26c", "\x00\x01\xff")
		require.Equal(t, [2]any{uint16(2), true}, [2]any{m.PacketID, m.Dup})
		m = d.wantPublish("sent once before", "devices/dev-1/messages/devicebound/%24.mid=sent-once&%24.to=%2Fdevices%2Fdev-1%2Fmessages%2FdeviceBound", "body of sent-once")
		require.Equal(t, [2]any{uint16(3), true}, [2]any{m.PacketID, m.Dup})
		m = d.wantPublish("queued while it was offline", "devices/dev-1/messages/devicebound/%24.mid=queued-offline&%24.to=%2Fdevices%2Fdev-1%2Fmessages%2FdeviceBound", "body of queued-offline")
		require.False(t, m.Dup)
		require.NotContains(t, []uint16{2, 3}, m.PacketID)
		d.send(&mqttcodec.Puback{PacketID: 2})
		d.send(&mqttcodec.Puback{PacketID: 3})
		d.send(&mqttcodec.Puback{PacketID: m.PacketID})
		synctest.Wait()
		require.Zero(t, mustDevice(t, hub, "dev-1").CloudToDeviceMessageCount, "all of them acknowledged")
		d.publish(twinGet, "", 0)
		d.wantPublish("the subscription to twin answers", "$iothub/twin/res/200/?$rid=r1", "*")
		d.publish("devices/dev-1/messages/events/", "x", 1)
		d.wantPuback("telemetry", 1)
		require.Greater(t, events().SequenceNumber, int64(1<<20), "event numbers grow")

		// The module's message, and those that were never sent.
		module := w.connectAs(credentials{Device: mustDevice(t, hub, "dev-1/mod-1")}, true)
		m = module.wantPublish("to the input", "devices/dev-1/modules/mod-1/inputs/input1/%24.mid=to-input&%24.cdid=dev-1&%24.cmid=mod-1", "body of to-input")
		require.Equal(t, [2]any{uint16(1), true}, [2]any{m.PacketID, m.Dup})
		q := w.connectAs(credentials{Device: mustDevice(t, hub, "qos-0")}, true)
		require.Equal(t, mqttcodec.QoS0, q.next("at QoS 0").(*mqttcodec.Publish).QoS)
		late := w.connectAs(credentials{Device: mustDevice(t, hub, "no-session")}, false)
		late.subscribe(mqttcodec.QoS1, "devices/no-session/messages/devicebound/#")
		require.Equal(t, "body of never-sent", string(late.next("its first delivery").(*mqttcodec.Publish).Payload))
	})
	after := records(t, store)
	require.Equal(t, "2", after["version"])
	require.NotContains(t, after, "demo")
	for key, value := range after {
		require.NotContains(t, value, "PacketID", key)
	}
}

// Delivery counts continue: the message that was sent four times is dead-lettered after the tenth.
func TestStoreOfVersion1KeepsDeliveryCounts(t *testing.T) {
	store := storeOfVersion1(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, &emulator.Hub{Store: store})
		d := w.connectAs(credentials{Device: mustDevice(t, w.Hub, "dev-1")}, true)
		require.Equal(t, uint16(2), d.next("sent-often").(*mqttcodec.Publish).PacketID)
		d.send(&mqttcodec.Puback{PacketID: 3})
		d.next("sent-once")
		d.send(&mqttcodec.Puback{PacketID: d.next("queued-offline").(*mqttcodec.Publish).PacketID})
		for range 6 {
			require.Equal(t, uint16(2), d.next("again").(*mqttcodec.Publish).PacketID)
		}
		time.Sleep(time.Minute)
		d.wantIdle("not an eleventh time")
		w.wantLogged("dead-lettered", "messageDeadLettered")
	})
}

func TestStoreOfVersion1IsUpdatedAtOnceOrNotAtAll(t *testing.T) {
	old := &disk{content: make(map[string][]byte)}
	for key, value := range records(t, storeOfVersion1(t)) {
		old.content[key] = []byte(value)
	}
	synctest.Test(t, func(t *testing.T) {
		store := old.image()
		store.fail = io.ErrShortWrite
		hub := &emulator.Hub{Store: store}
		require.ErrorIs(t, hub.Open(t.Context()), io.ErrShortWrite)
		require.Equal(t, old.content, store.content)
		store.set(0, nil)
		require.NoError(t, hub.Open(t.Context()), "tried again")
		require.NoError(t, hub.Close())
		require.Equal(t, 1, store.commits, "one commit changes everything")
		w := newWorld(t, &emulator.Hub{Store: store.image()})
		require.Equal(t, 3, mustDevice(t, w.Hub, "dev-1").CloudToDeviceMessageCount, "read again, it is of version 2")
	})
}

func TestNewerStoreIsRefused(t *testing.T) {
	for version, want := range map[string]string{"3": "use the newer emulator", "0": "a number from 1", "x": "a number from 1"} {
		store := &disk{content: map[string][]byte{"version": []byte(version), "something/new": []byte("{}")}}
		hub := &emulator.Hub{Store: store}
		err := hub.Open(t.Context())
		require.ErrorContains(t, err, want)
		var newer *emulator.StoreVersionError
		require.Equal(t, version == "3", errors.As(err, &newer))
		if newer != nil {
			require.Equal(t, emulator.StoreVersionError{Found: 3, Supported: 2}, *newer)
		}
		require.NoError(t, hub.Close())
		require.Zero(t, store.commits, "nothing is written")
	}
	store := &disk{}
	hub := &emulator.Hub{Store: store}
	require.NoError(t, hub.Open(t.Context()))
	require.NoError(t, hub.Close())
	require.Equal(t, "2", string(store.content["version"]), "a new store has the version from the beginning")
}
